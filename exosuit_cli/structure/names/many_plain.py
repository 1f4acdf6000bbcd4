"""The names of plain definitions, by array operations over many lines at once: a head as in C, a macro.

Most lines that define something are such. What a line is not plain enough for is `UNSURE`: `line_by_line` reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import IS_LETTER, IS_WORD, byte_set
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.names.windows import heads_at, windows
from exosuit_cli.structure.symbols import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

NOTHING, NAMED, UNSURE, WORDLESS = range(4)
"""What is known of a line: it defines nothing, it defines this name, neither is plain, or no keyword defines something.
"""

WIDTH: Final = 96
"""Bytes of a line that are looked at."""
WORD_WIDTH: Final = 16
NAME_WIDTH: Final = 64
_WORD_BYTES: Final = bytes(np.flatnonzero(IS_WORD).tolist())
_LEAST_MACRO: Final = 3
_MIX: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT: Final = np.uint64(48)
MASKS: Final = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)
"""uint64[9]: the first n bytes of a word of eight."""
_ODD: Final = np.uint64(0x9E3779B1)
_NEWLINE: Final = 10
_COLUMNS: Final = np.arange(WIDTH, dtype=np.uint8)
_NEAR: Final = 40
"""Bytes that most heads have their name in."""


_IN_HEAD: Final = IS_WORD | byte_set(b" \t*&")
_IN_CPP_HEAD: Final = _IN_HEAD | byte_set(b":~<>,")
_IN_MACRO: Final = byte_set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
IS_BLANK: Final = byte_set(b" \t")
_ENDS_LINE: Final = byte_set(b"\r\n")
_CLASSES: Final = np.stack((IS_WORD, _IN_HEAD, _IN_CPP_HEAD, _IN_MACRO), 1) @ np.array([1, 2, 4, 8], np.uint8)
"""uint8[256]: the sets that a byte of a head is in; one look-up of a byte costs as much as many comparisons."""
_ATTRIBUTE: Final = np.uint64(int.from_bytes(b"__attrib", "little"))
_TYPES: Final = np.array(
    [int.from_bytes(word, "little") for word in (b"void", b"int", b"char", b"long", b"bool", b"unsigned")], np.uint64
)


def _slot(words: npt.NDArray[np.uint64], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    return ((words ^ (lengths.astype(np.uint64) * _ODD)) * _MIX) >> _SHIFT


class WordTable:
    """Words of at most 15 bytes, and a kind of each that is not 0, looked up many at a time."""

    def __init__(self, kinds: Mapping[bytes, int]) -> None:
        self._keys = np.zeros(1 << 16, np.uint64)
        self._lengths = np.zeros(1 << 16, np.uint8)
        self._kinds = np.zeros(1 << 16, np.uint8)
        self._tails = np.zeros(1 << 16, np.uint64)
        keys = np.array([int.from_bytes(word[:8], "little") for word in kinds], np.uint64)
        lengths = np.array([len(word) for word in kinds], np.int64)
        slots = _slot(keys, lengths)
        assert len(set(slots.tolist())) == len(kinds), "two words have one slot: choose another multiplier"
        self._keys[slots], self._lengths[slots], self._kinds[slots] = keys, lengths, list(kinds.values())
        self._tails[slots] = [int.from_bytes(word[8:], "little") for word in kinds]

    def of_windows(
        self, window: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        """The kind of the word that each row of uint8[n, 16] begins with, its length, and the byte after it."""
        is_word = IS_WORD.take(window)
        is_word[:, -1] = False
        lengths = is_word.argmin(axis=1)
        heads = window[:, :8].copy().view("<u8")[:, 0] & MASKS[np.minimum(lengths, 8)]
        slots = _slot(heads, lengths)
        is_known = (self._keys[slots] == heads) & (self._lengths[slots] == lengths)
        long = np.flatnonzero(is_known & (lengths > 8))
        if len(long):
            tails = window[long, 8:].copy().view("<u8")[:, 0] & MASKS[lengths[long] - 8]
            is_known[long] = self._tails[slots[long]] == tails
        return np.where(is_known, self._kinds[slots], 0), lengths, window[np.arange(len(window)), lengths]

    def look_up(
        self, data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """The kinds of the words at these places, 0 for one that is not in the table, and the bytes after them."""
        kinds, _, after = self.of_windows(windows(data, at, WORD_WIDTH))
        return kinds, after


def word_table(words: Iterable[bytes]) -> WordTable:
    """A table of the letters, digits and underscores that these words begin with, for those that do."""
    heads = {word[: len(word) - len(word.lstrip(_WORD_BYTES))] for word in words}
    return WordTable(dict.fromkeys(heads - {b""}, 1))


@dataclass(frozen=True, slots=True)
class PlainNames:
    """What is known of n lines: `states` is uint8[n], one of `NOTHING` and what follows it.

    Where a line is named, `kinds`, uint8[n], is the `SymbolKind`, and the name is the bytes from `starts` to `ends`,
    int64[n]. Where it begins with no keyword, `starts` is the first byte that no modifier is before. `owners` is
    int64[2, n], where the name of what the definition is a method of begins and ends, the same for none.
    """

    states: npt.NDArray[np.uint8]
    kinds: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64] | None = None


def macro_names(data: npt.NDArray[np.uint8], inks: npt.NDArray[np.int64]) -> PlainNames:
    """What lines define that begin with `#define` and a blank: a macro with arguments."""
    at = inks + len(b"#define ")
    window = windows(data, at, NAME_WIDTH)
    bracket = (window == ord("(")).argmax(axis=1)
    # Of most a value is in brackets, and no name is right before these.
    rows = np.flatnonzero((bracket > 0) & IS_WORD.take(data[at + bracket - 1]))
    is_other = ~IS_WORD.take(window[rows])
    states = np.full(len(at), NOTHING, np.uint8)
    states[rows[is_other.argmax(axis=1) == bracket[rows]]] = NAMED
    return PlainNames(states, np.full(len(at), SymbolKind.MACRO, np.uint8), at, at + bracket)


def cut_windows(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8]:
    """uint8[n, `WIDTH`]: the bytes from each place, newlines from its size on."""
    window = windows(data, starts, WIDTH)
    is_beyond = np.minimum(sizes, WIDTH).astype(np.uint8)[:, None] <= _COLUMNS
    changes = window ^ np.uint8(_NEWLINE)
    changes &= np.negative(is_beyond.view(np.uint8))
    window ^= changes
    return window


def _without_sizes(
    window: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Move `stop` of these rows, each behind a table's size in brackets, to where its name ends; which ones are odd."""
    is_odd = np.zeros(len(stop), np.bool_)
    if len(rows):
        own = window[rows]
        opening = (own == ord("[")).argmax(axis=1)
        is_sole = (own == ord("]")).argmax(axis=1) == stop[rows] - 1
        is_odd[rows] = ~is_sole | (opening == 0) | ~IS_WORD.take(own[np.arange(len(rows)), opening - 1])
        is_odd[rows] |= (own == ord("[")).sum(axis=1) != 1
        stop[rows] = np.where(is_odd[rows], stop[rows], opening)
    return is_odd


