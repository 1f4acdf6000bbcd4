"""The names of plain definitions, by array operations over many lines at once: a keyword and a name; a head as in C.

Most lines that define something are such. What a line is not plain enough for is `UNSURE`: `line_names` reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from exosuit_cli.chunk.families import IS_C_LIKE, Family
from exosuit_cli.chunk.line_names import KEYWORDS, MODIFIERS, NAMELESS
from exosuit_cli.chunk.symbols import SymbolKind
from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

NOTHING, NAMED, UNSURE = range(3)
"""What is known of a line: it defines nothing, it defines this name, or neither is plain."""

WIDTH: Final = 96
"""Bytes of a line that are looked at."""
_WORD_WIDTH, _NAME_WIDTH = 16, 64
_MOST_WORDS, _LEAST_MACRO = 5, 3
_MIX: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT: Final = np.uint64(48)
_MASKS: Final = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)
_ODD: Final = np.uint64(0x9E3779B1)
_MODIFIER: Final = 255
_NEWLINE: Final = 10


_LETTERS: Final = bytes([*range(65, 91), *range(97, 123)])
IS_LETTER: Final = byte_set(_LETTERS + b"_")
_IS_WORD: Final = byte_set(_LETTERS + b"_0123456789")
_IS_NAME: Final = _IS_WORD | (np.arange(256) >= 0x80) | byte_set(b"$")
_IS_BLANK: Final = byte_set(b" \t")
_OPENS_NOTE: Final = byte_set(b'@"([')
_ENDS_NAME: Final = byte_set(b"({<:;,=[\r\n")
_AFTER_BLANK: Final = byte_set(b"({<:=[")
_ENDS_TYPE: Final = byte_set(b"{\r\n")
_IN_HEAD: Final = _IS_WORD | byte_set(b" \t*&")
_IN_CPP_HEAD: Final = _IN_HEAD | byte_set(b":~<>,")
_IN_MACRO: Final = byte_set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_CLASSES: Final = np.stack((_IS_WORD, _IN_HEAD, _IN_CPP_HEAD, _IN_MACRO), 1) @ np.array([1, 2, 4, 8], np.uint8)
"""uint8[256]: the sets that a byte of a head is in; one look-up of a byte costs as much as many comparisons."""
_ATTRIBUTE: Final = np.uint64(int.from_bytes(b"__attrib", "little"))
_TYPES: Final = np.array(
    [int.from_bytes(word, "little") for word in (b"void", b"int", b"char", b"long", b"bool", b"unsigned")], np.uint64
)
_TYPE_KINDS: Final = byte_set([SymbolKind.STRUCT, SymbolKind.UNION, SymbolKind.ENUM, SymbolKind.CLASS])
_UNPLAIN: Final = frozenset(NAMELESS | {b"impl", b"using", b"function*", b"macro_rules!", b"index", b"INDEX"})


def _slot(words: npt.NDArray[np.uint64], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    return ((words ^ (lengths.astype(np.uint64) * _ODD)) * _MIX) >> _SHIFT


def _word_table() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Words by their slot: the first eight bytes, the length, and the kind (`_MODIFIER`, or 0 where not plain)."""
    keys = np.zeros(1 << 16, np.uint64)
    lengths = np.zeros(1 << 16, np.int64)
    kinds = np.zeros(1 << 16, np.uint8)
    entries = [(word, int(kind)) for word, kind in KEYWORDS.items()] + [(word, _MODIFIER) for word in MODIFIERS]
    for word, kind in entries:
        key = np.array([int.from_bytes(word[:8], "little")], np.uint64)
        length = np.array([len(word)], np.int64)
        (slot,) = _slot(key, length).tolist()
        assert not lengths[slot], f"{word!r} has the slot of another word: choose another multiplier"
        keys[slot], lengths[slot], kinds[slot] = key[0], len(word), 0 if word in _UNPLAIN else kind
    return keys, lengths, kinds


_KEYS, _LENGTHS, _WORD_KINDS = _word_table()


