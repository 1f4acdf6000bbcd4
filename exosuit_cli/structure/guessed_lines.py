"""The lines of a slab that define something, and the names that they define, by what the lines look like.

Array operations find the few lines that may define something and read the plain names (`plain_names`);
`line_reader` reads the others one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.families import HAS_KEYWORDS, IS_C_LIKE, Family
from exosuit_cli.structure.keyword_names import keyword_names
from exosuit_cli.structure.line_reader import read_lines
from exosuit_cli.structure.method_names import method_names
from exosuit_cli.structure.name_words import FIRST_WORDS
from exosuit_cli.structure.plain_names import (
    IS_LETTER,
    NAMED,
    NOTHING,
    UNSURE,
    WIDTH,
    WORDLESS,
    head_names,
    macro_names,
)
from exosuit_cli.structure.script_lines import may_define

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.plain_names import PlainNames
    from exosuit_cli.structure.strength import LineStrengths

_BYTE: Final = np.uint64(0xFF)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_PREFIX: Final = np.uint64(0xFFFFFF)
"""The bytes of a line's head that choose it."""
_SHIFT: Final = np.uint64(48)
_DEFINE: Final = np.uint64(int.from_bytes(b"#define ", "little"))
_USING: Final = np.uint64(int.from_bytes(b"using ", "little"))
_USING_MASK: Final = np.uint64((1 << 48) - 1)
_SECTION: Final = int(Boundary.SECTION)
_MOST_ARGUMENTS: Final = 12
"""Lines of a head that are looked at for its end."""


_ENDS_NO_HEAD: Final = byte_set(b";:\\\0")
_ENDS_NO_TYPE: Final = byte_set(b";:\\\0,()=*")
_BRACES: Final = byte_set(b"{}")
_IN_WORD: Final = IS_LETTER | byte_set(b"0123456789")
_STATEMENTS: Final = [
    (np.uint64(int.from_bytes(word, "little")), np.uint64((1 << 8 * len(word)) - 1), np.uint64(8 * len(word)))
    for word in (b"if", b"for", b"while", b"switch", b"else", b"do", b"try", b"catch", b"return", b"case", b"throw")
]
"""The first bytes of a head that hold the word, their mask, and how far to shift for the byte after it."""
_OPENS: Final = byte_set(b"{(,=[>")
_BEGINS_METHOD: Final = IS_LETTER | byte_set(b"$#*[\"'")
_BEGINS_SHELL: Final = byte_set(b"{)}")
_BEGINS_LUA: Final = byte_set(b"){d,")
_IS_BINDING: Final = byte_set(b"clv")
_BEGINS_FORTRAN: Final = byte_set(b"bcdefilmprstBCDEFILMPRST")
_BEGINS_BINDING: Final = byte_set(b"acdefilmnopstv")
_BEGINS_PROOF: Final = byte_set(b"CDEFGILMNPRSTV#")
_BEGINS_CLAUSE: Final = byte_set(b"-'")


def _hash(heads: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return ((heads & _PREFIX) * _MIX) >> _SHIFT


def _first_words() -> npt.NDArray[np.bool_]:
    """bool[65536]: whether the first three bytes of a line are those of a word of `FIRST_WORDS`, by their hash."""
    words = {
        (word + end)[:3] for word in FIRST_WORDS for end in ((b" ", b"\t", b"(", b"!") if len(word) < 3 else (b"",))
    }
    found = np.zeros(1 << 16, np.bool_)
    found[_hash(np.array([int.from_bytes(word, "little") for word in words], np.uint64))] = True
    return found


_IS_FIRST: Final = _first_words()


@dataclass(frozen=True, slots=True)
class DefiningLines:
    """The lines of a slab that define something, ascending, as aligned columns.

    `lines` is int64[n], positions in the slab; `levels` is int64[n], the indentation, or the rank of a heading; `kinds`
    is uint8[n] of `SymbolKind`; `names` has the n names. `annotated` is int64[k], the lines of equations whose name has
    its type right above, which defines it.
    """

    lines: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.uint8]
    names: list[str]
    annotated: npt.NDArray[np.int64]


def find_definitions(
    slab: Slab,
    lines: LineColumns,
    first: npt.NDArray[np.uint8],
    families: npt.NDArray[np.uint8],
    strengths: LineStrengths,
) -> DefiningLines:
    """The lines that define something.

    Args:
        slab: the texts.
        lines: their lines.
        first: uint8[lines], the first byte of each that is no blank, 0 for none.
        families: uint8[texts], of the language of each.
        strengths: of the lines.

    """
    return _Search(slab, lines, first, families, strengths).run()


