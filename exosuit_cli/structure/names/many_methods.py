"""The names of plain methods as in Java, by array operations: types, a name, an opening bracket.

The rules are those of `of_one_line`, which reads what is not plain enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import IS_WORD, byte_set
from exosuit_cli.structure.names.many_plain import (
    NAMED,
    NOTHING,
    UNSURE,
    WIDTH,
    PlainNames,
    WordTable,
    cut_windows,
    first_places,
)
from exosuit_cli.structure.names.windows import heads_at
from exosuit_cli.structure.names.words import LONGEST, NO_NAMES, TYPES
from exosuit_cli.structure.symbols import SymbolKind

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns

_SPACE: Final = 0x20
_IN_TYPE: Final = IS_WORD | byte_set(b" <>,.[]?$")
_IS_ODD: Final = byte_set(bytes(range(9)) + b"\t\x0b\x0c&*~@:" + bytes(range(14, 32)))
"""What may stand before the bracket of a method as well, and is left to the slower rules."""
_CLASSES: Final = np.stack((IS_WORD, _IN_TYPE, _IS_ODD), 1) @ np.array([1, 2, 4], np.uint8)
_COLUMNS: Final = np.arange(WIDTH, dtype=np.uint8)
_IS_UPPER: Final = byte_set(bytes(range(65, 91)))
_IS_DIGIT: Final = byte_set(b"0123456789")
_OPERATOR: Final = np.uint64(int.from_bytes(b"operator", "little"))
_FORBIDDEN: Final = WordTable({word: 1 if word in NO_NAMES else 2 for word in NO_NAMES | TYPES})
"""1 for what no word of a method's head is, 2 for what is no name."""


def method_names(
    data: npt.NDArray[np.uint8], lines: LineColumns, places: npt.NDArray[np.int64], at: npt.NDArray[np.int64]
) -> PlainNames:
    """What the lines at `places` define that begin with no keyword; the words from `at` on are no modifiers.

    Behind the lines, `data` has `2 * WIDTH` zeros.
    """
    count = len(places)
    begins, ends, lasts = lines.starts[places], lines.starts[places + 1], lines.lasts[places]
    has_modifier = at > lines.inks[places]
    is_statement = lasts == ord(";")
    found = PlainNames(np.zeros(count, np.uint8), np.full(count, SymbolKind.FUNCTION, np.uint8), at.copy(), at.copy())
    is_long = ends - begins > LONGEST
    left = np.flatnonzero(is_long | ~is_statement | has_modifier | (lines.inks[places] > begins))
    found.states[left] = UNSURE
    left = left[(~is_long & (lasts > _SPACE))[left]]
    if not len(left):
        return found
    window = cut_windows(data, at[left], (ends - at)[left])
    is_whole = (ends - at)[left] <= WIDTH
    bracket, brace, sign = (first_places(window, byte) for byte in b"({=")
    # No method is such, and a property is one only after a modifier.
    may_be_property = (has_modifier & ~is_statement)[left]
    has_call = bracket < WIDTH
    is_assigned = has_call & (np.minimum(sign, brace) < bracket)
    has_no_body = is_whole & (brace == WIDTH) & ~_has_arrow(window, sign)
    nothing = is_assigned & (~may_be_property | has_no_body)
    nothing |= ~has_call & is_whole & (~may_be_property | has_no_body)
    found.states[left[nothing & (window[:, 0] != _SPACE)]] = NOTHING
    chosen = np.flatnonzero(may_be_property & (brace < np.minimum(sign, bracket)) & (window[:, 0] != _SPACE))
    if len(chosen):
        rows = left[chosen]
        is_named, begin, stop = _read_properties(window[chosen], brace[chosen])
        found.states[rows[is_named]] = NAMED
        found.kinds[rows] = SymbolKind.CONSTANT
        found.starts[rows] += begin
        found.ends[rows] += stop
    chosen = np.flatnonzero(has_call & ~is_assigned & (window[:, 0] != _SPACE))
    if len(chosen):
        states, begin, stop = _read_heads(data, window[chosen], bracket[chosen], at[left[chosen]])
        rows = left[chosen]
        found.states[rows] = states
        found.starts[rows] += begin
        found.ends[rows] += stop
    return found


