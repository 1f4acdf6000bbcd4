"""Exact tokens of a slab on a device: the launches of the kernels in tokens.cu, and the tables that they read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.kernels.device import At
from exosuit_cli.kernels.device_frame import TILE_BYTES, blocks_for
from exosuit_cli.kernels.device_lines import launch_scan, scan_levels
from exosuit_cli.model.counting_tables import RULES
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceBuffer, DeviceQueue
    from exosuit_cli.kernels.device_frame import DeviceFrame
    from exosuit_cli.kernels.device_lines import LineWork
    from exosuit_cli.model.counting_tables import CountingTables

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

    `launch_lines` follows `launch`, and the columns of lines.
    """

    def __init__(self, queue: DeviceQueue, tables: DeviceTables, frame: DeviceFrame) -> None:
        self._tables, self._frame = tables, frame
        self._classes = queue.buffer("token classes", LANE_BYTES * (frame.layout.slab_bytes // LANE_BYTES + 1))
        self._bitmap_bytes = 4 * _BITMAP_WORDS * frame.tiles
        self._bits = queue.buffer("token starts", 2 * self._bitmap_bytes)
        self._levels = scan_levels(frame.tiles)
        self._before = queue.buffer("token counts", 8 * sum(self._levels))
        self._sums = queue.buffer("file tokens", 4 * max(frame.layout.files, 1))
        self.starts = At(self._bits, 0)
        """After `launch`, one bit a byte of the slab, the lowest first: whether a token begins there. Of a file that is
        left to another counter the bits mean nothing."""

    def launch(self, queue: DeviceQueue) -> None:
        """Enqueue the count of files: a column of the frame's results."""
        tables, frame, starts, missed = self._tables, self._frame, self.starts, At(self._bits, self._bitmap_bytes)
        size, lists, tiles = frame.layout.slab_bytes, frame.lists, np.uint32(frame.tiles)
        queue.zero(self._bits, 2 * self._bitmap_bytes)
        queue.launch(
            "token_classes",
            blocks_for(size // LANE_BYTES + 1, THREADS),
            THREADS,
            *(frame.data, frame.sizes, lists.file_starts, tables.planes, tables.kinds, self._classes, frame.results),
        )
        queue.launch(
            "token_words",
            blocks_for(size, LANE_BYTES * THREADS),
            THREADS,
            *(frame.data, frame.sizes, self._classes, tables.rules, tables.words, tables.word_mask),
            *(lists.file_starts, starts, missed, frame.results),
        )
        queue.launch(
            "token_merges",
            blocks_for(frame.tiles, THREADS // WARP),
            THREADS,
            *(frame.data, frame.sizes, tables.pairs, tables.pair_mask, tables.byte_tokens, starts, missed),
        )
        blocks = blocks_for(frame.tiles, THREADS)
        queue.launch("token_counts", blocks, THREADS, starts, frame.sizes, tiles, self._before)
        launch_scan(queue, self._before, self._levels)
        queue.launch(
            "token_files",
            blocks_for(frame.layout.files, THREADS),
            THREADS,
            *(lists.file_starts, lists.filled_files, frame.sizes, starts, self._before, self._sums, frame.results),
        )

    def launch_lines(self, queue: DeviceQueue, lines: LineWork) -> None:
        """Enqueue the tokens before each line: a column of the lines."""
        queue.launch(
            "token_lines",
            blocks_for(lines.most, THREADS),
            THREADS,
            *(lines.owners, lines.total, np.uint32(lines.most), self._frame.sizes),
            *(self.starts, self._before, self._sums, lines.columns),
        )
