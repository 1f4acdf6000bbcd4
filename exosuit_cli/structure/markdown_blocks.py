"""The blocks of a Markdown text: where each begins, what it is in, and where what is no prose ends.

The method is that of CommonMark 0.31.2 (appendix "A parsing strategy"), with the tables of GitHub's Markdown and front
matter. Of a paragraph only the lines are looked at that could end it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.structure.markdown_containers import IN_QUOTE, TAB, Block, BlockKind, Containers
from exosuit_cli.structure.markdown_patterns import (
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
    cells,
    closing_fence,
)

if TYPE_CHECKING:
    from exosuit_cli.structure.text_lines import TextLines

_DEEPEST: Final = 30
"""Containers within each other; what would be deeper is text."""
_LONGEST_ROW: Final = 10_000
"""Bytes of a line that are looked at for cells or for markers."""
PLAIN: Final = np.isin(np.arange(256), list(TEXT))
"""bool[256]: the bytes that begin no block but a paragraph."""
_NEWLINE, _GREATER, _HASH = b"\n>#"
_WORDS: Final = frozenset(bytes([byte]) for byte in TEXT - frozenset(b" \t\r\n"))
"""The first bytes of words."""
_ENDS: Final = b"\r\n"
_BLANK_BYTES: Final = frozenset([b" ", b"\t", b"\r", b"\n", b""])
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
            stop = 0 if self.quotes else self._common(line)
            if stop:
                line = inked[stop] if self.paragraph < 0 else visited[stop]
                continue
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

    def _common(self, line: int) -> int:
        """Enter a line of a paragraph, a heading or a bullet with words, as most are; the line after it, 0 for others.

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
        elif byte in b"-+*" and data[at + 1 : at + 2] == b" " and data[at + 2 : at + 3] in _WORDS:
            if len(contents) >= _DEEPEST:
                return 0
            self.begin(_ITEM if self.lists[depth] == byte else _LIST, line, depth)
            self.lists[depth] = byte
            self.enter(column + 2 - base, column + 2)
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
            far = end if end - at < _LONGEST_ROW else at + _LONGEST_ROW
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
