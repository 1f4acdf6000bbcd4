"""What a cut before each line of a Markdown text costs, by the blocks of the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import BLANK, CLOSING, CONTINUED
from exosuit_cli.structure.documents.headings import LABEL
from exosuit_cli.structure.documents.markdown_containers import BlockKind
from exosuit_cli.structure.documents.markdown_document import markdown_blocks
from exosuit_cli.structure.documents.markdown_lines import IS_PLAIN
from exosuit_cli.structure.documents.markdown_patterns import TAB
from exosuit_cli.structure.documents.prose_costs import (
    HEADED,
    INTRODUCED,
    PROSE,
    ROW,
    block_cost,
    verbatim_costs,
)
from exosuit_cli.structure.documents.prose_lines import document_lines, latest

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.documents.prose_lines import DocumentLines

_ANNOUNCES: Final = re.compile(
    rb"(?:.*(?::|\xef\xbc\x9a)[*_`]{0,3}|\*\*.*\*\*|!!!.*|\?\?\?.*|===\+? .*|:::.*\w.*)\Z", re.DOTALL
)
"""The last line of a paragraph that belongs to what follows: a colon, bold print, an admonition."""
_OPENS: Final = re.compile(
    rb"<(details|div|p|table|section|center|tabs?|tabitem)\b(?!.*</\1>)", re.IGNORECASE | re.DOTALL
)
"""A tag that nothing closes."""
_CAPTION: Final = re.compile(rb"[*_]{0,2}(?:Table|Tab\.)[ \t:*_\d]|: ")
_VERBATIM: Final = (BlockKind.FENCE, BlockKind.CODE, BlockKind.HTML, BlockKind.FRONT_MATTER)
_ATTACHED: Final = (BlockKind.FENCE, BlockKind.CODE, BlockKind.TABLE, BlockKind.QUOTE, BlockKind.LIST)
_TWO: Final = np.uint64(0xFFFF)
_END_TAG: Final = np.uint64(int.from_bytes(b"</", "little"))
_BLOCK_COSTS: Final = np.array([block_cost(rank) for rank in range(64)], np.uint8)
_LONGEST: Final = 2000
"""Bytes of a line or an HTML block that are looked at."""
_BEGINS_LABEL: Final = byte_set(b"(<[")
_MAY_ANNOUNCE: Final = byte_set(b":*_`\x9a \t\v\f\r\0")
"""The last bytes of a line that may belong to what follows; of others, the first ones are below."""
_MAY_OPEN: Final = byte_set(b"!?=:")


def enter_markdown(
    slab: Slab,
    lines: LineColumns,
    positions: npt.NDArray[np.int64],
    costs: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
) -> None:
    """Put in the costs and kinds of the lines of the texts at some positions of a slab."""
    own = document_lines(slab, lines, positions, TAB)
    costs[own.at], kinds[own.at] = markdown_costs(own)


def markdown_costs(lines: DocumentLines) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """uint8[n] and uint8[n], the costs of n lines and their kinds."""
    return _Markdown(lines).run()


class _Markdown:
    def __init__(self, lines: DocumentLines) -> None:
        self._lines = lines
        self._blocks = blocks = markdown_blocks(lines)
        texts = np.searchsorted(lines.texts, blocks.firsts, "right")
        self._begins = np.append(True, texts[1:] != texts[:-1])[: len(texts)]
        """bool[blocks]: the first of its text."""

    def run(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        lines, blocks = self._lines, self._blocks
        kinds, firsts, stops, depths, levels = blocks.kinds, blocks.firsts, blocks.stops, blocks.depths, blocks.levels
        costs = np.where(lines.inked, PROSE, BLANK).astype(np.uint8)
        line_kinds = np.full(len(lines), Boundary.LINE, np.uint8)
        if not len(kinds):
            return costs, line_kinds
        begins = self._begins
        is_new = begins | (firsts != np.append(-1, firsts[:-1]))
        is_heading = (kinds == BlockKind.HEADING) & (depths == 0)
        is_label = self._labels(is_new)
        # A block is led by a heading where nothing that it could be the heading of is between.
        is_silent = is_label | (kinds == BlockKind.BREAK) | self._remarks()
        loud = np.append(-1, latest(~is_silent)[:-1])
        own_text = latest(begins)
        is_led = (loud >= own_text) & is_heading[loud]
        after_label = np.append(False, is_label[:-1]) & ~begins
        is_plain = is_new & ~is_heading
        is_headed = is_plain & (is_led | after_label)
        costs[firsts[is_headed]] = HEADED
        others = np.flatnonzero(is_plain & ~is_headed)
        belongs = self._belonging(others)
        costs[firsts[others[belongs]]] = INTRODUCED
        own = others[~belongs]
        costs[firsts[own]] = _BLOCK_COSTS.take(2 * depths[own] + (kinds[own] == BlockKind.ITEM), mode="clip")
        line_kinds[firsts[own]] = Boundary.NESTED
        self._enter_verbatim(costs)
        for place in np.flatnonzero(kinds == BlockKind.TABLE).tolist():
            first, stop = int(firsts[place]), int(stops[place])
            costs[first + 1 : stop] = ROW
            costs[first + 1 : min(first + 3, stop)] = CONTINUED
        headings = np.flatnonzero(is_heading)
        costs[firsts[headings]] = CONTINUED
        costs[firsts[headings[stops[headings] == firsts[headings] + 2]] + 1] = CLOSING
        first_labels = np.append(-1, latest(~is_label)[:-1]) + 1
        at = firsts[np.where(after_label, np.maximum(first_labels, own_text), np.arange(len(kinds)))[headings]]
        own_levels = levels[headings] - 1
        costs[at] = np.where(is_led[headings], HEADED + own_levels, 4 * own_levels)
        line_kinds[at] = Boundary.SECTION
        return costs, line_kinds

    def _labels(self, is_new: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """The blocks that name what follows them."""
        lines, blocks = self._lines, self._blocks
        found = np.zeros(len(blocks.kinds), np.bool_)
        may_be = ((blocks.kinds == BlockKind.PARAGRAPH) & is_new) | (blocks.kinds == BlockKind.HTML)
        may_be &= (blocks.depths == 0) & _BEGINS_LABEL.take(lines.leads[blocks.firsts])
        followed = np.append(lines.inked[1:] & IS_PLAIN.take(lines.leads[1:]), False)
        followed[lines.texts[1:] - 1] = False
        places = np.flatnonzero(may_be & ~followed[blocks.firsts])
        for place, text in zip(places.tolist(), lines.rows(blocks.firsts[places]), strict=True):
            found[place] = LABEL.match(text[:_LONGEST]) is not None
        return found

    def _remarks(self) -> npt.NDArray[np.bool_]:
        """The blocks that are a comment on one line."""
        lines, blocks = self._lines, self._blocks
        found = np.zeros(len(blocks.kinds), np.bool_)
        places = np.flatnonzero((blocks.kinds == BlockKind.HTML) & (blocks.stops == blocks.firsts + 1))
        for place, text in zip(places.tolist(), lines.rows(blocks.firsts[places]), strict=True):
            found[place] = text.startswith(b"<!--") and text.endswith(b"-->")
        return found

    def _enter_verbatim(self, costs: npt.NDArray[np.uint8]) -> None:
        """The lines of fences, code and the like: best cut after a blank line, and far to the left."""
        lines, blocks = self._lines, self._blocks
        own = np.isin(blocks.kinds, _VERBATIM) & (blocks.stops > blocks.firsts + 1)
        firsts, stops = blocks.firsts[own] + 1, blocks.stops[own]
        within = np.arange(int((stops - firsts).sum())) + np.repeat(
            firsts - np.append(0, np.cumsum(stops - firsts)[:-1])[: len(firsts)], stops - firsts
        )
        costs[within] = verbatim_costs(lines.columns[within], lines.inked[within], lines.after_blank[within])
        costs[firsts] = CONTINUED
        costs[stops[blocks.kinds[own] != BlockKind.CODE] - 1] = CLOSING

    def _belonging(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which blocks belong to the one right before: an announced list, a caption, what a tag opens."""
        lines, blocks = self._lines, self._blocks
        before = places - 1
        kinds, above, firsts = blocks.kinds[places], blocks.kinds[before], blocks.firsts[places]
        is_other = ~self._begins[places]
        found: npt.NDArray[np.bool_] = is_other & (kinds == BlockKind.HTML) & ((lines.heads[firsts] & _TWO) == _END_TAG)
        is_other &= ~found
        for place in np.flatnonzero(is_other & (above == BlockKind.HTML)).tolist():
            first, stop = int(blocks.firsts[before[place]]), int(blocks.stops[before[place]])
            start = int(lines.inks[first])
            opener = lines.data[start : min(int(lines.ends[stop - 1]), start + _LONGEST)]
            found[place] = _OPENS.match(opener) is not None
        for place in np.flatnonzero(is_other & (above == BlockKind.TABLE) & (kinds == BlockKind.PARAGRAPH)).tolist():
            found[place] = _CAPTION.match(lines.text(int(firsts[place]))[:_LONGEST]) is not None
        may_be = is_other & (above == BlockKind.PARAGRAPH) & (blocks.depths[before] == blocks.depths[places])
        may_be &= np.isin(kinds, _ATTACHED)
        is_right_before = lines.inked[firsts - 1] & may_be
        found |= is_right_before
        left = np.flatnonzero(may_be & ~is_right_before)
        lasts = latest(lines.inked)[firsts[left] - 1]
        may_announce = _MAY_ANNOUNCE.take(lines.lasts[lasts]) | _MAY_OPEN.take(lines.leads[lasts])
        may_announce |= lines.ends[lasts] - lines.inks[lasts] > _LONGEST
        announcing = np.flatnonzero(may_announce)
        for place, text in zip(left[announcing].tolist(), lines.rows(lasts[announcing]), strict=True):
            found[place] = _ANNOUNCES.match(text[-_LONGEST:]) is not None
        for place in left[(kinds[left] == BlockKind.TABLE) & ~found[left]].tolist():
            found[place] = _CAPTION.match(lines.text(int(blocks.firsts[before[place]]))[:_LONGEST]) is not None
        return found
