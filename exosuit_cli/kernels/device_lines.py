"""Byte classes and lines of a slab on a device: the launches of the kernels in lines.cu."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.kernels.device import At
from exosuit_cli.kernels.device_frame import blocks_for
from exosuit_cli.kernels.frame import line_bytes

if TYPE_CHECKING:
    from exosuit_cli.kernels.device import DeviceBuffer, DeviceQueue
    from exosuit_cli.kernels.device_frame import DeviceFrame

TILE_THREADS = SCAN_THREADS = LINE_THREADS = 256
TILES_PER_BLOCK = TILE_THREADS // 32
SCAN_SPAN = 1024
"""Values that one block of `scan_tiles` sums."""
_COUNT_BYTES = 8


def scan_levels(count: int) -> list[int]:
    """How many values there are to scan, how many sums of their blocks, of those, and so on down to the one total."""
    levels = [count]
    while len(levels) < 2 or levels[-1] > 1:
        levels.append(blocks_for(levels[-1], SCAN_SPAN))
    return levels


def launch_scan(queue: DeviceQueue, values: DeviceBuffer, levels: list[int]) -> At:
    """Enqueue the exclusive sums of uint64 values, in place; the answer is where their total will be.

    `values` has room for all levels one after the other.
    """
    places = [At(values, _COUNT_BYTES * sum(levels[:i])) for i in range(len(levels))]
    for level, count in enumerate(levels[:-1]):
        blocks = levels[level + 1]
        queue.launch("scan_tiles", blocks, SCAN_THREADS, places[level], np.uint32(count), places[level + 1])
    for level in range(len(levels) - 3, -1, -1):
        count = levels[level]
        blocks = blocks_for(count, SCAN_THREADS)
        queue.launch("scan_add", blocks, SCAN_THREADS, places[level], np.uint32(count), places[level + 1])
    return places[-1]


class LineWork:
    """One pass over all bytes for the byte classes of each file and the lines of each tile, then the lines' columns.

    A slab's files tile its data. Lines are compacted on the device: `total` is where their number is once
    `launch_total` is done. `launch_columns` follows, after `reserve` has made room for so many.
    """

    def __init__(self, queue: DeviceQueue, frame: DeviceFrame) -> None:
        self._frame = frame
        self._levels = scan_levels(frame.tiles)
        self._counts = queue.buffer("tile counts", _COUNT_BYTES * sum(self._levels))
        self._all_blank = queue.buffer("blank tiles", frame.tiles)
        self.total = At(self._counts, _COUNT_BYTES * sum(self._levels[:-1]))
        self.most = 0
        self.columns: DeviceBuffer

    def launch_classes(self, queue: DeviceQueue) -> None:
        """Enqueue the pass; the columns of files are then in the frame's results."""
        frame = self._frame
        queue.launch(
            "tile_counts",
            blocks_for(frame.tiles, TILES_PER_BLOCK),
            TILE_THREADS,
            *(frame.data, frame.sizes, frame.lists.file_starts, frame.lists.filled_files, np.uint32(frame.tiles)),
            *(self._counts, self._all_blank, frame.results),
        )

    def launch_total(self, queue: DeviceQueue) -> None:
        """Enqueue the sums before each tile."""
        launch_scan(queue, self._counts, self._levels)

    def reserve(self, queue: DeviceQueue, most: int) -> None:
        """Make room for the columns of up to so many lines."""
        self.most = most
        self._sums, self.owners = (queue.buffer(f"line {name}", 4 * max(most, 1)) for name in ("sums", "owners"))
        self.columns = queue.buffer("line columns", max(line_bytes(most), 1))

    def launch_columns(self, queue: DeviceQueue) -> None:
        """Enqueue the columns of all lines, if there is room for them, and their number in the frame's results."""
        frame, most = self._frame, np.uint32(self.most)
        file_starts = frame.lists.file_starts
        queue.launch(
            "line_starts",
            blocks_for(frame.tiles, TILES_PER_BLOCK),
            TILE_THREADS,
            *(frame.data, frame.sizes, file_starts, self._counts, self.total, most, self.columns),
            *(self._sums, self.owners, frame.results),
        )
        queue.launch(
            "line_structure",
            blocks_for(self.most, LINE_THREADS),
            LINE_THREADS,
            *(frame.data, frame.sizes, file_starts, self._all_blank, self._sums, self.owners, self.total, most),
            *(self.columns, frame.results),
        )