class _Search:
    def __init__(
        self,
        slab: Slab,
        lines: LineColumns,
        first: npt.NDArray[np.uint8],
        families: npt.NDArray[np.uint8],
        strengths: LineStrengths,
    ) -> None:
        # A window may begin at the last byte, or after that of a line that ends the slab.
        self._bytes = np.concatenate((slab.data, np.zeros(2 * WIDTH, np.uint8)))
        self._slab = slab
        self._lines = lines
        counts = np.diff(lines.files)
        self._families = families.repeat(counts)
        self._has_keywords, self._is_c_like = HAS_KEYWORDS[families].repeat(counts), IS_C_LIKE[families].repeat(counts)
        self._present = sorted(set(families[counts > 0].tolist()))
        self._strengths = strengths
        self._first = first
        self._begins = IS_LETTER.take(self._first)
        self._found: list[tuple[npt.NDArray[np.int64], PlainNames]] = []

    def run(self) -> DefiningLines:
        """Plain names first; what is left is read line by line."""
        lines, families = self._lines, self._families
        has_word, looks = self._candidates()
        is_c_head = looks & self._is_c_like & self._begins & (lines.indents == 0)
        is_slow = looks & ~is_c_head
        heads, macros = np.flatnonzero(is_c_head), np.flatnonzero(looks & (lines.heads == _DEFINE))
        is_slow[macros] = False
        words = np.flatnonzero(has_word)
        is_script = looks & (families == Family.SCRIPT)
        if len(words):
            by_word = keyword_names(self._bytes, lines.inks[words], families[words])
            self._found.append((words, by_word))
            is_slow[words] &= by_word.states == NOTHING
            is_slow[words] |= by_word.states == UNSURE
            is_script[words] &= by_word.states == NOTHING
            is_script[words] |= by_word.states == WORDLESS
            is_done = np.zeros(len(families), np.bool_)
            is_done[words[by_word.states == NAMED]] = True
            heads = heads[~(is_done | is_slow)[heads]]
            is_other = (by_word.states == NOTHING) & (families[words] == Family.JAVA)
            self._read_methods(words[is_other], by_word.starts[is_other], is_slow)
        scripts = np.flatnonzero(is_script)
        is_slow[scripts] = may_define(self._bytes, lines, scripts)
        methods = np.flatnonzero(looks & ~has_word & (families == Family.JAVA))
        self._read_methods(methods, lines.inks[methods], is_slow)
        if len(heads):
            is_cpp = families[heads] == Family.CPP
            by_head = head_names(self._bytes, lines.starts[heads], lines.starts[heads + 1], is_cpp=is_cpp)
            self._found.append((heads, by_head))
            is_slow[heads[by_head.states == UNSURE]] = True
        if len(macros):
            self._found.append((macros, macro_names(self._bytes, lines.inks[macros])))
        return self._collect(np.flatnonzero(is_slow))

    def _read_methods(
        self, places: npt.NDArray[np.int64], at: npt.NDArray[np.int64], is_slow: npt.NDArray[np.bool_]
    ) -> None:
        if len(places):
            by_bracket = method_names(self._bytes, self._lines, places, at)
            self._found.append((places, by_bracket))
            is_slow[places] = by_bracket.states == UNSURE

    def _collect(self, slow: npt.NDArray[np.int64]) -> DefiningLines:
        read = read_lines(self._slab, self._lines, slow, self._families[slow], self._strengths.costs)
        plain = [(places, names, np.flatnonzero(names.states == NAMED)) for places, names in self._found]
        starts = np.concatenate([np.zeros(0, np.int64), *(names.starts[named] for _, names, named in plain)])
        ends = np.concatenate([np.zeros(0, np.int64), *(names.ends[named] for _, names, named in plain)])
        at = np.concatenate(
            [np.zeros(0, np.int64), *(places[named] for places, _, named in plain), np.array(read.lines, np.int64)]
        )
        levels = np.append(self._lines.indents[at[: len(starts)]].astype(np.int64), np.array(read.levels, np.int64))
        kinds = np.concatenate(
            [np.zeros(0, np.uint8), *(names.kinds[named] for _, names, named in plain), np.array(read.kinds, np.uint8)]
        )
        names = [*_texts(self._bytes, starts, ends), *read.names]
        owners = np.concatenate(
            [np.zeros((2, 0), np.int64), *(_owners(names)[:, named] for _, names, named in plain)], 1
        )
        owned = np.flatnonzero(owners[1] > owners[0])
        for place, owner in zip(owned.tolist(), _texts(self._bytes, *owners[:, owned]), strict=True):
            names[place] = f"{owner}.{names[place]}"
        order = np.argsort(at, kind="stable")
        ordered = [names[place] for place in order.tolist()]
        return DefiningLines(at[order], levels[order], kinds[order], ordered, np.array(read.annotated, np.int64))

    def _candidates(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Two bool[lines]: those that may begin with a keyword or a modifier, and those that look like a definition."""
        lines, first, families, begins = self._lines, self._first, self._families, self._begins
        lasts, indents = lines.lasts, lines.indents
        has_word: npt.NDArray[np.bool_] = _IS_FIRST.take(_hash(lines.heads)) & self._has_keywords
        looks = np.zeros(len(first), np.bool_)
        for number in self._present:
            family = Family(number)
            if family in (Family.KEYWORD, Family.NONE):
                continue
            own = families == number
            if IS_C_LIKE[family]:
                more = begins & ~_ENDS_NO_HEAD.take(lasts) & (indents == 0)
                if family is Family.CPP:
                    more |= begins & _BRACES.take(lasts)
                more |= lines.heads == _DEFINE
                if family is Family.OBJECTIVE:
                    more |= (indents == 0) & ((first == ord("-")) | (first == ord("+")))
                    more |= first == ord("@")
                is_alias = (lines.heads & _USING_MASK) == _USING
                ends_no_type = _ENDS_NO_TYPE.take(lasts)
                is_body = self._ends_with_body(own & has_word & ends_no_type)
                has_word &= ~own | ~ends_no_type | is_body | is_alias
            elif family is Family.JAVA:
                more = begins & ((lasts == ord("{")) | (lasts == ord("(")))
            elif family is Family.SCRIPT:
                more = (lasts == ord("{")) & _BEGINS_METHOD.take(first)
                more |= (indents == 0) & begins & (_OPENS.take(lasts) | self._ends_with_body(own))
                has_word &= ~own | (indents == 0) | ~_IS_BINDING.take(first) | _OPENS.take(lasts)
            elif family is Family.SHELL:
                more = begins & _BEGINS_SHELL.take(lasts)
            elif family is Family.LISP:
                more = (first == ord("(")) & (((lines.heads >> np.uint64(8)) & _BYTE) <= ord("d"))
            elif family is Family.LUA:
                more = begins & _BEGINS_LUA.take(lasts)
            elif family is Family.STYLES:
                more = (lasts == ord("{")) | ((lasts == ord("}")) & (first != ord("}")))
            elif family is Family.BLOCKS:
                more = begins & (lasts == ord("{"))
            elif family in (Family.EQUATIONS, Family.TARGETS):
                more = (indents == 0) & (begins | (first == ord("(")) | (first == ord(".")))
            elif family is Family.TABLES:
                more = (first == ord("[")) & (indents == 0)
            elif family is Family.CLAUSES:
                more = (indents == 0) & ((begins & (first >= ord("_"))) | _BEGINS_CLAUSE.take(first))
            elif family is Family.FORTRAN:
                more = begins & _BEGINS_FORTRAN.take(first)
            elif family is Family.BINDINGS:
                more = _BEGINS_BINDING.take(first)
            elif family is Family.OUTPUTS:
                more = (first == ord("f")) | (first == ord("c"))
            elif family is Family.PROOFS:
                more = _BEGINS_PROOF.take(first)
            else:  # headings
                more = self._strengths.kinds == _SECTION
            looks |= more & own
        self._drop_statements(looks, begins & (indents > 0))
        self._drop_announced(looks, self._is_c_like & (lasts == ord(",")))
        return has_word, looks

    def _drop_statements(self, looks: npt.NDArray[np.bool_], within: npt.NDArray[np.bool_]) -> None:
        """Take lines out of `looks` that begin with `if` and the like."""
        places = np.flatnonzero(looks & within)
        heads = self._lines.heads[places]
        for word, mask, shift in _STATEMENTS:
            is_word = ((heads & mask) == word) & ~_IN_WORD[((heads >> shift) & _BYTE).astype(np.uint8)]
            looks[places[is_word]] = False

    def _ends_with_body(self, own: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """bool[lines]: statements of `own` that end with a brace and a semicolon, as `struct name {};` does."""
        ends_body = np.zeros(len(own), np.bool_)
        places = np.flatnonzero(own & (self._lines.lasts == ord(";")) & self._begins)
        ends = self._lines.starts[places + 1]
        for back in (2, 3):
            ends_body[places] |= self._bytes[np.maximum(ends - back, 0)] == ord("}")
        return ends_body

    def _drop_announced(self, found: npt.NDArray[np.bool_], open_heads: npt.NDArray[np.bool_]) -> None:
        """Take those out of `found` whose arguments go on over further lines, at the end of which is a semicolon."""
        places = np.flatnonzero(found & open_heads)
        lasts, at = self._lines.lasts, places.copy()
        for _ in range(_MOST_ARGUMENTS):
            at = np.minimum(at + 1, len(lasts) - 1)
            is_on = (lasts[at] == ord(",")) | (lasts[at] == ord("("))
            found[places[lasts[at] == ord(";")]] = False
            places, at = places[is_on], at[is_on]


def _owners(names: PlainNames) -> npt.NDArray[np.int64]:
    return names.owners if names.owners is not None else np.zeros((2, len(names.states)), np.int64)


def _texts(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> list[str]:
    """The names of n spans, what undecodable bytes there are as U+FFFD."""
    if not len(starts):
        return []
    sizes = ends - starts + 1
    stops = np.cumsum(sizes)
    places = np.arange(int(stops[-1])) + np.repeat(starts - stops + sizes, sizes)
    joined = data[places]
    joined[joined == 0] = ord(" ")
    joined[stops - 1] = 0
    text: str = joined.tobytes()[:-1].decode("utf-8", "replace")
    return text.replace("::", ".").split("\0")
