"""The lines of a slab that may define something, by their first and last bytes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import IS_LETTER, IS_WORD, byte_set
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import BLANK_IN_COMMENT, IN_TEXT
from exosuit_cli.structure.families import HAS_KEYWORDS, IS_C_LIKE, Family
from exosuit_cli.structure.line_view import BYTE, word
from exosuit_cli.structure.names.many_plain import word_table
from exosuit_cli.structure.names.words import BINDING_WORDS, FIRST_WORDS, TEST_BEGINNINGS, UNIT_WORDS

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns
    from exosuit_cli.structure.code.strength import LineStrengths
    from exosuit_cli.structure.names.many_plain import WordTable

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_PREFIX: Final = np.uint64(0xFFFFFF)
"""The bytes of a line's head that choose it."""
_SHIFT: Final = np.uint64(48)
_CASE: Final = np.uint64(0x202020)
"""Makes small letters of capital ones in that prefix."""
_DEFINE: Final = np.array([int.from_bytes(b"#define" + blank, "little") for blank in (b" ", b"\t")], np.uint64)
_USING, _USING_MASK, _ = word("using ")
_SECTION: Final = int(Boundary.SECTION)
_MOST_ARGUMENTS: Final = 12
"""Lines of a head that are looked at for its end."""


_ENDS_NO_HEAD: Final = byte_set(b";:\\\0")
_ENDS_NO_TYPE: Final = byte_set(b";:\\\0,()=*")
_BRACES: Final = byte_set(b"{}")
_STATEMENT_WORDS: Final = ("if", "for", "while", "switch", "else", "do", "try", "catch", "return", "case", "throw")
_STATEMENTS: Final = [word(text) for text in _STATEMENT_WORDS]
_OPENS: Final = byte_set(b"{(,=[>")
_BEGINS_METHOD: Final = IS_LETTER | byte_set(b"$#*[\"'")
_BEGINS_SHELL: Final = byte_set(b"{)}")
_BEGINS_LUA: Final = byte_set(b"){d,")
_IS_BINDING: Final = byte_set(b"clv")
_BEGINS_BINDING: Final = byte_set(b"acdefilmnopstv")
_BEGINS_EQUATION: Final = byte_set(b"abcdefghijklmnopqrstuvwxyz_(")
_DEFINES_FORM: Final = [word(text) for text in ("(def", "(cl-def")]
_FUNCTION: Final = b"function"
_BEGINS_PROOF: Final = byte_set(b"CDEFGILMNPRSTV#")
_BEGINS_CLAUSE: Final = byte_set(b"-'")


