"""When a device did what: by its own clock, in the time of the processes that feed it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from exosuit_cli.system.spans import SpanTrack

if TYPE_CHECKING:
    from collections.abc import Hashable

    from exosuit_cli.kernels.device import DeviceQueue


class DeviceClock:
    """The clock of a device for all of its queues: seconds since a first mark, which has been waited for.

    That mark ties it to CLOCK_MONOTONIC, `first_ns`: to within the time that waking up takes.
    """

    def __init__(self, queue: DeviceQueue) -> None:
        self._first = queue.mark()
        queue.wait(self._first)
        self.first_ns = time.monotonic_ns()
        self._covered: dict[str, float] = {}

    def at(self, queue: DeviceQueue, mark: Hashable) -> float:
        """When the device passed a mark of a queue, which has been waited for."""
        return queue.elapsed(self._first, mark)

    def share(self, work: str, start: float, end: float) -> float:
        """Seconds from `start` to `end` in which nothing known before did such work: what overlaps counts once.

        Exact where the starts come in their order, as they do from queues that take turns.
        """
        covered = self._covered.get(work, 0.0)
        self._covered[work] = max(covered, end)
        return max(end - max(start, covered), 0.0)


class DeviceTimeline:
    """The spans of one queue, by the clock of its device."""

    def __init__(self, clock: DeviceClock, capacity: int) -> None:
        self.track = SpanTrack(capacity)
        self.batch = -1
        """The batch of the slab in flight."""
        self.files = 0
        """Its files."""
        self._first_ns = clock.first_ns

    def add(self, stage: str, start: float, end: float, files: int = 0, bytes_in: int = 0, bytes_out: int = 0) -> None:
        """Record what lies between two times, in seconds of the clock."""
        self.track.mark = max(self.track.mark, self._first_ns + round(start * 1e9))
        ended_ns = max(self.track.mark, self._first_ns + round(end * 1e9))
        self.track.add(stage, ended_ns, files, bytes_in, bytes_out, self.batch)