def _has_arrow(window: npt.NDArray[np.uint8], sign: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """bool[rows]: an arrow `=>` is in the row, whose first equals sign is at `sign`."""
    found = sign < WIDTH
    rows = np.flatnonzero(found)
    found[rows] = ((window[rows, :-1] == ord("=")) & (window[rows, 1:] == ord(">"))).any(axis=1)
    return found


def _read_properties(
    window: npt.NDArray[np.uint8], brace: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Whether a name is right before the brace of each row, perhaps before one blank, and where it begins and ends."""
    rows, columns = np.arange(len(brace)), _COLUMNS
    stop = brace - (window[rows, np.maximum(brace - 1, 0)] == _SPACE)
    is_other = ~IS_WORD.take(window) & (columns < stop.astype(np.uint8)[:, None])
    begin = _after_last(is_other)
    is_named = (begin < stop) & ~_IS_DIGIT.take(window[rows, np.minimum(begin, WIDTH - 1)])
    return is_named, begin, stop


def _read_heads(
    data: npt.NDArray[np.uint8],
    window: npt.NDArray[np.uint8],
    bracket: npt.NDArray[np.int64],
    at: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The states of the rows of `window`, which begin at `at`, and where the names before the brackets are."""
    rows, columns = np.arange(len(bracket)), _COLUMNS
    is_before = columns < bracket.astype(np.uint8)[:, None]
    classes = _CLASSES.take(window)
    is_unsure = (((classes & 4) != 0) & is_before).any(axis=1)
    is_type = ~(((classes & 6) == 0) & is_before).any(axis=1)
    spaces = window == _SPACE
    stop = bracket - spaces[rows, np.maximum(bracket - 1, 0)]
    is_unsure |= spaces[rows, np.maximum(stop - 1, 0)] & (stop > 0)
    is_first = columns < stop.astype(np.uint8)[:, None]
    begin = _after_last(spaces & is_first)
    first = window[rows, np.minimum(begin, WIDTH - 1)]
    is_name = (begin < stop) & ~_IS_DIGIT.take(first)
    is_name &= ~(
        ((classes & 1) == 0) & (columns >= begin.astype(np.uint8)[:, None]) & (columns < stop.astype(np.uint8)[:, None])
    ).any(axis=1)
    is_unsure |= _has_operator(data, window, bracket, at)
    is_named = is_type & is_name & ((begin > 0) | _IS_UPPER.take(first))
    # The first bytes of words, those of the name included.
    begins_word = ~spaces & is_before & is_named[:, None]
    begins_word[:, 1:] &= spaces[:, :-1]
    of_row, column = np.nonzero(begins_word)
    kinds, after = _FORBIDDEN.look_up(data, at[of_row] + column)
    is_whole_word = (after == _SPACE) | (after == ord("("))
    is_forbidden = is_whole_word & ((kinds == 1) | ((kinds == 2) & (column == begin[of_row])))
    is_named[of_row[is_forbidden]] = False
    return np.where(is_unsure, UNSURE, np.where(is_named, NAMED, NOTHING)).astype(np.uint8), begin, stop


def _after_last(is_there: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """int64[rows]: the column after the last one that is true in each row, 0 for none."""
    found: npt.NDArray[np.int64] = (is_there.view(np.uint8) * (_COLUMNS + np.uint8(1))).max(axis=1).astype(np.int64)
    return found


def _has_operator(
    data: npt.NDArray[np.uint8],
    window: npt.NDArray[np.uint8],
    bracket: npt.NDArray[np.int64],
    at: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    """bool[rows]: `operator` stands before the bracket, perhaps within a word."""
    found = np.zeros(len(bracket), np.bool_)
    is_there = (window[:, :-1] == ord("o")) & (window[:, 1:] == ord("p"))
    of_row, column = np.nonzero(is_there)
    words = heads_at(data, at[of_row] + column)
    found[of_row[(words == _OPERATOR) & (column < bracket[of_row])]] = True
    return found
