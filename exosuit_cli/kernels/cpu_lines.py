"""The structure of every line of a slab, with array operations alone: the reference for every other backend."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.places import places_of_bits
from exosuit_cli.model.slab import LineColumns, Slab

_TAB, _NEWLINE, _RETURN, _SPACE = 9, 10, 13, 32
_OPEN, _CLOSE = 0x7B, 0x7D  # braces; square brackets become these when bit 5 is set
_PAD = 8
_BLOCK = 1 << 17
"""Bytes whose masks are made at once, for they stay in the cache. A multiple of 8."""
_ROUNDS = 8
"""Words of leading blanks to look at one by one."""
_STEP = np.zeros(256, np.int8)
_STEP[[0x5B, 0x7B]], _STEP[[0x5D, 0x7D]] = 1, -1
_ONE, _BYTE = np.uint64(1), np.uint64(0xFF)
_EACH = np.uint64(0x0101010101010101)
"""Times a byte: that byte in every place of a word."""
_SPACES, _TABS = _EACH * np.uint64(_SPACE), _EACH * np.uint64(_TAB)
_TOP_BITS = _EACH * np.uint64(0x80)
_IS_BLANK = byte_set([_TAB, _NEWLINE, _RETURN, _SPACE])

_Int64 = npt.NDArray[np.int64]


def line_columns(slab: Slab) -> LineColumns:
    """Compute every column; see `LineColumns`."""
    size = len(slab.data)
    padded = np.empty(size + _PAD, np.uint8)
    padded[:size], padded[size:] = slab.data, 0
    data = padded[:size]
    events, kinds, sums = _events(data)

    # What follows a newline starts a line, unless the slab ends there, and so does a file.
    newlines = np.flatnonzero(kinds == _NEWLINE)
    starts = events.take(newlines)
    starts += 1
    depths = sums.take(newlines)
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

    words = np.ndarray((size,), "<u8", buffer=padded, strides=(1,))
    inks, indents = _indents(data.data, words, starts)
    heads = words[inks]
    _end_with_file(slab, files, inks, heads)
    is_blank = _IS_BLANK.take((heads & _BYTE).astype(np.uint8))
    np.putmask(heads, is_blank, 0)
    np.putmask(indents, is_blank, 0)
    return LineColumns(files, starts, indents, inks, heads, _lasts(data, files, starts), depths)


def _end_with_file(slab: Slab, files: _Int64, inks: _Int64, heads: npt.NDArray[np.uint64]) -> None:
    """Clear what heads hold of the next file, which can be so in a file's last lines only."""
    stops = slab.offsets + slab.lengths
    for back in range(1, _PAD + 1):
        lines = files[1:] - back
        own = lines >= files[:-1]
        lines, left = lines[own], stops[own]
        left -= inks[lines]
        short = left < _PAD
        heads[lines[short]] &= (_ONE << (8 * left[short]).astype(np.uint64)) - _ONE


def _events(data: npt.NDArray[np.uint8]) -> tuple[_Int64, npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Newlines and brackets: their offsets, the bytes, and opening less closing brackets up to and with each."""
    size = len(data)
    bits = np.empty((size + 7) // 8, np.uint8)
    folds = np.empty(min(size, _BLOCK), np.uint8)
    masks = np.empty((2, len(folds)), np.bool_)
    for first in range(0, size, _BLOCK):
        block = data[first : first + _BLOCK]
        folded, (mask, other) = folds[: len(block)], masks[:, : len(block)]
        np.equal(np.bitwise_or(block, 0x20, out=folded), _OPEN, out=mask)
        mask |= np.equal(folded, _CLOSE, out=other)
        mask |= np.equal(block, _NEWLINE, out=other)
        bits[first // 8 : (first + len(block) + 7) // 8] = np.packbits(mask, bitorder="little")
    events = places_of_bits(bits)
    kinds = data.take(events)
    return events, kinds, np.cumsum(_STEP.take(kinds), dtype=np.int32)


def _indents(data: memoryview, words: npt.NDArray[np.uint64], starts: _Int64) -> tuple[_Int64, npt.NDArray[np.uint16]]:
    """The first byte of each line that is no blank, or its last byte, and the columns before it.

    `words[i]` are the eight bytes of `data` from i, the first the lowest.
    """
    inks = starts[:-1].copy()
    last = starts[1:] - 1
    tabs = np.zeros(len(inks), np.int64)
    pending: slice | _Int64 = slice(None)
    for _ in range(_ROUNDS):
        positions = inks[pending]
        word = words[positions]
        no_tab = _differs(word, _TABS)
        ink = _differs(word, _SPACES)
        ink &= no_tab
        below = ink & (~ink + _ONE)  # the lowest byte that is no blank is the first
        below -= _ONE  # the bits below its own; all 64 where every byte is a blank
        no_tab ^= _TOP_BITS
        no_tab &= below
        tabs[pending] += np.bitwise_count(no_tab)
        positions += np.bitwise_count(below) >> 3
        inks[pending] = positions
        more = np.flatnonzero((ink == 0) & (positions < last[pending]))
        if not len(more):
            break
        pending = more if isinstance(pending, slice) else pending[more]
    else:
        assert not isinstance(pending, slice), "a round has passed"
        _pass_blanks(data, last, pending, inks, tabs)
    np.minimum(inks, last, out=inks)
    columns = inks - starts[:-1]
    tabs *= 7
    columns += tabs
    return inks, np.minimum(columns, 0xFFFF, out=columns).astype(np.uint16)


def _differs(words: npt.NDArray[np.uint64], bytes_: np.uint64) -> npt.NDArray[np.uint64]:
    """Words with the highest bit of each byte set where it is not that of `bytes_`; no other bit is."""
    other = words ^ bytes_
    found = other & ~_TOP_BITS
    found += ~_TOP_BITS  # carries into the highest bit of its byte, never beyond
    found |= other
    found &= _TOP_BITS
    return found


def _pass_blanks(data: memoryview, last: _Int64, lines: _Int64, inks: _Int64, tabs: _Int64) -> None:
    """Pass the blanks that are left in these lines, which begin with many."""
    for line in lines.tolist():
        start = int(inks[line])
        rest = bytes(data[start : int(last[line]) + 1])
        blanks = len(rest) - len(rest.lstrip(b" \t"))
        inks[line] += blanks
        tabs[line] += rest.count(b"\t", 0, blanks)


def _lasts(data: npt.NDArray[np.uint8], files: _Int64, starts: _Int64) -> npt.NDArray[np.uint8]:
    """The last byte of each line, its end-of-line characters left out."""
    first, position = starts[:-1], starts[1:] - 2
    ends = files[1:][np.diff(files) > 0] - 1  # only the last line of a file may have no newline
    position[ends] += data.take(position[ends] + 1) != _NEWLINE
    lasts = data.take(position, mode="clip")
    returns = np.flatnonzero((lasts == _RETURN) & (position >= first))
    position[returns] -= 1
    lasts[returns] = data.take(position[returns], mode="clip")
    lasts[position < first] = 0
    return lasts
