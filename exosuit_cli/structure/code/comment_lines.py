"""Comments whose column or place says little: code that is commented out, and banners above a blank line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.structure.line_view import BYTE, HEAD_BYTES, word
from exosuit_cli.structure.styles import Style

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.structure.line_view import LineView

_IN_RULER: Final = byte_set(b"-=*#/;%~+_!")
_LEAST_RULER: Final = 4
"""Bytes at the end of a line's head that are the same in a ruler."""
_CLOSES: Final = byte_set(b"})]")
_END: Final = word("end")
_MOST_LINES: Final = 8
"""Lines of the longest banner."""


def as_deep_as_code(
    view: LineView, comment: npt.NDArray[np.bool_], level: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The levels of the lines, where a comment at the left edge is as deep as the code after it, and which ones are.

    So is any in data, after a hash. A line of a block that was made a comment is often further to the left than what is
    around it. In languages whose comments begin with a semicolon, as in assembly, all code may be indented.

    Where no block is open, as behind one that ends at the left edge, a comment is no part of one. It is a title where
    it begins a paragraph with `/*` in a text whose language is not known, as in a project of Xcode.
    """
    in_data = comment & (view.first == ord("#")) & view.of_files(view.file_styles == Style.DATA)
    at_edge = comment & (view.indents == 0) & view.of_files(view.file_styles != Style.SEMICOLON)
    is_title = view.after_blank & (view.first == ord("/")) & (view.second == ord("*"))
    at_edge &= ~(is_title & view.of_files(view.file_styles == Style.HASH))
    rows = np.flatnonzero(at_edge)
    is_remark = in_data
    is_remark[rows[_are_within(view, comment, rows)]] = True
    rows = np.flatnonzero(is_remark)
    ends = np.flatnonzero(comment[:-1] & ~comment[1:])
    if not len(rows) or not len(ends):
        return level, rows[:0]
    rows = rows[: np.searchsorted(rows, ends[-1], "right")]
    following = ends[np.searchsorted(ends, rows)] + 1
    is_deeper = level[following] > level[rows]
    rows, following = rows[is_deeper], following[is_deeper]
    stops = np.cumsum(view.counts)
    is_own = np.searchsorted(stops, rows, "right") == np.searchsorted(stops, following, "right")
    found = level.copy()
    found[rows[is_own]] = level[following[is_own]]
    return found, rows[is_own]


def _are_within(view: LineView, comment: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """bool[rows]: the comments that are not behind a line of their text that ends a block at the left edge."""
    code = np.flatnonzero(~comment)
    before = np.append(code, -1)[np.searchsorted(code, rows) - 1]
    firsts = np.cumsum(view.counts) - view.counts
    own, mask, _ = _END
    closes = (view.indents == 0) & (_CLOSES.take(view.first) | ((view.heads & mask) == own))
    is_own = before >= firsts[np.searchsorted(firsts, rows, "right") - 1]
    found: npt.NDArray[np.bool_] = ~(is_own & closes[before])
    return found


def below_banners(view: LineView, comment: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The lines behind a blank line below a banner: a comment that begins and ends with a ruler, as far to the left.

    What is at the start of a text is none: most licences are in such a frame.
    """
    found = np.zeros(len(comment), np.bool_)
    last = np.flatnonzero(view.after_blank[1:] & view.same_file[1:] & comment[:-1])
    last = last[_is_ruler(view.heads[last])]
    places = last + 1
    is_below = view.indents[last] == view.indents[places]
    places, at = places[is_below], last[is_below]
    for _ in range(_MOST_LINES):
        at = at - (~view.after_blank[at] & comment[at])
    is_banner = view.after_blank[at] & view.same_file[at] & comment[at] & _is_ruler(view.heads[at])
    found[places[is_banner]] = True
    return found


def _is_ruler(heads: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """bool[n]: heads of lines that end with the same mark several times."""
    last = (heads >> np.uint64(8 * (HEAD_BYTES - 1))).astype(np.uint8)
    found = _IN_RULER.take(last)
    for place in range(HEAD_BYTES - _LEAST_RULER, HEAD_BYTES - 1):
        found &= ((heads >> np.uint64(8 * place)) & BYTE).astype(np.uint8) == last
    return found
