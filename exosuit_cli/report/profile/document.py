"""The profile document: what was recorded and what follows from it, as JSON (`schemas/profile.schema.json`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from exosuit_cli import __version__
from exosuit_cli.report.profile.difference_document import difference_document
from exosuit_cli.system.names import text_name

if TYPE_CHECKING:
    from exosuit_cli.measure.profile.difference import ProfileDifference
    from exosuit_cli.measure.profile.records import FileCost, Profile, Track

SCHEMA = "exosuit.profile/1"
_SPAN_COLUMNS = ("stage", "start_ns", "end_ns", "files", "bytes_in", "bytes_out", "batch")


def profile_document(profile: Profile, difference: ProfileDifference | None = None) -> dict[str, Any]:
    """The answer first, then stages, tiers and files, then the timeline that they come from.

    A track's spans are columns of one length; `stage` is a position in `stage_names`.
    """
    return {
        "schema": SCHEMA,
        "exosuit_version": __version__,
        "work": profile.work,
        "partial": profile.partial,
        "limiter": profile.limiter,
        "speedup_if_free": profile.speedup_if_free,
        "unattributed_pct": profile.unattributed_pct,
        "overhead_pct": profile.overhead_pct,
        "wall_s": profile.wall_s,
        "twin_wall_s": profile.twin_wall_s,
        "cache": profile.cache,
        "totals": {"files": profile.files, "bytes": profile.bytes, "tokens": profile.tokens},
        "workers": profile.workers,
        "processors": profile.processors,
        "processor_use": profile.processor_use,
        "warnings": list(profile.warnings),
        "stages": [asdict(stage) for stage in profile.stages],
        "difference": None if difference is None else difference_document(difference),
        "tiers": {
            tier.name: {
                "start_bytes": tier.start_bytes,
                "peak_bytes": tier.peak_bytes,
                "end_bytes": tier.end_bytes,
                "reason": tier.reason,
                "details": dict(tier.details),
            }
            for tier in profile.tiers
        },
        "files": [_file(cost) for cost in profile.dearest],
        "repeats": [{"wall_s": each.wall_s, "stages": dict(each.stages)} for each in profile.repeats],
        "machine": dict(profile.machine),
        "options": dict(profile.options),
        "stage_names": list(profile.stage_names),
        "tracks": [_track(track) for track in profile.tracks],
        "series": [
            {
                "name": series.name,
                "unit": series.unit,
                "times_ns": series.times_ns.tolist(),
                "values": series.values.tolist(),
            }
            for series in profile.series
        ],
    }


def _file(cost: FileCost) -> dict[str, Any]:
    path, path_b64 = text_name(cost.path)
    return {
        "path": path,
        **({"path_b64": path_b64} if path_b64 is not None else {}),
        "stage": cost.stage,
        "seconds": cost.seconds,
        "size": cost.size,
        "why": cost.why,
    }


def _track(track: Track) -> dict[str, Any]:
    return {
        "name": track.name,
        "kind": track.kind,
        "pid": track.pid,
        "dropped": track.dropped,
        "spans": {name: getattr(track.spans, name).tolist() for name in _SPAN_COLUMNS},
    }
