"""The lines of some parts of texts, in forms that are quick to read one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.documents.markdown_lines import Look
from exosuit_cli.structure.documents.prose_lines import following

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.structure.documents.markdown_lines import Looks
    from exosuit_cli.structure.documents.prose_lines import DocumentLines


@dataclass(frozen=True, slots=True)
class PartLines:
    """The n lines of some parts, with a blank line after each part.

    data: bytes. starts: n + 1 offsets in it. inks: the offset of the first byte of each that is no blank. columns: the
    column of that byte. inked: n + 1 positions, the first line from each on that is not blank, the blank one after the
    part for none. visited: likewise, the lines that are not blank and follow a blank one, or that are not plain.
    after_blank: n bytes, not 0 for lines at the start of a part or after a blank one. plain: n bytes, not 0 for lines
    that are but words. marks, contents, begins: n bytes, see `Looks`. lines: int64[n + 1], the positions of the lines
    in the texts.
    """

    data: bytes
    starts: list[int]
    inks: list[int]
    columns: list[int]
    inked: list[int]
    visited: list[int]
    after_blank: bytes
    plain: bytes
    marks: bytes
    contents: bytes
    begins: bytes
    lines: npt.NDArray[np.int64]

    def text(self, line: int) -> bytes:
        """One line, from its first byte that is no blank, without blanks and ends of lines behind it."""
        return self.data[self.inks[line] : self.starts[line + 1]].rstrip()


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
        lines.data,
        np.append(starts, starts[-1]).tolist(),
        lines.inks[own].tolist(),
        lines.columns[own].tolist(),
        following(inked).tolist(),
        following(is_visited).tolist(),
        after_blank.tobytes(),
        is_plain.tobytes(),
        looks.marks[own].astype(np.uint8).tobytes(),
        looks.contents[own].astype(np.uint8).tobytes(),
        looks.begins[own].tobytes(),
        np.append(at, at[-1]),
    )
    return part, list(zip(bounds[:-1].tolist(), mores.tolist(), strict=True))
