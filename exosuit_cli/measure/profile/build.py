"""A profile from the runs that were recorded, and from what was measured beside them."""

from __future__ import annotations

from dataclasses import asdict, field
from typing import TYPE_CHECKING, Final, Literal

from exosuit_cli.measure.machine import this_machine
from exosuit_cli.measure.profile.flow import flow_series
from exosuit_cli.measure.profile.records import Profile, Repeat, is_noise
from exosuit_cli.measure.profile.replay import Replay
from exosuit_cli.measure.profile.summary import stage_summaries
from exosuit_cli.measure.profile.tracks import covered_ns, is_busy, tracks_of
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.spans import STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.measure.profile.records import FileCost, Series, TierProfile
    from exosuit_cli.model.spans import RecordedTrack

MOST_UNATTRIBUTED: Final = 5.0
MOST_OVERHEAD: Final = 3.0
"""Per cent from which on a profile warns."""
FEWEST_TWINS: Final = 3
"""Of fewer the overhead is mostly noise."""


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run that was recorded: its tracks, nanoseconds of CLOCK_MONOTONIC, processor seconds, and what it did."""

    recorded: Sequence[RecordedTrack]
    started_ns: int
    ended_ns: int
    cpu_s: float
    files: int
    bytes: int
    tokens: int | None
    workers: int
    partial: str | None = None
    warnings: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()
    tiers: tuple[TierProfile, ...] = ()
    dearest: tuple[FileCost, ...] = ()

    @property
    def wall_s(self) -> float:
        """Seconds of the run."""
        return (self.ended_ns - self.started_ns) / 1e9


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a profile says beside its runs."""

    work: str
    options: Mapping[str, object]
    cache: Literal["warm", "cold", "unknown"]
    twins_s: Sequence[float]
    peaks: Mapping[str, float]
    warnings: Sequence[str] = field(default_factory=tuple)


def build_profile(runs: Sequence[RecordedRun], circumstances: Circumstances) -> Profile:
    """The profile of some runs, at least one; the timeline is that of the one whose wall is the lower median."""
    by_wall = sorted(runs, key=lambda run: run.wall_s)
    run = by_wall[(len(by_wall) - 1) // 2]
    wall_ns = run.ended_ns - run.started_ns
    tracks = tracks_of(run.recorded, run.started_ns, wall_ns)
    machine = this_machine()
    stages = stage_summaries(tracks, run.wall_s, Replay(tracks, wall_ns), circumstances.peaks)
    limiter = max(stages, key=lambda stage: stage.speedup_if_free, default=None)
    unattributed = 100 * (1 - covered_ns(tracks) / wall_ns) if wall_ns else 0.0
    twins = sorted(circumstances.twins_s)
    twin = twins[(len(twins) - 1) // 2] if twins else None
    overhead = 100 * (run.wall_s / twin - 1) if twin else None
    dropped = sum(track.dropped for track in tracks)
    warnings = [*circumstances.warnings, *run.warnings]
    if unattributed > MOST_UNATTRIBUTED:
        warnings.append(f"{unattributed:.1f}% of the wall is accounted for by no stage")
    if dropped:
        warnings.append(f"{dropped:,} spans found no room and are missing")
    is_noisy = len(twins) < FEWEST_TWINS or is_noise(run.wall_s, twin, twins)
    if overhead is not None and overhead > MOST_OVERHEAD and not is_noisy:
        warnings.append(f"recording took {overhead:.1f}% of the time beside runs without it")
    return Profile(
        work=circumstances.work,
        machine=asdict(machine) | {"fingerprint": machine.fingerprint},
        options=circumstances.options,
        cache=circumstances.cache,
        wall_s=run.wall_s,
        twin_wall_s=twin,
        files=run.files,
        bytes=run.bytes,
        tokens=run.tokens,
        workers=run.workers,
        processors=machine.processors,
        processor_use=run.cpu_s / (run.wall_s * machine.processors) if run.wall_s else 0.0,
        stage_names=STAGES,
        tracks=tracks,
        series=(*run.series, *flow_series(tracks, wall_ns)),
        stages=stages,
        limiter=limiter.name if limiter is not None else None,
        speedup_if_free=limiter.speedup_if_free if limiter is not None else 1.0,
        unattributed_pct=unattributed,
        overhead_pct=overhead,
        dearest=run.dearest,
        tiers=run.tiers,
        repeats=tuple(Repeat(each.wall_s, _busy_by_stage(each)) for each in runs),
        warnings=tuple(warnings),
        partial=run.partial,
        twins_s=tuple(twins),
    )


def _busy_by_stage(run: RecordedRun) -> dict[str, float]:
    sums: dict[str, float] = {}
    for track in tracks_of(run.recorded, run.started_ns, run.ended_ns - run.started_ns):
        spans = track.spans
        busy = is_busy(spans)
        taken = (spans.end_ns - spans.start_ns)[busy].tolist()
        for stage, nanoseconds in zip(spans.stage[busy].tolist(), taken, strict=True):
            sums[STAGES[stage]] = sums.get(STAGES[stage], 0.0) + nanoseconds / 1e9
    return sums
