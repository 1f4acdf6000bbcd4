"""The lines of some parts of texts, in forms that are quick to read one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.documents.line_rows import LineRows
from exosuit_cli.structure.documents.markdown_lines import Look
from exosuit_cli.structure.documents.prose_lines import following

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.structure.documents.markdown_lines import Looks
    from exosuit_cli.structure.documents.prose_lines import DocumentLines


@dataclass(frozen=True, slots=True)
class PartLines(LineRows):
    """The lines of some parts of texts. `marks`, `contents` and `begins` are those of `Looks`."""

    plain: bytes
    """n bytes, not 0 for lines that are but words."""
    contents: bytes
    begins: bytes
    lines: npt.NDArray[np.int64]
    """int64[n + 1], the positions of the lines in the texts."""


def part_lines(
    lines: DocumentLines, looks: Looks, firsts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]
) -> tuple[PartLines, list[tuple[int, int]]]:
    """The lines of the parts from some lines up to others, and where each part begins and ends among them."""
    counts = stops - firsts + 1
    bounds = np.append(0, np.cumsum(counts))
    at = np.arange(bounds[-1]) + np.repeat(firsts - bounds[:-1], counts)
    mores = bounds[1:] - 1
    own = at.copy()
    own[mores] -= 1
    starts = lines.starts[own]
    starts[mores] = lines.ends[own[mores]]
    inked = lines.inked[own]
    inked[mores] = False
    after_blank = np.append(True, ~inked[:-1])
    is_plain = looks.kinds[own] == Look.TEXT
    is_visited = inked & (after_blank | ~is_plain)
    inked[mores] = is_visited[mores] = True  # what is looked for ends there
    part = PartLines(
        data=lines.data,
        starts=np.append(starts, starts[-1]).tolist(),
        inks=lines.inks[own].tolist(),
        columns=lines.columns[own].tolist(),
        inked=following(inked).tolist(),
        visited=following(is_visited).tolist(),
        after_blank=after_blank.tobytes(),
        plain=is_plain.tobytes(),
        marks=looks.marks[own].astype(np.uint8).tobytes(),
        contents=looks.contents[own].astype(np.uint8).tobytes(),
        begins=looks.begins[own].tobytes(),
        lines=np.append(at, at[-1]),
    )
    return part, list(zip(bounds[:-1].tolist(), mores.tolist(), strict=True))
