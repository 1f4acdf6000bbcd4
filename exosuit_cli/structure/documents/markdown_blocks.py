"""The blocks of parts of a Markdown text, read line by line: where each begins, what it is in, and where it ends.

The method is that of CommonMark 0.31.2 (appendix "A parsing strategy"), with the tables of GitHub's Markdown.
Of a paragraph only the lines are looked at that could end it.
"""

from __future__ import annotations

from typing import Final

from exosuit_cli.structure.documents.markdown_containers import IN_QUOTE, BlockKind, Containers
from exosuit_cli.structure.documents.markdown_lines import TEXT
from exosuit_cli.structure.documents.markdown_patterns import (
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
    LONGEST_ROW,
    SETEXT,
    TAB,
    cells,
    closing_fence,
)

_DEEPEST: Final = 30
"""Containers within each other; what would be deeper is text."""
_NEWLINE, _GREATER, _HASH = b"\n>#"
_ENDS: Final = b"\r\n"
_BLANK_BYTES: Final = frozenset([b" ", b"\t", b"\r", b"\n", b""])
_PARAGRAPH: Final = int(BlockKind.PARAGRAPH)
_HEADING: Final = int(BlockKind.HEADING)
_FENCE: Final = int(BlockKind.FENCE)
_CODE: Final = int(BlockKind.CODE)
_HTML: Final = int(BlockKind.HTML)
_TABLE: Final = int(BlockKind.TABLE)
_BREAK: Final = int(BlockKind.BREAK)
_QUOTE: Final = int(BlockKind.QUOTE)
_LIST: Final = int(BlockKind.LIST)
_ITEM: Final = int(BlockKind.ITEM)


class MarkdownParser(Containers):
    """Finds the blocks of parts of texts that begin in nothing else, line by line. Time: linear in the parts."""

    def read(self, first: int, stop: int, mark: int) -> int:
        """Enter the blocks of the lines from one up to another; those that begin on one line from the outermost on.

        `mark` is that of the list that a first item would go on with, 0 for none; the same of what follows comes back.
        """
        self.leave(0)
        self.count, self.paragraph, self.lists[0] = stop, -1, mark
        inked, visited = self.text.inked, self.text.visited
        is_after_blank = self.text.after_blank
        line = inked[first]
        empty = -1
        while line < stop:
            if is_after_blank[line]:
                self.paragraph = -1
                if self.quotes:
                    self.leave(self.widths.index(IN_QUOTE))
                if empty >= 0 and self.widths:
                    # An item has no more than one blank line before what is in it.
                    self.leave(len(self.widths) - 1)
            empty = -1
            following = 0 if self.quotes else self._common(line)
            if not following:
                following = self._line(line)
                if following < 0:
                    empty, following = line, line + 1
            line = inked[following] if self.paragraph < 0 else visited[following]
        return self.lists[0]

    def _common(self, line: int) -> int:
        """Enter a line of a paragraph, a heading or an item with words, as most are; the line after it, 0 for others.

        Nothing is in a quotation.
        """
        data, at, column, contents = self.data, self.inks[line], self.columns[line], self.contents
        depth = len(contents)
        while depth and contents[depth - 1] > column:
            depth -= 1
        base = contents[depth - 1] if depth else 0
        if column - base >= TAB:
            return 0
        byte = data[at]
        if self.text.plain[line]:
            if self.paragraph < 0:
                self.begin(_PARAGRAPH, line, depth)
                self.paragraph = line
            return line + 1
        if byte == _HASH:
            heading = ATX.match(data, at, self.starts[line + 1])
            if heading is not None:
                self.begin(_HEADING, line, depth, line + 1, heading.end(1) - at)
                return line + 1
            return 0
        mark = self.text.marks[line]
        if mark:
            if len(contents) >= _DEEPEST:
                return 0
            if self.paragraph >= 0 and depth == len(contents) and not self.text.begins[line]:
                return line + 1
            size = self.text.contents[line]
            self.begin(_ITEM if self.lists[depth] == mark else _LIST, line, depth)
            self.lists[depth] = mark
            self.enter(column + size - base, column + size)
            self.begin(_PARAGRAPH, line, depth + 1)
            self.paragraph = line
            return line + 1
        return 0

    def _line(self, line: int) -> int:
        """Enter what begins on a line; the line to go on with, -1 for the next one after an item without anything."""
        data, end = self.data, self.starts[line + 1]
        depth, at, column, base = self.match(line)
        is_inner = depth == len(self.widths)
        """All containers go on."""
        while True:
            is_open = self.paragraph >= 0
            byte = data[at] if at < end else _NEWLINE
            if byte in _ENDS:
                # Nothing in a quotation.
                self.paragraph = -1
                if IN_QUOTE in self.widths[depth:]:
                    self.leave(depth + self.widths[depth:].index(IN_QUOTE))
                return line + 1
            if column - base >= TAB:
                if is_open:
                    return line + 1
                self.begin(_CODE, line, depth)
                return self.end_code(line)
            if byte in TEXT:
                break
            if byte == _GREATER and len(self.widths) < _DEEPEST:
                self.begin(_QUOTE, line, depth)
                at, column, base = self.within_quote(at, column, end)
                self.enter(IN_QUOTE, base)
                depth, is_inner = depth + 1, True
                continue
            far = end if end - at < LONGEST_ROW else at + LONGEST_ROW
            if is_open and is_inner and byte in b"=-" and SETEXT.match(data, at, far):
                first = self._after_links(line)
                if first == line:
                    return line + 1
                while self.blocks[-1].kind != _PARAGRAPH:
                    self.blocks.pop()
                self.blocks.pop()
                self.begin(_HEADING, first, depth, line + 1, 1 if byte == ord("=") else 2)
                return line + 1
            if byte in b"-*_" and BREAK.match(data, at, far):
                self.begin(_BREAK, line, depth)
                return line + 1
            is_marker = byte in b"-+*0123456789" and len(self.widths) < _DEEPEST
            marker = ITEM.match(data, at, far) if is_marker else None
            if marker is not None:
                after = marker.end()
                size = after - at
                if data[after : after + 1] == b" " and data[after + 1 : after + 2] not in _BLANK_BYTES:
                    after, inner = after + 1, column + size + 1
                else:
                    after, inner = self.skip(after, column + size, end)
                is_empty = after >= end or data[after] in _ENDS
                interrupts = is_open and is_inner
                if not (interrupts and (is_empty or (marker[1] is not None and int(marker[1]) != 1))):
                    mark = data[at + size - 1]
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
            stop = self._leaf(line, at, data[at:far], depth, is_inner=is_inner)
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
                return self.end_at(line + 1, closing_fence(fence[0]), fence[0])
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
            return self.end_at_blank(line + 1)
        if ends.search(self.data, at, self.starts[line + 1]):
            return self.ended(line + 1)
        return self.end_at(line + 1, ends)

    def _table(self, line: int, row: bytes, depth: int) -> int:
        """Enter a table whose second line is `row`, if it is one: what is right above has as many cells."""
        delimiter = DELIMITER.match(row.rstrip())
        if delimiter is None or (b"|" not in row and b":" not in row):
            return 0
        above_depth, above, column, base = self.match(line - 1)
        is_lazy = line - 1 > self.paragraph and (above_depth < depth or column - base >= TAB)
        header = self.data[above : min(self.starts[line], above + LONGEST_ROW)]
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
            row = self.data[at : min(self.starts[line + 1], at + LONGEST_ROW)]
            if INTERRUPTS.match(row) or ITEM.match(row) or (row[0] == ord("<") and HTML.match(row)):
                break
            line += 1
        return self.ended(line)