def head_names(
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    *,
    is_cpp: npt.NDArray[np.bool_],
) -> PlainNames:
    """What lines at the left edge define as in C: types, a name and an opening bracket; or a name, `=` and a brace."""
    rows = np.arange(len(starts))
    window = cut_windows(data, starts, ends - starts)
    bracket, sign = first_places(window, ord("(")), first_places(window, ord("="))
    has_call = bracket < WIDTH
    bracket = np.minimum(bracket, WIDTH - 1)
    is_table = sign < bracket
    stop = np.where(is_table, sign, bracket)
    stop -= IS_BLANK.take(window[rows, stop - 1])  # a blank, then the name's last byte
    has_size = is_table & (window[rows, stop - 1] == ord("]"))
    is_odd = _without_sizes(window, np.flatnonzero(has_size), stop)
    begin, is_head, is_capital = _before(window, stop, is_cpp)
    names = window[rows, np.minimum(begin, WIDTH - 1)]
    is_named = (begin < stop) & (IS_LETTER.take(names) | (names == ord("~")))
    has_end = (window == ord(";")).any(axis=1)
    has_body = (window == ord("{")).any(axis=1)
    # The brace may be on the line after the sign.
    has_body |= is_table & _ENDS_LINE.take(window[rows, np.minimum(sign + 1, WIDTH - 1)])
    is_head &= is_named & ~(has_end & ~has_body) & (has_call | is_table)
    is_head &= ~is_table | has_body
    # The second byte after the bracket: `int (*pointer)(`.
    is_pointer = window[rows, np.minimum(bracket + 1, WIDTH - 1)] == ord("*")
    is_alone = begin == 0
    is_macro = is_alone & (stop >= _LEAST_MACRO) & is_capital & ~is_table
    heads = heads_at(data, starts + begin)
    heads &= MASKS[np.minimum(np.maximum(stop - begin, 0), 8)]
    is_head &= ~np.isin(heads, _TYPES)
    is_unsure = is_macro | (heads == _ATTRIBUTE) | (is_table & ~is_named)
    is_unsure |= has_size & (is_odd | ~is_head | is_alone)
    is_unsure |= is_cpp & (~is_head | (window == ord("<")).any(axis=1) | (names == ord(":")))
    is_head &= ~(is_pointer & ~is_table)
    states = np.where(is_unsure, UNSURE, np.where(is_head & ~(is_alone & is_table), NAMED, NOTHING)).astype(np.uint8)
    kinds = np.where(is_table, SymbolKind.CONSTANT, SymbolKind.FUNCTION).astype(np.uint8)
    return PlainNames(states, kinds, starts + begin, starts + stop)


