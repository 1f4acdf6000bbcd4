"""What a profile holds: spans of every process, readings over time, and what follows from them.

Times are int64 nanoseconds since the start of the profiled run, of CLOCK_MONOTONIC, which all processes share.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Spans:
    """What one track did, as aligned columns in order of `start_ns`; spans of a track do not overlap.

    `stage` is uint8[n], positions in `Profile.stage_names`; `files`, `bytes_in`, `bytes_out` are int64[n]; `batch` is
    int64[n], the number of the batch that the span worked on, -1 for none.
    """

    stage: npt.NDArray[np.uint8]
    start_ns: npt.NDArray[np.int64]
    end_ns: npt.NDArray[np.int64]
    files: npt.NDArray[np.int64]
    bytes_in: npt.NDArray[np.int64]
    bytes_out: npt.NDArray[np.int64]
    batch: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start_ns)


@dataclass(frozen=True, slots=True)
class Track:
    """One thread of work: the main process, a worker, a stream of a card. `dropped` spans found no room."""

    name: str
    kind: Literal["main", "worker", "device"]
    pid: int
    spans: Spans
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one quantity over time: a tier, a queue, a rate. `times_ns` int64[n], `values` float64[n]."""

    name: str
    unit: Literal["bytes", "count", "per_s"]
    times_ns: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StageSummary:
    """One stage over all tracks. Seconds are summed over tracks; rates and shares are None where nothing says them.

    `input_wait_s`: the tracks that do this stage waited for work just before it; `output_wait_s`: they could not hand
    on what it made. `peak_bytes_per_s` is what a short probe of this machine reached, on one processor.
    """

    name: str
    calls: int
    files: int
    bytes_in: int
    bytes_out: int
    busy_s: float
    input_wait_s: float
    output_wait_s: float
    bytes_per_busy_s: float | None
    bytes_per_wall_s: float | None
    p50_s: float
    p95_s: float
    max_s: float
    peak_bytes_per_s: float | None
    share_of_peak: float | None
    speedup_if_free: float
    """How many times as fast the whole run would be if this stage took no time."""


@dataclass(frozen=True, slots=True)
class FileCost:
    """One of the files that cost most: the seconds of its dearest stage, and why where that is known."""

    path: bytes
    stage: str
    seconds: float
    size: int
    why: str | None


@dataclass(frozen=True, slots=True)
class TierProfile:
    """A tier's bytes at the start, the highest and at the end; None with a reason where the system does not tell."""

    name: str
    start_bytes: int | None
    peak_bytes: int | None
    end_bytes: int | None
    reason: str | None = None
    details: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Repeat:
    """One of the profiled runs: its wall seconds, and busy seconds by stage."""

    wall_s: float
    stages: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Profile:
    """A finished profile; the timeline is that of the median run of `repeats`.

    `limiter` is the stage with the greatest `speedup_if_free`; `unattributed_pct` is the share of the wall during which
    no span of any track says what happened; `overhead_pct` is what recording cost beside unprofiled twins, None where
    none ran. `twins_s` are the walls of the twins, rising; no document has them. `processor_use` is processor seconds
    over wall seconds times `processors`. `partial` names the signal that ended the run early.
    """

    work: str
    machine: Mapping[str, object]
    options: Mapping[str, object]
    cache: Literal["warm", "cold", "unknown"]
    wall_s: float
    twin_wall_s: float | None
    files: int
    bytes: int
    tokens: int | None
    workers: int
    processors: int
    processor_use: float
    stage_names: tuple[str, ...]
    tracks: tuple[Track, ...]
    series: tuple[Series, ...]
    stages: tuple[StageSummary, ...]
    limiter: str | None
    speedup_if_free: float
    unattributed_pct: float
    overhead_pct: float | None
    dearest: tuple[FileCost, ...]
    tiers: tuple[TierProfile, ...]
    repeats: tuple[Repeat, ...]
    warnings: tuple[str, ...] = ()
    partial: str | None = None
    twins_s: tuple[float, ...] = ()

    @property
    def overhead_is_noise(self) -> bool:
        """Whether the twins differ among themselves by as much as the profiled run from their median, or are one."""
        return is_noise(self.wall_s, self.twin_wall_s, self.twins_s)


def is_noise(wall_s: float, twin_wall_s: float | None, twins_s: Sequence[float]) -> bool:
    """Whether a wall is as near to the median of its twins as these are to each other; one twin says nothing."""
    if twin_wall_s is None or len(twins_s) < 2:
        return True
    return max(twins_s) - min(twins_s) >= abs(wall_s - twin_wall_s)