@dataclass(frozen=True, slots=True)
class PlainNames:
    """What is known of n lines: `states` is uint8[n], one of `NOTHING`, `NAMED`, `UNSURE`.

    Where a line is named, `kinds`, uint8[n], is the `SymbolKind`, and the name is the bytes from `starts` to `ends`,
    int64[n].
    """

    states: npt.NDArray[np.uint8]
    kinds: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]


def keyword_names(
    data: npt.NDArray[np.uint8], inks: npt.NDArray[np.int64], families: npt.NDArray[np.uint8]
) -> PlainNames:
    """What lines define by a keyword, which only modifiers stand before; `inks` is where each begins, blanks left out.

    Every line ends `WIDTH` bytes before the end of `data`, or earlier.
    """
    count = len(inks)
    found = PlainNames(
        np.zeros(count, np.uint8), np.zeros(count, np.uint8), np.zeros(count, np.int64), np.zeros(count, np.int64)
    )
    words = sliding_window_view(data, _WORD_WIDTH)
    at, active = inks.copy(), np.arange(count)
    reached: list[npt.NDArray[np.int64]] = []
    for _ in range(_MOST_WORDS):
        if not len(active):
            break
        window = words[at[active]]
        is_word = _IS_WORD.take(window)
        is_word[:, -1] = False
        lengths = is_word.argmin(axis=1)
        heads = window[:, :8].copy().view("<u8")[:, 0] & _MASKS[np.minimum(lengths, 8)]
        slots = _slot(heads, lengths)
        is_known = (_KEYS[slots] == heads) & (_LENGTHS[slots] == lengths)
        after = window[np.arange(len(active)), lengths]
        is_plain = is_known & _IS_BLANK.take(after) & (_WORD_KINDS[slots] != 0)
        found.states[
            active[~is_plain & (is_known | ((lengths == 0) & _OPENS_NOTE.take(after)) | (after == ord("!")))]
        ] = UNSURE
        at[active] += lengths + 1
        found.kinds[active] = _WORD_KINDS[slots]
        is_modifier = is_plain & (_WORD_KINDS[slots] == _MODIFIER)
        reached.append(active[is_plain & ~is_modifier])
        active = active[is_modifier]
    lines = np.concatenate(reached) if reached else active
    if len(lines):
        _read_names(data, lines, at, families, found)
    return found


def _read_names(
    data: npt.NDArray[np.uint8],
    lines: npt.NDArray[np.int64],
    at: npt.NDArray[np.int64],
    families: npt.NDArray[np.uint8],
    found: PlainNames,
) -> None:
    """Read the names of `lines`, which begin at `at` after a keyword."""
    window = sliding_window_view(data, _NAME_WIDTH)[np.minimum(at[lines], len(data) - _NAME_WIDTH)]
    is_name = _IS_NAME.take(window)
    is_name[:, -2:] = False
    lengths = is_name.argmin(axis=1)
    rows = np.arange(len(lines))
    after, second = window[rows, lengths], window[rows, lengths + 1]
    is_named = (lengths > 0) & (lengths < _NAME_WIDTH - 2) & ~byte_set(b"0123456789").take(window[:, 0])
    is_blank = _IS_BLANK.take(after)
    is_plain = _ENDS_NAME.take(after) & ((after != ord(":")) | (second != ord(":")))
    is_plain |= is_blank & _AFTER_BLANK.take(second)
    kinds = found.kinds[lines]
    is_type = _TYPE_KINDS[kinds] & IS_C_LIKE[families[lines]]
    is_plain &= (kinds != SymbolKind.CONSTANT) | (families[lines] != Family.SCRIPT)
    is_plain &= ~is_type | _ENDS_TYPE.take(after) | (is_blank & (second == ord("{")))
    # In C, the type of something else, or a type without a name; both are none.
    own = families[lines]
    is_other = IS_C_LIKE[own] & (kinds == SymbolKind.CONSTANT)
    is_other |= is_type & ((window[:, 0] == ord("{")) | (is_blank & ~is_plain & (own == Family.C)))
    states = np.where(is_named & is_plain, NAMED, UNSURE)
    found.states[lines] = np.where(is_other, NOTHING, states)
    found.starts[lines] = at[lines]
    found.ends[lines] = at[lines] + lengths


