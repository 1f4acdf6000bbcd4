"""Which mark closes a literal that another one opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.structure.code.literal_heredocs import heredoc_words

if TYPE_CHECKING:
    from exosuit_cli.languages.literals import Literal
    from exosuit_cli.structure.code.literal_marks import Compact

_AFTER_STRING = byte_set(b"+|,;)'\r\n\0")
_FAR = 200
"""Lines after which a quotation mark is no longer believed to close a string."""


def closers_of_runs(
    places: npt.NDArray[np.int64],
    closes: npt.NDArray[np.int64],
    openers: npt.NDArray[np.int64],
    literal: Literal,
    *,
    triples: bool,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which of the quotation marks `closes` close by themselves, by the runs that they come in; from where on to look.

    With `triples`, three in a row are another mark. Where a mark is doubled to stand for itself, the last of an odd
    number closes; those that follow the opener right away count apart from it. `closes` and `openers` are rows of
    `places`, ascending.
    """
    begins = np.ones(len(closes), np.bool_)
    begins[1:] = places[closes[1:]] != places[closes[:-1]] + 1
    firsts = np.flatnonzero(begins)
    sizes = np.diff(np.append(firsts, len(closes)))
    after = places[openers] + len(literal.opens)
    if not literal.doubles:
        return closes[np.repeat(sizes < 3, sizes)] if triples else closes, after
    run_of = np.searchsorted(places[closes[firsts]], after - 1, "right") - 1
    own = sizes[run_of] - (after - 1 - places[closes[firsts[run_of]]])
    lasts = closes[firsts + sizes - 1]
    is_odd = sizes % 2 == 1
    is_odd[run_of] = own % 2 == 0
    return lasts[is_odd], after


def partners(
    compact: Compact,
    openers: npt.NDArray[np.int64],
    after: npt.NDArray[np.int64],
    closers: npt.NDArray[np.int64],
    literal: Literal,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The place of what closes each opener, and whether there is one: in the same file, perhaps on the same line."""
    if not len(closers):
        return np.zeros(len(openers), np.int64), np.zeros(len(openers), np.bool_)
    at = np.searchsorted(closers, after)
    found = closers[np.minimum(at, len(closers) - 1)]
    is_closed = at < len(closers)
    if literal.spans_lines:
        is_closed &= compact.files_of(found) == compact.files_of(openers)
    else:
        is_closed &= compact.lines_of(found) == compact.lines_of(openers)
    if literal.nests:
        outer, is_balanced = _balanced(openers, closers)
        is_balanced &= compact.files_of(outer) == compact.files_of(openers)
        found = np.where(is_balanced, outer, found)
    return found, is_closed


def _balanced(
    openers: npt.NDArray[np.int64], closers: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The closer at which as many were closed as opened since each opener, and whether there is one."""
    places = np.append(openers, closers)
    steps = np.append(np.ones(len(openers), np.int64), np.full(len(closers), -1))
    order = np.argsort(places, kind="stable")
    depths = np.empty(len(places), np.int64)
    depths[order] = np.cumsum(steps[order])
    depths -= depths.min() - 1
    span = int(places.max()) + 1
    wanted = (depths[: len(openers)] - 1) * span + openers
    keys = depths[len(openers) :] * span + closers
    by_key = np.argsort(keys)
    at = np.searchsorted(keys[by_key], wanted)
    found = by_key[np.minimum(at, len(keys) - 1)]
    is_found = (at < len(keys)) & (keys[found] // span == wanted // span)
    return closers[found], is_found


def heredoc_partners(
    compact: Compact, openers: npt.NDArray[np.int64], closing: npt.NDArray[np.int64], literal: Literal
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The place of the line that has the same word as each opener and is the next such in its file, and whether."""
    words, is_word = heredoc_words(compact.text, openers, literal)
    if not len(closing):
        return np.zeros(len(openers), np.int64), np.zeros(len(openers), np.bool_)
    ends, _ = heredoc_words(compact.text, closing, None)
    _, ranks = np.unique(np.append(words, ends), return_inverse=True)
    span = len(compact.text) + 1
    keys = ranks[len(openers) :].astype(np.int64) * span + closing
    by_key = np.argsort(keys)
    wanted = ranks[: len(openers)].astype(np.int64) * span + compact.starts[compact.lines_of(openers) + 1]
    at = np.searchsorted(keys[by_key], wanted)
    found = by_key[np.minimum(at, len(keys) - 1)]
    is_closed = is_word & (at < len(keys)) & (keys[found] // span == wanted // span)
    is_closed &= compact.files_of(closing[found]) == compact.files_of(openers)
    return closing[found], is_closed


def is_likely(
    compact: Compact,
    own_lines: npt.NDArray[np.int64],
    closers: npt.NDArray[np.int64],
    all_closers: npt.NDArray[np.int64],
    *,
    joined: bool,
) -> npt.NDArray[np.bool_]:
    """Whether a quotation mark on each of the lines is closed by its partner.

    So it is on the same line, and on one near by whose own marks do not pair up; with `joined`, also where what follows
    the partner is what follows a string.
    """
    counts = np.bincount(compact.lines_of(all_closers), minlength=len(compact.marked))
    lines = compact.lines_of(closers)
    is_near = compact.marked[lines] - compact.marked[own_lines] <= _FAR
    ends = counts[lines] % 2 == 1
    if joined:
        after = compact.text[closers + 1]
        ends |= _AFTER_STRING[np.where(after == ord(" "), compact.text[closers + 2], after)]
    likely: npt.NDArray[np.bool_] = (lines == own_lines) | (is_near & ends)
    return likely
