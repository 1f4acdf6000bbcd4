"""When a device did what, in the time of the processes that feed it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from exosuit_cli.system.spans import SpanTrack

if TYPE_CHECKING:
    from collections.abc import Hashable

    from exosuit_cli.kernels.device import DeviceQueue


class DeviceTimeline:
    """The spans of one queue by the device's own clock, from marks that have been waited for.

    A first mark, waited for, ties the device's clock to CLOCK_MONOTONIC: to within the time that waking up takes.
    """

    def __init__(self, queue: DeviceQueue, capacity: int) -> None:
        self.track = SpanTrack(capacity)
        self.batch = -1
        """The batch of the slab in flight."""
        self.files = 0
        """Its files."""
        self._queue = queue
        self._first = queue.mark()
        queue.wait(self._first)
        self._first_ns = time.monotonic_ns()

    def add(
        self, stage: str, start: Hashable, end: Hashable, files: int = 0, bytes_in: int = 0, bytes_out: int = 0
    ) -> None:
        """Record what lies between two marks."""
        began_ns = self._first_ns + round(self._queue.elapsed(self._first, start) * 1e9)
        self.track.mark = max(self.track.mark, began_ns)
        ended_ns = self.track.mark + round(self._queue.elapsed(start, end) * 1e9)
        self.track.add(stage, ended_ns, files, bytes_in, bytes_out, self.batch)
