"""What is no prose in Markdown and is in nothing else: front matter, fences, HTML. No other rule looks within.

Only lines are looked at that could begin or end such a region.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from exosuit_cli.structure.documents.markdown_containers import BlockKind
from exosuit_cli.structure.documents.markdown_lines import Look
from exosuit_cli.structure.documents.markdown_patterns import (
    FENCE,
    HTML,
    HTML_ENDS,
    LONE_TAG,
    LONGEST_ROW,
    TAB,
    closing_fence,
)
from exosuit_cli.structure.documents.prose_lines import HEAD, following, latest, leading

if TYPE_CHECKING:
    from re import Pattern

    import numpy.typing as npt

    from exosuit_cli.structure.documents.markdown_lines import Looks
    from exosuit_cli.structure.documents.prose_lines import DocumentLines

_FENCE, _HTML, _FRONT_MATTER = map(int, (BlockKind.FENCE, BlockKind.HTML, BlockKind.FRONT_MATTER))
_THREE: Final = np.uint64(0xFFFFFF)
_BACKTICKS, _TILDES, _DASHES, _PLUSES = (
    np.uint64(int.from_bytes(3 * mark, "little")) for mark in (b"`", b"~", b"-", b"+")
)
_LESS, _NEWLINE = b"<\n"
_TEXT: Final = int(Look.TEXT)
_MOST_SHIFT: Final = 2
"""The last column that is left of what any item further to the right holds."""


class Regions(NamedTuple):
    """The regions of some texts, as blocks in order.

    `left` has the first lines, and the lines after the last, of what is to be read line by line: there a region may
    begin in something else.
    """

    blocks: list[tuple[int, int, int, int, int]]
    left: list[tuple[int, int]]


def markdown_regions(lines: DocumentLines, looks: Looks) -> Regions:
    """The regions; lines that could have begun one and are words become such in `looks`. Time: linear in the lines."""
    return _Walk(lines, looks).run()


class _Walk:
    def __init__(self, lines: DocumentLines, looks: Looks) -> None:
        self._lines, self._looks = lines, looks
        three = lines.heads & _THREE
        chosen = (lines.leads == _LESS) & (looks.kinds == Look.OTHER)
        chosen |= (three == _BACKTICKS) | (three == _TILDES)
        chosen &= lines.columns < TAB
        self._at = at = np.flatnonzero(chosen)
        """The lines that may begin or end a region; aligned with them are the lists below."""
        self._places, self._inks, self._ends = at.tolist(), lines.inks[at].tolist(), lines.ends[at].tolist()
        self._columns, self._leads = lines.columns[at].tolist(), lines.leads[at].tolist()
        heads = lines.heads[at].astype("<u8").view(np.uint8).reshape(-1, HEAD)
        sizes = leading(heads == heads[:, :1])
        self._sizes = sizes.tolist()
        """How often the first byte is there, at most eight times."""
        self._afters = np.where(sizes < HEAD, heads[np.arange(len(at)), np.minimum(sizes, HEAD - 1)], 0).tolist()
        """The byte after that, 0 where it is not known."""
        if len(at):
            shifted = np.flatnonzero(lines.columns[at])
            is_special = chosen | (looks.kinds == Look.HEADING) | (looks.kinds == Look.ITEM)
            self._specials = following(is_special)[np.minimum(at + 1, len(lines) - 1)].tolist()
            self._blanks = following(~lines.inked)[at].tolist()
            self._fresh = lines.after_blank[at].tolist()
            self._anchors = dict(zip(shifted.tolist(), _anchors(lines, looks, at[shifted]), strict=True))
            self._words = np.append(0, np.cumsum(looks.kinds <= Look.TEXT))
        self._blocks: list[tuple[int, int, int, int, int]] = []
        self._first = self._stop = self._until = 0
        """The first line of the text, the one after its last, and the one after the last region."""

    def run(self) -> Regions:
        lines = self._lines
        three = lines.heads[lines.texts[:-1][np.diff(lines.texts) > 2]] & _THREE
        has_front = np.zeros(len(lines.texts) - 1, np.bool_)
        has_front[np.diff(lines.texts) > 2] = (three == _DASHES) | (three == _PLUSES)
        bounds = np.searchsorted(self._at, lines.texts)
        chosen = np.flatnonzero((np.diff(bounds) > 0) | has_front)
        left: list[tuple[int, int]] = []
        for text, place, end in zip(chosen.tolist(), bounds[chosen].tolist(), bounds[chosen + 1].tolist(), strict=True):
            self._first, self._stop = lines.texts[text : text + 2].tolist()
            self._until = self._first
            if has_front[text]:
                self._front_matter()
            begin, count = self._until, len(self._blocks)
            if not self._read(place, end):
                del self._blocks[count:]
                left.append((begin, self._stop))
        return Regions(self._blocks, left)

    def _front_matter(self) -> None:
        """Enter what is between two lines of dashes at the start: YAML, or of pluses: TOML."""
        lines, data, first = self._lines, self._lines.data, self._first
        start, end = int(lines.starts[first]), int(lines.ends[first])
        mark = data[start:end].rstrip()
        if len(mark) != 3 or not lines.inked[first + 1]:
            return
        stop = int(lines.ends[self._stop - 1])
        at = data.find(b"\n" + mark, int(lines.ends[first + 1]) - 1, stop)
        while at >= 0:
            line = int(np.searchsorted(lines.starts, at + 1, "right")) - 1
            if lines.text(line) == mark:
                self._enter(_FRONT_MATTER, first, line + 1)
                return
            at = data.find(b"\n" + mark, at + 1, stop)

    def _enter(self, kind: int, first: int, stop: int) -> None:
        self._blocks.append((kind, first, stop, 0, 0))
        self._until = stop

    def _read(self, place: int, end: int) -> bool:
        """Enter the regions that begin at some of the places up to `end`; whether they are in nothing else for sure."""
        while place < end:
            if self._places[place] >= self._until:
                is_sure = self._html(place) if self._leads[place] == _LESS else self._fence(place, end)
                if not is_sure:
                    return False
            place += 1
        return True

    def _fence(self, place: int, end: int) -> bool:
        line, lead, size, data = self._places[place], self._leads[place], self._sizes[place], self._lines.data
        if size == HEAD or self._afters[place] != _NEWLINE:
            ink = self._inks[place]
            fence = FENCE.match(data, ink, min(self._ends[place], ink + LONGEST_ROW))
            if fence is None:
                self._looks.kinds[line] = _TEXT
                return True
            size = fence.end() - ink
        if self._columns[place]:
            is_outer = self._is_outer(place)
            if not is_outer:
                return is_outer is not None
        leads, sizes, afters = self._leads, self._sizes, self._afters
        for other in range(place + 1, end):
            if leads[other] == lead:
                if afters[other] == _NEWLINE:
                    is_end = sizes[other] >= size
                else:
                    closing = closing_fence(bytes((lead,)) * size)
                    is_end = closing.match(data, self._inks[other], self._ends[other]) is not None
                if is_end:
                    self._enter(_FENCE, line, self._places[other] + 1)
                    return True
        self._enter(_FENCE, line, self._last_inked(line))
        self._until = self._stop
        return True

    def _html(self, place: int) -> bool:
        line, ink, end, data = self._places[place], self._inks[place], self._ends[place], self._lines.data
        far, column = min(end, ink + LONGEST_ROW), self._columns[place]
        found = HTML.match(data, ink, far)
        if found is None and not LONE_TAG.match(data, ink, far):
            self._looks.kinds[line] = _TEXT
            return True
        ends = HTML_ENDS[found.lastindex or 0] if found is not None else None
        if ends is None:
            blank = min(self._blanks[place], self._stop)
            if column or (found is None and not self._fresh[place] and line != self._until):
                return not line < self._specials[place] < blank
            self._enter(_HTML, line, blank)
        elif ends.search(data, ink, end):
            if not column:
                self._enter(_HTML, line, line + 1)
        else:
            is_outer = not column or self._is_outer(place)
            if not is_outer:
                return is_outer is not None
            self._until_end(line, end, ends)
        return True

    def _until_end(self, line: int, start: int, ends: Pattern[bytes]) -> None:
        """Enter HTML that begins on a line and goes on to `ends`, which is looked for from the next line on."""
        lines = self._lines
        closer = ends.search(lines.data, start, int(lines.ends[self._stop - 1]))
        if closer:
            self._enter(_HTML, line, int(np.searchsorted(lines.starts, closer.start(), "right")))
        else:
            self._enter(_HTML, line, self._last_inked(line))
            self._until = self._stop

    def _last_inked(self, line: int) -> int:
        """The line after the last one of the text, from `line` on, that is not blank."""
        return line + 1 + int(np.flatnonzero(self._lines.inked[line : self._stop])[-1])

    def _is_outer(self, place: int) -> bool | None:
        """Whether what begins at a column from 1 to 3 is in nothing else; None where that is not sure."""
        line, column, anchor = self._places[place], self._columns[place], self._anchors[place]
        first = max(anchor.line + 1, self._until)
        is_free = column <= _MOST_SHIFT or int(self._words[line] - self._words[first]) == line - first
        if anchor.line < self._until or anchor.holds_nothing or (anchor.is_item and anchor.content > column):
            return True if is_free else None
        return False if anchor.is_item and anchor.is_on else None


class _Anchor(NamedTuple):
    """What is before a line: the last line at the left edge, -1 for none, that does not go on with a paragraph.

    It may be of another text. Whether it is an item for sure, and what holds nothing for sure; the column of the item's
    content; and whether the item goes on up to the line, where that is left of the fourth column.
    """

    line: int
    is_item: bool
    holds_nothing: bool
    content: int
    is_on: bool


def _anchors(lines: DocumentLines, looks: Looks, at: npt.NDArray[np.int64]) -> list[_Anchor]:
    """Those of some lines."""
    kinds, inked = looks.kinds, lines.inked
    goes_on = (kinds == Look.TEXT) & ~lines.after_blank
    before = at - 1
    anchors = np.where(before < 0, -1, latest((lines.inks == lines.starts) & inked & ~goes_on)[before])
    own, is_fresh = kinds[anchors], lines.after_blank[anchors]
    is_item = (own == Look.ITEM) & (is_fresh | looks.begins[anchors])
    holds_nothing = np.isin(own, (Look.HEADING, Look.TITLE, Look.UNDERLINE))
    holds_nothing |= is_fresh & ((own == Look.TEXT) | (own == Look.ROW))
    contents = looks.contents[anchors]
    is_on = np.zeros(len(at), np.bool_)
    for content in range(2, TAB):
        is_on |= (contents == content) & (latest(inked & (lines.columns < content))[before] <= anchors)
    columns = (anchors, is_item, holds_nothing, contents, is_on)
    return [_Anchor(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
