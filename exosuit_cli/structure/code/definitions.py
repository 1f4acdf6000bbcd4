"""The definitions of texts by what their lines look like: a guess without a parser, for any language.

What encloses a line follows from indentation, as readers see it: the nearest definition above that is further to the
left and has not ended. It ends at the brace or word that is indented as it is, or in languages of indentation where a
line is not indented further. Whatever is open ends where a line of code at the left edge begins something else.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import IS_LETTER, IS_WORD, byte_set
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.by_language import by_language
from exosuit_cli.structure.chains import nearest_reaching
from exosuit_cli.structure.code.closed_lines import closed_on_line, closing_lines, last_deeper_lines
from exosuit_cli.structure.code.defining_lines import find_definitions
from exosuit_cli.structure.code.documented_by_comment import documented_lines
from exosuit_cli.structure.code.flat_blocks import flat_depths
from exosuit_cli.structure.code.guessed_symbols import GuessedSymbols
from exosuit_cli.structure.code.nesting import Nesting
from exosuit_cli.structure.costs import ATTACHED, BLANK_IN_COMMENT, CLOSING, CONTINUED, IN_TEXT
from exosuit_cli.structure.families import HAS_KEYS, Family, family_of
from exosuit_cli.structure.line_view import BYTE, begins_item, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.code.defining_lines import DefiningLines
    from exosuit_cli.structure.code.strength import LineStrengths

_MOST_LEAD: Final = 8
"""Lines at the start of a chunk that are looked at for one that says how deep the chunk is."""
_LINE: Final = int(Boundary.LINE)
_DEEP: Final = 1 << 20


_CLOSES_OUTER: Final = IS_LETTER | byte_set(b'@}"')
"""A line at the left edge that begins with one of these ends what was before."""
_SAYS_NO_LEVEL: Final = byte_set(b"\0})]{#")
_BEGINS_COMMENT: Final = byte_set(b"/*")
_SAYS: Final = IS_LETTER | byte_set(b"}])")
"""A line that begins with one of these says more than that something goes on."""
_ENDS_AT_EDGE: Final = ~np.isin(
    np.arange(len(Family)),
    [Family.OBJECTIVE, Family.HEADINGS, Family.NONE, Family.FORTRAN, Family.KEYS, Family.MEMBERS],
)
"""bool[families]: what is at the left edge ends what was before."""
_HAS_LABELS: Final = np.isin(np.arange(len(Family)), [Family.C, Family.CPP, Family.JAVA])
_GO_ON: Final = tuple(word(each) for each in ("where", "extends", "throws"))
_GO_ON_WITH_BINDINGS: Final = tuple(word(each) for each in ("struct", "sig", "end"))
"""In languages such as OCaml: `end = struct` and `struct` are parts of a module, at the left edge, too."""
_AFTER_WORD: Final = byte_set(b"\0\r\n\t ")
_AFTER_WORD_OF_BINDINGS: Final = byte_set(b"\0\r\n\t ):;")
_BY_INDENTATION: Final = frozenset(("Python", "Cython", "Starlark", "GDScript", "Nim", "CoffeeScript"))
"""Languages whose blocks are what is indented."""
_FLAT_WORD_BLOCKS: Final = frozenset(["Julia"])
"""Languages with modules that end with `end` and whose content is as far to the left as they are."""
_TELLS_LEVEL: Final = IS_LETTER | byte_set(b"@")
"""A line of these that begins with one of these is no part of the line before."""


def _may_be_label(heads: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Whether lines with these first bytes may begin with a word and a colon."""
    head = heads.view(np.uint8).reshape(-1, heads.itemsize)
    is_word = IS_WORD.take(head)
    found: npt.NDArray[np.bool_] = head[np.arange(len(head)), is_word.argmin(axis=1)] == ord(":")
    return found | is_word.all(axis=1)


