"""Where documents may be cut: at headings and paragraphs of Markdown and reStructuredText."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.chunk.costs import CLOSING, CONTINUED
from exosuit_cli.chunk.line_view import HEAD_BYTES, byte_set, word
from exosuit_cli.chunk.records import Boundary

if TYPE_CHECKING:
    from exosuit_cli.chunk.line_view import LineView

_PARAGRAPH, _PROSE = 48, 160
_ONES = np.uint64(0x0101010101010101)
_UNDERLINES = byte_set(b"=-~^\"'*+#`.:_")


def markdown_costs(view: LineView) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """CommonMark: ATX headings by level, then what follows a blank line, never within a fenced block of code."""
    fences = [view.starts_with(word(mark)) for mark in ("```", "~~~")]
    fence = fences[0] | fences[1]
    file_start = ~view.same_file
    file_of = np.cumsum(file_start) - 1
    marks = np.cumsum(fence)
    fenced = ((marks - (marks - fence)[file_start][file_of]) % 2 == 1) & ~fence
    closing_fence = fence & ((marks - (marks - fence)[file_start][file_of]) % 2 == 0)
    underlined = np.zeros(len(fence), np.bool_)
    underlined[:-1] = _underline(view, b"=-")[1:] & ~view.after_blank[1:]
    hashes = np.zeros(len(fence), np.int32)
    for depth in range(6, 0, -1):
        mark = np.uint64(int.from_bytes(b"#" * depth + b" ", "little"))
        mask = np.uint64((1 << 8 * (depth + 1)) - 1)
        hashes[(view.heads & mask) == mark] = depth
    hashes[underlined & (hashes == 0) & view.after_blank] = 2
    heading = (hashes > 0) & ~fenced & (view.indents < 4)
    costs = np.where(view.after_blank, _PARAGRAPH + np.minimum(view.indents, 16), _PROSE)
    within = fenced | closing_fence | view.in_comment | view.in_text
    heading &= ~within
    costs = np.where(within, CONTINUED, costs)
    costs = np.where(heading, 4 * (hashes - 1), costs)
    kinds = np.where(heading, Boundary.SECTION, np.where(view.after_blank, Boundary.NESTED, Boundary.LINE))
    kinds[within] = Boundary.LINE
    return costs.astype(np.uint8), kinds.astype(np.uint8)


def restructured_costs(view: LineView) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Titles of docutils' reStructuredText: a line of text over a line of punctuation, perhaps under one as well."""
    ruler = _underline(view, None) & (view.indents == 0)
    attached = ~view.after_blank
    title = np.zeros(len(ruler), np.bool_)
    title[:-1] = ruler[1:] & attached[1:] & ~ruler[:-1]
    under_ruler = view.before(ruler)
    overline = np.zeros(len(ruler), np.bool_)
    overline[:-1] = ruler[:-1] & title[1:] & attached[1:] & view.after_blank[:-1]
    rank = np.full(256, 3)
    for place, mark in enumerate(b"=-~"):
        rank[mark] = place
    marks = np.zeros(len(ruler), np.uint8)
    marks[:-1] = view.first[1:]
    marks[overline] = view.first[overline]
    section = overline | (title & ~(under_ruler & view.before(overline)))
    level = rank[marks] + np.where(overline, 0, 1)
    costs = np.where(view.after_blank, _PARAGRAPH + np.minimum(view.indents, 16), _PROSE)
    costs = np.where((ruler | title) & ~section, CLOSING, costs)
    costs = np.where(section, 4 * level, costs)
    kinds = np.where(section, Boundary.SECTION, np.where(view.after_blank, Boundary.NESTED, Boundary.LINE))
    return costs.astype(np.uint8), kinds.astype(np.uint8)


def _underline(view: LineView, marks: bytes | None) -> npt.NDArray[np.bool_]:
    """Lines of three or more of one punctuation character, judged by their first eight bytes."""
    known = _UNDERLINES if marks is None else byte_set(marks)
    shown = np.clip(view.widths - 1, 0, HEAD_BYTES).astype(np.uint64)
    mask = np.where(shown == HEAD_BYTES, ~np.uint64(0), (np.uint64(1) << (shown * np.uint64(8))) - np.uint64(1))
    repeated = view.first.astype(np.uint64) * _ONES
    is_same: npt.NDArray[np.bool_] = ((view.heads ^ repeated) & mask) == 0
    is_same &= known[view.first] & (view.widths > 3) & (view.lasts == view.first)
    return is_same