def macro_names(data: npt.NDArray[np.uint8], inks: npt.NDArray[np.int64]) -> PlainNames:
    """What lines define that begin with `#define` and a blank: a macro with arguments."""
    at = inks + len(b"#define ")
    window = sliding_window_view(data, _NAME_WIDTH)[np.minimum(at, len(data) - _NAME_WIDTH)]
    is_word = _IS_WORD.take(window)
    is_word[:, -1] = False
    lengths = is_word.argmin(axis=1)
    is_named = (lengths > 0) & (window[np.arange(len(at)), lengths] == ord("("))
    states = np.where(is_named, NAMED, NOTHING).astype(np.uint8)
    return PlainNames(states, np.full(len(at), SymbolKind.MACRO, np.uint8), at, at + lengths)


def head_names(
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    *,
    is_cpp: npt.NDArray[np.bool_],
) -> PlainNames:
    """What lines at the left edge define as in C: types, a name and an opening bracket; or a name, `=` and a brace."""
    count = len(starts)
    rows, columns = np.arange(count), np.arange(WIDTH)
    window = sliding_window_view(data, WIDTH)[starts]
    window[columns >= (ends - starts)[:, None]] = _NEWLINE
    opens = window == ord("(")
    has_call = opens.any(axis=1)
    bracket = np.where(has_call, opens.argmax(axis=1), WIDTH - 1)
    assigns = window == ord("=")
    is_table = assigns.any(axis=1) & (assigns.argmax(axis=1) < bracket)
    stop = np.where(is_table, assigns.argmax(axis=1), bracket)
    stop -= _IS_BLANK.take(window[rows, stop - 1])  # a blank, then the name's last byte
    classes = _CLASSES.take(window)
    is_word = (classes & 1) != 0
    if is_cpp.any():
        is_word |= ((window == ord(":")) | (window == ord("~"))) & is_cpp[:, None]
    begin = np.where(~is_word & (columns < stop[:, None]), columns, -1).max(axis=1) + 1
    names = window[rows, np.minimum(begin, WIDTH - 1)]
    is_named = (begin < stop) & (IS_LETTER.take(names) | (names == ord("~")))
    within = columns < begin[:, None]
    is_head = ~(((classes & 2) == 0) & within).any(axis=1)
    if is_cpp.any():
        is_head |= is_cpp & ~(((classes & 4) == 0) & within).any(axis=1)
    has_end = (window == ord(";")).any(axis=1)
    has_body = (window == ord("{")).any(axis=1)
    is_head &= is_named & ~(has_end & ~has_body) & (has_call | is_table)
    is_head &= ~is_table | has_body
    # The second byte after the bracket: `int (*pointer)(`.
    is_pointer = window[rows, np.minimum(bracket + 1, WIDTH - 1)] == ord("*")
    is_alone = begin == 0
    is_macro = (
        is_alone & (stop >= _LEAST_MACRO) & ~(((classes & 8) == 0) & (columns < stop[:, None])).any(axis=1) & ~is_table
    )
    heads = sliding_window_view(data, 8)[starts + begin].copy().view("<u8")[:, 0]
    heads &= _MASKS[np.minimum(np.maximum(stop - begin, 0), 8)]
    is_head &= ~np.isin(heads, _TYPES)
    is_unsure = is_macro | (heads == _ATTRIBUTE) | (is_table & ~is_named)
    is_unsure |= is_table & (window[rows, np.maximum(stop - 1, 0)] == ord("]"))
    is_unsure |= is_cpp & (~is_head | (window == ord("<")).any(axis=1) | (names == ord(":")))
    is_head &= ~(is_pointer & ~is_table)
    states = np.where(is_unsure, UNSURE, np.where(is_head & ~(is_alone & is_table), NAMED, NOTHING)).astype(np.uint8)
    kinds = np.where(is_table, SymbolKind.CONSTANT, SymbolKind.FUNCTION).astype(np.uint8)
    return PlainNames(states, kinds, starts + begin, starts + stop)
