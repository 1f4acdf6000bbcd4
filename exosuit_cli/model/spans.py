"""What processes did and when: the stages, the spans of one thread of work, and the clock that takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

STAGES: Final = (
    "start", "vocabulary", "walk", "index", "dispatch", "read", "hash", "columns", "lines", "tokens", "boundaries",
    "plan", "render", "large", "copy in", "kernel", "copy out", "result", "receive", "ledger", "store", "sample", "end",
    "input wait", "output wait", "worker wait", "device wait",
)  # fmt: skip
"""Every stage by its code, the position here. The last four are no work: a process waits."""
WAITS: Final = ("input wait", "output wait", "worker wait", "device wait")
SPAN_COLUMNS: Final = ("stage", "start_ns", "end_ns", "files", "bytes_in", "bytes_out", "batch")


class CostedFile(NamedTuple):
    """One file that was timed alone. `path` is below the base, `size` in bytes."""

    path: bytes
    stage: str
    nanoseconds: int
    size: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class RecordedTrack:
    """The spans of one thread of work: int64[n, 7], the columns `SPAN_COLUMNS`, nanoseconds of CLOCK_MONOTONIC.

    Spans are in order and do not overlap. `dropped` spans found no room. `files` are the dearest of those timed alone.
    """

    kind: Literal["main", "worker", "device"]
    pid: int
    spans: npt.NDArray[np.int64]
    dropped: int = 0
    files: tuple[CostedFile, ...] = ()
    name: str = ""


class StageClock(Protocol):
    """A clock for what one thread does in turn."""

    seconds: dict[str, float]
    """Wall-clock seconds by stage, of `lap`."""
    batch: int
    """The batch that is worked on: the place of its first file in the result; -1 for none."""
    is_recording: bool
    """Whether steps and files are kept, so that it pays to count or to time what they need."""

    def restart(self) -> None:
        """Add the time since the last lap to no stage."""
        ...

    def lap(self, stage: str, files: int = 0, bytes_in: int = 0, bytes_out: int = 0, *, step: str = "") -> None:
        """Add the time since the last lap to `stage`. What is not a step yet becomes one, of `step` or this stage."""
        ...

    def step(self, stage: str, files: int = 0, bytes_in: int = 0, bytes_out: int = 0) -> None:
        """Record the time since the last step or lap; nothing where nothing is recorded."""
        ...

    def skip(self) -> None:
        """Let the next step begin now."""
        ...

    def now(self) -> int:
        """Nanoseconds of the time base, where files are timed."""
        ...

    def file(self, path: bytes, stage: str, began_ns: int, size: int, why: str = "") -> None:
        """Keep what one file took since `began_ns` until now, and `why`, if it is among the dearest."""
        ...


class SpanRecording(Protocol):
    """Collects the tracks of one run."""

    capacity: int
    """The most spans of one track."""
    has_ranges: bool
    """Whether a card's slabs are named ranges for its vendor's profilers."""

    def clock(self) -> StageClock:
        """A clock for the main thread; all of them write one track."""
        ...

    def add(self, tracks: list[RecordedTrack]) -> None:
        """Take in the tracks of processes that have ended."""
        ...
