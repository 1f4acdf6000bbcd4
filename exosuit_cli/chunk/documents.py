"""Where texts of prose and markup may be cut: each language by its own blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from exosuit_cli.chunk.styles import Style
from exosuit_cli.chunk.text_lines import text_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from exosuit_cli.chunk.text_lines import TextLines
    from exosuit_cli.model.slab import LineColumns, Slab


class _Rules(NamedTuple):
    costs: Callable[[TextLines], tuple[bytearray, bytearray]]
    tab: int
    plain: npt.NDArray[np.bool_]


def _markdown() -> _Rules:
    from exosuit_cli.chunk.markdown import markdown_costs
    from exosuit_cli.chunk.markdown_blocks import PLAIN
    from exosuit_cli.chunk.markdown_containers import TAB

    return _Rules(markdown_costs, TAB, PLAIN)


def _restructured() -> _Rules:
    from exosuit_cli.chunk.restructured import PLAIN, TAB, restructured_costs

    return _Rules(restructured_costs, TAB, PLAIN)


_RULES: Final = {Style.MARKDOWN: _markdown, Style.RESTRUCTURED: _restructured}
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
                own_costs, own_kinds = rules.costs(text)
                costs[first:stop] = np.frombuffer(own_costs, np.uint8)
                kinds[first:stop] = np.frombuffer(own_kinds, np.uint8)
    positions = np.flatnonzero((styles == Style.ELEMENTS) & (slab.lengths > 0))
    if len(positions):
        from exosuit_cli.chunk.elements import enter_elements

        enter_elements(slab, lines, positions, costs, kinds)
