r"""What a cut before each line of LaTeX costs: by its headings, its environments and its paragraphs.

Packages and classes, which have neither a document nor a heading, stay as they are as lines of code; so does what is
before `\begin{document}`. Source: the LaTeX2e reference manual.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import ATTACHED, BLANK, CLOSING, CONTINUED
from exosuit_cli.structure.documents.marked_headings import LATEX_LEVELS, heading_end
from exosuit_cli.structure.documents.prose_costs import BLOCK, HEADED, INTRODUCED, PROSE, VERBATIM

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab

_MARK: Final = re.compile(
    rb"\\(?:(?P<turn>begin|end)[ \t]*\{(?P<name>[\w*@-]{1,60})\}|(?P<verb>verb|lstinline)\*?(?P<mark>[^\w\s*{\[])"
    rb"|(?P<level>part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)(?=\*?[ \t]*[\[{])|[\\%{}])|%"
)
_VERBATIM: Final = frozenset(
    b"verbatim verbatim* Verbatim BVerbatim LVerbatim lstlisting minted alltt comment"
    b" filecontents filecontents*".split()
)
_LEADING: Final = re.compile(rb"\\(?:label|index|addcontentsline|markboth|markright|thispagestyle|chaptermark)\b")
_PACKAGE: Final = re.compile(rb"^[ \t]*\\(?:ProvidesPackage|ProvidesClass|ProvidesExpl|NeedsTeXFormat)", re.MULTILINE)
_ITEM: Final = re.compile(rb"\\(?:bib)?item\b")
_PERCENT: Final = ord("%")
_BYTE: Final = np.uint64(0xFF)
_DEEPEST: Final = 10
_STEP: Final = 8
_WITHIN: Final = 4
"""What a line of a paragraph costs more for each environment that it is in."""
_LATER: Final = 10


def enter_latex(
    slab: Slab,
    lines: LineColumns,
    positions: npt.NDArray[np.int64],
    costs: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
) -> None:
    """Put in the costs and kinds of the lines of some texts of a slab; what they are as lines of code is in there.

    Time: linear in the texts.
    """
    for position in positions.tolist():
        first, stop = lines.files[position : position + 2].tolist()
        offset, size = int(slab.offsets[position]), int(slab.lengths[position])
        data = bytes(slab.data.data[offset : offset + size])
        starts = (lines.starts[first : stop + 1] - offset).tolist()
        inks = (lines.inks[first:stop] - offset).tolist()
        own = slice(first, stop)
        found = _Latex(data, starts, inks, lines.heads[own])
        if found.begin < 0:
            continue
        inner = slice(first + found.begin, stop)
        before = costs[first : first + found.begin]
        before[:] = np.where(before < ATTACHED, np.minimum(before.astype(int) + BLOCK, ATTACHED - 1), before)
        own_costs, own_kinds = found.run()
        costs[inner], kinds[inner] = own_costs[found.begin :], own_kinds[found.begin :]


class _Latex:
    """The marks of one text, by line; `begin` is the first line of what is no preamble, -1 where there is none."""

    def __init__(self, data: bytes, starts: list[int], inks: list[int], heads: npt.NDArray[np.uint64]) -> None:
        self._data = data
        self._starts = starts
        self._inks = inks
        self._heads = heads
        self._is_blank = (heads == 0).tolist()
        self._steps = np.zeros(len(inks) + 1, np.int64)
        """By line, the environments that begin there, less those that end."""
        self._turns: dict[int, bool] = {}
        """The lines that an environment begins (True) or ends with."""
        self._headings: dict[int, tuple[int, int]] = {}
        """The level of the heading that begins on a line, and the line after it."""
        self._verbatim: list[tuple[int, int]] = []
        """First lines of what is not read, and the line that ends it."""
        self.begin = -1
        self._read()

    def _read(self) -> None:
        data, search = self._data, _MARK.search
        open_names: list[bytes] = []
        missing: set[bytes] = set()
        is_document = False
        found = search(data)
        while found is not None:
            at, end = found.start(), found.end()
            if data[at] == _PERCENT:  # a comment
                end = data.find(b"\n", end)
                end = len(data) if end < 0 else end
            elif found["verb"] is not None:
                stop = data.find(b"\n", end)
                closer = data.find(found["mark"], end, stop if stop >= 0 else len(data))
                end = closer + 1 if closer >= 0 else end
            elif found["level"] is not None:
                line = self._line_of(at)
                if self._inks[line] == at:
                    last = self._line_of(max(heading_end(data, end) - 1, at))
                    self._headings[line] = (LATEX_LEVELS[found["level"]], last + 1)
                    self.begin = line if self.begin < 0 else self.begin
            elif found["turn"] is not None:
                line, name = self._line_of(at), found["name"]
                if name == b"document":
                    if found["turn"] == b"begin":
                        self.begin = line
                        self._headings.clear()
                        is_document = True
                elif found["turn"] == b"begin":
                    if self._inks[line] == at:
                        self._turns[line] = True
                    if name in _VERBATIM and name not in missing:
                        closer = data.find(b"\\end{" + name + b"}", end)
                        if closer < 0:
                            missing.add(name)
                        else:
                            end = closer + len(name) + 6
                            last = self._line_of(closer)
                            self._verbatim.append((line + 1, last))
                            self._turns.setdefault(last, False)
                    else:
                        open_names.append(name)
                        self._steps[line + 1] += 1
                elif name in open_names[-_DEEPEST:]:
                    if self._inks[line] == at:
                        self._turns[line] = False
                    while open_names.pop() != name:
                        self._steps[line + 1] -= 1
                    self._steps[line + 1] -= 1
            found = search(data, end)
        if not is_document and _PACKAGE.search(data) is not None:
            self.begin = -1

    def run(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """The costs of the lines of the text, and their kinds."""
        data, inks = self._data, self._inks
        count = len(inks)
        depths = np.minimum(np.cumsum(self._steps)[:count], _DEEPEST)
        blank = self._heads == 0
        after_blank = np.append(True, blank[:-1])
        costs = np.where(after_blank, BLOCK + _STEP * depths, PROSE + _WITHIN * depths)
        kinds = np.where(after_blank, Boundary.NESTED, Boundary.LINE)
        is_percent = (self._heads & _BYTE) == _PERCENT
        after_comment = np.append(False, is_percent[:-1]) & ~after_blank
        costs[after_comment & ~is_percent] = ATTACHED
        costs[is_percent & ~after_blank] = PROSE - 1
        costs[is_percent & after_comment] = ATTACHED
        for line, begins in self._turns.items():
            if not begins:
                costs[line], kinds[line] = CLOSING, Boundary.LINE
                continue
            if not after_blank[line] and not after_comment[line]:
                costs[line] = INTRODUCED + _WITHIN * int(depths[line])
            following = self._inked(line + 1)
            if following < count and following not in self._turns:
                costs[following], kinds[following] = CONTINUED, Boundary.LINE
        is_item = [line for line in np.flatnonzero(depths).tolist() if _ITEM.match(data, inks[line])]
        for line in is_item:
            if costs[line] < CONTINUED:
                costs[line], kinds[line] = BLOCK + _STEP * int(depths[line]) - 2, Boundary.NESTED
        for first, stop in self._verbatim:
            within = slice(first + 1, stop)
            costs[first:stop] = CONTINUED
            costs[within] = VERBATIM + np.where(after_blank[within], _LATER, 2 * _LATER)
            kinds[first:stop] = Boundary.LINE
        costs[blank], kinds[blank] = BLANK, Boundary.LINE
        for line, (level, stop) in self._headings.items():
            self._enter_heading(costs, kinds, is_percent, line, level, stop)
        return costs.astype(np.uint8), kinds.astype(np.uint8)

    def _enter_heading(
        self,
        costs: npt.NDArray[np.int64],
        kinds: npt.NDArray[np.int64],
        is_percent: npt.NDArray[np.bool_],
        line: int,
        level: int,
        stop: int,
    ) -> None:
        """A heading with the comments right above it, and what follows up to the first line of its text."""
        is_led = costs[line] == HEADED
        first = line
        while first and is_percent[first - 1]:
            first -= 1
        if first < line:
            costs[first : line + 1], kinds[first : line + 1] = ATTACHED, Boundary.LINE
            kinds[first] = Boundary.NESTED
        costs[first] = HEADED + level if is_led else 4 * level
        kinds[line] = Boundary.SECTION
        costs[line + 1 : stop] = CLOSING
        following = self._inked(stop)
        while following < len(self._inks) and _LEADING.match(self._data, self._inks[following]):
            costs[following], kinds[following] = CLOSING, Boundary.LINE
            following = self._inked(following + 1)
        if following < len(self._inks):
            costs[following], kinds[following] = HEADED, Boundary.LINE

    def _inked(self, line: int) -> int:
        """The first line from one on that is not blank."""
        while line < len(self._is_blank) and self._is_blank[line]:
            line += 1
        return line

    def _line_of(self, place: int) -> int:
        """The line that holds a byte."""
        return min(bisect_right(self._starts, place), len(self._inks)) - 1
