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
_INDENT_TAB: Final = 8
"""What a tab adds to `LineColumns.indents`."""
_MOST: Final = 65_535
"""Columns that are in `LineColumns.indents`."""
_LONG: Final = 1000
"""Bytes of a line, beyond which its end is not looked at here."""
OTHER_MARK: Final = 255
"""In place of the mark of an item that is not known."""
_SECOND: Final = np.uint64(8)
_IS_BULLET: Final = np.isin(np.arange(256), list(b"-*+"))
_IS_SPACE: Final = np.isin(np.arange(256), list(b" \t\r\n\v\f"))
_IS_BLANK: Final = np.isin(np.arange(256), list(b" \t\r\n\v\f\0"))
_IS_COLON_OR_BLANK: Final = np.isin(np.arange(256), list(b": \t\r\n\v\f\0"))


@dataclass(frozen=True, slots=True)
class TextLines:
    """The n lines of a text.

    data: its bytes. starts: n + 1 offsets, the last is its size. inks: the offset of the first byte of each that is no
    blank, of its end of line where it is blank. columns: the column of that byte; a tab goes to the next multiple of
    its size. inked: n + 1 positions, the first line from each on that is not blank, n for none. visited: likewise, the
    lines that are not blank and follow a blank one, or that begin with no plain byte and could be more than words of
    the paragraph before. special: likewise, these without the outer ones. looks: n bytes, 1 for blank lines, 2 for
    outer ones: those at the left edge that begin a paragraph and no title. markers: n bytes, 0 for plain lines, the
    dash or the like of items, `OTHER_MARK` for others. after_blank: n bytes, not 0 for lines at the start or after a
    blank one. announced: n bytes, 0 for lines before which the last one that is not blank does not end with a colon.
    marks: n + 1 bytes, 0 for lines that are not one and the same byte at the left edge, again and again. blank: n
    bytes, not 0 for lines with nothing on them. edges: n bytes, the column, at most 126, 127 for lines with nothing on
    them; 128 more for lines at the start or after a blank one.
    """

    data: bytes
    starts: list[int]
    inks: list[int]
    columns: list[int]
    inked: list[int]
    visited: list[int]
    special: list[int]
    looks: bytes
    markers: bytes
    after_blank: bytes
    announced: bytes
    marks: bytes
    blank: bytes
    edges: bytes

    def __len__(self) -> int:
        return len(self.inks)

    def text(self, line: int) -> bytes:
        """One line, from its first byte that is no blank, without blanks and ends of lines behind it."""
        return self.data[self.inks[line] : self.starts[line + 1]].rstrip()

    def is_blank(self, line: int) -> bool:
        """Whether nothing is on a line."""
        return self.blank[line] != 0


