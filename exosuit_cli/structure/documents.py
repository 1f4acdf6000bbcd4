"""Where texts of prose and markup may be cut: each language by its own blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from exosuit_cli.structure.styles import Style
from exosuit_cli.structure.text_lines import text_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.elements import Elements
    from exosuit_cli.structure.text_lines import TextLines


class _Rules(NamedTuple):
    costs: Callable[[TextLines], tuple[bytearray, bytearray]]
    tab: int
    plain: npt.NDArray[np.bool_]


def _restructured() -> _Rules:
    from exosuit_cli.structure.restructured import PLAIN, TAB, restructured_costs

    return _Rules(restructured_costs, TAB, PLAIN)


def _underlined() -> _Rules:
    from exosuit_cli.structure.restructured import PLAIN, TAB, underlined_costs

    return _Rules(underlined_costs, TAB, PLAIN)


_RULES: Final = {Style.RESTRUCTURED: _restructured}
"""By style: its rules, imported when the first such text is met."""


def enter_documents(
    slab: Slab,
    lines: LineColumns,
    languages: Sequence[str],
    styles: npt.NDArray[np.uint8],
    costs: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
) -> None:
    """Put the costs and kinds of the lines of prose and markup into those of a slab; `styles` is that of each text."""
    positions = np.flatnonzero((styles == Style.MARKDOWN) & (slab.lengths > 0))
    if len(positions):
        from exosuit_cli.structure.markdown import enter_markdown

        enter_markdown(slab, lines, positions, costs, kinds)
    for style, load in _RULES.items():
        positions = np.flatnonzero((styles == style) & (slab.lengths > 0))
        if len(positions):
            _enter(slab, lines, positions, load(), costs, kinds)
    if "Text" in languages:
        from exosuit_cli.structure.underlined import underlined_texts

        positions = underlined_texts(slab, lines, _positions(slab, languages, "Text"))
        if len(positions):
            _enter(slab, lines, positions, _underlined(), costs, kinds)
    if "TeX" in languages:
        from exosuit_cli.structure.latex import enter_latex

        enter_latex(slab, lines, _positions(slab, languages, "TeX"), costs, kinds)


def elements_of(slab: Slab, lines: LineColumns, styles: npt.NDArray[np.uint8]) -> Elements | None:
    """The texts of a slab that have elements; None where there are none. `styles` is that of each text."""
    positions = np.flatnonzero((styles == Style.ELEMENTS) & (slab.lengths > 0))
    if not len(positions):
        return None
    from exosuit_cli.structure.elements import Elements

    return Elements(slab, lines, positions)


def _enter(
    slab: Slab,
    lines: LineColumns,
    positions: npt.NDArray[np.int64],
    rules: _Rules,
    costs: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
) -> None:
    """Put in the costs and kinds of the lines of the texts at some positions, which all have the same rules."""
    texts = text_lines(slab, lines, positions, rules.tab, rules.plain)
    for first, stop, text in zip(
        lines.files[positions].tolist(), lines.files[positions + 1].tolist(), texts, strict=True
    ):
        own_costs, own_kinds = rules.costs(text)
        costs[first:stop] = np.frombuffer(own_costs, np.uint8)
        kinds[first:stop] = np.frombuffer(own_kinds, np.uint8)


def _positions(slab: Slab, languages: Sequence[str], language: str) -> npt.NDArray[np.int64]:
    """The texts of a language that are not empty."""
    found = [place for place, own in enumerate(languages) if own == language]
    return np.array([place for place in found if slab.lengths[place]], np.int64)
