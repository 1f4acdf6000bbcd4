"""The names after keywords, by array operations over many lines at once: `def name(`, `pub(crate) fn name(`.

What a line is not plain enough for is `UNSURE`: `of_one_line` reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import IS_WIDE_WORD, IS_WORD, byte_set
from exosuit_cli.structure.families import IS_C_LIKE, Family
from exosuit_cli.structure.names.many_plain import (
    IS_BLANK,
    MASKS,
    NAME_WIDTH,
    NAMED,
    NOTHING,
    UNSURE,
    WORD_WIDTH,
    WORDLESS,
    PlainNames,
    WordTable,
)
from exosuit_cli.structure.names.windows import heads_at, windows
from exosuit_cli.structure.names.words import KEYWORDS, MODIFIERS, NAMELESS, TEST_BEGINNINGS
from exosuit_cli.structure.symbols import SymbolKind

if TYPE_CHECKING:
    import numpy.typing as npt

_MOST_WORDS: Final = 5
_MODIFIER, _UNPLAIN_KIND, _USING, _TEST = 255, 254, 253, 252
_IS_NAME: Final = IS_WIDE_WORD | byte_set(b"$")
_ENDS_NAME: Final = byte_set(b"({<:;,=[\r\n")
_AFTER_BLANK: Final = byte_set(b"({<:=[")
_BEGINS_ODDLY: Final = byte_set(b' \t"@')
_BEGINS_NO_NAME: Final = byte_set(b"0123456789.")
_ENDS_TYPE: Final = byte_set(b"{\r\n")
_MAY_FOLLOW_KEYWORD: Final = byte_set(b" \t<(&*?!")
_MAY_FOLLOW_MODIFIER: Final = byte_set(b" \t([!*")
_MAY_BEGIN_WORD: Final = IS_WORD | byte_set(b' \t"@')
_MAY_BEGIN_VARIABLE: Final = _MAY_BEGIN_WORD | byte_set(b"<")
_ENDS_VARIABLE: Final = byte_set(b":=")
_SCOPES: Final = np.array([int.from_bytes(word, "little") for word in (b"(crate) ", b"(super) ")], np.uint64)
_FN: Final = np.uint64(int.from_bytes(b"fn ", "little"))
_FUN: Final = np.uint64(int.from_bytes(b"fun ", "little"))
_FUNC: Final = np.uint64(int.from_bytes(b"func ", "little"))
_QUOTES: Final = byte_set(b"\"'")
_LINKAGE: Final = np.uint64(int.from_bytes(b'"C"', "little"))
_IN_OWNER: Final = IS_WORD | byte_set(b" \t*")
_MUTABLE: Final = np.uint64(int.from_bytes(b"mut ", "little"))
_FOLLOWING: Final = WordTable(
    dict.fromkeys(
        b"extends implements with where struct interface func map chan do derives return returns permits inherits "
        b"begin is of as AS IS on ON RETURN RETURNS if throws final for".split(),
        1,
    )
)
"""What may follow a name and a blank."""
_NO_NAMES: Final = WordTable(
    dict.fromkeys((b"class", b"struct", b"eval", b"body", b"object", b"interface", b"type", b"rec"), 1)
)
"""What stands between a keyword and its name."""
_TYPE_KINDS: Final = byte_set([SymbolKind.STRUCT, SymbolKind.UNION, SymbolKind.ENUM, SymbolKind.CLASS])
_UNPLAIN: Final = frozenset(NAMELESS | {b"impl", b"function*", b"macro_rules!", b"index", b"INDEX"})

_WORDS: Final = WordTable(
    {
        **{word: _UNPLAIN_KIND if word in _UNPLAIN else int(kind) for word, kind in KEYWORDS.items()},
        **dict.fromkeys(MODIFIERS, _MODIFIER),
        b"using": _USING,
        **dict.fromkeys(TEST_BEGINNINGS - KEYWORDS.keys(), _TEST),
    }
)


def keyword_names(
    data: npt.NDArray[np.uint8], inks: npt.NDArray[np.int64], families: npt.NDArray[np.uint8]
) -> PlainNames:
    """What lines define by a keyword, which only modifiers stand before; `inks` is where each begins, blanks left out.

    Behind the lines, `data` has `2 * WIDTH` zeros.
    """
    count = len(inks)
    found = PlainNames(
        np.zeros(count, np.uint8),
        np.zeros(count, np.uint8),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros((2, count), np.int64),
    )
    at, active, nothing = inks.copy(), np.arange(count), np.zeros(0, np.int64)
    has_keywords, has_scripts = bool((families == Family.KEYWORD).any()), bool((families == Family.SCRIPT).any())
    reached: list[npt.NDArray[np.int64]] = []
    for _ in range(_MOST_WORDS):
        if not len(active):
            break
        own = families[active]
        kinds, lengths, after = _WORDS.of_windows(windows(data, at[active], WORD_WIDTH))
        is_test = kinds == _TEST
        is_receiver = is_test & (after == ord(".")) & (lengths == len(b"RSpec"))  # `RSpec.describe`
        if is_test.any():
            kinds[is_test] = np.where(own[is_test] == Family.KEYWORD, _UNPLAIN_KIND, 0)
        is_known = kinds != 0
        is_plain = is_known & IS_BLANK.take(after) & (kinds != _UNPLAIN_KIND)
        # What begins with a bracket may still be the head of a method in Java.
        is_odd = is_known | (after == ord("!")) | ((lengths == 0) & ((after != ord("<")) | (own != Family.JAVA)))
        rows = np.flatnonzero((lengths == 0) & _QUOTES.take(after) & ((own == Family.JAVA) | (own == Family.KEYWORD)))
        if len(rows):  # `case "text":`; but `extern "C"` is a modifier
            is_odd[rows] = (heads_at(data, at[active[rows]]) & MASKS[3]) == _LINKAGE
        if has_keywords:
            is_odd &= ~((own == Family.KEYWORD) & _defines_nothing(kinds, lengths, after)) | is_receiver
        is_scoped = (kinds == _MODIFIER) & (after == ord("("))
        rows = np.flatnonzero(is_scoped & (own == Family.KEYWORD)) if is_scoped.any() else nothing
        if len(rows):
            scopes = heads_at(data, at[active[rows]] + lengths[rows])
            rows = rows[(scopes == _SCOPES[0]) | (scopes == _SCOPES[1])]
            is_plain[rows] = True
            lengths[rows] += len(b"(crate)")
        found.states[active[~is_plain & is_odd]] = UNSURE
        if has_scripts:
            is_left = ~is_plain & is_odd & (own == Family.SCRIPT)
            found.states[active[is_left & _defines_nothing(kinds, lengths, after)]] = WORDLESS
        is_modifier = is_plain & (kinds == _MODIFIER)
        if has_keywords:
            rows = np.flatnonzero(is_plain & (kinds == SymbolKind.CONSTANT) & (own == Family.KEYWORD))
            following = at[active[rows]] + lengths[rows] + 1
            is_function = (heads_at(data, following) & MASKS[3]) == _FN
            is_modifier[rows] = is_function & _IS_NAME.take(data[following + len(b"fn ")])  # `const fn name`
        at[active[is_plain]] += lengths[is_plain] + 1
        found.kinds[active] = kinds
        reached.append(active[is_plain & ~is_modifier])
        active = active[is_modifier]
    found.states[active[(families[active] == Family.JAVA) | (families[active] == Family.KEYWORD)]] = UNSURE
    found.starts[:] = at
    lines = np.concatenate(reached) if reached else active
    if len(lines):
        _read_names(data, lines, at, families, found)
    return found


def _defines_nothing(
    kinds: npt.NDArray[np.uint8], lengths: npt.NDArray[np.int64], after: npt.NDArray[np.uint8]
) -> npt.NDArray[np.bool_]:
    """bool[n]: lines go on after these words so that they define nothing, as `data = 1` and `default:` do."""
    is_modifier = kinds == _MODIFIER
    nothing: npt.NDArray[np.bool_] = (kinds != 0) & ~is_modifier & ~_MAY_FOLLOW_KEYWORD.take(after)
    nothing |= is_modifier & ~_MAY_FOLLOW_MODIFIER.take(after)
    nothing |= (lengths == 0) & ~_MAY_BEGIN_WORD.take(after)
    nothing |= (kinds == 0) & (lengths > 0) & (lengths != len(b"macro_rules")) & (after == ord("!"))
    return nothing


def _read_names(
    data: npt.NDArray[np.uint8],
    lines: npt.NDArray[np.int64],
    at: npt.NDArray[np.int64],
    families: npt.NDArray[np.uint8],
    found: PlainNames,
) -> None:
    """Read the names of `lines`, which begin at `at` after a keyword."""
    kinds, own = found.kinds[lines], families[lines]
    is_variable = (kinds == SymbolKind.CONSTANT) & (own == Family.KEYWORD)
    is_mutable = is_variable.copy()
    if is_mutable.any():
        is_mutable[is_mutable] = (heads_at(data, at[lines[is_mutable]]) & MASKS[4]) == _MUTABLE
        at[lines[is_mutable]] += len(b"mut ")
    window = windows(data, at[lines], NAME_WIDTH)
    is_name = _IS_NAME.take(window)
    dotted = (kinds == SymbolKind.MODULE) | (kinds == _USING)
    is_name[dotted] |= window[dotted] == ord(".")
    is_name[:, -2:] = False
    lengths = is_name.argmin(axis=1)
    rows = np.arange(len(lines))
    after, second = window[rows, lengths], window[rows, lengths + 1]
    is_named = (lengths > 0) & (lengths < NAME_WIDTH - 2) & ~_BEGINS_NO_NAME.take(window[:, 0])
    is_blank = IS_BLANK.take(after)
    is_plain = _ENDS_NAME.take(after) & ((after != ord(":")) | (second != ord(":")))
    is_plain |= is_blank & _AFTER_BLANK.take(second)
    # A dotted name goes on after a colon; one that ends with a dot, or begins with `self.`, is not plain.
    has_dot = dotted & (window[rows, np.maximum(lengths - 1, 0)] == ord("."))
    has_dot |= dotted & ((after == ord(":")) | (window[:, 4] == ord(".")))
    is_plain &= ~has_dot
    is_using = kinds == _USING
    is_plain &= ~is_using | (is_blank & (second == ord("=")))
    kinds = np.where(is_using, SymbolKind.TYPE, kinds)
    found.kinds[lines] = kinds
    is_type = _TYPE_KINDS[kinds] & IS_C_LIKE[own]
    is_plain &= (after != ord(":")) | (families[lines] != Family.LUA)
    is_plain &= (kinds != SymbolKind.CONSTANT) | (own != Family.SCRIPT)
    is_plain &= ~is_variable | (after != ord("<"))  # the type that a property is added to
    rows = np.flatnonzero(is_plain & (after == ord("<")) & (own == Family.KEYWORD) & (kinds == SymbolKind.FUNCTION))
    is_plain[rows] = (heads_at(data, at[lines[rows]] - len(b"fun ")) & MASKS[4]) != _FUN  # or a function is added to
    if is_mutable.any():
        ends = _ENDS_VARIABLE.take(after) | (is_blank & _ENDS_VARIABLE.take(second))
        is_plain[is_mutable] = ends[is_mutable] & ~_has_foreign(window[is_mutable], lengths[is_mutable])
    rows = np.flatnonzero(is_named & is_blank & ~is_plain & ~is_using & ~is_type & (kinds != SymbolKind.CONSTANT))
    if len(rows):
        follows, _ = _FOLLOWING.look_up(data, at[lines[rows]] + lengths[rows] + 1)
        between, _ = _NO_NAMES.look_up(data, at[lines[rows]])
        is_plain[rows] |= (follows != 0) & (between == 0) & ~has_dot[rows]
    is_plain &= ~is_type | _ENDS_TYPE.take(after) | (is_blank & (second == ord("{")))
    # In C, the type of something else, or a type without a name; both are none.
    is_other = IS_C_LIKE[own] & (kinds == SymbolKind.CONSTANT)
    is_other |= is_using & is_named & (after == ord(";"))
    is_other |= is_type & ((window[:, 0] == ord("{")) | (is_blank & ~is_plain & (own == Family.C)))
    is_other |= is_variable & ~is_mutable & (lengths == 0) & ~_MAY_BEGIN_VARIABLE.take(after)
    states = np.where(is_named & is_plain, NAMED, UNSURE)
    found.states[lines] = np.where(is_other, NOTHING, states)
    rows = np.flatnonzero((kinds == SymbolKind.CONSTANT) & (own == Family.SCRIPT) & ~_BEGINS_ODDLY.take(window[:, 0]))
    if len(rows):
        following, _, _ = _WORDS.of_windows(window[rows, :WORD_WIDTH])
        found.states[lines[rows[(following == 0) | (following == _MODIFIER)]]] = WORDLESS
    found.starts[lines] = at[lines]
    found.ends[lines] = at[lines] + lengths
    is_method = (kinds == SymbolKind.FUNCTION) & (own == Family.KEYWORD) & (window[:, 0] == ord("("))
    if is_method.any():
        _read_methods(data, lines[is_method], at, found)


def _read_methods(
    data: npt.NDArray[np.uint8], lines: npt.NDArray[np.int64], at: npt.NDArray[np.int64], found: PlainNames
) -> None:
    """Read the names of methods as in Go, `func (name *Type) name(`; `at` is the bracket's place."""
    lines = lines[(heads_at(data, at[lines] - len(b"func ")) & MASKS[5]) == _FUNC]
    window = windows(data, at[lines], NAME_WIDTH)
    rows, last = np.arange(len(lines)), NAME_WIDTH - 1
    closing = (window == ord(")")).argmax(axis=1)
    is_within = np.arange(NAME_WIDTH) < closing[:, None]
    is_plain = ~(~_IN_OWNER.take(window[:, 1:]) & is_within[:, 1:]).any(axis=1)
    is_other = ~IS_WORD.take(window) & is_within
    begins = NAME_WIDTH - is_other[:, ::-1].argmax(axis=1)
    is_plain &= (begins < closing) & (window[rows, np.minimum(closing + 1, last)] == ord(" "))
    names = at[lines] + closing + 2
    is_word = _IS_NAME.take(windows(data, names, NAME_WIDTH))
    is_word[:, -1] = False
    ends = names + is_word.argmin(axis=1)
    is_plain &= (ends > names) & (data[ends] == ord("(")) & ~_BEGINS_NO_NAME.take(data[names])
    chosen = lines[is_plain]
    found.states[chosen] = NAMED
    found.starts[chosen], found.ends[chosen] = names[is_plain], ends[is_plain]
    if found.owners is not None:
        found.owners[:, chosen] = at[chosen] + np.stack((begins, closing))[:, is_plain]


def _has_foreign(window: npt.NDArray[np.uint8], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """bool[n]: one of the first `lengths` bytes of a row is in no word of ASCII."""
    is_foreign = ~IS_WORD.take(window)
    is_foreign &= np.arange(window.shape[1]) < lengths[:, None]
    found: npt.NDArray[np.bool_] = np.asarray(is_foreign.any(axis=1))
    return found