def text_lines(
    slab: Slab, lines: LineColumns, positions: npt.NDArray[np.int64], tab: int, plain: npt.NDArray[np.bool_]
) -> Iterator[TextLines]:
    """The lines of the texts at some positions of a slab, in order.

    `tab`: the columns that a tab goes on to a multiple of; `plain` is bool[256], the bytes that begin nothing special.
    """
    firsts, stops = lines.files[positions], lines.files[positions + 1]
    counts, offsets = stops - firsts, slab.offsets[positions]
    # The lines of these texts, and after each text one more that is blank.
    bounds = np.append(0, np.cumsum(counts + 1))
    text = np.repeat(np.arange(len(positions)), counts + 1)
    at = np.arange(bounds[-1]) + (firsts - bounds[:-1])[text]
    is_more = np.zeros(len(at), np.bool_)
    is_more[bounds[1:] - 1] = True
    own = np.minimum(at, len(lines.heads) - 1)
    heads = np.where(is_more, 0, lines.heads[own])
    starts = lines.starts[at] - offsets[text]
    inks = lines.inks[own] - offsets[text]
    is_inked = heads != 0
    after_blank = np.append(True, ~is_inked[:-1])
    leads = (heads & _BYTE).astype(np.uint8)
    is_plain = plain.take(leads) & is_inked
    lasts = lines.lasts[own]
    sizes = lines.starts[np.minimum(at + 1, len(lines.heads))] - lines.starts[at]
    may_announce = _IS_COLON_OR_BLANK.take(lasts) | (sizes > _LONG)
    columns = _columns(slab, lines, own, is_inked, tab)
    is_mark = is_inked & (inks == starts) & ((lasts == leads) | _IS_BLANK.take(lasts)) & ~is_plain
    is_titled = np.append(is_mark[1:], False)
    is_words = is_inked & after_blank & is_plain & ~is_titled
    is_outer = is_words & (columns == 0)
    # What goes on with a paragraph, as far to the right as it begins, is of it.
    begins = np.maximum.accumulate(np.where(after_blank, np.arange(len(at)), 0))
    is_within = is_words[begins] & (columns >= columns[begins]) & ~after_blank
    is_visited = is_inked & (after_blank | ~is_plain) & ~is_within
    last_inked = np.append(-1, np.maximum.accumulate(np.where(is_inked, np.arange(len(at)), -1))[:-1])
    announced = may_announce[last_inked] & (last_inked >= bounds[text])
    all_starts, all_inks, all_columns = starts.tolist(), inks.tolist(), columns.tolist()
    all_inked = _following(is_inked, bounds, text).tolist()
    all_visited = _following(is_visited, bounds, text).tolist()
    all_special = _following(is_visited & ~is_outer, bounds, text).tolist()
    edges = (np.where(is_inked, np.minimum(columns, 126), 127) | after_blank * 128).astype(np.uint8)
    looks = (~is_inked | 2 * is_outer).astype(np.uint8)
    second = ((heads >> _SECOND) & _BYTE).astype(np.uint8)
    is_bullet = _IS_BULLET.take(leads) & _IS_SPACE.take(second) & is_inked
    markers = np.where(is_plain, 0, np.where(is_bullet, leads, OTHER_MARK)).astype(np.uint8)
    flags = (looks, markers, after_blank, announced, is_mark, ~is_inked, edges)
    all_looks, all_markers, all_after, all_announced, all_marks, all_blank, all_edges = (
        column.tobytes() for column in flags
    )
    begins, lengths = offsets.tolist(), slab.lengths[positions].tolist()
    for begin, length, first, more in zip(
        begins, lengths, bounds[:-1].tolist(), (bounds[1:] - 1).tolist(), strict=True
    ):
        yield TextLines(
            bytes(slab.data.data[begin : begin + length]),
            all_starts[first : more + 1],
            all_inks[first:more],
            all_columns[first:more],
            all_inked[first : more + 1],
            all_visited[first : more + 1],
            all_special[first : more + 1],
            all_looks[first:more],
            all_markers[first:more],
            all_after[first:more],
            all_announced[first:more],
            all_marks[first : more + 1],
            all_blank[first:more],
            all_edges[first:more],
        )


def _following(
    chosen: npt.NDArray[np.bool_], bounds: npt.NDArray[np.int64], text: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """For each line the first chosen one of its text from there on, as a position there; the last one for none."""
    count = len(chosen)
    chosen = chosen.copy()
    chosen[bounds[1:] - 1] = True
    places = np.full(count, count)
    places[chosen] = np.flatnonzero(chosen)
    found: npt.NDArray[np.int64] = np.minimum.accumulate(places[::-1])[::-1] - bounds[text]
    return found


def _columns(
    slab: Slab, lines: LineColumns, own: npt.NDArray[np.int64], is_inked: npt.NDArray[np.bool_], tab: int
) -> npt.NDArray[np.int64]:
    """The columns of the first bytes of lines."""
    starts, indents = lines.starts[own], lines.indents[own].astype(np.int64)
    columns = lines.inks[own] - starts
    is_tabbed = is_inked & (columns != indents)
    tabs, others = np.divmod(indents - columns, _INDENT_TAB - 1)
    # Tabs and then spaces: the columns follow from their numbers.
    seconds = starts + np.minimum(np.maximum(tabs, 1), 2) - 1
    is_first = (slab.data[starts] == _TAB) & (slab.data[seconds] == _TAB) & ((tabs <= 2) | (tabs == columns))
    is_sure = is_tabbed & is_first & (indents < _MOST) & (others == 0)
    columns = np.where(is_sure, tab * tabs + columns - tabs, columns)
    is_tabbed &= ~is_sure
    for line in np.flatnonzero(is_tabbed).tolist():
        start, ink = int(starts[line]), int(lines.inks[own[line]])
        columns[line] = column_after(bytes(slab.data.data[start:ink]), 0, ink - start, 0, tab)
    return columns


def column_after(data: bytes, start: int, end: int, column: int, tab: int) -> int:
    """The column at `end`, where that at `start` is `column` and only blanks are between."""
    if data.find(b"\t", start, end) < 0:
        return column + end - start
    for byte in data[start:end]:
        column += tab - column % tab if byte == _TAB else 1
    return column
