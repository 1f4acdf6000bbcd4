"""What a cut before each line of a reStructuredText costs, by its blocks: titles, directives, literal blocks, tables.

What belongs to a block is indented further than it; only lines are looked at that follow a blank one or begin with
punctuation. Source: the reStructuredText Markup Specification of docutils.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import CLOSING, CONTINUED
from exosuit_cli.structure.document_costs import HEADED, INTRODUCED, ROW, DocumentCosts, block_cost
from exosuit_cli.structure.headings import LABEL, USUAL

if TYPE_CHECKING:
    from exosuit_cli.structure.text_lines import TextLines

TAB: Final = 8
_MARKS: Final = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
PLAIN: Final = ~np.isin(np.arange(256), list(_MARKS + b"0123456789"))
"""bool[256]: the bytes that begin nothing but text, where no blank line is before."""
_DIRECTIVE: Final = re.compile(rb"\.\. (?:\|[^|]*\| )?([\w.:+-]+?) ?::(?:\s|\Z)")
_VERBATIM: Final = frozenset(
    b"code code-block sourcecode parsed-literal math raw literalinclude highlight graphviz digraph graph doctest"
    b" testcode testoutput testsetup productionlist prompt ipython plot csv-table toctree autosummary kernel-doc"
    b" kernel-render mermaid uml plantuml jupyter-execute command-output".split()
)
"""Directives with a body that is no prose."""
_FIELD: Final = re.compile(rb":[^:\s](?:[^:\\]|\\.|:(?!\s))*:(?:\s|\Z)")
_BULLET: Final = re.compile(rb"[-*+](?:\s|\Z)")
_NUMBER: Final = re.compile(rb"(?:\(?(?:\d+|#)\)|(?:\d+|#)\.)(?:\s|\Z)")
_BORDER: Final = re.compile(rb"=+(?:[ \t]+=+)+\Z")
_GRID: Final = re.compile(rb"\+[-=+]+\+\Z")
_DOT, _COLON, _DIGIT, _PLUS, _EQUALS, _SPACE = b".:0+= "
_SHORTEST: Final = 4
"""A line of punctuation may be shorter than its title from this length on."""
_LINE: Final = int(Boundary.LINE)
_NESTED: Final = int(Boundary.NESTED)
_LONGEST: Final = 1000
"""Bytes of a line that are looked at."""


def restructured_costs(text: TextLines) -> tuple[bytearray, bytearray]:
    """The costs of the lines of a text, and their kinds."""
    return _Restructured(text).run()


def underlined_costs(text: TextLines) -> tuple[bytearray, bytearray]:
    """Those of a plain text: a line below a title is at least as long as it, and of a mark that is usual for that."""
    return _Restructured(text, is_plain=True).run()


class _Restructured:
    def __init__(self, text: TextLines, *, is_plain: bool = False) -> None:
        self._text = text
        self._is_plain = is_plain
        self._count = len(text)
        self._out = DocumentCosts(text)
        self._levels: dict[tuple[int, bool], int] = {}
        """Of titles, by the mark of their line and whether they have one above."""
        self._stack: list[tuple[int, int]] = []
        """The column of each open block, and the mark of an item, `.` for explicit markup, 0 for others."""
        self._label = -1
        """The first line of the labels right before."""
        self._is_led = False
        """A title, or the head of a directive, is right before."""

    def run(self) -> tuple[bytearray, bytearray]:
        text, count, stack = self._text, self._count, self._stack
        after_blank, plain, marks, announced = text.after_blank, text.plain, text.marks, text.announced
        columns, inked, visited = text.columns, text.inked, text.visited
        costs, kinds = self._out.costs, self._out.kinds
        line = inked[0]
        is_first = False
        while line < count:
            if is_first or after_blank[line]:
                if plain[line] and not marks[line + 1] and not is_first and not announced[line]:
                    # A paragraph, as most blocks are: what `_block` does with it.
                    column = columns[line]
                    while stack and stack[-1][0] > column:
                        stack.pop()
                    if stack and stack[-1][0] == column:
                        stack.pop()
                    if self._is_led or self._label >= 0:
                        costs[line] = HEADED
                        self._label, self._is_led = -1, False
                    else:
                        costs[line] = block_cost(2 * len(stack))
                        kinds[line] = _NESTED
                    stack.append((column, 0))
                    line = visited[line + 1]
                    continue
                stop, is_title = self._title(line) if marks[line] or marks[line + 1] else (line, False)
                if not is_title:
                    stop = self._block(line, is_first=is_first)
                is_first = is_title
            else:
                column = columns[line]
                for known, mark in reversed(stack):
                    if known <= column:
                        stop = self._within(line, mark) if mark and known == column else line + 1
                        break
                else:
                    stop = line + 1
                is_first = False
            line = inked[stop] if is_first else visited[stop]
        return costs, kinds

    def _row(self, line: int) -> bytes:
        text = self._text
        return text.data[text.inks[line] : text.starts[line + 1]].rstrip()[:_LONGEST]

    def _mark(self, line: int) -> int:
        """The character that a line at the left edge has nothing else but, 0 where it has others."""
        text = self._text
        if not text.marks[line] or text.data[text.inks[line]] not in _MARKS:
            return 0
        row = text.text(line)
        return row[0] if row.count(row[:1]) == len(row) else 0

    def _title(self, line: int) -> tuple[int, bool]:
        """Enter a title that begins at a line; the line after it, and whether there is one."""
        mark, text = self._mark(line), self._text
        if mark:
            if line + 2 >= self._count or text.is_blank(line + 1) or self._mark(line + 2) != mark:
                return line + 1, False
            own, under, is_overlined = line + 1, line + 2, True
        else:
            mark = self._mark(line + 1)
            if not mark or text.columns[line]:
                return line + 1, False
            own, under, is_overlined = line, line + 1, False
        size = len(text.text(under))
        is_exact = size < _SHORTEST or self._is_plain
        if is_exact and size < len(text.text(own).decode("utf-8", "replace")):
            return line + 1, False
        if self._is_plain and (mark not in USUAL or self._mark(own)):
            return line + 1, False
        level = self._levels.setdefault((mark, is_overlined), len(self._levels))
        first = line
        if self._label >= 0:
            self._out.costs[line] = CONTINUED
            first = self._label
        self._out.heading(first, level, is_led=self._is_led)
        for after in range(line + 1, under + 1):
            self._out.costs[after] = CLOSING
        self._stack.clear()
        self._label, self._is_led = -1, True
        return under + 1, True

    def _block(self, line: int, *, is_first: bool) -> int:
        """Enter the block that begins at a line; the line to go on with."""
        text, out, stack = self._text, self._out, self._stack
        column, row = text.columns[line], self._row(line)
        while stack and stack[-1][0] > column:
            stack.pop()
        is_sibling = bool(stack) and stack[-1][0] == column
        before = stack.pop()[1] if is_sibling else 0
        mark = self._item_mark(row)
        is_explicit = row.startswith(b"..") and (len(row) == 2 or row[2] == _SPACE)
        is_label = is_explicit and not stack and not column and self._is_label(line, row)
        is_literal = is_announced = False
        if text.announced[line]:
            last = self._last(line)
            above = self._row(last)
            if not is_first and text.columns[last] < column and not self._is_led:
                is_literal = above.endswith(b"::") and not (stack and stack[-1][1] == _DOT)
            is_announced = above.endswith(b":") and self._is_announced(last, column, mark, row)
        if self._is_led or (self._label >= 0 and not is_label):
            out.costs[line], out.kinds[line] = HEADED, _LINE
        elif is_literal or is_announced:
            out.costs[line], out.kinds[line] = INTRODUCED, _LINE
        else:
            out.costs[line] = block_cost(2 * len(stack) + (mark != 0 and mark == before))
            out.kinds[line] = _NESTED
        stack.append((column, _DOT if is_explicit else mark))
        if is_label:
            self._label = line if self._label < 0 else self._label
            return line + 1
        self._label, self._is_led = -1, False
        if is_literal:
            # It goes on as long as lines are further to the right than what announces it.
            stop = self._end(line, text.columns[last])
            out.verbatim(line, stop, is_closed=False)
            return stop
        if is_explicit:
            return self._explicit(line, row, column)
        if row.startswith(b"+") and _GRID.match(row):
            return self._grid(line)
        if row.startswith(b"=") and _BORDER.match(row):
            return self._simple(line, column)
        return line + 1

    def _within(self, line: int, mark: int) -> int:
        """Enter an item or explicit markup right below one with a mark; the line to go on with."""
        row = self._row(line)
        if self._item_mark(row) == mark or (mark == _DOT and row.startswith(b".. ")):
            return self._block(line, is_first=False)
        return line + 1

    @staticmethod
    def _item_mark(row: bytes) -> int:
        first = row[0] if row else 0
        if first in b"-*+":
            return first if _BULLET.match(row) else 0
        if first == _COLON:
            return first if _FIELD.match(row) else 0
        return _DIGIT if first in b"(#0123456789" and _NUMBER.match(row) else 0

    def _last(self, line: int) -> int:
        """The line before one that is not blank, -1 for none."""
        line -= 1
        while line >= 0 and self._text.is_blank(line):
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
            self._out.verbatim(line, stop, is_closed=False)
            return stop
        text = self._text
        after = line + 1
        while after < self._count and not text.is_blank(after) and text.columns[after] > column:
            self._out.costs[after] = CONTINUED
            after += 1
        following = text.inked[after]
        self._is_led = following < self._count and text.columns[following] > column
        return after

    def _grid(self, line: int) -> int:
        """Enter a table with lines drawn around its cells: a row begins below such a line."""
        text, costs = self._text, self._out.costs
        first, is_below = line, False
        while line < self._count and not text.is_blank(line):
            is_line = text.data[text.inks[line]] == _PLUS
            if line > first:
                costs[line] = ROW if is_below and not is_line and line > first + 1 else CONTINUED
            is_below = is_line
            line += 1
        return line

    def _simple(self, line: int, column: int) -> int:
        """Enter a table between lines of equals signs: a row begins where a line has its first column."""
        text, costs = self._text, self._out.costs
        borders, first, after = 1, line, line + 1
        while after < self._count and borders < 3:
            if not text.is_blank(after):
                if text.columns[after] < column:
                    break
                costs[after] = ROW if text.columns[after] == column and after > first + 1 else CONTINUED
                if text.data[text.inks[after]] == _EQUALS and _BORDER.match(self._row(after)):
                    costs[after] = CLOSING
                    borders += 1
                    if after + 1 == self._count or text.is_blank(after + 1):
                        return after + 1
            after += 1
        return after
