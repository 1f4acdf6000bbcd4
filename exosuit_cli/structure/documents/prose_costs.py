"""What a cut before a line of prose costs, on the scale of `costs`, and what all kinds of prose have in common.

0 to 44      a heading: 4 * level, the outermost 0
BLOCK        and up: a paragraph, a list, a table; the more, the deeper it is in others
INTRODUCED   what the paragraph right before announces, as by a colon
PROSE        within a paragraph
ROW          within a table
VERBATIM     and up: within code, HTML or the like
HEADED       and up: what follows a heading, which is never left alone; a heading after a heading adds its level
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import BLANK, CLOSING, CONTINUED

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.structure.documents.text_lines import TextLines

_DEEPEST_HEADING: Final = 11
OBJECT_LEVEL: Final = _DEEPEST_HEADING + 1
"""The level of an object that a directive at the left edge documents, below all headings; its column is added."""
BLOCK: Final = 48
_DEEPEST_BLOCK: Final = 132
_MOST_RANKS: Final = (_DEEPEST_BLOCK - BLOCK) // 4
INTRODUCED: Final = 156
PROSE: Final = 160
ROW: Final = 168
VERBATIM: Final = 172
HEADED: Final = CONTINUED
_LINE: Final = int(Boundary.LINE)
_NESTED: Final = int(Boundary.NESTED)
_SECTION: Final = int(Boundary.SECTION)
_NOT_AFTER_BLANK: Final = 10
_WIDEST: Final = 16
_OF_LOOKS: Final = bytes([PROSE, BLANK, BLOCK]) + bytes(253)
_KINDS_OF_LOOKS: Final = bytes([_LINE, _LINE, _NESTED]) + bytes(253)
"""By `TextLines.looks`."""
_AS_VERBATIM: Final = bytes(
    BLANK if edge & 127 == 127 else VERBATIM + (min(edge & 127, _WIDEST) >> 1) + (0 if edge & 128 else _NOT_AFTER_BLANK)
    for edge in range(256)
)
"""By `TextLines.edges`, for a line of code, HTML or the like."""


def heading_level(cost: int) -> int:
    """The level of a heading by the cost of its line, the outermost 0."""
    return cost - HEADED if cost >= HEADED else cost >> 2


def block_cost(rank: int) -> int:
    """The cost of a line that begins a block whose place among others is `rank`."""
    return BLOCK + 4 * rank if rank < _MOST_RANKS else _DEEPEST_BLOCK


def verbatim_costs(
    columns: npt.NDArray[np.int64], inked: npt.NDArray[np.bool_], after_blank: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8]:
    """The costs of lines of code, HTML or the like: best cut after a blank line, and far to the left."""
    found = VERBATIM + (np.minimum(columns, _WIDEST) >> 1) + np.where(after_blank, 0, _NOT_AFTER_BLANK)
    return np.where(inked, found, BLANK).astype(np.uint8)


class DocumentCosts:
    """The costs and kinds of the lines of one text, entered block by block."""

    def __init__(self, text: TextLines) -> None:
        self._edges = text.edges
        self.costs = bytearray(text.looks.translate(_OF_LOOKS))
        self.kinds = bytearray(text.looks.translate(_KINDS_OF_LOOKS))

    def heading(self, line: int, level: int, *, is_led: bool) -> None:
        """A heading of a level from 0 on; `is_led` where a heading is right before it."""
        level = min(level, _DEEPEST_HEADING)
        self.costs[line] = HEADED + level if is_led else 4 * level
        self.kinds[line] = _SECTION

    def verbatim(self, first: int, stop: int, *, is_closed: bool) -> None:
        """The lines of a block that begins at `first`: best cut after a blank line, and far to the left."""
        if stop > first + 1:
            self.costs[first + 1 : stop] = self._edges[first + 1 : stop].translate(_AS_VERBATIM)
            self.costs[first + 1] = CONTINUED
            if is_closed:
                self.costs[stop - 1] = CLOSING
