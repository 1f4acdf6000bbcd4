"""The lines of texts that are prose or markup, in forms that are quick to read one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.documents.line_rows import LineRows
from exosuit_cli.structure.documents.prose_lines import following, latest

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.structure.documents.prose_lines import DocumentLines

_BYTE: Final = np.uint64(0xFF)
_LONG: Final = 1000
"""Bytes of a line, beyond which its end is not looked at here."""
_IS_ASIDE: Final = byte_set(b">|")


def _begins_more() -> npt.NDArray[np.bool_]:
    """bool[256, 256]: whether a line may be no paragraph, by its first two bytes."""
    found = np.zeros((256, 256), np.bool_)
    digits = b"0123456789"
    found[list(b":(#.+=")] = True
    for first in b"-*":
        found[first, list(b" \t\r\n\v\f\0")] = True
    for first in digits:
        found[first, list(digits + b".)\0")] = True
    return found


_BEGINS_MORE: Final = _begins_more()
OTHER_MARK: Final = 255
"""In place of the mark of an item that is not known."""
_SECOND: Final = np.uint64(8)
_IS_BULLET: Final = byte_set(b"-*+")
_IS_SPACE: Final = byte_set(b" \t\r\n\v\f")
_IS_BLANK: Final = byte_set(b" \t\r\n\v\f\0")
_IS_COLON_OR_BLANK: Final = byte_set(b": \t\r\n\v\f\0")


@dataclass(frozen=True, slots=True)
class TextLines(LineRows):
    """The lines of some texts. A line is plain that begins with a plain byte and could go on with a paragraph.

    `marks` is not 0 for lines that are one and the same byte at the left edge, again and again.
    """

    texts: list[tuple[int, int]]
    """Of each text the first line, and the blank one after it."""
    places: npt.NDArray[np.int64]
    """int64[m], the positions of the lines of the texts."""
    special: list[int]
    """As `visited`, but without the outer lines."""
    looks: bytes
    """1 for blank lines, 2 for outer ones: those at the left edge that begin a paragraph and no title."""
    markers: bytes
    """0 for words, the dash or the like of items, `OTHER_MARK` for others."""
    announced: bytes
    """0 for lines before which the last one that is not blank does not end with a colon."""
    blank: bytes
    """Not 0 for lines with nothing on them."""
    edges: bytes
    """The column, at most 126, 127 for lines with nothing on them; 128 more at the start or after a blank one."""

    def is_blank(self, line: int) -> bool:
        """Whether nothing is on a line."""
        return self.blank[line] != 0


def text_lines(lines: DocumentLines, plain: npt.NDArray[np.bool_]) -> TextLines:
    """The lines of some texts; `plain` is bool[256], the bytes that begin nothing special."""
    count, inked, after_blank, leads, lasts = len(lines), lines.inked, lines.after_blank, lines.leads, lines.lasts
    sizes = np.diff(lines.texts)
    is_plain = plain.take(leads) & inked
    is_mark = inked & (lines.inks == lines.starts) & ((lasts == leads) | _IS_BLANK.take(lasts)) & ~is_plain
    is_titled = np.append(is_mark[1:], False)
    is_titled[lines.texts[1:] - 1] = False
    is_words = inked & after_blank & is_plain & ~is_titled
    is_outer = is_words & (lines.columns == 0)
    # What goes on with a paragraph, as far to the right as it begins, is of it.
    begins = latest(after_blank)
    is_within = is_words[begins] & (lines.columns >= lines.columns[begins]) & ~after_blank
    is_visited = inked & (after_blank | ~is_plain) & ~is_within
    may_announce = _IS_COLON_OR_BLANK.take(lasts) | (lines.ends - lines.starts > _LONG)
    last = np.append(-1, latest(inked)[:-1])
    announced = may_announce[last] & (last >= np.repeat(lines.texts[:-1], sizes))
    edges = np.where(inked, np.minimum(lines.columns, 126), 127) | after_blank * 128
    looks = (~inked).astype(np.uint8) | 2 * is_outer
    second = ((lines.heads >> _SECOND) & _BYTE).astype(np.uint8)
    is_bullet = _IS_BULLET.take(leads) & _IS_SPACE.take(second) & inked
    is_other = _BEGINS_MORE[leads, second] | (_IS_ASIDE.take(leads) & announced)
    markers = np.where(is_bullet, leads, np.where(is_other, OTHER_MARK, 0))

    stops = np.cumsum(sizes + 1) - 1
    places = np.arange(count) + np.repeat(np.arange(len(sizes)), sizes)

    def spread(values: npt.NDArray[np.int64 | np.bool_], between: npt.NDArray[np.int64] | int) -> npt.NDArray[np.int64]:
        """The values of the lines, with others for the blank ones between the texts."""
        found = np.empty(count + len(sizes), np.int64)
        found[places], found[stops] = values, between
        return found

    def flags(values: npt.NDArray[np.generic], between: int = 0) -> bytes:
        found = np.full(count + len(sizes) + 1, between, np.uint8)
        found[places] = values
        return found.tobytes()

    ends = lines.ends[lines.texts[1:] - 1]
    return TextLines(
        data=lines.data,
        texts=list(zip([0, *(stops[:-1] + 1).tolist()], stops.tolist(), strict=True)),
        places=places,
        starts=[*spread(lines.starts, ends).tolist(), int(ends[-1])],
        inks=spread(lines.inks, ends).tolist(),
        columns=spread(lines.columns, 0).tolist(),
        inked=following(spread(inked, 1) > 0).tolist(),
        visited=following(spread(is_visited, 1) > 0).tolist(),
        special=following(spread(is_visited & ~is_outer, 1) > 0).tolist(),
        looks=flags(looks, 1),
        markers=flags(markers),
        after_blank=flags(after_blank),
        announced=flags(announced),
        marks=flags(is_mark),
        blank=flags(~inked, 1),
        edges=flags(edges, 127),
    )
