"""The blocks of a Markdown text: where each begins, what it is in, and where what is no prose ends.

The method is that of CommonMark 0.31.2 (appendix "A parsing strategy"), with the tables of GitHub's Markdown and front
matter. Of a paragraph only the lines are looked at that could end it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.chunk.markdown_containers import IN_QUOTE, TAB, Block, BlockKind, Containers
from exosuit_cli.chunk.markdown_patterns import (
    ATX,
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
    WORDS,
    cells,
    closing_fence,
    closing_fence_line,
)

if TYPE_CHECKING:
    from re import Pattern

    from exosuit_cli.chunk.text_lines import TextLines

_DEEPEST: Final = 30
"""Containers within each other; what would be deeper is text."""
_LONGEST_ROW: Final = 10_000
"""Bytes of a line that are looked at for cells or for markers."""
PLAIN: Final = np.isin(np.arange(256), list(TEXT))
"""bool[256]: the bytes that begin no block but a paragraph."""
_PARAGRAPH: Final = BlockKind.PARAGRAPH
_HEADING: Final = BlockKind.HEADING
_FENCE: Final = BlockKind.FENCE
_CODE: Final = BlockKind.CODE
_HTML: Final = BlockKind.HTML
_TABLE: Final = BlockKind.TABLE
_BREAK: Final = BlockKind.BREAK
_QUOTE: Final = BlockKind.QUOTE
_LIST: Final = BlockKind.LIST
_ITEM: Final = BlockKind.ITEM
_FRONT_MATTER: Final = BlockKind.FRONT_MATTER


def markdown_blocks(text: TextLines) -> list[Block]:
    """The blocks of a text in order; those that begin on one line from the outermost on.

    Time: linear in the text.
    """
    return _Parser(text).run()


class _Parser(Containers):
    def run(self) -> list[Block]:
        count, inked, visited = self.count, self.text.inked, self.text.visited
        is_after_blank = self.text.after_blank
        line = inked[self._front_matter()]
        empty = -1
        while line < count:
            if is_after_blank[line]:
                self.paragraph = -1
                if self.quotes:
                    self.leave(self.widths.index(IN_QUOTE))
                if empty >= 0 and self.widths:
                    # An item has no more than one blank line before what is in it.
                    self.leave(len(self.widths) - 1)
            empty = -1
            stop = self._line(line)
            if stop < 0:
                empty, stop = line, line + 1
            line = inked[stop] if self.paragraph < 0 else visited[stop]
        return self.blocks

    def _front_matter(self) -> int:
        """The line after what is between two lines of dashes at the start: YAML, or of pluses: TOML."""
        if not self.count or self.data[:3] not in (b"---", b"+++"):
            return 0
        mark = self.data[: self.starts[1]].rstrip()
        if len(mark) != 3 or self.text.inked[1] != 1:
            return 0
        for line in range(2, self.count):
            if self.data[self.starts[line] : self.starts[line] + 3] == mark and self.text.text(line) == mark:
                self.blocks.append(Block(_FRONT_MATTER, 0, line + 1, 0))
                return line + 1
        return 0

    def _line(self, line: int) -> int:
        """Enter what begins on a line; the line to go on with, -1 for the next one after an item without anything."""
        data, end = self.data, self.starts[line + 1]
        depth, at, column, base = self.match(line)
        is_inner = depth == len(self.widths)
        """All containers go on."""
        if not self.quotes and column - base < TAB:
            byte = data[at]
            if byte in TEXT:
                if self.paragraph < 0:
                    self.begin(_PARAGRAPH, line, depth)
                    self.paragraph = line
                return line + 1
            is_bullet = byte in b"-*+" and at + 2 < end and data[at + 1] == ord(" ") and data[at + 2] in WORDS
            if is_bullet and len(self.widths) < _DEEPEST:
                known = self.lists[depth]
                self.begin(_ITEM if known == byte else _LIST, line, depth)
                self.lists[depth] = byte
                self.enter(column + 2 - base, column + 2)
                self.blocks.append(Block(_PARAGRAPH, line, 0, depth + 1))
                self.paragraph = line
                return line + 1
        while True:
            is_open = self.paragraph >= 0
            byte = data[at] if at < end else 10
            if byte in b"\r\n":
                # Nothing in a quotation.
                self.paragraph = -1
                if IN_QUOTE in self.widths[depth:]:
                    self.leave(depth + self.widths[depth:].index(IN_QUOTE))
                return line + 1
            if column - base >= TAB:
                if is_open:
                    return line + 1
                self.begin(_CODE, line, depth)
                return self._end_code(line)
            if byte in TEXT:
                break
            if byte == ord(">") and len(self.widths) < _DEEPEST:
                self.begin(_QUOTE, line, depth)
                at, column, base = self.within_quote(at, column, end)
                self.enter(IN_QUOTE, base)
                depth, is_inner = depth + 1, True
                continue
            row = data[at : min(end, at + _LONGEST_ROW)]
            if is_open and is_inner and byte in b"=-" and SETEXT.match(row):
                first = self._after_links(line)
                if first == line:
                    return line + 1
                while self.blocks[-1].kind != _PARAGRAPH:
                    self.blocks.pop()
                self.blocks.pop()
                self.begin(_HEADING, first, depth, line + 1, 1 if byte == ord("=") else 2)
                return line + 1
            if byte in b"-*_" and BREAK.match(row):
                self.begin(_BREAK, line, depth)
                return line + 1
            marker = ITEM.match(row) if byte in b"-+*0123456789" and len(self.widths) < _DEEPEST else None
            if marker is not None:
                size = marker.end()
                after, inner = self.skip(at + size, column + size, end)
                is_empty = after >= end or data[after] in b"\r\n"
                interrupts = is_open and is_inner
                if not (interrupts and (is_empty or (marker[1] is not None and int(marker[1]) != 1))):
                    mark = row[size - 1]
                    known = self.lists[depth] if depth < len(self.lists) else 0
                    self.begin(_ITEM if known == mark else _LIST, line, depth)
                    self.lists[depth] = mark
                    spaces = inner - column - size
                    content = column + size + (1 if is_empty or spaces > TAB else spaces)
                    self.enter(content - base, content)
                    if is_empty:
                        return -1
                    depth, is_inner = depth + 1, True
                    at, column, base = after, inner, content
                    continue
            stop = self._leaf(line, at, row, depth, is_inner=is_inner)
            if stop:
                return stop
            break
        if self.paragraph < 0:
            self.begin(_PARAGRAPH, line, depth)
            self.paragraph = line
        return line + 1

    def _after_links(self, line: int) -> int:
        """The first line of the open paragraph up to `line` that defines no link."""
        first = self.paragraph
        while first < line and LINK.match(self.text.text(first)):
            first += 1
        return first

    def _leaf(self, line: int, at: int, row: bytes, depth: int, *, is_inner: bool) -> int:
        """Enter a heading, fence, table or HTML that begins with `row`; the line after it, 0 where none does."""
        byte = row[0]
        if byte == ord("#"):
            heading = ATX.match(row)
            if heading is not None:
                self.begin(_HEADING, line, depth, line + 1, len(heading[1]))
                return line + 1
        elif byte in b"`~":
            fence = FENCE.match(row)
            if fence is not None:
                self.begin(_FENCE, line, depth)
                return self._end_at(line + 1, closing_fence(fence[0]), fence[0])
        elif byte == ord("<"):
            return self._html(line, at, row, depth)
        elif byte in b"|:-" and self.paragraph >= 0 and is_inner and line:
            return self._table(line, row, depth)
        return 0

    def _html(self, line: int, at: int, row: bytes, depth: int) -> int:
        found = HTML.match(row)
        if found is None:
            if self.paragraph >= 0 or not LONE_TAG.match(row):
                return 0
            ends = None
        else:
            ends = HTML_ENDS[found.lastindex or 0]
        self.begin(_HTML, line, depth)
        if ends is None:
            return self._end_at_blank(line + 1)
        if ends.search(self.data, at, self.starts[line + 1]):
            return self.ended(line + 1)
        return self._end_at(line + 1, ends)

    def _end_at(self, line: int, ends: Pattern[bytes], mark: bytes = b"") -> int:
        """The end of a block that goes on to a line with `ends`, else to the end of what it is in.

        With the `mark` of a fence, that begins the line, less than four columns to the right.
        """
        first = self.blocks[-1].first
        data, starts = self.data, self.starts
        if not self.widths and line < self.count:
            closer = (closing_fence_line(mark) if mark else ends).search(data, starts[line])
            if closer:
                line = bisect_right(starts, closer.start(), line, self.count)
                self.blocks[-1] = self.blocks[-1]._replace(stop=line)
                return line
            line = self.count
        while line < self.count:
            at, column = self.goes_on(line)
            if at < 0:
                break
            if mark:
                found = column < TAB and ends.match(data, at, starts[line + 1])
            else:
                found = ends.search(data, at, starts[line + 1])
            line += 1
            if found:
                self.blocks[-1] = self.blocks[-1]._replace(stop=line)
                return line
        self.ended(max(line, first + 1))
        return line

    def _end_at_blank(self, line: int) -> int:
        while line < self.count:
            at, _ = self.goes_on(line)
            if at < 0 or self.data[at : at + 1] in (b"\n", b"\r", b""):
                break
            line += 1
        return self.ended(line)

    def _end_code(self, line: int) -> int:
        line += 1
        while line < self.count:
            at, column = self.goes_on(line)
            if at < 0 or (column < TAB and self.data[at : at + 1] not in (b"\n", b"\r", b"")):
                break
            line += 1
        self.ended(line)
        return line

    def _table(self, line: int, row: bytes, depth: int) -> int:
        """Enter a table whose second line is `row`, if it is one: what is right above has as many cells."""
        delimiter = DELIMITER.match(row.rstrip())
        if delimiter is None or (b"|" not in row and b":" not in row):
            return 0
        above_depth, above, column, base = self.match(line - 1)
        is_lazy = line - 1 > self.paragraph and (above_depth < depth or column - base >= TAB)
        header = self.data[above : min(self.starts[line], above + _LONGEST_ROW)]
        if is_lazy or b"|" not in header or cells(header) != cells(row):
            return 0
        if self.paragraph == line - 1:
            self.blocks.pop()
        self.begin(_TABLE, line - 1, depth)
        line += 1
        while line < self.count and self.text.inked[line] == line:
            at, column = self.goes_on(line)
            if at < 0 or column >= TAB or self.data[at] in b"\r\n":
                break
            row = self.data[at : min(self.starts[line + 1], at + _LONGEST_ROW)]
            if INTERRUPTS.match(row) or ITEM.match(row) or (row[0] == ord("<") and HTML.match(row)):
                break
            line += 1
        return self.ended(line)
