"""Byte classes and lines of a slab on a device: the launches of the kernels in lines.cu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from exosuit_cli.kernels.device import At
from exosuit_cli.kernels.work_lists import blocks_for
from exosuit_cli.model.slab import LineColumns, Slab

if TYPE_CHECKING:
    from collections.abc import Hashable

    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceBuffer, DeviceQueue
    from exosuit_cli.kernels.device_tokens import TokenWork
    from exosuit_cli.kernels.work_lists import WorkLists

TILE_BYTES = 512
TILE_THREADS = SCAN_THREADS = LINE_THREADS = 256
TILES_PER_BLOCK = TILE_THREADS // 32
SCAN_SPAN = 1024
"""Values that one block of `scan_tiles` sums."""
_COUNT_BYTES = 8
_LINE_DTYPES = {"indents": np.uint16, "inks": np.uint32, "heads": np.uint64, "lasts": np.uint8, "depths": np.int32}


class _Slab(NamedTuple):
    """A slab on the device: its bytes, and the starts of its files that are not empty."""

    data: DeviceBuffer
    size: np.uint32
    file_starts: At
    files: np.uint32
    tiles: np.uint32


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


class TileWork:
    """One pass over all bytes: the byte classes of each file, and the number of lines in each tile.

    A slab's files tile its data. Lines are compacted on the device, so their number comes back first:
    `count_lines` enqueues that, `lines` waits for it and enqueues the rest.
    """

    def __init__(self, lists: WorkLists, slab: Slab) -> None:
        self._size = len(slab.data)
        self._is_filled = slab.lengths > 0
        filled = slab.offsets[self._is_filled]
        self._files = len(filled)
        self._file_starts = lists.add(np.append(filled, self._size))
        self._tiles = blocks_for(self._size, TILE_BYTES)
        self._levels = scan_levels(self._tiles)
        self._total: npt.NDArray[np.uint64] | None = None
        self._mark: Hashable = None

    @property
    def files(self) -> int:
        """The files that are not empty."""
        return self._files

    def launch(self, queue: DeviceQueue, data: DeviceBuffer, lists: WorkLists, classes: At) -> None:
        """Enqueue the pass; `classes` is then uint32[3, files]: newlines, largest bytes, whether there is a NUL."""
        if not self._size:
            return
        self._slab = _Slab(
            data,
            np.uint32(self._size),
            lists.at(self._file_starts),
            np.uint32(self._files),
            np.uint32(self._tiles),
        )
        self._counts = queue.buffer("tile counts", _COUNT_BYTES * sum(self._levels))
        self._all_blank = queue.buffer("blank tiles", self._tiles)
        columns = [At(classes.buffer, classes.offset + 4 * self._files * i) for i in range(3)]
        queue.zero(classes, 4 * self._files * 3)
        blocks = blocks_for(self._tiles, TILES_PER_BLOCK)
        queue.launch("tile_counts", blocks, TILE_THREADS, *self._slab, self._counts, self._all_blank, *columns)

    def count_lines(self, queue: DeviceQueue) -> None:
        """Enqueue the sums before each tile, and the copy of their total."""
        if not self._size:
            return
        total = launch_scan(queue, self._counts, self._levels)
        self._total = queue.host_array("line total", np.uint64, 1)
        queue.download(total, self._total)
        self._mark = queue.mark()

    @property
    def file_starts(self) -> int:
        """The list, uint32[files + 1], of where files begin that are not empty, and of the slab's size."""
        return self._file_starts

    def lines(self, queue: DeviceQueue, most: int, tokens: TokenWork | None = None) -> LinesOnTheWay | None:
        """Wait for the number of lines, then enqueue their columns and the copies back; None if there are too many.

        With `tokens`, also those before each line.
        """
        if self._total is None:
            return LinesOnTheWay(self._is_filled, self._size, {})
        queue.wait(self._mark)
        begun = queue.mark()
        count = int(self._total[0]) & 0xFFFF_FFFF  # the bracket sum is in the high half
        if count > most:
            return None
        names = ("starts", "sums", "owners")
        starts, sums, owners = (queue.buffer(f"line {name}", 4 * count) for name in names)
        first_lines = queue.buffer("first lines", 4 * self._files)
        blocks = blocks_for(self._tiles, TILES_PER_BLOCK)
        queue.launch("line_starts", blocks, TILE_THREADS, *self._slab, self._counts, starts, sums, owners, first_lines)
        columns = {
            name: queue.buffer(f"line {name}", np.dtype(dtype).itemsize * count) for name, dtype in _LINE_DTYPES.items()
        }
        data, size, file_starts, *_ = self._slab
        queue.launch(
            "line_structure",
            blocks_for(count, LINE_THREADS),
            LINE_THREADS,
            *(data, size, file_starts, first_lines, self._all_blank),
            *(starts, sums, owners, np.uint32(count)),
            *columns.values(),
        )
        before = {"tokens": tokens.launch_lines(queue, starts, owners, count)} if tokens is not None else {}
        computed = queue.mark()
        arrays = {name: queue.host_array(f"line {name}", dtype, count) for name, dtype in _LINE_DTYPES.items()}
        arrays["starts"] = queue.host_array("line starts", np.uint32, count)
        arrays["first_lines"] = queue.host_array("first lines", np.uint32, self._files)
        if before:
            arrays["tokens"] = queue.host_array("line tokens", np.uint32, count)
        for name, buffer in {**columns, **before, "starts": starts, "first_lines": first_lines}.items():
            queue.download(buffer, arrays[name])
        return LinesOnTheWay(self._is_filled, self._size, arrays, begun, computed)


class LinesOnTheWay:
    """The columns of lines whose copies back are enqueued; the marks around their kernels, None where none ran."""

    def __init__(
        self,
        is_filled: npt.NDArray[np.bool_],
        size: int,
        arrays: dict[str, npt.NDArray[Any]],
        begun: Hashable = None,
        computed: Hashable = None,
    ) -> None:
        self._is_filled, self._size, self._arrays = is_filled, size, arrays
        self.begun, self.computed = begun, computed

    @property
    def tokens(self) -> npt.NDArray[np.uint32]:
        """The tokens before each line, once the copies are done, where they were asked for."""
        return self._arrays.get("tokens", np.zeros(0, np.uint32))

    @property
    def nbytes(self) -> int:
        """Of the copies back."""
        return sum(array.nbytes for array in self._arrays.values())

    def columns(self) -> LineColumns:
        """The columns, in memory of their own; to be called once the copies are done."""
        arrays = self._arrays or {name: np.zeros(0, dtype) for name, dtype in _LINE_DTYPES.items()}
        starts = arrays.get("starts", np.zeros(0, np.uint32))
        firsts = arrays.get("first_lines", np.zeros(0, np.uint32))
        # The lines of an empty file begin, and end, where those of the next file that is not empty begin.
        filled_before = np.zeros(len(self._is_filled) + 1, np.int64)
        np.cumsum(self._is_filled, out=filled_before[1:])
        return LineColumns(
            files=np.append(firsts, len(starts)).astype(np.int64)[filled_before],
            starts=np.append(starts.astype(np.int64), self._size),
            indents=arrays["indents"].copy(),
            inks=arrays["inks"].astype(np.int64),
            heads=arrays["heads"].copy(),
            lasts=arrays["lasts"].copy(),
            depths=arrays["depths"].copy(),
        )
