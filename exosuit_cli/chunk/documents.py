"""Where texts of prose and markup may be cut: each language by its own blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from exosuit_cli.chunk.styles import Style
from exosuit_cli.chunk.text_lines import text_lines

if TYPE_CHECKING:
    from exosuit_cli.chunk.text_lines import TextLines
    from exosuit_cli.model.slab import LineColumns, Slab

Column = npt.NDArray[np.uint8]

Enter = Callable[["TextLines", "Column", "Column"], None]
"""Puts the costs and kinds of the lines of a text into columns, which have what they are as lines of code."""


class _Rules(NamedTuple):
    enter: Enter
    tab: int
    plain: npt.NDArray[np.bool_]


def _by_blocks(costs_of: Callable[[TextLines], tuple[bytearray, bytearray]]) -> Enter:
    """The rules of a language whose blocks say all."""

    def enter(text: TextLines, costs: Column, kinds: Column) -> None:
        own_costs, own_kinds = costs_of(text)
        costs[:] = np.frombuffer(own_costs, np.uint8)
        kinds[:] = np.frombuffer(own_kinds, np.uint8)

    return enter


def _markdown() -> _Rules:
    from exosuit_cli.chunk.markdown import markdown_costs
    from exosuit_cli.chunk.markdown_blocks import PLAIN
    from exosuit_cli.chunk.markdown_containers import TAB

    return _Rules(_by_blocks(markdown_costs), TAB, PLAIN)


def _restructured() -> _Rules:
    from exosuit_cli.chunk.restructured import PLAIN, TAB, restructured_costs

    return _Rules(_by_blocks(restructured_costs), TAB, PLAIN)


def _elements() -> _Rules:
    from exosuit_cli.chunk.elements import TAB, element_costs

    return _Rules(element_costs, TAB, np.ones(256, np.bool_))


_RULES: Final = {Style.MARKDOWN: _markdown, Style.RESTRUCTURED: _restructured, Style.ELEMENTS: _elements}
"""By style: its rules, imported when the first such text is met."""


def enter_documents(
    slab: Slab,
    lines: LineColumns,
    styles: npt.NDArray[np.uint8],
    costs: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
) -> None:
    """Put the costs and kinds of the lines of prose and markup into those of a slab; `styles` is that of each text."""
    for style, load in _RULES.items():
        positions = np.flatnonzero((styles == style) & (slab.lengths > 0))
        if len(positions):
            rules = load()
            texts = text_lines(slab, lines, positions, rules.tab, rules.plain)
            for first, stop, text in zip(
                lines.files[positions].tolist(), lines.files[positions + 1].tolist(), texts, strict=True
            ):
                rules.enter(text, costs[first:stop], kinds[first:stop])
