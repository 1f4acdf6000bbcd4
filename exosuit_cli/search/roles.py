"""Where words stand: in a comment, where a name is defined, or elsewhere. By array operations over lines and words.

These are rules about lines, not syntax: a comment is a line that begins with a comment mark of its language, or a
triple-quoted text of Python. A definition is the name after a keyword such as `def` at the beginning of a line, the
word before the first parenthesis of a line of C that begins in the first column, a constant that is bound there, and
a heading of Markdown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.search.keywords import BINDS, CONTINUES, DEFINES, DEFINES_TYPE, MODIFIER, NO_NAME
from exosuit_cli.structure.styles import SLASH_STYLES, Style

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.search.words import Words

OTHER, COMMENT, DEFINITION = range(3)
"""The roles of a word."""

_MOST_MODIFIERS: Final = 5
_NEWLINE: Final = 10
_BLANK: Final = byte_set([9, 32])
_IN_GAP: Final = byte_set(b"\t *&!")
_WIDEST_GAP: Final = 24
# The byte before the first one of a slab is the last one of its padding.
_BEFORE_KEYWORD: Final = byte_set(b"\0\n\t {};)(")
_AFTER_TYPE: Final = byte_set(b"{:<(\n\r")
_IS_C_LIKE: Final = np.isin(np.arange(len(Style)), [Style.SLASH])


def _marks() -> npt.NDArray[np.bool_]:
    """bool[styles, 256]: bytes that end a comment's mark, right before its first word or one blank before it."""
    marks = np.zeros((len(Style), 256), np.bool_)
    for style, found in {
        Style.HASH: b"#/*!",
        Style.SLASH: b"/*!",
        Style.SLASH_OPEN: b"/*!",
        Style.DASH: b"-",
        Style.SEMICOLON: b";#/*",
        Style.PERCENT: b"%",
        Style.BLOCK: b"-/",
        Style.BLOCK_OPEN: b"-!",
        Style.ELEMENTS: b"/*!",
    }.items():
        marks[style, list(found)] = True
    return marks


_MARKS: Final = _marks()


def find_roles(
    slab: npt.NDArray[np.uint8],
    words: Words,
    kinds: npt.NDArray[np.uint8],
    first_lines: npt.NDArray[np.int64],
    styles: npt.NDArray[np.int64],
    python_files: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint8]:
    """The role of each word: uint8[words].

    Args:
        slab: texts, each ended by a newline, and padding.
        words: its words.
        kinds: uint8[words], of `exosuit_cli.search.keywords`.
        first_lines: int64[texts], the byte at which each text begins.
        styles: int64[texts], of `exosuit_cli.structure.styles`.
        python_files: int64[2, files], the bytes at which the texts of each file of Python begin and end.

    """
    roles = np.zeros(len(words.starts), np.uint8)
    if not len(roles):
        return roles
    line_ends = np.flatnonzero(slab == _NEWLINE)
    line_starts = np.concatenate((np.zeros(1, np.int64), line_ends[:-1] + 1))
    firsts = np.searchsorted(words.starts, line_starts)
    counts = np.diff(firsts, append=len(roles))
    has_words = np.flatnonzero(counts)
    line_starts, line_ends = line_starts[has_words], line_ends[has_words]
    firsts, counts = firsts[has_words], counts[has_words]
    text_of_line = np.searchsorted(first_lines, line_starts, "right") - 1
    style = styles[text_of_line]
    is_comment = _comment_lines(slab, words.starts[firsts], style)
    roles[np.repeat(is_comment, counts)] = COMMENT
    line_of_word = np.repeat(np.arange(len(firsts)), counts)
    ends = words.starts + words.lengths
    found = _Lines(
        slab, words.starts, ends, kinds, line_starts, line_ends, firsts, counts, line_of_word, style, is_comment
    )
    names = [found.after_keywords(), found.heads_of_c(), found.constants()]
    headings = np.flatnonzero((style == Style.MARKDOWN) & (slab[line_starts] == ord("#")))
    names += [np.flatnonzero(np.isin(line_of_word, headings))] if len(headings) else []
    roles[np.concatenate(names)] = DEFINITION
    if python_files.size:
        roles[_in_docstrings(slab, words.starts, python_files)] = COMMENT
    return roles