def begins_macro(heads: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """bool[lines]: which lines begin with `#define` and a blank."""
    found: npt.NDArray[np.bool_] = (heads == _DEFINE[0]) | (heads == _DEFINE[1])
    return found


def _hash(heads: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return ((heads & _PREFIX) * _MIX) >> _SHIFT


def _first_words(words: frozenset[bytes]) -> npt.NDArray[np.bool_]:
    """bool[65536]: whether the first three bytes of a line are those of one of these words, by their hash."""
    heads = {(word + end)[:3] for word in words for end in ((b" ", b"\t", b"(", b"!") if len(word) < 3 else (b"",))}
    found = np.zeros(1 << 16, np.bool_)
    found[_hash(np.array([int.from_bytes(word, "little") for word in heads], np.uint64))] = True
    return found


_IS_FIRST: Final = _first_words(FIRST_WORDS)
_IS_TEST: Final = _first_words(TEST_BEGINNINGS)
_IS_UNIT: Final = _first_words(UNIT_WORDS)
_KNOWN: Final = word_table(FIRST_WORDS)
_LUA_TESTS: Final = word_table({b"test_that", b"describe", b"it"})
_BINDS: Final = word_table(FIRST_WORDS | BINDING_WORDS)


class Candidates:
    """The lines that may define something, as bool[lines].

    `has_word` says which may begin with a keyword or a modifier, and `looks` which look like a definition; `begins`,
    which begin with a letter, and `is_c_like`, those of a language like C. `families` is uint8[lines].
    """

    def __init__(
        self,
        data: npt.NDArray[np.uint8],
        lines: LineColumns,
        first: npt.NDArray[np.uint8],
        families: npt.NDArray[np.uint8],
        strengths: LineStrengths,
    ) -> None:
        """`first` is uint8[lines], the first byte of each line that is no blank; `families` is that of each text."""
        counts = np.diff(lines.files)
        self._data, self._lines, self._strengths = data, lines, strengths
        self.families, self.is_c_like = families.repeat(counts), IS_C_LIKE[families].repeat(counts)
        self.begins = IS_LETTER.take(first)
        present = sorted(set(families[counts > 0].tolist()))
        self.has_word, self.looks = self._find(first, present, HAS_KEYWORDS[families].repeat(counts))

    def _find(
        self, first: npt.NDArray[np.uint8], present: list[int], has_keywords: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        lines, families, begins = self._lines, self.families, self.begins
        lasts, indents = lines.lasts, lines.indents
        hashes = _hash(lines.heads)
        has_word: npt.NDArray[np.bool_] = _IS_FIRST.take(hashes) & has_keywords
        if Family.KEYWORD in present:
            has_word |= _IS_TEST.take(hashes) & (families == Family.KEYWORD)
        looks = np.zeros(len(first), np.bool_)
        for number in present:
            family = Family(number)
            if family in (Family.KEYWORD, Family.NONE):
                continue
            own = families == number
            if IS_C_LIKE[family]:
                more = begins & ~_ENDS_NO_HEAD.take(lasts) & (indents == 0)
                if family is Family.CPP:
                    more |= begins & _BRACES.take(lasts)
                more |= begins_macro(lines.heads)
                if family is Family.OBJECTIVE:
                    more |= (indents == 0) & ((first == ord("-")) | (first == ord("+")))
                    more |= first == ord("@")
                is_alias = (lines.heads & _USING_MASK) == _USING
                ends_no_type = _ENDS_NO_TYPE.take(lasts)
                is_body = self._ends_with_body(own & has_word & ends_no_type)
                has_word &= ~own | ~ends_no_type | is_body | is_alias
            elif family is Family.JAVA:
                is_above_brace = np.append(first[1:] == ord("{"), False) & (lasts == ord(")"))
                more = begins & ((lasts == ord("{")) | (lasts == ord("(")) | is_above_brace)
            elif family is Family.SCRIPT:
                more = (lasts == ord("{")) & _BEGINS_METHOD.take(first)
                more |= (indents == 0) & begins & (_OPENS.take(lasts) | self._ends_with_body(own))
                has_word &= ~own | (indents == 0) | ~_IS_BINDING.take(first) | _OPENS.take(lasts)
            elif family is Family.SHELL:
                more = begins & _BEGINS_SHELL.take(lasts)
            elif family is Family.LISP:
                more = np.zeros(len(first), np.bool_)
                for sought, mask, _ in _DEFINES_FORM:
                    more |= (lines.heads & mask) == sought
            elif family is Family.LUA:
                more = self._with_function(begins & _BEGINS_LUA.take(lasts) & own, has_word)
            elif family is Family.STYLES:
                more = (lasts == ord("{")) | ((lasts == ord("}")) & (first != ord("}")))
            elif family is Family.BLOCKS:
                more = begins & (lasts == ord("{"))
            elif family is Family.EQUATIONS:
                more = (indents == 0) & _BEGINS_EQUATION.take(first)
            elif family is Family.TARGETS:
                more = (indents == 0) & (begins | (first == ord("(")) | (first == ord(".")))
            elif family is Family.TABLES:
                more = (first == ord("[")) & (indents == 0)
            elif family is Family.CLAUSES:
                more = (indents == 0) & ((begins & (first >= ord("_"))) | _BEGINS_CLAUSE.take(first))
            elif family is Family.FORTRAN:
                more = begins & _IS_UNIT.take(_hash(lines.heads | _CASE))
            elif family is Family.BINDINGS:
                more = self._with_word(_BEGINS_BINDING.take(first) & own, _BINDS)
            elif family is Family.OUTPUTS:
                more = (first == ord("f")) | (first == ord("c"))
            elif family is Family.PROOFS:
                more = _BEGINS_PROOF.take(first)
            else:  # headings
                more = self._strengths.kinds == _SECTION
            looks |= more & own
        costs = self._strengths.costs
        in_text = np.flatnonzero((costs >= IN_TEXT) & (costs < BLANK_IN_COMMENT))
        in_text = in_text[~np.isin(families[in_text], (Family.HEADINGS, Family.SHELL))]
        has_word[in_text] = looks[in_text] = False  # what a literal holds is none; quotes of shells are many
        self._drop_statements(looks, begins & (indents > 0))
        self._drop_announced(looks, self.is_c_like & (lasts == ord(",")))
        return has_word, looks

    def _with_word(self, may_be: npt.NDArray[np.bool_], words: WordTable) -> npt.NDArray[np.bool_]:
        """Those of the lines that begin with one of the words."""
        places = np.flatnonzero(may_be)
        kinds, _ = words.look_up(self._data, self._lines.inks[places])
        found = np.zeros(len(may_be), np.bool_)
        found[places[kinds != 0]] = True
        return found

    def _with_function(self, may_be: npt.NDArray[np.bool_], has_word: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Those of the lines that have the word `function`, in any case, or begin as a test case.

        Also those that begin with a keyword and are not in `has_word`, which has nearly all of these.
        """
        found = self._with_word(may_be & ~has_word, _KNOWN) | self._with_word(may_be, _LUA_TESTS)
        places = np.flatnonzero(may_be)
        if not len(places):
            return found
        starts = self._lines.starts
        begin, end = int(starts[places[0]]), int(starts[places[-1] + 1])
        text, has_one = self._data[begin:end].tobytes().lower(), []
        at = text.find(_FUNCTION)
        while at >= 0:
            has_one.append(at + begin)
            at = text.find(_FUNCTION, at + len(_FUNCTION))
        found[np.searchsorted(starts, np.array(has_one, np.int64), "right") - 1] = True
        return found & may_be

    def _drop_statements(self, looks: npt.NDArray[np.bool_], within: npt.NDArray[np.bool_]) -> None:
        """Take lines out of `looks` that begin with `if` and the like."""
        places = np.flatnonzero(looks & within)
        heads = self._lines.heads[places]
        for sought, mask, shift in _STATEMENTS:
            is_word = ((heads & mask) == sought) & ~IS_WORD[((heads >> shift) & BYTE).astype(np.uint8)]
            looks[places[is_word]] = False

    def _ends_with_body(self, own: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """bool[lines]: statements of `own` that end with a brace and a semicolon, as `struct name {};` does."""
        ends_body = np.zeros(len(own), np.bool_)
        places = np.flatnonzero(own & (self._lines.lasts == ord(";")) & self.begins)
        ends = self._lines.starts[places + 1]
        for back in (2, 3):
            ends_body[places] |= self._data[np.maximum(ends - back, 0)] == ord("}")
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
