"""Definitions that a comment documents across a blank line: `/** ... */`, as is usual before `res.f = function`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.structure.line_view import BYTE, word

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab

_OPENS, _OPENS_MASK, _ = word("/**")
_STAR: Final = np.uint8(0x2A)
_SLASH: Final = 0x2F
_LINE_END: Final = b"\n\r"
_MOST_LINES: Final = 100
"""Lines of the longest comment that is seen as one."""


def documented_lines(slab: Slab, lines: LineColumns, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The lines, of those at `places`, with one blank line above and right above that the end of a comment `/**`.

    Args:
        slab: the texts.
        lines: their lines.
        places: int64[n], the lines that define something, ascending.

    Returns:
        int64[k], positions in the slab as in `places`.

    """
    places = places[places > 1]
    ends = places - 2
    is_below = (lines.heads[places - 1] == 0) & (lines.lasts[ends] == _SLASH)
    places, ends = places[is_below], ends[is_below]
    if not len(places):
        return places
    found = _ends_with_mark(slab, lines, ends)
    files = np.searchsorted(lines.files, ends, "right")
    found &= files == np.searchsorted(lines.files, places, "right")
    # Back from there, the first line that does not begin with a star is the one that opens the comment.
    others = np.flatnonzero((lines.heads & BYTE) != np.uint64(_STAR))
    at = np.searchsorted(others, ends, "right") - 1
    opens = others[at]
    found &= (at >= 0) & (opens >= lines.files[files - 1]) & (ends - opens < _MOST_LINES)
    found &= (lines.heads[opens] & _OPENS_MASK) == _OPENS
    return places[found]


def _ends_with_mark(slab: Slab, lines: LineColumns, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """bool[rows]: which of these lines, whose last byte is a slash, have a star before it."""
    at = lines.starts[rows + 1] - 1
    for ending in _LINE_END:
        at -= slab.data[at] == ending
    found: npt.NDArray[np.bool_] = (at > lines.starts[rows]) & (slab.data[at - 1] == _STAR)
    return found
