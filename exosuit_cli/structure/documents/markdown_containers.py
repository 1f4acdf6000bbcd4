"""The quotations and items that a line of Markdown goes on with, and the blocks found so far."""

from __future__ import annotations

from bisect import bisect_right
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.structure.documents.markdown_patterns import BLANKS, TAB
from exosuit_cli.structure.documents.prose_lines import column_after

if TYPE_CHECKING:
    from re import Pattern

    from exosuit_cli.structure.documents.markdown_part_lines import PartLines

IN_QUOTE: Final = -1
"""The width of a quotation among those of items."""


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
    """A block: the number of its kind, its first line, the line after its last, and the quotations and items around it.

    `stop` is known of fences, code, HTML, tables, headings and front matter; else it is 0. `level` is that of a
    heading, 1 to 6.
    """

    kind: int
    first: int
    stop: int
    depth: int
    level: int = 0


_block: Final = partial(tuple.__new__, Block)
"""A block from its five values, without a call of Python's."""


class Containers:
    """The containers that are open in a part of a text, and the blocks that began in them."""

    def __init__(self, text: PartLines) -> None:
        self.data, self.starts, self.inks, self.columns = text.data, text.starts, text.inks, text.columns
        self.text = text
        self.count = 0
        """The line after the last of the part."""
        self.blocks: list[Block] = []
        self.widths: list[int] = []
        """Of the containers: the columns between where an item's parent and its own content begin; `IN_QUOTE`."""
        self.contents: list[int] = []
        """The column where the content of each container begins, as its first line has it."""
        self.quotes = 0
        self.lists = [0]
        """By depth: the mark of the list that is open there, 0 for none."""
        self.paragraph = -1
        """The first line of the paragraph that is open, -1 for none."""

    def leave(self, depth: int) -> None:
        """End the containers beyond some."""
        if depth < len(self.widths):
            if self.quotes:
                self.quotes -= self.widths[depth:].count(IN_QUOTE)
            del self.widths[depth:], self.contents[depth:], self.lists[depth + 1 :]

    def begin(self, kind: int, line: int, depth: int, stop: int = 0, level: int = 0) -> None:
        """Note a block that is in `depth` containers, after leaving the others."""
        if depth < len(self.widths):
            self.leave(depth)
        self.lists[depth] = 0
        self.paragraph = -1
        self.blocks.append(_block((kind, line, stop, depth, level)))

    def skip(self, at: int, column: int, end: int) -> tuple[int, int]:
        """The next byte that is no blank, from `at` on, and its column."""
        found = BLANKS.match(self.data, at, end)
        after = found.end() if found else at
        return after, column_after(self.data, at, after, column, TAB)

    def match(self, line: int) -> tuple[int, int, int, int]:
        """How many of the containers go on in a line, the byte and the column of what they hold, and its first column.

        A line without anything in a quotation has its end as that byte.
        """
        at, column = self.inks[line], self.columns[line]
        if not self.quotes:
            contents = self.contents
            depth = len(contents)
            while depth and contents[depth - 1] > column:
                depth -= 1
            return depth, at, column, contents[depth - 1] if depth else 0
        data, end = self.data, self.starts[line + 1]
        base = 0
        for depth, width in enumerate(self.widths):
            is_blank = at >= end or data[at] in b"\r\n"
            if width == IN_QUOTE:
                if is_blank or data[at] != ord(">") or column - base >= TAB:
                    return depth, at, column, base
                at, column, base = self.within_quote(at, column, end)
            elif is_blank:
                continue
            elif column - base >= width:
                base += width
            else:
                return depth, at, column, base
        return len(self.widths), at, column, base

    def within_quote(self, at: int, column: int, end: int) -> tuple[int, int, int]:
        """The byte and the column of what follows `>`, and the first column of what the quotation holds."""
        base = column + 1
        after, column = self.skip(at + 1, base, end)
        return after, column, base + (after > at + 1)

    def enter(self, width: int, content: int) -> None:
        self.widths.append(width)
        self.contents.append(content)
        self.lists.append(0)
        self.quotes += width == IN_QUOTE

    def ended(self, stop: int) -> int:
        """Note where the last block ends, without blank lines at its end."""
        last = self.blocks[-1]
        while stop > last.first + 1 and self.text.inked[stop - 1] != stop - 1:
            stop -= 1
        self.blocks[-1] = last._replace(stop=stop)
        return stop

    def goes_on(self, line: int) -> tuple[int, int]:
        """The byte and column, from where it begins, of what a line has of the last block; -1 where that has ended."""
        if self.text.inked[line] != line:
            return (-1, 0) if self.quotes else (self.inks[line], 0)
        depth, at, column, base = self.match(line)
        return (at, column - base) if depth == len(self.widths) else (-1, 0)

    def end_at(self, line: int, ends: Pattern[bytes], mark: bytes = b"") -> int:
        """The end of a block that goes on to a line with `ends`, else to the end of what it is in.

        With the `mark` of a fence, that begins the line, less than four columns to the right.
        """
        first = self.blocks[-1].first
        data, starts = self.data, self.starts
        if not self.widths and line < self.count:
            closer = (
                self._closing_line(line, ends, mark) if mark else ends.search(data, starts[line], starts[self.count])
            )
            if closer:
                line = closer if isinstance(closer, int) else bisect_right(starts, closer.start(), line, self.count)
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

    def _closing_line(self, line: int, ends: Pattern[bytes], mark: bytes) -> int:
        """The line after the next one that closes a fence outside all containers, 0 for none."""
        data, starts = self.data, self.starts
        at = data.find(mark, starts[line], starts[self.count])
        while at >= 0:
            line = bisect_right(starts, at, line, self.count)
            if self.inks[line - 1] == at and self.columns[line - 1] < TAB and ends.match(data, at, starts[line]):
                return line
            at = data.find(mark, starts[line], starts[self.count])
        return 0

    def end_at_blank(self, line: int) -> int:
        """The end of HTML that goes on to a blank line."""
        while line < self.count:
            at, _ = self.goes_on(line)
            if at < 0 or self.data[at : at + 1] in (b"\n", b"\r", b""):
                break
            line += 1
        return self.ended(line)

    def end_code(self, line: int) -> int:
        """The end of code that begins at a line and is known by its columns."""
        line += 1
        while line < self.count:
            at, column = self.goes_on(line)
            if at < 0 or (column < TAB and self.data[at : at + 1] not in (b"\n", b"\r", b"")):
                break
            line += 1
        self.ended(line)
        return line