def _comment_lines(
    slab: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], style: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether each line, whose first word begins at `starts`, is a comment."""
    last = slab[starts - 1]  # of the first word of a slab, a zero of the padding
    before = slab[starts - 2]
    is_blank = last == ord(" ")
    mark = np.where(is_blank, before, last)
    second = np.where(is_blank, slab[starts - 3], before)
    found = _MARKS[style, mark]
    # One `-` is a minus or a list, one `/` a path or a division, and `*name` without a blank a pointer.
    found &= ~np.isin(mark, list(b"-/")) | (second == mark) | ((mark == ord("/")) & (second == ord("*")))
    found &= (mark != ord("*")) | is_blank | (second == ord("/")) | (second == ord("*"))
    found &= (mark != ord("!")) | np.isin(second, list(b"/*#")) | (style == Style.BLOCK_OPEN)
    is_comment: npt.NDArray[np.bool_] = found
    return is_comment


class _Lines:
    """The lines of a slab that have words, and the words of each."""

    def __init__(
        self,
        slab: npt.NDArray[np.uint8],
        starts: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
        kinds: npt.NDArray[np.uint8],
        line_starts: npt.NDArray[np.int64],
        line_ends: npt.NDArray[np.int64],
        firsts: npt.NDArray[np.int64],
        counts: npt.NDArray[np.int64],
        line_of_word: npt.NDArray[np.int64],
        style: npt.NDArray[np.int64],
        is_comment: npt.NDArray[np.bool_],
    ) -> None:
        self._slab = slab
        self._starts = starts
        self._ends = ends
        self._kinds = kinds
        self._line_starts = line_starts
        self._line_ends = line_ends
        self._firsts = firsts
        self._counts = counts
        self._line_of_word = line_of_word
        self._style = style
        self._is_code = ~is_comment & (style != Style.DATA) & (style != Style.MARKDOWN) & (style != Style.RESTRUCTURED)

    def after_keywords(self) -> npt.NDArray[np.int64]:
        """Words that follow a keyword of a definition, which only modifiers stand before."""
        kinds, slab = self._kinds, self._slab
        words = np.flatnonzero((kinds >= DEFINES) & (kinds <= BINDS))
        lines = self._line_of_word[words]
        place = words - self._firsts[lines]
        keep = (place + 1 < self._counts[lines]) & (place <= _MOST_MODIFIERS) & self._is_code[lines]
        keep &= _BEFORE_KEYWORD[slab[self._starts[words] - 1]] | (slab[self._starts[words] - 1] == ord("#"))
        for back in range(1, _MOST_MODIFIERS + 1):
            keep &= (place < back) | (kinds[np.maximum(words - back, 0)] == MODIFIER)
        is_binding = kinds[words] == BINDS
        keep &= ~is_binding | (self._starts[words] == self._line_starts[lines]) | (place > 0)
        words, lines = words[keep], lines[keep]
        names = words + 1
        gap = self._starts[names] - self._ends[words]
        keep = (gap == 1) & _BLANK[slab[self._ends[words]]]
        around = _IN_GAP[slab[self._ends[words]]] & _IN_GAP[slab[self._starts[names] - 1]]
        keep |= (gap > 1) & (gap <= _WIDEST_GAP) & around
        keep &= kinds[names] != NO_NAME
        after = self._after(names)
        goes_on = (kinds[np.minimum(names + 1, len(kinds) - 1)] == CONTINUES) & ~self._is_last(names)
        is_type = kinds[words] == DEFINES_TYPE
        keep &= ~is_type | _AFTER_TYPE[after] | goes_on | ((after == ord(";")) & ~_IS_C_LIKE[self._style[lines]])
        names = names[keep]
        # `def self.name`, `fun Receiver.name`, `impl Trait for Type`: what follows a dot is the name.
        dotted = names[(slab[self._ends[names]] == ord(".")) & ~self._is_last(names)] + 1
        return np.concatenate((names, dotted))

    def heads_of_c(self) -> npt.NDArray[np.int64]:
        """Words before the first parenthesis of lines that begin in the first column and end no statement."""
        slab, starts = self._slab, self._starts
        lines = np.flatnonzero((starts[self._firsts] == self._line_starts) & SLASH_STYLES[self._style] & self._is_code)
        lines = lines[self._kinds[self._firsts[lines]] != NO_NAME]
        is_name = (self._kinds != NO_NAME) & (self._kinds != MODIFIER)
        calls = np.flatnonzero((slab[self._ends] == ord("(")) & is_name)
        if not len(calls):
            return calls
        place = np.searchsorted(calls, self._firsts[lines])
        words = calls[np.minimum(place, len(calls) - 1)]
        keep = (place < len(calls)) & (self._line_of_word[words] == lines)
        keep &= _IS_C_LIKE[self._style[lines]] | np.isin(self._kinds[self._firsts[lines]], (DEFINES, MODIFIER))
        words, lines = words[keep], lines[keep]
        heads: npt.NDArray[np.int64] = words[self._last_byte(lines) != ord(";")]
        return heads

    def constants(self) -> npt.NDArray[np.int64]:
        """Words in the first column that a single `=` follows, where lines do not end statements with a semicolon."""
        slab = self._slab
        lines = np.flatnonzero(
            (self._starts[self._firsts] == self._line_starts) & (self._style == Style.HASH) & self._is_code
        )
        words = self._firsts[lines]
        ends = self._ends[words]
        blank = slab[ends] == ord(" ")
        names: npt.NDArray[np.int64] = words[(slab[ends + blank] == ord("=")) & (slab[ends + blank + 1] != ord("="))]
        return names

    def _after(self, words: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The first byte after each word that is no blank, up to two blanks on."""
        at = self._ends[words]
        for _ in range(2):
            at = at + _BLANK[self._slab[at]]
        return self._slab[at]

    def _is_last(self, words: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether each word is the last one of its line."""
        lines = self._line_of_word[words]
        is_last: npt.NDArray[np.bool_] = words + 1 == self._firsts[lines] + self._counts[lines]
        return is_last

    def _last_byte(self, lines: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The last byte of each line that is no blank, up to four blanks back."""
        at = self._line_ends[lines] - 1
        for _ in range(4):
            at = at - (_BLANK[self._slab[at]] | (self._slab[at] == 13))
        return self._slab[at]


def _in_docstrings(
    slab: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], files: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether each word lies in a triple-quoted text: an odd number of marks stand before it in its file."""
    quote = slab == ord('"')
    marks = np.flatnonzero(quote[:-2] & quote[1:-1] & quote[2:])
    marks = marks[np.diff(marks, prepend=-3) >= 3]
    before = np.searchsorted(marks, starts)
    first = np.searchsorted(marks, files[0])
    file = np.maximum(np.searchsorted(files[0], starts, "right") - 1, 0)
    is_inside: npt.NDArray[np.bool_] = (before - first[file]) % 2 == 1
    is_inside &= (starts >= files[0][file]) & (starts < files[1][file])
    return is_inside
