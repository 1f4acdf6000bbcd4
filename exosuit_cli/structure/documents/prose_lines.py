"""The lines of the texts of a slab that are prose, as aligned columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab

HEAD: Final = 8
"""Bytes of `LineColumns.heads`."""
_ONE: Final = np.uint64(1)
_FLAGS: Final = np.uint64(int.from_bytes(b"\1" * HEAD, "little"))
_TAB: Final = 9
_BYTE: Final = np.uint64(0xFF)
_INDENT_TAB: Final = 8
"""What a tab adds to `LineColumns.indents`."""
_MOST: Final = 65_535
"""Columns that are in `LineColumns.indents`."""


@dataclass(frozen=True, slots=True)
class DocumentLines:
    """The n lines of t texts, one text after the other.

    data: the texts, with an end of line after each. at: int64[n], the positions of the lines in the slab. texts:
    int64[t + 1], the first line of each text, and n. starts, ends, inks: int64[n], offsets in `data`: of the line's
    first byte, of the byte after it, and of its first byte that is no blank. columns: int64[n], the column of that
    byte; a tab goes to the next multiple of its size. heads, leads, lasts: uint64[n], uint8[n], uint8[n]: the first
    eight bytes from there, the first of them, and the last byte of the line. inked: bool[n], whether something is on
    it. after_blank: bool[n], whether it begins its text or follows a line with nothing on it.
    """

    data: bytes
    at: npt.NDArray[np.int64]
    texts: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    inks: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    heads: npt.NDArray[np.uint64]
    leads: npt.NDArray[np.uint8]
    lasts: npt.NDArray[np.uint8]
    inked: npt.NDArray[np.bool_]
    after_blank: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.at)

    def text(self, line: int) -> bytes:
        """One line, from its first byte that is no blank, without blanks and ends of lines behind it."""
        return self.data[self.inks[line] : self.ends[line]].rstrip()

    def rows(self, lines: npt.NDArray[np.int64]) -> list[bytes]:
        """Some lines, as `text` has each."""
        data = self.data
        return [
            data[ink:end].rstrip()
            for ink, end in zip(self.inks[lines].tolist(), self.ends[lines].tolist(), strict=True)
        ]


def document_lines(slab: Slab, lines: LineColumns, positions: npt.NDArray[np.int64], tab: int) -> DocumentLines:
    """The lines of the texts at some ascending positions of a slab.

    `tab`: the columns that a tab goes on to a multiple of.
    """
    firsts = lines.files[positions]
    counts = lines.files[positions + 1] - firsts
    texts = np.append(0, np.cumsum(counts))
    at = np.arange(texts[-1]) + np.repeat(firsts - texts[:-1], counts)
    heads, starts, inks = lines.heads[at], lines.starts[at], lines.inks[at]
    inked = heads != 0
    after_blank = np.append(True, ~inked[:-1]) if len(at) else inked
    after_blank[texts[:-1]] = True
    columns = _columns(slab.data, starts, inks, lines.indents[at], inked, tab)
    offsets, sizes = slab.offsets[positions], slab.lengths[positions]
    view = slab.data.data
    own = [view[offset : offset + size] for offset, size in zip(offsets.tolist(), sizes.tolist(), strict=True)]
    moves = np.repeat(np.cumsum(sizes + 1) - (sizes + 1) - offsets, counts)
    return DocumentLines(
        data=b"\n".join([*own, b""]),
        at=at,
        texts=texts,
        starts=starts + moves,
        ends=lines.starts[at + 1] + moves,
        inks=inks + moves,
        columns=columns,
        heads=heads,
        leads=(heads & _BYTE).astype(np.uint8),
        lasts=lines.lasts[at],
        inked=inked,
        after_blank=after_blank,
    )


def following(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """int64[n]: for each of n lines the first chosen one from there on, n for none."""
    count = len(chosen)
    places = np.where(chosen, np.arange(count), count)
    found: npt.NDArray[np.int64] = np.minimum.accumulate(places[::-1])[::-1]
    return found


def latest(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """int64[n]: for each of n lines the last chosen one up to it, -1 for none."""
    found: npt.NDArray[np.int64] = np.maximum.accumulate(np.where(chosen, np.arange(len(chosen)), -1))
    return found


def leading(found: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """int64[n]: how many of the eight flags of each of n rows are set before the first that is not."""
    unset = ~np.ascontiguousarray(found).view(np.uint64).reshape(-1) & _FLAGS
    return (np.bitwise_count((unset & (~unset + _ONE)) - _ONE) >> 3).astype(np.int64)


def _columns(
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    inks: npt.NDArray[np.int64],
    indents: npt.NDArray[np.uint16],
    inked: npt.NDArray[np.bool_],
    tab: int,
) -> npt.NDArray[np.int64]:
    """The columns of the first bytes of lines."""
    columns = inks - starts
    tabbed = np.flatnonzero(inked & (columns != indents))
    if not len(tabbed):
        return columns
    starts, inks, sizes, widths = starts[tabbed], inks[tabbed], columns[tabbed], indents[tabbed].astype(np.int64)
    tabs, others = np.divmod(widths - sizes, _INDENT_TAB - 1)
    # Tabs and then spaces: the columns follow from their numbers.
    seconds = starts + np.minimum(np.maximum(tabs, 1), 2) - 1
    is_first = (data[starts] == _TAB) & (data[seconds] == _TAB) & ((tabs <= 2) | (tabs == sizes))
    is_sure = is_first & (widths < _MOST) & (others == 0)
    found = np.where(is_sure, tab * tabs + sizes - tabs, sizes)
    for place in np.flatnonzero(~is_sure).tolist():
        start, ink = int(starts[place]), int(inks[place])
        found[place] = column_after(bytes(data[start:ink].data), 0, ink - start, 0, tab)
    columns[tabbed] = found
    return columns


def column_after(data: bytes, start: int, end: int, column: int, tab: int) -> int:
    """The column at `end`, where that at `start` is `column` and only blanks are between."""
    if data.find(b"\t", start, end) < 0:
        return column + end - start
    for byte in data[start:end]:
        column += tab - column % tab if byte == _TAB else 1
    return column