def _may_be_constructor(heads: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Whether lines with these first bytes may begin with `constructor` or what stands before it."""
    found = np.zeros(len(heads), np.bool_)
    for own, mask, _ in _CONSTRUCTORS:
        found |= (heads & mask) == own
    return found


_CONSTRUCTORS: Final = tuple(word(each) for each in ("con", "int", "pri", "pro", "pub"))
_GOING_ON: Final = {
    "Go": (_may_be_label, re.compile(rb"(?!default\b)\w+:[ \t]*(?://|/\*|\r?\n)")),
    "Kotlin": (_may_be_constructor, re.compile(rb"(?:(?:internal|private|protected|public) +)?constructor\b")),
}
"""What a line at the left edge begins with that goes on with what is around: a label, a constructor of a class."""


class Guesses:
    """The definitions of the texts of a slab, as their lines show them; of those that `chosen`, bool[texts], names."""

    def __init__(
        self,
        slab: Slab,
        lines: LineColumns,
        languages: Sequence[str],
        strengths: LineStrengths,
        chosen: npt.NDArray[np.bool_],
    ) -> None:
        self._lines = lines
        families = by_language(family_of, languages)
        families[~chosen] = Family.NONE
        self._counts = np.diff(lines.files)
        self._of_files, self._families = families, families.repeat(self._counts)
        self._first = np.ascontiguousarray(lines.heads.view(np.uint8)[:: lines.heads.itemsize])
        self._in_text = (strengths.costs >= IN_TEXT) & (strengths.costs < BLANK_IN_COMMENT)
        self._goes_on = np.zeros(len(self._first), np.bool_)
        """The lines at the left edge that go on with what is around them."""
        self._outer = self._ends_outer(slab, languages)
        found = find_definitions(slab, lines, self._first, families, strengths)
        self._goes_on[found.clauses] = True
        self._outer = self._outer[~self._goes_on[self._outer]]
        self._defining, self._annotated = found.lines, found.annotated
        self._documented = documented_lines(slab, lines, found.lines)
        closed = closed_on_line(slab, lines, found.lines, self._families[found.lines])
        texts = np.searchsorted(lines.files, found.lines, "right")
        self._nested, within = lines, self._outer[:0]
        has_word_blocks = np.array([language in _FLAT_WORD_BLOCKS for language in languages], np.bool_)
        flat = flat_depths(lines, found, has_word_blocks)
        if flat is not None:
            self._nested = replace(lines, indents=lines.indents + flat)
            found = replace(found, levels=found.levels + flat[found.lines])
            is_within = flat[self._outer] > 0
            self._outer, within = self._outer[~is_within], self._outer[is_within]
        own = self._families[found.lines]
        ends = closing_lines(self._nested, found.lines, found.levels, own, closed, self._in_text)
        ends = np.minimum(ends, found.ends)
        self._end_where_deeper_lines_do(ends, found, languages, within)
        nesting = Nesting(found, self._families, self._outer, texts, ends)
        self._paths = nesting.paths
        self._found = nesting.columns

    def _end_where_deeper_lines_do(
        self,
        ends: npt.NDArray[np.int64],
        found: DefiningLines,
        languages: Sequence[str],
        within: npt.NDArray[np.int64],
    ) -> None:
        """Enter in `ends` where definitions end in languages whose blocks are what is indented.

        `within` has the lines that end what was before them in their block at the left edge.
        """
        by_indent = np.array([language in _BY_INDENTATION for language in languages], np.bool_)
        if not (by_indent.any() or len(within)):
            return
        is_own = by_indent.repeat(self._counts)
        tells = is_own & _TELLS_LEVEL.take(self._first) & ~self._in_text
        tells[within] = True
        own = is_own[found.lines] | (found.levels > self._lines.indents[found.lines])
        deeper = last_deeper_lines(self._nested, tells, found.lines[own], found.levels[own])
        ends[own] = np.minimum(ends[own], deeper)

    def mark(self, strengths: LineStrengths) -> None:
        """Say in `strengths` of lines that define something that a definition begins there.

        A definition stays with its type right above, and with what documents it.
        """
        costs = strengths.costs[self._documented]
        strengths.costs[self._documented] = np.where(costs < ATTACHED, ATTACHED + (costs >> 4), costs)
        costs = strengths.costs[self._annotated]
        strengths.costs[self._annotated] = np.where(costs < CONTINUED, CLOSING - 1, costs)
        strengths.kinds[self._annotated] = _LINE
        plain = self._defining[strengths.kinds[self._defining] == _LINE]
        strengths.kinds[plain] = np.where(self._lines.indents[plain] == 0, Boundary.DEFINITION, Boundary.NESTED)

    def of_chunks(self, first_lines: npt.NDArray[np.int64], last_lines: npt.NDArray[np.int64]) -> GuessedSymbols:
        """The symbols of the chunks of the slab, in order; their first and last lines are positions in the slab."""
        symbols = self._symbols(first_lines, last_lines)
        chunks = np.searchsorted(last_lines, self._found[0])
        return GuessedSymbols(
            self._lines.files, self._found[0], self._found[4].astype(np.uint8), self._paths, symbols, chunks
        )

    def _ends_outer(self, slab: Slab, languages: Sequence[str]) -> npt.NDArray[np.int64]:
        """The lines of code at the left edge that begin with a word and do not go on: they end what was before."""
        lines = self._lines
        is_edge = lines.indents == 0
        found = np.flatnonzero(is_edge & _CLOSES_OUTER.take(self._first))
        found = found[_ENDS_AT_EDGE[self._families[found]]]
        lasts = lines.lasts[found]
        goes_on = (lasts == ord(":")) & _HAS_LABELS[self._families[found]]
        goes_on |= (lasts == ord("{")) & (self._first[found] == ord("}"))  # `}: Options) {`
        self._goes_on[found[goes_on]] = True
        if (self._of_files == Family.LISP).any():
            forms = np.flatnonzero(is_edge & (self._first == ord("(")) & (self._families == Family.LISP))
            found = np.sort(np.append(found, forms))
        found = found[~self._in_text[found]]
        heads = lines.heads[found]
        words = [(each, _AFTER_WORD) for each in _GO_ON]
        if (self._of_files == Family.BINDINGS).any():
            words += [(each, _AFTER_WORD_OF_BINDINGS) for each in _GO_ON_WITH_BINDINGS]
        for (own, mask, shift), after in words:
            is_own = ((heads & mask) == own) & after.take(((heads >> shift) & BYTE).astype(np.uint8))
            if after is _AFTER_WORD_OF_BINDINGS:
                is_own &= self._families[found] == Family.BINDINGS
            self._goes_on[found[is_own]] = True
        starts, text = lines.starts, slab.data.data
        for language in set(languages) & _GOING_ON.keys():
            may_go_on, pattern = _GOING_ON[language]
            own_files = np.array([each == language for each in languages], np.bool_)
            for line in found[own_files.repeat(self._counts)[found] & may_go_on(heads)].tolist():
                if pattern.match(text, starts[line], starts[line + 1]):
                    self._goes_on[line] = True
        annotations = found[self._first[found] == ord("@")]
        if np.append(self._goes_on, False)[annotations + 1].any():  # as of a constructor, which goes on
            for line in annotations[::-1].tolist():
                self._goes_on[line] |= line + 1 < len(self._goes_on) and self._goes_on[line + 1]
        return found[~self._goes_on[found]]

    def _symbols(self, first_lines: npt.NDArray[np.int64], last_lines: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """int64[chunks]: the definition that gives each chunk its symbol, -1 for none.

        The one that begins with the chunk, where that is all that the chunk holds at its depth; else the one that the
        chunk's first line is in; else the first that begins in the chunk.
        """
        lines, levels, parents, roots, _, ends = self._found
        if not len(lines):
            return np.full(len(first_lines), -1)
        texts = np.searchsorted(self._lines.files, first_lines, "right") - 1
        lowest = np.searchsorted(lines, self._lines.files[texts])
        inner, after = np.searchsorted(lines, first_lines), np.searchsorted(lines, last_lines, "right")
        has_inner = inner < after
        own = np.minimum(inner, len(lines) - 1)
        families = self._families[first_lines]
        is_heading = families == Family.HEADINGS
        level = self._levels(first_lines, last_lines, families)
        # What is before the first heading of a chunk is in the section before.
        level[is_heading] = np.where(has_inner & (lines[own] == first_lines), levels[own], _DEEP)[is_heading]
        is_style = families == Family.STYLES
        level[is_style] = self._lines.depths[first_lines[is_style]]
        around = inner - 1
        around[around < lowest] = -1
        around = nearest_reaching(parents, -levels, around, 1 - level)
        # What is outermost may end before a line that something within it, as what no line closes, reaches.
        reached = np.where(parents >= 0, ends, np.iinfo(np.int64).max)
        around = nearest_reaching(parents, reached, around, first_lines)
        around[ends[around] < first_lines] = -1
        outer = np.append(-1, self._outer)[np.searchsorted(self._outer, first_lines)]
        around[(outer > roots[around]) & ~is_heading & (around >= 0)] = -1
        is_keyed = HAS_KEYS[families]
        do_say = _SAYS.take(self._first)
        if is_keyed.any():
            do_say |= HAS_KEYS[self._families] & ~_SAYS_NO_LEVEL.take(self._first)
        says = np.flatnonzero(do_say)
        begins = has_inner & (np.searchsorted(says, lines[own]) == np.searchsorted(says, first_lines))
        least = np.minimum.reduceat(
            np.append(levels, _DEEP), np.stack((own + 1, np.maximum(after, own + 1)), 1).ravel()
        )
        is_sole = (after <= inner + 1) | (least[::2] > levels[own])
        is_sole &= ~is_keyed | (ends[own] >= last_lines)  # short blocks are not known
        others = np.where(has_inner, inner, -1)
        found: npt.NDArray[np.int64] = np.where((around >= 0) & ~(begins & is_sole), around, others)
        return found

    def _levels(
        self,
        first_lines: npt.NDArray[np.int64],
        last_lines: npt.NDArray[np.int64],
        families: npt.NDArray[np.uint8],
    ) -> npt.NDArray[np.int64]:
        """int64[chunks]: the indentation of the first line that tells it; where none does, of the first, at least 1.

        What begins within a text is as deep as can be. Comments alone between keys are as deep as what follows them.
        """
        lines = self._nested
        found = np.maximum(lines.indents[first_lines].astype(np.int64), 1)
        found[self._in_text[first_lines]] = _DEEP
        pending = np.flatnonzero(~self._in_text[first_lines])
        at = first_lines[pending]
        is_untold = HAS_KEYS[families] & ~self._in_text[first_lines]
        for _ in range(_MOST_LEAD):
            byte = self._first.take(at)
            tells = ~_SAYS_NO_LEVEL.take(byte)
            tells &= (families[pending] == Family.KEYWORD) | ~_BEGINS_COMMENT.take(byte)
            tells &= ~self._goes_on.take(at)
            rows, own = at[tells], families[pending[tells]]
            indents = lines.indents.take(rows).astype(np.int64)
            # Methods of Objective-C are at the left edge, and one deeper than they look.
            indents += (own == Family.OBJECTIVE) & (indents > 0)
            indents += (own == Family.KEYS) & begins_item(lines.heads.take(rows))
            found[pending[tells]] = indents
            is_untold[pending[tells]] = False
            goes_on = ~tells & (at < last_lines[pending])
            pending, at = pending[goes_on], at[goes_on] + 1
            if not len(pending):
                break
        if is_untold.any():
            found[is_untold] = self._depth_of_next_keys(first_lines[is_untold])
        return found

    def _depth_of_next_keys(self, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The indentation of the first line with a key from each line on in its text, or the line's if that is more."""
        says = HAS_KEYS[self._families] & ~_SAYS_NO_LEVEL.take(self._first) & ~_BEGINS_COMMENT.take(self._first)
        those = np.append(np.flatnonzero(says), len(says))
        files, indents = self._lines.files, np.append(self._nested.indents, 0)
        following = those[np.searchsorted(those, at)]
        following[following >= files[np.searchsorted(files, at, "right")]] = len(says)
        heads = np.append(self._lines.heads, np.uint64(0))[following]
        found: npt.NDArray[np.int64] = np.maximum(indents[following] + begins_item(heads), indents[at]).astype(np.int64)
        return found
