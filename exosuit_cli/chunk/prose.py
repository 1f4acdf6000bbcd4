"""Where documents may be cut: at headings and paragraphs of reStructuredText."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.chunk.costs import CLOSING
from exosuit_cli.chunk.line_view import HEAD_BYTES, byte_set
from exosuit_cli.chunk.records import Boundary

if TYPE_CHECKING:
    from exosuit_cli.chunk.line_view import LineView

_PARAGRAPH, _PROSE = 48, 160
_ONES = np.uint64(0x0101010101010101)
_UNDERLINES = byte_set(b"=-~^\"'*+#`.:_")


def restructured_costs(view: LineView) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Titles of docutils' reStructuredText: a line of text over a line of punctuation, perhaps under one as well."""
    ruler = _underline(view) & (view.indents == 0)
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


def _underline(view: LineView) -> npt.NDArray[np.bool_]:
    """Lines of three or more of one punctuation character, judged by their first eight bytes."""
    shown = np.clip(view.widths - 1, 0, HEAD_BYTES).astype(np.uint64)
    mask = np.where(shown == HEAD_BYTES, ~np.uint64(0), (np.uint64(1) << (shown * np.uint64(8))) - np.uint64(1))
    repeated = view.first.astype(np.uint64) * _ONES
    is_same: npt.NDArray[np.bool_] = ((view.heads ^ repeated) & mask) == 0
    is_same &= _UNDERLINES[view.first] & (view.widths > 3) & (view.lasts == view.first)
    return is_same
