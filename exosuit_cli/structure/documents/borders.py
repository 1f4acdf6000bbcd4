"""Where texts of prose and markup may be cut: each language by its own blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.structure.styles import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.documents.elements import Elements


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
        from exosuit_cli.structure.documents.markdown import enter_markdown

        enter_markdown(slab, lines, positions, costs, kinds)
    positions = np.flatnonzero((styles == Style.RESTRUCTURED) & (slab.lengths > 0))
    if len(positions):
        from exosuit_cli.structure.documents.restructured import enter_restructured

        enter_restructured(slab, lines, positions, costs, kinds)
    if "Text" in languages:
        from exosuit_cli.structure.documents.underlined import underlined_texts

        positions = underlined_texts(slab, lines, _positions(slab, languages, "Text"))
        if len(positions):
            from exosuit_cli.structure.documents.restructured import enter_restructured

            enter_restructured(slab, lines, positions, costs, kinds, is_plain=True)
    for language in ("AsciiDoc", "Org"):
        if language in languages:
            from exosuit_cli.structure.documents.outlines import enter_outlines

            positions = _positions(slab, languages, language)
            if len(positions):
                enter_outlines(slab, lines, positions, costs, kinds, is_org=language == "Org")
    if "TeX" in languages:
        from exosuit_cli.structure.documents.latex import enter_latex

        enter_latex(slab, lines, _positions(slab, languages, "TeX"), costs, kinds)


def elements_of(slab: Slab, lines: LineColumns, styles: npt.NDArray[np.uint8]) -> Elements | None:
    """The texts of a slab that have elements; None where there are none. `styles` is that of each text."""
    positions = np.flatnonzero((styles == Style.ELEMENTS) & (slab.lengths > 0))
    if not len(positions):
        return None
    from exosuit_cli.structure.documents.elements import Elements

    return Elements(slab, lines, positions)


def _positions(slab: Slab, languages: Sequence[str], language: str) -> npt.NDArray[np.int64]:
    """The texts of a language that are not empty."""
    found = [place for place, own in enumerate(languages) if own == language]
    return np.array([place for place in found if slab.lengths[place]], np.int64)
