"""The structure of every line of a slab, with array operations alone: the reference for every other backend."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exosuit_cli.model.places import true_places
from exosuit_cli.model.slab import LineColumns, Slab

_TAB, _NEWLINE, _RETURN, _SPACE = 9, 10, 13, 32
_OPEN, _CLOSE = 0x7B, 0x7D  # braces; square brackets become these when bit 5 is set
_PAD = 8
_ROUNDS = 8
"""Words of leading blanks to look at one by one."""
_STEP = np.zeros(256, np.int8)
_STEP[[0x5B, 0x7B]], _STEP[[0x5D, 0x7D]] = 1, -1
_ONE, _BYTE = np.uint64(1), np.uint64(0xFF)
_IS_BLANK = np.zeros(256, np.bool_)
_IS_BLANK[[_TAB, _NEWLINE, _RETURN, _SPACE]] = True


def line_columns(slab: Slab) -> LineColumns:
    """Compute every column; see `LineColumns`."""
    size = len(slab.data)
    padded = np.zeros(size + _PAD, np.uint8)
    padded[:size] = slab.data
    data = padded[:size]
    events, kinds, sums = _events(data)

    # What follows a newline starts a line, unless the slab ends there, and so does a file.
    is_newline = kinds == _NEWLINE
    starts = events[is_newline] + 1
    depths = sums[is_newline]
    if len(starts) and starts[-1] == size:
        starts, depths = starts[:-1], depths[:-1]
    before = np.append(np.int32(0), sums)[np.searchsorted(events, slab.offsets)]
    is_filled = slab.lengths > 0
    filled = slab.offsets[is_filled]
    places = np.searchsorted(starts, filled)
    is_new = np.append(starts, -1)[places] != filled
    starts = np.insert(starts, places[is_new], filled[is_new])
    depths = np.insert(depths, places[is_new], before[is_filled][is_new])
    files = np.searchsorted(starts, np.append(slab.offsets, size))
    depths -= np.repeat(before, np.diff(files))
    starts = np.append(starts, size)

    inks, indents = _indents(data, padded, starts)
    words = np.ndarray((size,), "<u8", buffer=padded, strides=(1,))
    heads = words[inks]
    _end_with_file(slab, files, inks, heads)
    is_blank = _IS_BLANK.take((heads & _BYTE).astype(np.uint8))
    heads[is_blank] = 0
    indents[is_blank] = 0
    return LineColumns(files, starts, indents, inks, heads, _lasts(data, starts), depths)


def _end_with_file(
    slab: Slab, files: npt.NDArray[np.int64], inks: npt.NDArray[np.int64], heads: npt.NDArray[np.uint64]
) -> None:
    """Clear what heads hold of the next file, which can be so in a file's last lines only."""
    stops = slab.offsets + slab.lengths
    for back in range(1, _PAD + 1):
        lines = files[1:] - back
        own = lines >= files[:-1]
        lines, left = lines[own], stops[own]
        left -= inks[lines]
        short = left < _PAD
        heads[lines[short]] &= (_ONE << (8 * left[short]).astype(np.uint64)) - _ONE


def _events(
    data: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Newlines and brackets: their offsets, the bytes, and opening less closing brackets up to and with each."""
    folded = data | 0x20
    mask = folded == _OPEN
    mask |= folded == _CLOSE
    mask |= data == _NEWLINE
    events = true_places(mask)
    kinds = data.take(events)
    return events, kinds, np.cumsum(_STEP.take(kinds), dtype=np.int32)


def _indents(
    data: npt.NDArray[np.uint8], padded: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
    """The first byte of each line that is no blank, or its last byte, and the columns before it."""
    is_tab = padded == _TAB
    is_ink = padded != _SPACE
    is_ink ^= is_tab
    inks = starts[:-1].copy()
    last = starts[1:] - 1
    # Eight bytes at a time as one word: the lowest byte that is not zero is the first that is no blank.
    words = np.ndarray((len(data),), "<u8", buffer=is_ink, strides=(1,))
    tab_words = np.ndarray((len(data),), "<u8", buffer=is_tab, strides=(1,))
    tabs = np.zeros(len(inks), np.int64)
    pending: slice | npt.NDArray[np.int64] = slice(None)
    for _ in range(_ROUNDS):
        positions = inks[pending]
        word = words[positions]
        below = (word & (~word + _ONE)) - _ONE  # all bits below that byte; all 64 where every byte is a blank
        tabs[pending] += np.bitwise_count(tab_words[positions] & below)
        positions += np.bitwise_count(below) >> 3
        inks[pending] = positions
        more = np.flatnonzero((word == 0) & (positions < last[pending]))
        if not len(more):
            break
        pending = more if isinstance(pending, slice) else pending[more]
    else:  # blanks without end
        ink_places, tab_places = (np.flatnonzero(kind[: len(data)]) for kind in (is_ink, is_tab))
        positions = inks[pending]
        found = np.append(ink_places, len(data))[np.searchsorted(ink_places, positions)]
        tabs[pending] += np.searchsorted(tab_places, found) - np.searchsorted(tab_places, positions)
        inks[pending] = found
    np.minimum(inks, last, out=inks)
    columns = inks - starts[:-1]
    columns += 7 * tabs
    return inks, np.minimum(columns, 0xFFFF).astype(np.uint16)


def _lasts(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The last byte of each line, its end-of-line characters left out."""
    first = starts[:-1]
    position = starts[1:] - 1
    for ending in (_NEWLINE, _RETURN):
        position = position - ((position >= first) & (data.take(position) == ending))
    lasts = data.take(np.maximum(position, 0))
    lasts[position < first] = 0
    return lasts
