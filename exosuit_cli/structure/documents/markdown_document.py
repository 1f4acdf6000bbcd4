"""The blocks of Markdown texts as columns: where each begins, what it is in, and where what is no prose ends.

Most blocks follow from what lines look like: see `markdown_lines`. The lines of a text are cut into sections that begin
in nothing else, as after a blank line at the left edge. A section with anything that depends on more than one line is
read by `MarkdownParser`.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.documents.markdown_blocks import MarkdownParser
from exosuit_cli.structure.documents.markdown_containers import BlockKind
from exosuit_cli.structure.documents.markdown_lines import Look, markdown_looks
from exosuit_cli.structure.documents.markdown_part_lines import part_lines
from exosuit_cli.structure.documents.markdown_patterns import TAB
from exosuit_cli.structure.documents.markdown_regions import markdown_regions
from exosuit_cli.structure.documents.prose_lines import latest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.structure.documents.markdown_lines import Looks
    from exosuit_cli.structure.documents.prose_lines import DocumentLines

_KIND, _FIRST, _STOP, _DEPTH, _LEVEL, _MARK = range(6)
_COLUMNS: Final = 6
_UNKNOWN: Final = -1
"""In place of the kind of an item that may be the first of a list."""


@dataclass(frozen=True, slots=True)
class MarkdownBlocks:
    """The k blocks of some texts in order, those that begin on one line from the outermost on.

    kinds: int64[k] of `BlockKind`. firsts, stops: int64[k], the first line of each and the line after its last; the
    latter is known of fences, code, HTML, tables, headings and front matter, else it is 0. depths: int64[k], the
    quotations and items around it. levels: int64[k], that of a heading, 1 to 6.
    """

    kinds: npt.NDArray[np.int64]
    firsts: npt.NDArray[np.int64]
    stops: npt.NDArray[np.int64]
    depths: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]


def markdown_blocks(lines: DocumentLines) -> MarkdownBlocks:
    """The blocks of some texts. Time: linear in the lines."""
    looks = markdown_looks(lines)
    found, left = markdown_regions(lines, looks)
    regions = _table(found)
    sections = _Sections(lines, looks, regions, left)
    rows = _in_order([_with_marks(regions), *sections.blocks()])
    firsts, stops = sections.parts()
    if len(firsts):
        rows = _in_order([rows, _read(lines, looks, firsts, stops, rows)])
    return _with_lists(lines, rows)


def _in_order(tables: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    rows = np.concatenate(tables)
    return rows[np.argsort(rows[:, _FIRST], kind="stable")]


def _table(blocks: Sequence[tuple[int, ...]]) -> npt.NDArray[np.int64]:
    values = np.fromiter(chain.from_iterable(blocks), np.int64, (_COLUMNS - 1) * len(blocks))
    return values.reshape(-1, _COLUMNS - 1)


def _with_marks(blocks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([blocks, np.zeros((len(blocks), 1), np.int64)], axis=1)


class _Sections:
    """The sections of some texts: what begins in nothing else, each line of it in one section."""

    def __init__(
        self, lines: DocumentLines, looks: Looks, regions: npt.NDArray[np.int64], left: list[tuple[int, int]]
    ) -> None:
        self._lines, self._looks = lines, looks
        count, kinds = len(lines), looks.kinds
        is_heading = kinds == Look.HEADING
        turns = np.zeros(count + 1, np.int64)
        turns[regions[:, _FIRST]] += 1
        turns[regions[:, _STOP]] -= 1
        is_region = np.cumsum(turns)[:count] > 0
        begins = np.zeros(count + 1, np.bool_)
        begins[:count] = lines.inked & (lines.inks == lines.starts) & (lines.after_blank | is_heading)
        begins[1:] |= is_heading | (kinds == Look.UNDERLINE)
        begins[:count][is_region] = False
        begins[regions[:, _FIRST]] = begins[regions[:, _STOP]] = True
        is_wrong = np.zeros(count, np.bool_)
        for first, stop in left:
            begins[first + 1 : stop] = False
            begins[first] = is_wrong[first] = True
        begins[lines.texts] = True
        begins = begins[:count]
        self._firsts = np.flatnonzero(begins)
        is_fresh = lines.inked & (lines.after_blank | begins)
        is_item = kinds == Look.ITEM
        in_item = latest(is_item & (looks.begins | is_fresh)) >= latest(begins)
        self._is_item = is_item & in_item
        is_text = (kinds == Look.TEXT) | ((kinds == Look.ROW) & is_fresh) | (is_item & ~in_item)
        self._is_paragraph = is_paragraph = is_text & is_fresh
        contents = np.where(in_item, looks.contents[latest(self._is_item)], 0)
        self._depths = in_item.astype(np.int64)
        is_inside = (lines.columns >= contents) & (lines.columns < contents + TAB)
        is_wrong |= (kinds == Look.OTHER) | ((kinds == Look.ROW) & ~is_fresh)
        is_wrong |= is_paragraph & ~is_inside
        is_wrong &= ~is_region
        is_hard = np.logical_or.reduceat(is_wrong, self._firsts)
        self._is_hard = np.repeat(is_hard, np.diff(np.append(self._firsts, count)))
        self._is_plain = ~self._is_hard & ~is_region

    def blocks(self) -> list[npt.NDArray[np.int64]]:
        """The blocks of the sections that follow from looks. An item may be the first one of a list: `_UNKNOWN`."""
        looks, is_plain = self._looks, self._is_plain
        headings = np.flatnonzero(is_plain & (looks.kinds == Look.HEADING))
        titles = np.flatnonzero(is_plain & (looks.kinds == Look.TITLE))
        paragraphs = np.flatnonzero(is_plain & self._is_paragraph)
        items = np.flatnonzero(is_plain & self._is_item)
        return [
            _rows(BlockKind.HEADING, headings, stops=headings + 1, levels=looks.levels[headings]),
            _rows(BlockKind.HEADING, titles, stops=titles + 2, levels=looks.levels[titles]),
            _rows(BlockKind.PARAGRAPH, paragraphs, depths=self._depths[paragraphs]),
            _rows(_UNKNOWN, items, marks=looks.marks[items]),
            _rows(BlockKind.PARAGRAPH, items, depths=1),
        ]

    def parts(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The first lines of the parts of texts that are to be read line by line, and the lines after their last."""
        is_hard = self._is_hard
        begins_text = np.zeros(len(is_hard) + 1, np.bool_)
        begins_text[self._lines.texts] = True
        before, after = np.append(False, is_hard[:-1]), np.append(is_hard[1:], False)
        firsts = np.flatnonzero(is_hard & (~before | begins_text[:-1]))
        stops = np.flatnonzero(is_hard & (~after | begins_text[1:])) + 1
        return firsts, stops


