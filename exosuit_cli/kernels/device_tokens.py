"""Exact tokens of a slab on a device: the launches of the kernels in tokens.cu, and the tables that they read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.kernels.device import At
from exosuit_cli.kernels.device_lines import TILE_BYTES, launch_scan, scan_levels
from exosuit_cli.kernels.work_lists import blocks_for
from exosuit_cli.model.counting_tables import RULES
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.slab import TokenColumns

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceBuffer, DeviceQueue
    from exosuit_cli.model.counting_tables import CountingTables
    from exosuit_cli.model.slab import Slab

THREADS = 256
LANE_BYTES = 16
WARP = 32
_BITMAP_WORDS = TILE_BYTES // 32


@dataclass(frozen=True, slots=True)
class DeviceTables:
    """The tables of an encoding in a device's memory, for all of its queues."""

    encoding: str
    rules: np.uint32
    planes: DeviceBuffer
    kinds: DeviceBuffer
    words: DeviceBuffer
    word_mask: np.uint32
    pairs: DeviceBuffer
    pair_mask: np.uint32
    byte_tokens: DeviceBuffer

    @classmethod
    def upload(cls, queue: DeviceQueue, tables: CountingTables) -> DeviceTables:
        """Copy tables to the device; they are there when this returns, for as long as the queue keeps its buffers."""

        def copy(name: str) -> DeviceBuffer:
            array: npt.NDArray[np.generic] = getattr(tables, name)
            buffer = queue.buffer(f"token {name}", array.nbytes)
            queue.upload(buffer, array)
            return buffer

        planes, kinds, words, pairs, byte_tokens = map(copy, ("planes", "kinds", "words", "pairs", "byte_tokens"))
        queue.synchronize()
        return cls(
            encoding=tables.encoding,
            rules=np.uint32(RULES[tables.encoding]),
            planes=planes,
            kinds=kinds,
            words=words,
            word_mask=np.uint32(len(tables.words) - 1),
            pairs=pairs,
            pair_mask=np.uint32(len(tables.pairs) - 1),
            byte_tokens=byte_tokens,
        )


class TokenWork:
    """The tokens of one slab whose files tile its data: those of each file, and those before each line.

    `launch_lines` follows `launch`, once it is known where lines begin.
    """

    def __init__(self, tables: DeviceTables, slab: Slab) -> None:
        self._tables = tables
        self._size = len(slab.data)
        self._is_filled = slab.lengths > 0
        self._files = int(np.count_nonzero(self._is_filled))
        self._tiles = blocks_for(self._size, TILE_BYTES)
        self.starts: At | None = None
        """After `launch`, one bit a byte of the slab, the lowest first: whether a token begins there. Of a file that is
        left to another counter the bits mean nothing."""

    @property
    def nbytes(self) -> int:
        """Of the results of files."""
        return 4 * (2 * self._files + 1)

    def launch(self, queue: DeviceQueue, data: DeviceBuffer, file_starts: At, results: At) -> None:
        """Enqueue the count of files.

        `results` is then uint32[files + 1], the tokens before each file that is not empty and of all, and
        uint32[files], not 0 where a file is left to another counter.
        """
        if not self._size:
            return
        tables, size, files, tiles = self._tables, np.uint32(self._size), np.uint32(self._files), np.uint32(self._tiles)
        self._sums = results
        unsure = At(results.buffer, results.offset + 4 * (self._files + 1))
        classes = queue.buffer("token classes", LANE_BYTES * (self._size // LANE_BYTES + 1))
        bitmap = 4 * _BITMAP_WORDS * self._tiles
        bits = queue.buffer("token starts", 2 * bitmap)
        starts, missed = At(bits, 0), At(bits, bitmap)
        self.starts = starts
        queue.zero(bits, 2 * bitmap)
        queue.zero(unsure, 4 * self._files)
        queue.launch(
            "token_classes",
            blocks_for(self._size // LANE_BYTES + 1, THREADS),
            THREADS,
            *(data, size, file_starts, files, tables.planes, tables.kinds, classes, unsure),
        )
        queue.launch(
            "token_words",
            blocks_for(self._size, LANE_BYTES * THREADS),
            THREADS,
            *(data, size, classes, tables.rules, tables.words, tables.word_mask),
            *(file_starts, files, starts, missed, unsure),
        )
        queue.launch(
            "token_merges",
            blocks_for(self._tiles, THREADS // WARP),
            THREADS,
            *(data, size, tiles, tables.pairs, tables.pair_mask, tables.byte_tokens, starts, missed),
        )
        levels = scan_levels(self._tiles)
        self._before = queue.buffer("token counts", 8 * sum(levels))
        queue.launch("token_counts", blocks_for(self._tiles, THREADS), THREADS, starts, tiles, self._before)
        launch_scan(queue, self._before, levels)
        queue.launch(
            "token_files",
            blocks_for(self._files + 1, THREADS),
            THREADS,
            *(file_starts, files, starts, tiles, self._before, results),
        )

    def launch_lines(
        self, queue: DeviceQueue, line_starts: DeviceBuffer, owners: DeviceBuffer, count: int
    ) -> DeviceBuffer:
        """Enqueue the sums before lines, uint32[count]: the tokens of its file before each."""
        assert self.starts is not None, "launched before"
        sums = queue.buffer("line tokens", 4 * count)
        queue.launch(
            "token_lines",
            blocks_for(count, THREADS),
            THREADS,
            *(line_starts, owners, np.uint32(count), self.starts, np.uint32(self._tiles), self._before),
            *(self._sums, sums),
        )
        return sums

    def columns(self, results: npt.NDArray[np.uint8], before: npt.NDArray[np.uint32] | None) -> TokenColumns:
        """What was found, in memory of its own: of `results` copied back, and of the sums before lines."""
        counts = np.zeros(len(self._is_filled), np.int64)
        if self._size:
            words = results.view(np.uint32)
            sums, unsure = words[: self._files + 1], words[self._files + 1 :]
            counts[self._is_filled] = np.where(unsure, -1, np.diff(sums.astype(np.int64)))
        return TokenColumns(counts, before.astype(np.int64) if before is not None else None)
