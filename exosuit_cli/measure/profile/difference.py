"""Two profiles of the same work, stage by stage, with what the spread of their runs makes of each change."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from exosuit_cli.measure.interval import LEVEL, Interval
from exosuit_cli.measure.stage_changes import CHANCE, SMALL, StageChange, describe, stage_changes
from exosuit_cli.measure.unpaired import fewest_values, ratio_interval
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.units import counted
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.measure.profile.records import Profile

_GB: Final = 1e9
_SETTINGS: Final = ("device", "paths", "workers")
"""Options that do not change what is done, but how or where: two profiles may differ in them, and it is noted."""
_LEFT_OUT: Final = ("repeat",)
"""Options that the figures do not depend on."""
_SHOWN: Final = 60
"""Characters of a value that a message quotes."""


@dataclass(frozen=True, slots=True)
class ProfileDifference:
    """How `new` differs from `old`. Ratios are new / old: over 1 is slower.

    `wall` is the ratio of wall seconds over all runs. `noise` says why nothing can be told from noise, None where it
    can. `mismatches` are what was compared although it differs, by `force`; `notes` are other settings that differ.
    """

    new_wall_s: float
    old_wall_s: float
    wall: Interval | None
    new_runs: int
    old_runs: int
    new_gb: float
    old_gb: float
    stages: tuple[StageChange, ...]
    noise: str | None
    mismatches: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def summary(self) -> str:
        """What changed, in a phrase: `hash +18%, the rest unchanged`."""
        return describe(self.stages)

    def new_s_per_gb(self, change: StageChange) -> float | None:
        """Seconds of the stage for each GB (10**9 bytes) of the corpus; None for an empty one."""
        return change.new_s / self.new_gb if self.new_gb else None

    def old_s_per_gb(self, change: StageChange) -> float | None:
        """The same before."""
        return change.old_s / self.old_gb if self.old_gb else None


def difference(old: Profile, new: Profile, *, force: bool = False) -> ProfileDifference:
    """Compare two profiles by all their runs.

    Raises UsageError where they are of another machine or another work, unless `force`.
    """
    mismatches = tuple(_mismatches(old, new))
    if mismatches and not force:
        raise _refused(mismatches)
    ours, theirs = _by_stage(new), _by_stage(old)

    def ratio(stage: str, level: float) -> Interval | None:
        one, other = ours.get(stage, []), theirs.get(stage, [])
        if not (one and other) or min((*one, *other)) <= 0:
            return None
        return ratio_interval(one, other, level)

    stages = stage_changes(
        {name: statistics.median(seconds) for name, seconds in ours.items()},
        {name: statistics.median(seconds) for name, seconds in theirs.items()},
        ratio,
    )
    walls = [repeat.wall_s for repeat in new.repeats], [repeat.wall_s for repeat in old.repeats]
    known = all(walls) and min((*walls[0], *walls[1])) > 0
    return ProfileDifference(
        new_wall_s=statistics.median(walls[0]) if walls[0] else new.wall_s,
        old_wall_s=statistics.median(walls[1]) if walls[1] else old.wall_s,
        wall=ratio_interval(*walls, LEVEL) if known else None,
        new_runs=len(new.repeats),
        old_runs=len(old.repeats),
        new_gb=new.bytes / _GB,
        old_gb=old.bytes / _GB,
        stages=stages,
        noise=_noise(new, old, stages),
        mismatches=mismatches,
        notes=tuple(_notes(old, new)),
    )


def check_old(old: Profile, *, work: str, machine: str, cache: str) -> None:
    """Find out before a run whether an older profile is of the same work, machine and state of the page cache.

    `machine` is a fingerprint. Raises UsageError; what only the run shows, `difference` looks at.
    """
    wanted = (
        ("machine", old.machine.get("fingerprint"), machine),
        ("work", old.work, work),
        ("page cache", old.cache, cache),
    )
    found = [f"{what} {_shown(before)} and now {_shown(now)}" for what, before, now in wanted if before != now]
    if found:
        raise _refused(found)


def _refused(mismatches: Sequence[str]) -> UsageError:
    return UsageError(f"the profiles cannot be compared: {'; '.join(mismatches)}; give --force to compare them still")


def _by_stage(profile: Profile) -> dict[str, list[float]]:
    """Busy seconds of every run, by stage; 0 where a run did not have the stage."""
    names = {name for repeat in profile.repeats for name in repeat.stages}
    return {name: [repeat.stages.get(name, 0.0) for repeat in profile.repeats] for name in sorted(names)}


def _noise(new: Profile, old: Profile, stages: tuple[StageChange, ...]) -> str | None:
    if not any(change.state == "unknown" for change in stages):
        return None
    judged = sum(max(change.new_share, change.old_share) >= SMALL for change in stages)
    needed = fewest_values(1 - CHANCE / max(judged, 1))
    has = f"{counted(len(new.repeats), 'run')} beside {counted(len(old.repeats), 'run')}"
    return f"{has}: the noise is unknown; profile both with --repeat {needed}"


def _mismatches(old: Profile, new: Profile) -> Iterator[str]:
    """What makes the figures those of different things."""
    for what, before, now in (
        ("machine", old.machine.get("fingerprint"), new.machine.get("fingerprint")),
        ("work", old.work, new.work),
        ("page cache", old.cache, new.cache),
        ("files", old.files, new.files),
        ("bytes", old.bytes, new.bytes),
        ("tokens", old.tokens, new.tokens),
    ):
        if before != now:
            yield f"{what} {_shown(before)} and now {_shown(now)}"
    for name in sorted({*old.options, *new.options} - {*_SETTINGS, *_LEFT_OUT}):
        before, now = old.options.get(name), new.options.get(name)
        if before != now:
            yield f"{display_name(name)} {_shown(before)} and now {_shown(now)}"
    for when, profile in (("old", old), ("new", new)):
        if profile.partial is not None:
            yield f"the {when} one is partial"


def _notes(old: Profile, new: Profile) -> Iterator[str]:
    """Settings that differ."""
    for name, before, now in (
        ("workers", old.workers, new.workers),
        *((name, old.options.get(name), new.options.get(name)) for name in ("device", "paths")),
    ):
        if before != now:
            yield f"{name} {_shown(before)} and now {_shown(now)}"


def _shown(value: object) -> str:
    text = display_name(str(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
