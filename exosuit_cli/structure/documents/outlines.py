"""What a cut before each line of AsciiDoc and Org costs: by headings, delimited blocks, lists and paragraphs.

Source: the AsciiDoc language documentation (sections, delimited blocks, two-line titles), and the syntax of Org.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import BLANK, CLOSING, CONTINUED
from exosuit_cli.structure.documents.prose_costs import BLOCK, HEADED, PROSE, ROW, verbatim_costs
from exosuit_cli.structure.documents.prose_lines import document_lines
from exosuit_cli.structure.documents.prose_lines import following as following_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.documents.prose_lines import DocumentLines

TAB: Final = 8
_TITLE: Final = re.compile(rb"(={1,6}|#{1,6})[ \t]+\S")
_DELIMITER: Final = re.compile(rb"(?:([-.+/=*_])\1{3,}|--|```.*|\|===+)\Z")
_VERBATIM: Final = b"-.+/`"
_UNDER: Final = b"=-~^+"
"""The marks below two-line titles, the outermost first."""
_ATTRIBUTES: Final = re.compile(rb"\[.*\]\Z|\.[^\s.].*\Z")
"""What is right above a title or a block, as `[source]` and `.Caption`."""
_STARS: Final = re.compile(rb"(\*+)[ \t]+\S")
_BEGIN: Final = re.compile(rb"#\+begin(_\S+|:)|:([\w-]+):\Z", re.IGNORECASE)
_ITEM: Final = re.compile(rb"(?:[*.]+|[-+]|\d+[.)]|<\.>|<\d+>)[ \t]")
_BEGINS_ITEM: Final = byte_set(b"*.-+0123456789<")
_GOES_ON: Final = byte_set(b" \t*.-+)>0123456789")
_MAY_MARK: Final = byte_set(b"=#-.+/*_`|~^")
_MAY_MARK_ORG: Final = byte_set(b"*#:")
_MOST_LEVELS: Final = 11
_SHORTEST: Final = 3
"""Bytes of the line below a title."""
_STEP: Final = 8
_DEEPEST: Final = 10
_LONGEST: Final = 1000
"""Bytes of a line that are looked at."""
_LINE, _NESTED, _SECTION = int(Boundary.LINE), int(Boundary.NESTED), int(Boundary.SECTION)
_BYTE: Final = np.uint64(0xFF)
_THREE: Final = np.uint64(0xFFFFFF)
_REPEATED: Final = np.uint64(0x010101)


def enter_outlines(
    slab: Slab,
    lines: LineColumns,
    positions: npt.NDArray[np.int64],
    costs: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
    *,
    is_org: bool,
) -> None:
    """Put in the costs and kinds of the lines of the texts at some positions of a slab. Time: linear in the texts."""
    own = document_lines(slab, lines, positions, TAB)
    outline = _Outline(own)
    for first, stop, rows in _marked(own, is_org=is_org):
        if is_org:
            outline.read_org(rows)
        else:
            outline.read_asciidoc(rows, first, stop)
    costs[own.at], kinds[own.at] = outline.run()


def _marked(lines: DocumentLines, *, is_org: bool) -> Iterator[tuple[int, int, list[tuple[int, bytes]]]]:
    """Of each text the first line, the one after its last, and the lines that may be marks, with what is on them."""
    repeated = (lines.heads & _THREE) == (lines.heads & _BYTE) * _REPEATED
    if is_org:
        may_be = _MAY_MARK_ORG.take(lines.leads) & ((lines.leads != ord("*")) | (lines.inks == lines.starts))
    else:
        may_be = _MAY_MARK.take(lines.leads) & (lines.inks == lines.starts)
        is_title = (lines.leads == ord("=")) | (lines.leads == ord("#"))
        is_short = (lines.heads & np.uint64(0xFFFF)) == int.from_bytes(b"--", "little")
        may_be &= repeated | is_title | is_short | (lines.leads == ord("|"))
    places = np.flatnonzero(may_be)
    rows = list(zip(places.tolist(), (row[:_LONGEST] for row in lines.rows(places)), strict=True))
    bounds = np.searchsorted(places, lines.texts).tolist()
    texts = lines.texts.tolist()
    for text in range(len(texts) - 1):
        yield texts[text], texts[text + 1], rows[bounds[text] : bounds[text + 1]]


class _Outline:
    """The headings and blocks of some texts of one language."""

    def __init__(self, lines: DocumentLines) -> None:
        self._lines = lines
        self._headings: list[tuple[int, int, int]] = []
        """The line of each, its level, and the line after it."""
        self._blocks: list[tuple[int, int, bool]] = []
        """The first line of each block between marks, the line of its end, and whether it holds no prose."""

    def read_asciidoc(self, rows: list[tuple[int, bytes]], first: int, stop: int) -> None:
        """Enter the titles and the blocks of a text, by its lines that may be marks."""
        closer, begun, done = b"", 0, first
        for line, row in rows:
            if closer:
                if row == closer:
                    self._blocks.append((begun, line, closer[0] in _VERBATIM and closer != b"--"))
                    closer, done = b"", line + 1
                continue
            title = _TITLE.match(row)
            if title is not None:
                self._headings.append((line, len(title[1]) - 1, line + 1))
                done = line + 1
            elif line > done and row[:1] in _UNDER and self._is_under(line, row):
                self._headings.append((line - 1, _UNDER.index(row[:1]), line + 1))
                done = line + 1
            elif _DELIMITER.match(row) is not None:
                closer, begun = b"```" if row.startswith(b"```") else row, line
        if closer and closer[0] in _VERBATIM and closer != b"--":
            self._blocks.append((begun, stop - 1, True))

    def _is_under(self, line: int, row: bytes) -> bool:
        """Whether a line is the one below a two-line title: about as long as it, which nothing is right above."""
        lines = self._lines
        above = lines.text(line - 1)[:_LONGEST]
        is_words = bool(lines.inked[line - 1]) and lines.inks[line - 1] == lines.starts[line - 1]
        if not is_words or len(row) < _SHORTEST or row.strip(row[:1]):
            return False
        is_first = lines.after_blank[line - 1] or _ATTRIBUTES.match(lines.text(line - 2)[:_LONGEST]) is not None
        is_title = _ATTRIBUTES.match(above) is None and _DELIMITER.match(above) is None
        return bool(is_first) and is_title and abs(len(above.decode("utf-8", "replace")) - len(row)) <= 1

    def read_org(self, rows: list[tuple[int, bytes]]) -> None:
        """Enter the headings and the blocks of a text, by its lines that may be marks."""
        closer, begun = b"", 0
        for line, row in rows:
            stars = _STARS.match(row)
            if stars is not None:  # also within a block: there a comma is before a star
                closer = b""
                self._headings.append((line, len(stars[1]) - 1, line + 1))
                continue
            opener = _BEGIN.match(row) if not closer else None
            if opener is not None:
                closer, begun = (b"#+end" + opener[1].rstrip(b":") if opener[1] else b":end:").lower(), line
            elif closer and row.lower().startswith(closer):
                self._blocks.append((begun, line, True))
                closer = b""

    def run(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """The costs of the lines of the texts, and their kinds."""
        lines = self._lines
        inked, after_blank = lines.inked, lines.after_blank
        depths = np.minimum(lines.columns >> 1, _DEEPEST)
        costs = np.where(after_blank, BLOCK + _STEP * depths, PROSE)
        kinds = np.where(after_blank, _NESTED, _LINE)
        second = ((lines.heads >> np.uint64(8)) & _BYTE).astype(np.uint8)
        may_be = np.flatnonzero(_BEGINS_ITEM.take(lines.leads) & _GOES_ON.take(second) & inked)
        for line, row in zip(may_be.tolist(), lines.rows(may_be), strict=True):
            item = _ITEM.match(row)
            if item is not None:
                depth = min(int(depths[line]) + len(item[0].strip()) - 1 if row[:1] in b"*." else int(depths[line]), 10)
                costs[line], kinds[line] = BLOCK + _STEP * depth + _STEP // 2, _NESTED
        is_row = (lines.leads == ord("|")) & ~after_blank
        costs[is_row], kinds[is_row] = ROW, _LINE
        self._enter_blocks(costs, kinds)
        costs[~inked], kinds[~inked] = BLANK, _LINE
        self._enter_attributes(costs, kinds)
        found = bytearray(costs.astype(np.uint8)), bytearray(kinds.astype(np.uint8))
        self._enter_headings(*found)
        return np.frombuffer(found[0], np.uint8), np.frombuffer(found[1], np.uint8)

    def _enter_blocks(self, costs: npt.NDArray[np.int64], kinds: npt.NDArray[np.int64]) -> None:
        lines = self._lines
        firsts, lasts, are_verbatim = np.array(self._blocks, np.int64).reshape(-1, 3).T
        turns = np.zeros(len(lines) + 1, np.int64)
        is_verbatim = are_verbatim > 0
        turns[firsts[is_verbatim] + 1] += 1
        turns[lasts[is_verbatim]] -= 1
        within = np.flatnonzero(np.cumsum(turns))
        costs[within] = verbatim_costs(lines.columns[within], lines.inked[within], lines.after_blank[within])
        kinds[within] = _LINE
        own = firsts < lasts
        costs[firsts[own] + 1] = CONTINUED
        costs[lasts], kinds[lasts] = CLOSING, _LINE

    def _enter_attributes(self, costs: npt.NDArray[np.int64], kinds: npt.NDArray[np.int64]) -> None:
        """What is right below a caption or the like belongs to it."""
        lines = self._lines
        may_be = np.isin(lines.leads, list(b"[.")) & lines.inked & (costs <= PROSE)
        places = np.flatnonzero(may_be & (lines.inks == lines.starts))
        for line, row in zip(places.tolist(), lines.rows(places), strict=True):
            if line + 1 < len(lines) and not lines.after_blank[line + 1] and _ATTRIBUTES.match(row[:_LONGEST]):
                costs[line + 1], kinds[line + 1] = CONTINUED, _LINE

    def _enter_headings(self, costs: bytearray, kinds: bytearray) -> None:
        """The headings, each with what is right above it and belongs to it, and what follows them."""
        lines = self._lines
        after_blank, following = lines.after_blank.tobytes(), [*following_lines(lines.inked).tolist(), len(lines)]
        rows = np.array([line for line, *_ in self._headings], np.int64)
        stops = lines.texts[np.searchsorted(lines.texts, rows, "right")].tolist()
        for (line, level, after), stop in zip(self._headings, stops, strict=True):
            own = min(level, _MOST_LEVELS)
            first = line
            while not after_blank[first] and _ATTRIBUTES.match(lines.text(first - 1)[:_LONGEST]) is not None:
                first -= 1
            is_led = costs[first] == HEADED
            for place in range(first, line + 1):
                costs[place], kinds[place] = HEADED + own, _LINE
            if not is_led:
                costs[first] = 4 * own
            kinds[first], kinds[line] = _NESTED, _SECTION
            for place in range(line + 1, after):
                costs[place] = CLOSING
            text = following[after]
            if text < stop:
                costs[text], kinds[text] = HEADED, _LINE
