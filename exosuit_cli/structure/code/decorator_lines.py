"""Decorators and attributes over several lines: how far they go on, and the line that closes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.structure.line_view import LineView

CLOSES: Final = byte_set(b"}])")
OPENS_BODY: Final = byte_set(b"{([:")
_LONGEST: Final = 100
"""Lines of the longest decorator that is seen as one."""
_FOLLOWING: Final = np.arange(1, _LONGEST + 1)
_AT_ONCE: Final = 1024
"""Decorators whose following lines are looked at together."""
_JOINS: Final = byte_set(b":|=&+,")


def further_lines(view: LineView, decorator: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Lines further to the right over which an attribute goes on, after an operator or a comma."""
    found = np.zeros(len(decorator), np.bool_)
    begun = np.flatnonzero(decorator)
    begun = begun[_JOINS.take(view.lasts[begun])]
    at = begun.copy()
    for _ in range(_LONGEST):
        at += 1
        begun, at = begun[at < len(found)], at[at < len(found)]
        goes_on = view.same_file[at] & ~view.after_blank[at] & (view.indents[at] > view.indents[begun])
        goes_on &= view.lasts[at] != ord("{")
        begun, at = begun[goes_on], at[goes_on]
        found[at] = True
        goes_on = _JOINS.take(view.lasts[at])
        begun, at = begun[goes_on], at[goes_on]
        if not len(at):
            break
    return found


def closed_by(view: LineView, openers: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Lines that close what one of `openers` opens at its end: the next line not further to the right, if it does so.

    Looked for within `_LONGEST` lines that are not blank.
    """
    found = np.zeros(len(openers), np.bool_)
    opened = np.flatnonzero(openers)
    opened = opened[OPENS_BODY.take(view.lasts[opened])]
    for begin in range(0, len(opened), _AT_ONCE):
        own = opened[begin : begin + _AT_ONCE]
        lines = own[:, None] + _FOLLOWING
        at = np.minimum(lines, len(found) - 1)
        is_beyond = (lines >= len(found)) | ~view.same_file[at]
        ends = is_beyond | (view.indents[at] <= view.indents[own, None])
        rows, first = np.arange(len(own)), ends.argmax(axis=1)
        at = at[rows, first]
        found[at[ends[rows, first] & ~is_beyond[rows, first] & CLOSES.take(view.first[at])]] = True
    return found
