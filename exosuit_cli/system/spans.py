"""Clocks for the stages of a run: one that adds up seconds, and one that records every span as well."""

from __future__ import annotations

import heapq
import os
import time
from typing import TYPE_CHECKING, Final, Literal

from exosuit_cli.model.spans import SPAN_COLUMNS, STAGES, CostedFile, RecordedTrack

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.model.spans import StageClock

CAPACITY: Final = 1 << 16
"""Spans of a track, 3.5 MiB: of a Linux tree a worker records a fifth of that."""
MOST_FILES: Final = 200
"""Files that a process keeps the cost of."""
TIMED_BYTES: Final = 32 << 10
"""A smaller file is not timed alone: a reading of the clock would be too much of its time."""
_CODES: Final = {name: code for code, name in enumerate(STAGES)}


class Laps:
    """A clock for what one thread does in turn: every lap adds the time since the last lap to a stage.

    Wall-clock seconds: those of several processes overlap, and include the time that each waits for a processor. It
    records nothing; see `StageClock`.
    """

    is_recording = False

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.batch = -1
        self._last = time.perf_counter()

    def restart(self) -> None:
        self._last = time.perf_counter()

    def lap(self, stage: str, files: int = 0, bytes_in: int = 0, bytes_out: int = 0, *, step: str = "") -> None:  # noqa: ARG002
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now

    def step(self, stage: str, files: int = 0, bytes_in: int = 0, bytes_out: int = 0) -> None:
        pass

    def skip(self) -> None:
        pass

    def now(self) -> int:
        return 0

    def file(self, path: bytes, stage: str, began_ns: int, size: int, why: str = "") -> None:
        pass


class SpanTrack:
    """The spans of one thread, in memory that is taken at once, for up to `capacity` of them; the rest is counted.

    A span begins where the last one ended, or later: spans cannot overlap.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        import numpy as np

        self._rows: npt.NDArray[np.int64] = np.empty((capacity, len(SPAN_COLUMNS)), np.int64)
        self._count = 0
        self._dropped = 0
        self._files: list[tuple[int, CostedFile]] = []
        self.mark = time.monotonic_ns()

    def add(
        self, stage: str, end_ns: int, files: int = 0, bytes_in: int = 0, bytes_out: int = 0, batch: int = -1
    ) -> None:
        """Record a span from the mark to `end_ns`, which becomes the mark."""
        if self._count < len(self._rows):
            self._rows[self._count] = (_CODES[stage], self.mark, end_ns, files, bytes_in, bytes_out, batch)
            self._count += 1
        else:
            self._dropped += 1
        self.mark = end_ns

    def add_file(self, cost: CostedFile) -> None:
        """Keep the cost of a file, if it is among the dearest."""
        entry = (cost.nanoseconds, cost)
        if len(self._files) < MOST_FILES:
            heapq.heappush(self._files, entry)
        elif entry > self._files[0]:
            heapq.heapreplace(self._files, entry)

    def recorded(self, kind: Literal["main", "worker", "device"], name: str = "") -> RecordedTrack:
        """What was recorded so far."""
        files = tuple(cost for _, cost in sorted(self._files, reverse=True))
        return RecordedTrack(kind, os.getpid(), self._rows[: self._count].copy(), self._dropped, files, name)


class Recorder(Laps):
    """A clock that also writes every lap and step to a track, which several clocks of one thread may share."""

    is_recording = True

    def __init__(self, track: SpanTrack) -> None:
        self.track = track
        super().__init__()  # the mark stays: what is before the first lap can be a step

    def restart(self) -> None:
        super().restart()
        self.track.mark = time.monotonic_ns()

    def lap(self, stage: str, files: int = 0, bytes_in: int = 0, bytes_out: int = 0, *, step: str = "") -> None:
        super().lap(stage)
        self.track.add(step or stage, time.monotonic_ns(), files, bytes_in, bytes_out, self.batch)

    def step(self, stage: str, files: int = 0, bytes_in: int = 0, bytes_out: int = 0) -> None:
        self.track.add(stage, time.monotonic_ns(), files, bytes_in, bytes_out, self.batch)

    def skip(self) -> None:
        self.track.mark = time.monotonic_ns()

    def now(self) -> int:
        return time.monotonic_ns()

    def file(self, path: bytes, stage: str, began_ns: int, size: int, why: str = "") -> None:
        self.track.add_file(CostedFile(path, stage, time.monotonic_ns() - began_ns, size, why))


class Recording:
    """Collects the tracks of one run, of this thread and of processes that hand in theirs; see `SpanRecording`."""

    def __init__(self, capacity: int = CAPACITY, *, has_ranges: bool = False) -> None:
        self.capacity = capacity
        self.has_ranges = has_ranges
        self.started_ns = time.monotonic_ns()
        self._main = SpanTrack(capacity)
        self._others: list[RecordedTrack] = []

    def clock(self) -> StageClock:
        return Recorder(self._main)

    def add(self, tracks: list[RecordedTrack]) -> None:
        self._others += tracks

    def tracks(self) -> list[RecordedTrack]:
        """All tracks, this thread's first."""
        return [self._main.recorded("main"), *self._others]
