"""The lines of JavaScript that may define something without a keyword, found by array operations over many at once.

The rules are those of `in_scripts`, which reads the lines that are left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.structure.names.many_plain import (
    NAMED,
    NOTHING,
    UNSURE,
    WIDTH,
    WORD_WIDTH,
    PlainNames,
    WordTable,
    cut_windows,
    first_places,
)
from exosuit_cli.structure.names.windows import windows
from exosuit_cli.structure.names.words import LONGEST, TEST_CALLS
from exosuit_cli.structure.symbols import SymbolKind

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns

_TESTS: Final = WordTable(dict.fromkeys(TEST_CALLS, 1))
_IS_QUOTE: Final = byte_set(b"\"'`")
_ENDS_LINE: Final = byte_set(b"\r\n")
_IS_ODD_IN_TITLE: Final = byte_set(b"\\\0")
_MAY_OPEN: Final = byte_set(b"{ \t\r")
"""The last bytes of lines that end with a brace, perhaps before blanks."""
_OPENS_TABLE: Final = byte_set(b"=: \tc")
"""What may be before the brace that opens a table, or the end of `async`."""
_VALUES: Final = (b"=>", b"fun", b"cla")
"""How values begin that define something."""


def may_define(data: npt.NDArray[np.uint8], lines: LineColumns, places: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """bool[places]: which lines may be a test case, a method or a name for a function; of the others none is.

    Behind the lines, `data` has `2 * WIDTH` zeros.
    """
    starts = lines.starts[places]
    sizes = lines.starts[places + 1] - starts
    found: npt.NDArray[np.bool_] = sizes > WIDTH
    chosen = np.flatnonzero(~found)
    if not len(chosen):
        return found
    own, starts, inks = places[chosen], starts[chosen], lines.inks[places[chosen]]
    window = cut_windows(data, starts, sizes[chosen])
    bracket, equals = first_places(window, ord("(")), first_places(window, ord("="))
    has_call = bracket < WIDTH
    is_inner, is_open = inks > starts, _MAY_OPEN.take(lines.lasts[own])
    is_named = has_call & (_TESTS.look_up(data, inks)[0] != 0)
    before = _before_brace(data, lines, own)
    # A method: a name alone is before the bracket.
    rows = np.flatnonzero(is_inner & is_open & has_call & ~is_named & (before != ord(">")))
    is_named[rows] = _may_be_method(window[rows], bracket[rows], equals[rows])
    # A value: its sign is before any bracket.
    sign = np.minimum(equals, first_places(window, ord(":")))
    rows = np.flatnonzero((sign < bracket) & ~is_named)
    is_named[rows] = (is_open & ~is_inner & _OPENS_TABLE.take(before))[rows] | _has_value(window[rows])
    found[chosen] = is_named
    return found


def case_names(data: npt.NDArray[np.uint8], lines: LineColumns, places: npt.NDArray[np.int64]) -> PlainNames:
    """The test cases among the lines at `places` whose title is right behind the bracket: `it("does this`.

    All others are `UNSURE`. Behind the lines, `data` has `2 * WIDTH` zeros.
    """
    inks, ends = lines.inks[places], lines.starts[places + 1]
    kinds, lengths, after = _TESTS.of_windows(windows(data, inks, WORD_WIDTH))
    at = inks + lengths + 2
    rows = np.flatnonzero((kinds != 0) & (after == ord("(")) & _IS_QUOTE.take(data[at - 1]))
    states, stops = np.full(len(places), UNSURE, np.uint8), at.copy()
    if len(rows):
        window = windows(data, at[rows], WIDTH)
        is_end = (window == data[at[rows] - 1][:, None]) | _ENDS_LINE.take(window)
        sizes = is_end.argmax(axis=1)
        is_whole = is_end[np.arange(len(rows)), sizes] & (at[rows] + sizes < ends[rows])
        is_whole &= at[rows] + sizes - lines.starts[places[rows]] < LONGEST
        is_odd = _IS_ODD_IN_TITLE.take(window)
        is_odd[:, 1:] |= (window[:, 1:] == ord(":")) & (window[:, :-1] == ord(":"))
        is_whole &= ~(is_odd & (np.arange(WIDTH) < sizes[:, None])).any(axis=1)
        stops[rows] += sizes
        states[rows[is_whole]] = np.where(sizes > 0, NAMED, NOTHING)[is_whole]
    return PlainNames(states, np.full(len(places), SymbolKind.TEST, np.uint8), at, stops)


def _may_be_method(
    window: npt.NDArray[np.uint8], bracket: npt.NDArray[np.int64], equals: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    has_type = np.minimum(first_places(window, ord("<")), first_places(window, ord("["))) < bracket
    has_more = np.minimum(first_places(window, ord(".")), equals) < bracket
    opening, closing = (window == ord("(")).sum(axis=1), (window == ord(")")).sum(axis=1)
    is_whole = (opening == closing) | (window == ord(":")).any(axis=1)
    found: npt.NDArray[np.bool_] = (has_type | ~has_more) & (closing > 0) & is_whole
    return found


def _before_brace(
    data: npt.NDArray[np.uint8], lines: LineColumns, places: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8]:
    """uint8[places]: the byte before the brace that ends a line, perhaps before one blank; a blank where none does.

    For an arrow that is `>`.
    """
    at = lines.starts[places + 1] - 1
    for ending in b"\n\r":
        at -= data[at] == ending
    has_brace = (data[at] == ord("{")) & (at >= lines.starts[places] + 3)
    at = np.where(has_brace, at - 1, 0)
    at -= (data[at] == ord(" ")) & has_brace
    is_plain = has_brace & ((data[at] != ord(">")) | (data[at - 1] == ord("=")))
    return np.where(is_plain, data[at], ord(" ")).astype(np.uint8)


def _has_value(window: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(window), np.bool_)
    for mark in _VALUES:
        last = window.shape[1] - len(mark) + 1
        is_there = window[:, :last] == mark[0]
        for offset, byte in enumerate(mark[1:], 1):
            is_there &= window[:, offset : last + offset] == byte
        found |= is_there.any(axis=1)
    return found
