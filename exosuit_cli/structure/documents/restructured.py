"""What a cut before each line of a reStructuredText costs, by its blocks: titles, directives, literal blocks, tables.

What belongs to a block is indented further than it; only lines are looked at that follow a blank one or begin with
punctuation. Source: the reStructuredText Markup Specification of docutils.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import CLOSING, CONTINUED
from exosuit_cli.structure.documents.headings import LABEL, USUAL
from exosuit_cli.structure.documents.object_directives import documents_object
from exosuit_cli.structure.documents.prose_costs import HEADED, INTRODUCED, DocumentCosts, block_cost
from exosuit_cli.structure.documents.prose_lines import document_lines
from exosuit_cli.structure.documents.restructured_items import DIGIT, item_mark
from exosuit_cli.structure.documents.restructured_tables import BORDER, GRID, enter_grid, enter_simple
from exosuit_cli.structure.documents.text_lines import OTHER_MARK, text_lines

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.documents.prose_lines import DocumentLines
    from exosuit_cli.structure.documents.text_lines import TextLines

TAB: Final = 8
_MARKS: Final = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
PLAIN: Final = ~byte_set(_MARKS + b"0123456789")
"""bool[256]: the bytes that begin nothing but text, where no blank line is before."""
_DIRECTIVE: Final = re.compile(rb"\.\. (?:\|[^|]*\| )?([\w.:+-]+?) ?::(?:\s|\Z)")
_VERBATIM: Final = frozenset(
    b"code code-block sourcecode parsed-literal math raw literalinclude highlight graphviz digraph graph doctest"
    b" testcode testoutput testsetup productionlist prompt ipython plot csv-table toctree autosummary kernel-doc"
    b" kernel-render mermaid uml plantuml jupyter-execute command-output".split()
)
"""Directives with a body that is no prose."""
_DOT, _PLUS, _EQUALS, _SPACE = b".+= "
_SHORTEST: Final = 4
"""A line of punctuation may be shorter than its title from this length on."""
_MOST_RANKS: Final = 64
_BLOCK_COSTS: Final = tuple(map(block_cost, range(_MOST_RANKS)))
_LINE: Final = int(Boundary.LINE)
_NESTED: Final = int(Boundary.NESTED)
_SECTION: Final = int(Boundary.SECTION)
_LESS: Final = 2
"""What the directive of an object costs less than other blocks in the same ones."""
_LONGEST: Final = 1000
"""Bytes of a line that are looked at."""


def enter_restructured(
    slab: Slab,
    lines: LineColumns,
    positions: npt.NDArray[np.int64],
    costs: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
    *,
    is_plain: bool = False,
) -> None:
    """Put in the costs and kinds of the lines of the texts at some positions of a slab.

    In a plain text, a line below a title is at least as long as it, and of a mark that is usual for that.
    """
    own = document_lines(slab, lines, positions, TAB)
    costs[own.at], kinds[own.at] = restructured_costs(own, is_plain=is_plain)


def restructured_costs(
    lines: DocumentLines, *, is_plain: bool = False
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """uint8[n] and uint8[n], the costs of n lines and their kinds."""
    text = text_lines(lines, PLAIN)
    reader = _Restructured(text, is_plain=is_plain)
    for first, stop in text.texts:
        reader.read(first, stop)
    costs, kinds = (np.frombuffer(column, np.uint8) for column in (reader.out.costs, reader.out.kinds))
    return costs[text.places], kinds[text.places]


class _Restructured:
    def __init__(self, text: TextLines, *, is_plain: bool) -> None:
        self._text = text
        self._is_plain = is_plain
        self._first = self._count = 0
        """The first line of a text, and the line after its last."""
        self.out = DocumentCosts(text)
        self._levels: dict[tuple[int, bool], int] = {}
        """Of titles, by the mark of their line and whether they have one above."""
        self._stack: list[tuple[int, int]] = []
        """The column of each open block, and the mark of an item, `.` for explicit markup, 0 for others."""
        self._label = -1
        """The first line of the labels right before."""
        self._is_led = False
        """A title, or the head of a directive, is right before."""

    def read(self, first: int, stop: int) -> None:
        """Enter the text whose lines are those from one up to another."""
        self._first, self._count, self._label, self._is_led = first, stop, -1, False
        self._levels.clear()
        self._stack.clear()
        text, stack = self._text, self._stack
        after_blank, marks, markers, announced = text.after_blank, text.marks, text.markers, text.announced
        columns, inked, visited, special = text.columns, text.inked, text.visited, text.special
        line = inked[first]
        is_first = False
        while line < stop:
            marker, column = markers[line], columns[line]
            is_easy = marker != OTHER_MARK and not (announced[line] and (column or marker))
            if is_first or after_blank[line]:
                if not is_easy or marks[line] or marks[line + 1]:
                    after, is_title = self._title(line) if marks[line] or marks[line + 1] else (line, False)
                    if not is_title:
                        after = self._block(line, is_first=is_first)
                    is_first = is_title
                    line = inked[after] if is_first else visited[after]
                    continue
            else:
                is_first = False
                mark = 0
                for known, own in reversed(stack):
                    if known <= column:
                        mark = own if known == column else 0
                        break
                if not mark or not is_easy or marker != mark:
                    line = visited[self._within(line, mark) if mark and marker else line + 1]
                    continue
            # A paragraph or an item with a bullet, as most blocks are.
            is_first = False
            self._begin(line, column, marker)
            # Outer paragraphs that follow one are entered already.
            line = visited[line + 1] if column or marker else special[line + 1]

    def _begin(self, line: int, column: int, mark: int, *, is_label: bool = False, is_introduced: bool = False) -> None:
        """Enter the first line of a block, which ends those further to the right, and the one that it goes on after.

        `mark` is that of its item, `.` for explicit markup. It belongs to what is right before where that is a title,
        the head of a directive or a label, or where `is_introduced`.
        """
        costs, kinds, stack = self.out.costs, self.out.kinds, self._stack
        while stack and stack[-1][0] > column:
            stack.pop()
        before = stack.pop()[1] if stack and stack[-1][0] == column else 0
        if self._is_led or (self._label >= 0 and not is_label):
            costs[line], kinds[line] = HEADED, _LINE
        elif is_introduced:
            costs[line], kinds[line] = INTRODUCED, _LINE
        else:
            rank = 2 * len(stack) + (mark != 0 and mark == before and mark != _DOT)
            costs[line] = _BLOCK_COSTS[rank] if rank < _MOST_RANKS else _BLOCK_COSTS[-1]
            kinds[line] = _NESTED
        stack.append((column, mark))
        if not is_label:
            self._label, self._is_led = -1, False
        elif self._label < 0:
            self._label = line

    def _around(self, column: int) -> int:
        """The mark of the block that one at a column is in, 0 for none."""
        return next((mark for known, mark in reversed(self._stack) if known < column), 0)

    def _mark(self, line: int) -> int:
        """The character that a line at the left edge has nothing else but, 0 where it has others."""
        text = self._text
        if not text.marks[line] or text.data[text.inks[line]] not in _MARKS:
            return 0
        row = text.text(line)
        return row[0] if row.count(row[:1]) == len(row) else 0

    def _title(self, line: int) -> tuple[int, bool]:
        """Enter a title that begins at a line; the line after it, and whether there is one."""
        text = self._text
        mark = self._mark(line) if text.marks[line] else 0
        own = under = line + 1
        if mark:
            under += 1
            if under >= self._count or text.is_blank(own) or self._mark(under) != mark:
                return own, False
        else:
            own = line
            if text.columns[line] or not text.marks[under]:
                return under, False
        row = text.text(under)
        if own == line:
            mark = row[0]
            if mark not in _MARKS or row.count(row[:1]) != len(row):
                return under, False
        if self._is_plain or len(row) < _SHORTEST:
            is_long = len(row) < len(text.text(own).decode("utf-8", "replace"))
            if is_long or (self._is_plain and (mark not in USUAL or self._mark(own))):
                return line + 1, False
        key = mark, own != line
        level = self._levels.setdefault(key, len(self._levels))
        costs, first = self.out.costs, line
        if self._label >= 0:
            costs[line] = CONTINUED
            first = self._label
        self.out.heading(first, level, is_led=self._is_led)
        costs[own if own != line else under] = costs[under] = CLOSING
        self._stack.clear()
        self._label, self._is_led = -1, True
        return under + 1, True

    def _block(self, line: int, *, is_first: bool) -> int:
        """Enter the block that begins at a line; the line to go on with."""
        text, out = self._text, self.out
        column, row = text.columns[line], text.head(line)
        first = row[0] if row else 0
        mark = item_mark(row)
        is_explicit = first == _DOT and row.startswith(b"..") and (len(row) == 2 or row[2] == _SPACE)
        is_label = is_explicit and not column and self._is_label(line, row)
        is_literal = is_announced = False
        if text.announced[line]:
            last = self._last(line)
            above = text.head(last)
            if not is_first and text.columns[last] < column and not self._is_led:
                is_literal = above.endswith(b"::") and self._around(column) != _DOT
            is_announced = above.endswith(b":") and self._is_announced(last, column, mark, row)
        self._begin(
            line, column, _DOT if is_explicit else mark, is_label=is_label, is_introduced=is_literal or is_announced
        )
        if is_label:
            return line + 1
        if is_literal:
            # It goes on as long as lines are further to the right than what announces it.
            stop = self._end(line, text.columns[last])
            out.verbatim(line, stop, is_closed=False)
            return stop
        if is_explicit:
            return self._explicit(line, row, column)
        if first == _PLUS and GRID.match(row):
            return enter_grid(text, out, line, self._count)
        if first == _EQUALS and BORDER.match(row):
            return enter_simple(text, out, line, self._count)
        return line + 1

    def _within(self, line: int, mark: int) -> int:
        """Enter an item or explicit markup right below one with a mark; the line to go on with."""
        first = self._text.data[self._text.inks[line]]
        if first == mark or (mark == DIGIT and first in b"(#123456789"):
            row = self._text.head(line)
            if item_mark(row) == mark or (mark == _DOT and row.startswith(b".. ")):
                return self._block(line, is_first=False)
        return line + 1

    def _last(self, line: int) -> int:
        """The line before one that is not blank, -1 for none."""
        line -= 1
        while line >= self._first and self._text.is_blank(line):
            line -= 1
        return line

    def _is_announced(self, last: int, column: int, mark: int, row: bytes) -> bool:
        """Whether a block is no paragraph beside the line that is right before it, which ends with a colon."""
        is_other = mark or row.startswith((b".. ", b">>>", b"+-", b"==", b"| "))
        return bool(is_other) or column > self._text.columns[last]

    def _is_label(self, line: int, row: bytes) -> bool:
        """Whether a line names or marks what follows, and is all of its block: a label, or a comment."""
        if _DIRECTIVE.match(row) and not LABEL.match(row):
            return False
        following = self._text.inked[line + 1]
        return following == self._count or self._text.columns[following] == 0

    def _end(self, line: int, column: int) -> int:
        """The first line after one that is not further to the right than a column; blank ones right before aside."""
        columns, inked = self._text.columns, self._text.inked
        last = line
        line = inked[line + 1]
        while line < self._count and columns[line] > column:
            last = line
            line = inked[line + 1]
        return last + 1

    def _explicit(self, line: int, row: bytes, column: int) -> int:
        """Enter a directive, a comment or the like."""
        directive = _DIRECTIVE.match(row)
        name = directive[1].lower() if directive is not None else b""
        if directive is None or name in _VERBATIM:
            stop = self._end(line, column)
            self.out.verbatim(line, stop, is_closed=False)
            return stop
        text, costs, kinds = self._text, self.out.costs, self.out.kinds
        if documents_object(row):
            kinds[line] = _SECTION
            if costs[line] < INTRODUCED:
                costs[line] -= _LESS
        after = line + 1
        while after < self._count and not text.is_blank(after) and text.columns[after] > column:
            costs[after] = CONTINUED
            after += 1
        following = text.inked[after]
        self._is_led = following < self._count and text.columns[following] > column
        return after
