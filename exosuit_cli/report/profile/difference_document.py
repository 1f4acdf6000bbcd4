"""The `difference` part of a profile's document: this profile beside an older one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exosuit_cli.measure.profile.difference import ProfileDifference


def difference_document(found: ProfileDifference) -> dict[str, Any]:
    """Every stage with its seconds, its share and its ratio new / old; what cannot be known is null, with a reason."""
    return {
        "summary": found.summary,
        "noise": found.noise,
        "mismatches": list(found.mismatches),
        "notes": list(found.notes),
        "runs": {"new": found.new_runs, "old": found.old_runs},
        "wall_s": {"new": found.new_wall_s, "old": found.old_wall_s},
        "wall_ratio": None if found.wall is None else asdict(found.wall),
        "stages": [
            {
                "stage": change.stage,
                "state": change.state,
                "busy_s": {"new": change.new_s, "old": change.old_s},
                "s_per_gb": {"new": found.new_s_per_gb(change), "old": found.old_s_per_gb(change)},
                "share": {"new": change.new_share, "old": change.old_share},
                "ratio": None if change.ratio is None else asdict(change.ratio),
            }
            for change in found.stages
        ],
    }
