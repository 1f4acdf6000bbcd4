"""Definitions that a comment documents across a blank line: `/** ... */`, as is usual before `res.f = function`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab

_BYTE: Final = np.uint64(0xFF)
_OPENS, _OPENS_MASK = np.uint64(int.from_bytes(b"/**", "little")), np.uint64(0xFFFFFF)
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
    is_below = (lines.heads[places - 1] == 0) & (lines.lasts[ends] == ord("/")) & (lines.heads[ends] != 0)
    is_below &= np.searchsorted(lines.files, ends, "right") == np.searchsorted(lines.files, places, "right")
    found = [place for place in places[is_below].tolist() if _ends_document(slab, lines, place - 2)]
    return np.array(found, np.int64)


def _ends_document(slab: Slab, lines: LineColumns, line: int) -> bool:
    """Whether a comment that begins with `/**` ends with this line; each line within it begins with a star."""
    start, end = lines.starts[line : line + 2].tolist()
    if not bytes(slab.data[max(start, end - 8) : end]).rstrip().endswith(b"*/"):
        return False
    first = int(lines.files[np.searchsorted(lines.files, line, "right") - 1])
    for at in range(line, max(line - _MOST_LINES, first - 1), -1):
        if lines.heads[at] & _OPENS_MASK == _OPENS:
            return True
        if lines.heads[at] & _BYTE != ord("*"):
            return False
    return False
