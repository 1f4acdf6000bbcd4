"""The comments between `/*` and `*/` over several lines, in files where these marks alone say what each of them opens.

That are the files without any other literal over several lines, in which each `/*` is followed by a `*/`, and the other
way round. There a comment that ends on the line that it begins on changes nothing, wherever it is, and another one is
a comment for sure if nothing before it on its line may begin a literal. All other files are left to `literal_lines`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.languages.literals import Inside
from exosuit_cli.model.byte_sets import byte_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.languages.literals import Literal
    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.code.literal_marks import Marks

_OPENS: Final = b"/*"
_CLOSES: Final = b"*/"
_BACKSLASH: Final = 0x5C

Spans = tuple["npt.NDArray[np.int64]", "npt.NDArray[np.int64]", "npt.NDArray[np.int8]"]
"""The first and the last line that begins in each literal, and what it is: `Inside`."""


def plain_comments(
    slab: Slab, lines: LineColumns, files: npt.NDArray[np.int64], marks: Marks, literals: Sequence[Literal]
) -> tuple[Spans, npt.NDArray[np.int64]]:
    """The comments of the files that are plain, and the other files.

    Args:
        slab: the texts.
        lines: their lines.
        files: int64[k], the files to look at, ascending.
        marks: those of all files in it.
        literals: those of the languages of the files.

    """
    nothing = np.zeros(0, np.int64)
    opening = marks.opening.get(_OPENS, nothing)
    is_left = np.zeros(len(slab), np.bool_)
    for mark, places in marks.opening.items():
        if mark != _OPENS:
            is_left[marks.owners(places)] = True
    closing = marks.closing.get(_CLOSES, nothing)
    places = np.append(opening, closing)
    order = np.argsort(places, kind="stable")
    places, opens = places[order], order < len(opening)
    owners = marks.owners(places)
    is_left[owners[_is_odd(places, opens, owners)]] = True
    is_left[marks.owners(opening[slab.data[opening - 1] == _BACKSLASH])] = True
    places = places[~is_left[owners]]
    opening, closing = places[::2], places[1::2]
    firsts = np.searchsorted(lines.starts, opening, "right") - 1
    lasts = np.searchsorted(lines.starts, closing, "right") - 1
    long = np.flatnonzero(lasts > firsts)
    opening, firsts, lasts = opening[long], firsts[long], lasts[long]
    is_behind = lines.inks[firsts] < opening
    begins_literal = {mark[0] for each in literals for mark in (each.opens, each.closes) if mark} | {_BACKSLASH}
    rows = np.flatnonzero(is_behind)
    is_unsure = _has_byte(slab, lines.starts[firsts[rows]], opening[rows], byte_set(begins_literal))
    is_left[marks.owners(opening[rows[is_unsure]])] = True
    kept = np.flatnonzero(~is_left[marks.owners(opening)])
    kinds = np.where(is_behind[kept], Inside.STRING, Inside.COMMENT).astype(np.int8)
    return (firsts[kept] + 1, lasts[kept], kinds), files[is_left[files]]


def _has_byte(
    slab: Slab, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], table: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """bool[n]: the spans of bytes, none of them empty, that hold a byte of the table."""
    data = slab.data.data
    joined = b"".join([data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])
    found = np.zeros(len(starts), np.bool_)
    places = np.flatnonzero(table.take(np.frombuffer(joined, np.uint8)))
    found[np.searchsorted(np.cumsum(ends - starts), places, "right")] = True
    return found


def _is_odd(
    places: npt.NDArray[np.int64], opens: npt.NDArray[np.bool_], owners: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Marks that are not in turn with those before and after them in their file, or share a byte with the next one."""
    is_first = np.ones(len(places) + 1, np.bool_)
    is_first[1:-1] = owners[1:] != owners[:-1]
    odd: npt.NDArray[np.bool_] = np.where(is_first[:-1], ~opens, False)
    odd[1:] |= ~is_first[1:-1] & (opens[1:] == opens[:-1])
    odd |= is_first[1:] & opens
    odd[:-1] |= places[1:] - places[:-1] < len(_OPENS)
    return odd
