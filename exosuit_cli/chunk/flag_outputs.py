"""What the cells of a notebook printed: the parts of its text that are their outputs, as nbformat writes them."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

NOTEBOOK: Final = "Jupyter Notebook"
_OPENS: Final = re.compile(rb'^([ \t]*)"outputs": ?\[[ \t]*\r?\n', re.MULTILINE)
_USUAL_INDENT: Final = b"   "
"""What nbformat has before the members of a cell."""


class Outputs:
    """The lists of outputs in a text, each on lines of its own. Time: linear in the text.

    `goes_on`: the text is the rest of one that begins within such a list.
    """

    def __init__(self, text: bytes, *, goes_on: bool = False) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        at = self._enter(text, 0, 0, _USUAL_INDENT) if goes_on else 0
        while (found := _OPENS.search(text, at)) is not None:
            at = self._enter(text, found.start(), found.end() - 1, found[1])

    def _enter(self, text: bytes, start: int, at: int, indent: bytes) -> int:
        """Enter a list that begins at `start`; its end. Within a text of JSON no line begins."""
        closer = text.find(b"\n" + indent + b"]", at)
        end = text.find(b"\n", closer + 1) + 1 if closer >= 0 else 0
        self._starts.append(start)
        self._ends.append(end or len(text))
        return self._ends[-1]

    def hold(self, start: int, end: int) -> bool:
        """Whether the bytes from `start` up to `end` are outputs and nothing else."""
        place = bisect_right(self._starts, start) - 1
        return place >= 0 and end <= self._ends[place]
