"""The lines of texts that are prose or markup, in forms that are quick to read one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab

_TAB: Final = 9
_BYTE: Final = np.uint64(0xFF)


@dataclass(frozen=True, slots=True)
class TextLines:
    """The n lines of a text.

    data: its bytes. starts: n + 1 offsets, the last is its size. inks: the offset of the first byte of each that is no
    blank, of its end of line where it is blank. columns: the column of that byte; a tab goes to the next multiple of
    its size. inked: n + 1 positions, the first line from each on that is not blank, n for none. visited: likewise, the
    lines that are not blank and follow a blank one, or that begin with no plain byte. after_blank: n bytes, not 0 for
    lines at the start or after a blank one. firsts: n + 1 bytes, the first of each that is no blank, 0 for none.
    lasts: n bytes, the last of each before its end of line.
    """

    data: bytes
    starts: list[int]
    inks: list[int]
    columns: list[int]
    inked: list[int]
    visited: list[int]
    after_blank: bytes
    firsts: bytes
    lasts: bytes

    def __len__(self) -> int:
        return len(self.inks)

    def text(self, line: int) -> bytes:
        """One line, from its first byte that is no blank, without blanks and ends of lines behind it."""
        return self.data[self.inks[line] : self.starts[line + 1]].rstrip()

    def is_blank(self, line: int) -> bool:
        """Whether nothing is on a line."""
        return self.inked[line] != line


def text_lines(
    slab: Slab, lines: LineColumns, positions: npt.NDArray[np.int64], tab: int, plain: npt.NDArray[np.bool_]
) -> Iterator[TextLines]:
    """The lines of the texts at some positions of a slab, in order.

    `tab`: the columns that a tab goes on to a multiple of; `plain` is bool[256], the bytes that begin nothing special.
    """
    firsts, stops = lines.files[positions], lines.files[positions + 1]
    is_inked = lines.heads != 0
    after_blank = np.ones(len(is_inked), np.bool_)
    after_blank[1:] = ~is_inked[:-1]
    after_blank[lines.files[:-1][np.diff(lines.files) > 0]] = True
    heads = (lines.heads & _BYTE).astype(np.uint8)
    is_visited = is_inked & (after_blank | ~plain.take(heads))
    inked, visited = _following(is_inked), _following(is_visited)
    columns = lines.inks - lines.starts[:-1]
    for position, first, stop in zip(positions.tolist(), firsts.tolist(), stops.tolist(), strict=True):
        offset, size = int(slab.offsets[position]), int(slab.lengths[position])
        data = bytes(slab.data.data[offset : offset + size])
        starts = (lines.starts[first : stop + 1] - offset).tolist()
        inks = (lines.inks[first:stop] - offset).tolist()
        own = columns[first:stop].tolist()
        if _TAB in data:
            _correct(data, starts, inks, own, tab)
        yield TextLines(
            data,
            starts,
            inks,
            own,
            np.minimum(inked[first : stop + 1] - first, stop - first).tolist(),
            np.minimum(visited[first : stop + 1] - first, stop - first).tolist(),
            after_blank[first:stop].tobytes(),
            heads[first:stop].tobytes() + b"\0",
            lines.lasts[first:stop].tobytes(),
        )


def _following(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """For each position of n + 1 the first chosen one from there on, n for none. chosen: bool[n]."""
    count = len(chosen)
    places = np.full(count + 1, count)
    places[:-1][chosen] = np.flatnonzero(chosen)
    found: npt.NDArray[np.int64] = np.minimum.accumulate(places[::-1])[::-1]
    return found


def _correct(data: bytes, starts: list[int], inks: list[int], columns: list[int], tab: int) -> None:
    """Correct the columns of lines that have a tab before their first byte."""
    for line, (start, ink) in enumerate(zip(starts, inks, strict=False)):
        if ink > start and data.find(b"\t", start, ink) >= 0:
            columns[line] = column_after(data, start, ink, 0, tab)


def column_after(data: bytes, start: int, end: int, column: int, tab: int) -> int:
    """The column at `end`, where that at `start` is `column` and only blanks are between."""
    if data.find(b"\t", start, end) < 0:
        return column + end - start
    for byte in data[start:end]:
        column += tab - column % tab if byte == _TAB else 1
    return column
