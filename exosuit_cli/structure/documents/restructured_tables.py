"""The rows of the tables of reStructuredText: those with lines drawn around cells, and those between equals signs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import CLOSING, CONTINUED
from exosuit_cli.structure.documents.prose_costs import ROW

if TYPE_CHECKING:
    from exosuit_cli.structure.documents.prose_costs import DocumentCosts
    from exosuit_cli.structure.documents.text_lines import TextLines

GRID: Final = re.compile(rb"\+[-=+]+\+\Z")
"""The first line of a table with lines drawn around its cells."""
BORDER: Final = re.compile(rb"=+(?:[ \t]+=+)+\Z")
"""The first line of a table between lines of equals signs."""
_PLUS, _EQUALS = b"+="
_LINE: Final = int(Boundary.LINE)


def enter_grid(text: TextLines, out: DocumentCosts, line: int, stop: int) -> int:
    """Enter a table with lines drawn around its cells: a row begins below such a line.

    `stop` is the line after the last one of the text. Returns the line after the table.
    """
    costs = out.costs
    first, is_below = line, False
    while line < stop and not text.is_blank(line):
        is_line = text.data[text.inks[line]] == _PLUS
        if line > first:
            costs[line] = ROW if is_below and not is_line and line > first + 1 else CONTINUED
        is_below = is_line
        line += 1
    return line


def enter_simple(text: TextLines, out: DocumentCosts, line: int, stop: int) -> int:
    """Enter a table between lines of equals signs: a row begins where a line has its first column.

    `stop` is the line after the last one of the text. Returns the line after the table.
    """
    costs, kinds, column = out.costs, out.kinds, text.columns[line]
    borders, first, after = 1, line, line + 1
    while after < stop and borders < 3:
        if not text.is_blank(after):
            if text.columns[after] < column:
                break
            costs[after] = ROW if text.columns[after] == column and after > first + 1 else CONTINUED
            kinds[after] = _LINE
            if text.data[text.inks[after]] == _EQUALS and BORDER.match(text.head(after)):
                costs[after] = CLOSING
                borders += 1
                if after + 1 == stop or text.is_blank(after + 1):
                    return after + 1
        after += 1
    return after
