"""What a cut before each line of a reStructuredText costs, by its blocks: titles, directives, literal blocks, tables.

What belongs to a block is indented further than it; only lines are looked at that follow a blank one or begin with
punctuation. Source: the reStructuredText Markup Specification of docutils.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.chunk.costs import CLOSING, CONTINUED
from exosuit_cli.chunk.document_costs import HEADED, INTRODUCED, LABEL, ROW, DocumentCosts
from exosuit_cli.chunk.records import Boundary

if TYPE_CHECKING:
    from exosuit_cli.chunk.text_lines import TextLines

TAB: Final = 8
_MARKS: Final = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
PLAIN: Final = ~np.isin(np.arange(256), list(_MARKS + b"0123456789"))
"""bool[256]: the bytes that begin nothing but text, where no blank line is before."""
_IS_MARK: Final = bytes(byte in _MARKS for byte in range(256))
_BEGINS_ITEM: Final = bytes(byte in b"-*+:(#0123456789." for byte in range(256))
"""What an item or explicit markup begins with."""
_IS_SPECIAL: Final = bytes(byte in b"-*+:(#0123456789.>=|" for byte in range(256))
"""What any block but a paragraph begins with."""
_MAY_ANNOUNCE: Final = bytes(byte <= 0x20 or byte == ord(":") for byte in range(256))
_LINE: Final = int(Boundary.LINE)
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
_SHORTEST: Final = 4
"""A line of punctuation may be shorter than its title from this length on."""
_LONGEST: Final = 1000
"""Bytes of a line that are looked at."""


def restructured_costs(text: TextLines) -> tuple[bytearray, bytearray]:
    """The costs of the lines of a text, and their kinds."""
    return _Restructured(text).run()


class _Restructured:
    def __init__(self, text: TextLines) -> None:
        self._text = text
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
        text, after_blank, firsts = self._text, self._text.after_blank, self._text.firsts
        line = text.inked[0]
        is_first = False
        while line < self._count:
            if after_blank[line] or is_first:
                is_title = False
                if _IS_MARK[firsts[line]] or _IS_MARK[firsts[line + 1]]:
                    stop, is_title = self._title(line)
                if not is_title:
                    stop = self._block(line, is_first=is_first)
                is_first = is_title
            else:
                stop, is_first = self._within(line) if _BEGINS_ITEM[firsts[line]] else line + 1, False
            line = text.inked[stop] if is_first else text.visited[stop]
        return self._out.costs, self._out.kinds

    def _row(self, line: int) -> bytes:
        return self._text.text(line)[:_LONGEST]

    def _mark(self, line: int) -> int:
        """The character that a line at the left edge has nothing else but, 0 where it has others."""
        text = self._text
        if line >= self._count or not _IS_MARK[text.firsts[line]] or text.columns[line]:
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
        if size < _SHORTEST and size < len(text.text(own).decode("utf-8", "replace")):
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
        column = text.columns[line]
        row = self._row(line) if _IS_SPECIAL[text.firsts[line]] else b""
        while stack and stack[-1][0] > column:
            stack.pop()
        is_sibling = bool(stack) and stack[-1][0] == column
        before = stack.pop()[1] if is_sibling else 0
        mark, is_explicit = 0, False
        if row:
            mark = self._item_mark(row)
            is_explicit = row.startswith(b".. ") or row == b".."
        out.block(line, 2 * len(stack) + (mark != 0 and mark == before))
        is_label = is_explicit and not stack and not column and self._is_label(line, row)
        last, inked = line - 1, text.inked
        while last >= 0 and inked[last] != last:
            last -= 1
        is_literal = False
        if not is_first and last >= 0 and text.columns[last] < column and not self._is_led:
            is_literal = self._row(last).endswith(b"::") and not (stack and stack[-1][1] == ord("."))
        if self._is_led or (self._label >= 0 and not is_label):
            out.costs[line], out.kinds[line] = HEADED, _LINE
        elif is_literal or (last >= 0 and self._may_announce(last) and self._is_announced(last, column, mark, row)):
            out.costs[line], out.kinds[line] = INTRODUCED, _LINE
        stack.append((column, ord(".") if is_explicit else mark))
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
        if row and _GRID.match(row):
            return self._grid(line)
        if row and _BORDER.match(row):
            return self._simple(line, column)
        return line + 1

    def _within(self, line: int) -> int:
        """Enter an item or explicit markup that follows another without a blank line; the line to go on with."""
        stack, column = self._stack, self._text.columns[line]
        for known, mark in reversed(stack):
            if known <= column:
                if known == column and mark:
                    row = self._row(line)
                    if self._item_mark(row) == mark or (mark == ord(".") and row.startswith(b".. ")):
                        return self._block(line, is_first=False)
                break
        return line + 1

    @staticmethod
    def _item_mark(row: bytes) -> int:
        if _BULLET.match(row):
            return row[0]
        if _FIELD.match(row):
            return ord(":")
        return ord("0") if _NUMBER.match(row) else 0

    def _may_announce(self, line: int) -> bool:
        """Whether a line may end with a colon, its end or what is looked at of it."""
        text = self._text
        return bool(_MAY_ANNOUNCE[text.lasts[line]]) or text.starts[line + 1] - text.inks[line] > _LONGEST

    def _is_announced(self, last: int, column: int, mark: int, row: bytes) -> bool:
        """Whether the line before a block ends with a colon, and the block is no paragraph beside it."""
        if not self._row(last).endswith(b":"):
            return False
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
            is_line = text.data[text.inks[line]] == ord("+")
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
                if _BORDER.match(self._row(after)):
                    costs[after] = CLOSING
                    borders += 1
                    if after + 1 == self._count or text.is_blank(after + 1):
                        return after + 1
            after += 1
        return after
