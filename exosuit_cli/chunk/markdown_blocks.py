"""The blocks of a Markdown text: where each begins, what it is in, and where what is no prose ends.

The method is that of CommonMark 0.31.2 (appendix "A parsing strategy"), with the tables of GitHub's Markdown and front
matter. Of a paragraph only the lines are looked at that could end it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from exosuit_cli.chunk.markdown_patterns import (
    ATX,
    BLANKS,
    BREAK,
    DELIMITER,
    FENCE,
    HTML,
    HTML_ENDS,
    INTERRUPTS,
    ITEM,
    LINK,
    LONE_TAG,
    SETEXT,
    TEXT,
    cells,
    closing_fence,
)
from exosuit_cli.chunk.text_lines import column_after

if TYPE_CHECKING:
    from re import Pattern

    from exosuit_cli.chunk.text_lines import TextLines

TAB: Final = 4
"""Columns of a tab in Markdown."""
_DEEPEST: Final = 30
"""Containers within each other; what would be deeper is text."""
_QUOTE: Final = -1
_LONGEST_ROW: Final = 10_000
"""Bytes of a line that are looked at for cells or for markers."""
PLAIN: Final = np.isin(np.arange(256), list(TEXT))
"""bool[256]: the bytes that begin no block but a paragraph."""


class BlockKind(IntEnum):
    """What a block is."""

    PARAGRAPH = 0
    HEADING = 1
    FENCE = 2
    CODE = 3
    HTML = 4
    TABLE = 5
    BREAK = 6
    QUOTE = 7
    LIST = 8
    """The first item of a list, and so the list."""
    ITEM = 9
    """Any other item."""
    FRONT_MATTER = 10


class Block(NamedTuple):
    """A block: its first line, the line after its last, and the number of quotations and items around it.

    `stop` is known of fences, code, HTML, tables, headings and front matter; else it is 0. `level` is that of a
    heading, 1 to 6.
    """

    kind: BlockKind
    first: int
    stop: int
    depth: int
    level: int = 0


def markdown_blocks(text: TextLines) -> list[Block]:
    """The blocks of a text in order; those that begin on one line from the outermost on.

    Time: linear in the text.
    """
    return _Parser(text).run()


class _Parser:
    def __init__(self, text: TextLines) -> None:
        self._data, self._starts, self._inks, self._columns = text.data, text.starts, text.inks, text.columns
        self._text = text
        self._count = len(text)
        self._blocks: list[Block] = []
        self._widths: list[int] = []
        """Of the containers: the columns between where an item's parent and its own content begin; `_QUOTE`."""
        self._contents: list[int] = []
        """The column where the content of each container begins, as its first line has it."""
        self._quotes = 0
        self._lists = [0]
        """By depth: the mark of the list that is open there, 0 for none."""
        self._paragraph = -1
        """The first line of the paragraph that is open, -1 for none."""

    def run(self) -> list[Block]:
        count, inked, visited = self._count, self._text.inked, self._text.visited
        is_after_blank = self._text.after_blank
        line = inked[self._front_matter()]
        empty = -1
        while line < count:
            if is_after_blank[line]:
                self._paragraph = -1
                if self._quotes:
                    self._leave(self._widths.index(_QUOTE))
                if empty >= 0 and self._widths:
                    # An item has no more than one blank line before what is in it.
                    self._leave(len(self._widths) - 1)
            empty = -1
            stop = self._line(line)
            if stop < 0:
                empty, stop = line, line + 1
            line = inked[stop] if self._paragraph < 0 else visited[stop]
        return self._blocks

    def _front_matter(self) -> int:
        """The line after what is between two lines of dashes at the start: YAML, or of pluses: TOML."""
        if not self._count or self._data[:3] not in (b"---", b"+++"):
            return 0
        mark = self._data[: self._starts[1]].rstrip()
        if len(mark) != 3 or self._text.inked[1] != 1:
            return 0
        for line in range(2, self._count):
            if self._data[self._starts[line] : self._starts[line] + 3] == mark and self._text.text(line) == mark:
                self._blocks.append(Block(BlockKind.FRONT_MATTER, 0, line + 1, 0))
                return line + 1
        return 0

    def _leave(self, depth: int) -> None:
        """End the containers beyond some."""
        if depth < len(self._widths):
            if self._quotes:
                self._quotes -= self._widths[depth:].count(_QUOTE)
            del self._widths[depth:], self._contents[depth:], self._lists[depth + 1 :]

    def _begin(self, kind: BlockKind, line: int, depth: int, stop: int = 0, level: int = 0) -> None:
        """Note a block that is in `depth` containers, after leaving the others."""
        if depth < len(self._widths):
            self._leave(depth)
        self._lists[depth] = 0
        self._paragraph = -1
        self._blocks.append(Block(kind, line, stop, depth, level))

    def _skip(self, at: int, column: int, end: int) -> tuple[int, int]:
        """The next byte that is no blank, from `at` on, and its column."""
        found = BLANKS.match(self._data, at, end)
        after = found.end() if found else at
        return after, column_after(self._data, at, after, column, TAB)

    def _match(self, line: int) -> tuple[int, int, int, int]:
        """How many of the containers go on in a line, the byte and the column of what they hold, and its first column.

        A line without anything in a quotation has its end as that byte.
        """
        at, column = self._inks[line], self._columns[line]
        if not self._quotes:
            contents = self._contents
            depth = len(contents)
            while depth and contents[depth - 1] > column:
                depth -= 1
            return depth, at, column, contents[depth - 1] if depth else 0
        data, end = self._data, self._starts[line + 1]
        base = 0
        for depth, width in enumerate(self._widths):
            is_blank = at >= end or data[at] in b"\r\n"
            if width == _QUOTE:
                if is_blank or data[at] != ord(">") or column - base >= TAB:
                    return depth, at, column, base
                at, column, base = self._within_quote(at, column, end)
            elif is_blank:
                continue
            elif column - base >= width:
                base += width
            else:
                return depth, at, column, base
        return len(self._widths), at, column, base

    def _within_quote(self, at: int, column: int, end: int) -> tuple[int, int, int]:
        """The byte and the column of what follows `>`, and the first column of what the quotation holds."""
        base = column + 1
        after, column = self._skip(at + 1, base, end)
        return after, column, base + (after > at + 1)

    def _line(self, line: int) -> int:
        """Enter what begins on a line; the line to go on with, -1 for the next one after an item without anything."""
        data, end = self._data, self._starts[line + 1]
        depth, at, column, base = self._match(line)
        is_inner = depth == len(self._widths)
        """All containers go on."""
        while True:
            is_open = self._paragraph >= 0
            byte = data[at] if at < end else 10
            if byte in b"\r\n":
                # Nothing in a quotation.
                self._paragraph = -1
                if _QUOTE in self._widths[depth:]:
                    self._leave(depth + self._widths[depth:].index(_QUOTE))
                return line + 1
            if column - base >= TAB:
                if is_open:
                    return line + 1
                self._begin(BlockKind.CODE, line, depth)
                return self._end_code(line)
            if byte in TEXT:
                break
            if byte == ord(">") and len(self._widths) < _DEEPEST:
                self._begin(BlockKind.QUOTE, line, depth)
                at, column, base = self._within_quote(at, column, end)
                self._enter(_QUOTE, base)
                depth, is_inner = depth + 1, True
                continue
            row = data[at : min(end, at + _LONGEST_ROW)]
            if is_open and is_inner and byte in b"=-" and SETEXT.match(row):
                first = self._after_links(line)
                if first == line:
                    return line + 1
                while self._blocks[-1].kind != BlockKind.PARAGRAPH:
                    self._blocks.pop()
                self._blocks.pop()
                self._begin(BlockKind.HEADING, first, depth, line + 1, 1 if byte == ord("=") else 2)
                return line + 1
            if byte in b"-*_" and BREAK.match(row):
                self._begin(BlockKind.BREAK, line, depth)
                return line + 1
            marker = ITEM.match(row) if byte in b"-+*0123456789" and len(self._widths) < _DEEPEST else None
            if marker is not None:
                size = marker.end()
                after, inner = self._skip(at + size, column + size, end)
                is_empty = after >= end or data[after] in b"\r\n"
                interrupts = is_open and is_inner
                if not (interrupts and (is_empty or (marker[1] is not None and int(marker[1]) != 1))):
                    mark = row[size - 1]
                    known = self._lists[depth] if depth < len(self._lists) else 0
                    self._begin(BlockKind.ITEM if known == mark else BlockKind.LIST, line, depth)
                    self._lists[depth] = mark
                    spaces = inner - column - size
                    content = column + size + (1 if is_empty or spaces > TAB else spaces)
                    self._enter(content - base, content)
                    if is_empty:
                        return -1
                    depth, is_inner = depth + 1, True
                    at, column, base = after, inner, content
                    continue
            stop = self._leaf(line, at, row, depth, is_inner=is_inner)
            if stop:
                return stop
            break
        if self._paragraph < 0:
            self._begin(BlockKind.PARAGRAPH, line, depth)
            self._paragraph = line
        return line + 1

    def _after_links(self, line: int) -> int:
        """The first line of the open paragraph up to `line` that defines no link."""
        first = self._paragraph
        while first < line and LINK.match(self._text.text(first)):
            first += 1
        return first

    def _enter(self, width: int, content: int) -> None:
        self._widths.append(width)
        self._contents.append(content)
        self._lists.append(0)
        self._quotes += width == _QUOTE

    def _leaf(self, line: int, at: int, row: bytes, depth: int, *, is_inner: bool) -> int:
        """Enter a heading, fence, table or HTML that begins with `row`; the line after it, 0 where none does."""
        byte = row[0]
        if byte == ord("#"):
            heading = ATX.match(row)
            if heading is not None:
                self._begin(BlockKind.HEADING, line, depth, line + 1, len(heading[1]))
                return line + 1
        elif byte in b"`~":
            fence = FENCE.match(row)
            if fence is not None:
                self._begin(BlockKind.FENCE, line, depth)
                return self._end_at(line + 1, closing_fence(fence[0]), is_mark=True)
        elif byte == ord("<"):
            return self._html(line, at, row, depth)
        elif byte in b"|:-" and self._paragraph >= 0 and is_inner and line:
            return self._table(line, row, depth)
        return 0

    def _html(self, line: int, at: int, row: bytes, depth: int) -> int:
        found = HTML.match(row)
        if found is None:
            if self._paragraph >= 0 or not LONE_TAG.match(row):
                return 0
            ends = None
        else:
            ends = HTML_ENDS[found.lastindex or 0]
        self._begin(BlockKind.HTML, line, depth)
        if ends is None:
            return self._end_at_blank(line + 1)
        if ends.search(self._data, at, self._starts[line + 1]):
            return self._ended(line + 1)
        return self._end_at(line + 1, ends, is_mark=False)

    def _ended(self, stop: int) -> int:
        """Note where the last block ends, without blank lines at its end."""
        last = self._blocks[-1]
        while stop > last.first + 1 and self._text.inked[stop - 1] != stop - 1:
            stop -= 1
        self._blocks[-1] = last._replace(stop=stop)
        return stop

    def _goes_on(self, line: int) -> tuple[int, int]:
        """The byte and column, from where it begins, of what a line has of the last block; -1 where that has ended."""
        if self._text.inked[line] != line:
            return (-1, 0) if self._quotes else (self._inks[line], 0)
        depth, at, column, base = self._match(line)
        return (at, column - base) if depth == len(self._widths) else (-1, 0)

    def _end_at(self, line: int, ends: Pattern[bytes], *, is_mark: bool) -> int:
        """The end of a block that goes on to a line with `ends`, else to the end of what it is in.

        With `is_mark`, that begins the line, less than four columns to the right.
        """
        first = self._blocks[-1].first
        data, starts = self._data, self._starts
        while line < self._count:
            at, column = self._goes_on(line)
            if at < 0:
                break
            if is_mark:
                found = column < TAB and ends.match(data, at, starts[line + 1])
            else:
                found = ends.search(data, at, starts[line + 1])
            line += 1
            if found:
                self._blocks[-1] = self._blocks[-1]._replace(stop=line)
                return line
        self._ended(max(line, first + 1))
        return line

    def _end_at_blank(self, line: int) -> int:
        while line < self._count:
            at, _ = self._goes_on(line)
            if at < 0 or self._data[at : at + 1] in (b"\n", b"\r", b""):
                break
            line += 1
        return self._ended(line)

    def _end_code(self, line: int) -> int:
        line += 1
        while line < self._count:
            at, column = self._goes_on(line)
            if at < 0 or (column < TAB and self._data[at : at + 1] not in (b"\n", b"\r", b"")):
                break
            line += 1
        self._ended(line)
        return line

    def _table(self, line: int, row: bytes, depth: int) -> int:
        """Enter a table whose second line is `row`, if it is one: what is right above has as many cells."""
        delimiter = DELIMITER.match(row.rstrip())
        if delimiter is None or (b"|" not in row and b":" not in row):
            return 0
        above_depth, above, column, base = self._match(line - 1)
        is_lazy = line - 1 > self._paragraph and (above_depth < depth or column - base >= TAB)
        header = self._data[above : min(self._starts[line], above + _LONGEST_ROW)]
        if is_lazy or b"|" not in header or cells(header) != cells(row):
            return 0
        if self._paragraph == line - 1:
            self._blocks.pop()
        self._begin(BlockKind.TABLE, line - 1, depth)
        line += 1
        while line < self._count and self._text.inked[line] == line:
            at, column = self._goes_on(line)
            if at < 0 or column >= TAB or self._data[at] in b"\r\n":
                break
            row = self._data[at : min(self._starts[line + 1], at + _LONGEST_ROW)]
            if INTERRUPTS.match(row) or ITEM.match(row) or (row[0] == ord("<") and HTML.match(row)):
                break
            line += 1
        return self._ended(line)
