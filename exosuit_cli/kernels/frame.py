"""How a slab lies in one piece of memory, with what goes before it to a device, and how its results come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.kernels.device import PAD_BYTES
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.slab import LineColumns, SlabColumns, TokenColumns

if TYPE_CHECKING:
    import numpy.typing as npt

LARGEST_SLAB: Final = (1 << 31) - 1024
"""Bytes: kernels count bytes in 32 bits, with room for what they read behind the slab."""
HEAD_BYTES: Final = 64
"""What is known of a slab, before its spans: `Sizes` in slab.cuh."""
SPAN_BYTES: Final = 8
TOTAL_BYTES: Final = 64
"""Before the digests in the results: the number of lines."""
_ALIGNMENT: Final = 512
_COLUMNS: Final = ("newlines", "largest", "nuls", "lasts", "tokens", "first lines")
"""Those of `Column` in slab.cuh that come back, in its order."""
_KEPT_COLUMNS: Final = len(_COLUMNS) + 1
LINE_BYTES: Final = 27
_LINE_ROOM: Final = 16
_SPAN_ROOM: Final = 64
NOT_COUNTED: Final = 0xFFFF_FFFF
CHUNK_ID_BYTES: Final = 16
"""Of the digests of spans that a slot has room for."""
_SPAN_SHARE: Final = 128
"""A slab of chunks that are shorter than this, on average, has more of them than there is room for."""


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """The places in a frame that has room for a slab of so many bytes and files.

    A frame begins with the sizes of its slab; then come its spans, uint32[files, 2], the offset and length of each
    file; then its bytes.
    """

    slab_bytes: int
    files: int

    @property
    def data_offset(self) -> int:
        """Where the bytes of the slab begin."""
        return rounded_up(HEAD_BYTES + SPAN_BYTES * self.files, _ALIGNMENT)

    @property
    def nbytes(self) -> int:
        """Of a whole frame, with what kernels may read behind the slab."""
        return self.data_offset + self.slab_bytes + PAD_BYTES


class LineRoom:
    """Memory for the columns of lines, kept from slab to slab: to touch fresh pages takes ten times as long as to copy.

    What was filled is valid until the same column is filled again.
    """

    def __init__(self) -> None:
        self._held: dict[str, npt.NDArray[Any]] = {}

    def filled(self, name: str, source: npt.NDArray[Any], dtype: type[np.generic], *after: int) -> npt.NDArray[Any]:
        """A copy of a column in this type, which holds its values, with those that come after it."""
        count = len(source) + len(after)
        held = self._held.get(name)
        if held is None or len(held) < count:
            held = self._held[name] = np.empty(count + count // 4, dtype)
        held[: len(source)] = source
        held[len(source) : count] = after
        return held[:count]


def heading(
    data_bytes: int, offsets: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
) -> npt.NDArray[np.uint32]:
    """What lies before a slab in its frame, from the frame's start; digests take `width` bytes."""
    files = len(offsets)
    words = np.zeros((HEAD_BYTES + SPAN_BYTES * files) // 4, np.uint32)
    words[:3] = data_bytes, files, _columns_offset(files, width)
    spans = words[HEAD_BYTES // 4 :].reshape(files, 2)
    spans[:, 0] = offsets
    spans[:, 1] = lengths
    return words


def result_bytes(files: int, width: int) -> int:
    """Of what comes back of so many files."""
    return _columns_offset(files, width) + 4 * len(_COLUMNS) * files


def result_room(files: int, width: int) -> int:
    """Of the memory of a device that holds all that is found of so many files."""
    return _columns_offset(files, width) + 4 * _KEPT_COLUMNS * files


def line_bytes(lines: int) -> int:
    """Of the columns of so many lines."""
    return LINE_BYTES * rounded_up(lines, _LINE_ROOM)


def most_lines(nbytes: int) -> int:
    """How many lines have room for their columns in so many bytes."""
    return nbytes // (LINE_BYTES * _LINE_ROOM) * _LINE_ROOM


def most_spans(slab_bytes: int, room: int) -> int:
    """How many spans of a slab may be digested at once, where they and their digests share `room` bytes."""
    held = max(room - HEAD_BYTES - _SPAN_ROOM, 0) // (SPAN_BYTES + CHUNK_ID_BYTES)
    return min(held, slab_bytes // _SPAN_SHARE)


def span_parts(room: npt.NDArray[np.uint8], spans: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Of memory with room for so many spans: where their heading lies, and where their digests come back."""
    head = HEAD_BYTES + SPAN_BYTES * spans
    start = rounded_up(head, _SPAN_ROOM)
    return room[:head], room[start : start + CHUNK_ID_BYTES * spans]


def line_total(results: npt.NDArray[np.uint8]) -> int:
    """The lines of the slab, where they were looked for."""
    return int(results[:4].view(np.uint32)[0])


def columns_of(results: npt.NDArray[np.uint8], files: int, width: int) -> SlabColumns:
    """The columns of a slab, in memory of their own."""
    digests = results[TOTAL_BYTES : TOTAL_BYTES + files * width].reshape(files, width)
    return SlabColumns(
        digests=digests.copy(),
        newlines=_column(results, files, width, "newlines").astype(np.int64),
        last_bytes=_column(results, files, width, "lasts").astype(np.int16),
        max_bytes=_column(results, files, width, "largest").astype(np.uint8),
        has_nul=_column(results, files, width, "nuls").astype(np.bool_),
    )


def counts_of(results: npt.NDArray[np.uint8], files: int, width: int) -> npt.NDArray[np.int64]:
    """int64[files]: the tokens of each file, where they were counted; -1 of a file that is left to another counter."""
    found = _column(results, files, width, "tokens")
    counts = found.astype(np.int64)
    counts[found == NOT_COUNTED] = -1
    return counts


def lines_of(
    found: npt.NDArray[np.uint8],
    count: int,
    results: npt.NDArray[np.uint8],
    lengths: npt.NDArray[np.int64],
    width: int,
    room: LineRoom | None = None,
) -> LineColumns:
    """The columns of `count` lines of a slab whose files have these lengths, in `room`, or memory of their own."""
    room = room if room is not None else LineRoom()
    firsts = _column(results, len(lengths), width, "first lines")
    is_filled = lengths > 0
    # The lines of an empty file begin, and end, where those of the next file that is not empty begin.
    filled_before = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(is_filled, out=filled_before[1:])
    firsts = np.append(firsts[: filled_before[-1]], np.uint32(count))
    return LineColumns(
        files=firsts.astype(np.int64)[filled_before],
        starts=room.filled("starts", _of_lines(found, count, 8, np.uint32), np.int64, int(lengths.sum())),
        indents=room.filled("indents", _of_lines(found, count, 24, np.uint16), np.uint16),
        inks=room.filled("inks", _of_lines(found, count, 12, np.uint32), np.int64),
        heads=room.filled("heads", _of_lines(found, count, 0, np.uint64), np.uint64),
        lasts=room.filled("lasts", _of_lines(found, count, 26, np.uint8), np.uint8),
        depths=room.filled("depths", _of_lines(found, count, 16, np.int32), np.int32),
    )


def tokens_of(
    results: npt.NDArray[np.uint8],
    files: int,
    width: int,
    found: npt.NDArray[np.uint8] | None,
    count: int,
    room: LineRoom | None = None,
) -> TokenColumns:
    """The tokens of files and, where `found` has the columns of `count` lines, those before each line."""
    before = None
    if found is not None:
        room = room if room is not None else LineRoom()
        before = room.filled("before", _of_lines(found, count, 20, np.uint32), np.int64)
    return TokenColumns(counts_of(results, files, width), before)


def _column(results: npt.NDArray[np.uint8], files: int, width: int, name: str) -> npt.NDArray[np.uint32]:
    start = _columns_offset(files, width) + 4 * files * _COLUMNS.index(name)
    return results[start : start + 4 * files].view(np.uint32)


def _of_lines(found: npt.NDArray[np.uint8], count: int, place: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
    start = place * rounded_up(count, _LINE_ROOM)
    return found[start : start + count * np.dtype(dtype).itemsize].view(dtype)


def _columns_offset(files: int, width: int) -> int:
    return TOTAL_BYTES + rounded_up(files * width, 16)


def rounded_up(value: int, multiple: int) -> int:
    """The least multiple that is no less."""
    return -(-value // multiple) * multiple