def _rows(
    kind: int,
    firsts: npt.NDArray[np.int64],
    *,
    stops: npt.NDArray[np.int64] | int = 0,
    depths: npt.NDArray[np.int64] | int = 0,
    levels: npt.NDArray[np.int64] | int = 0,
    marks: npt.NDArray[np.int64] | int = 0,
) -> npt.NDArray[np.int64]:
    rows = np.empty((len(firsts), _COLUMNS), np.int64)
    for column, values in enumerate((kind, firsts, stops, depths, levels, marks)):
        rows[:, column] = values
    return rows


def _read(
    lines: DocumentLines,
    looks: Looks,
    firsts: npt.NDArray[np.int64],
    stops: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """The blocks of some parts of texts; `rows` has those of all others."""
    outer = rows[rows[:, _DEPTH] == 0]
    before = np.searchsorted(outer[:, _FIRST], firsts) - 1
    texts = lines.texts[np.searchsorted(lines.texts, firsts, "right") - 1]
    outer = np.concatenate([outer, np.full((1, _COLUMNS), -1)])  # nothing is before
    marks = np.where(outer[before, _FIRST] >= texts, outer[before, _MARK], 0)
    part, bounds = part_lines(lines, looks, firsts, stops)
    parser = MarkdownParser(part)
    counts, last_marks = [], []
    for (first, stop), mark in zip(bounds, marks.tolist(), strict=True):
        last_marks.append(parser.read(first, stop, mark))
        counts.append(len(parser.blocks))
    found = _with_marks(_table(parser.blocks))
    if len(found):
        found[:, _FIRST] = part.lines[found[:, _FIRST]]
        found[:, _STOP] = np.where(found[:, _STOP] > 0, part.lines[found[:, _STOP] - 1] + 1, 0)
        last = latest(found[:, _DEPTH] == 0)
        found[last[np.array(counts) - 1], _MARK] = last_marks
    return found


def _with_lists(lines: DocumentLines, rows: npt.NDArray[np.int64]) -> MarkdownBlocks:
    """The blocks, where those are the first of a list that no item with the same mark is right before."""
    outer = np.flatnonzero(rows[:, _DEPTH] == 0)
    marks, texts = rows[outer, _MARK], np.searchsorted(lines.texts, rows[outer, _FIRST], "right")
    goes_on = np.zeros(len(outer), np.bool_)
    goes_on[1:] = (marks[1:] == marks[:-1]) & (texts[1:] == texts[:-1])
    kinds = np.where(goes_on, BlockKind.ITEM, BlockKind.LIST)
    rows[outer, _KIND] = np.where(rows[outer, _KIND] == _UNKNOWN, kinds, rows[outer, _KIND])
    return MarkdownBlocks(*(rows[:, column] for column in range(_MARK)))