def first_places(window: npt.NDArray[np.uint8], byte: int) -> npt.NDArray[np.int64]:
    """The first place of a byte in each row of uint8[n, `WIDTH`]; `WIDTH` for none."""
    is_there = window == byte
    at: npt.NDArray[np.int64] = is_there.argmax(axis=1)
    at[~is_there[np.arange(len(at)), at]] = WIDTH
    return at


def _before(
    window: npt.NDArray[np.uint8], stop: npt.NDArray[np.int64], is_cpp: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """What is before `stop` in each row: where the last word begins, whether it is a head, whether all are capitals."""
    begin, is_head, is_capital = (
        np.zeros(len(stop), np.int64),
        np.zeros(len(stop), np.bool_),
        np.zeros(len(stop), np.bool_),
    )
    is_near = stop <= _NEAR
    for chosen, width in ((np.flatnonzero(is_near), _NEAR), (np.flatnonzero(~is_near), WIDTH)):
        if not len(chosen):
            continue
        own, columns = window[chosen, :width], _COLUMNS[:width]
        is_before = columns < np.maximum(stop[chosen], 0).astype(np.uint8)[:, None]
        classes = _CLASSES.take(own)
        is_other = (classes & 1) == 0
        of_cpp = is_cpp[chosen]
        if of_cpp.any():
            is_other &= ~(((own == ord(":")) | (own == ord("~"))) & of_cpp[:, None])
        is_other &= is_before
        after = (is_other.view(np.uint8) * (columns + np.uint8(1))).max(axis=1)
        within = columns < after[:, None]
        head = ~(((classes & 2) == 0) & within).any(axis=1)
        if of_cpp.any():
            head |= of_cpp & ~(((classes & 4) == 0) & within).any(axis=1)
        begin[chosen], is_head[chosen] = after, head
        is_capital[chosen] = ~(((classes & 8) == 0) & is_before).any(axis=1)
    return begin, is_head, is_capital
