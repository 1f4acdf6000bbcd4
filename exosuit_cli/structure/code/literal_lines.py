"""Which lines begin within a comment or a string literal, for all texts of a slab at once.

Only lines that have a mark of a literal over several lines matter: nothing else changes what the next line begins in.
So these are found first, and the rest looks at them alone. On them every mark is an event, which has a next one: the
first after the literal that it opens, or just the following one. What is reached from a text's first event are the
true marks; all others are within a literal. Every step is an array operation; none goes line by line.

A mark that is not closed opens nothing. A quotation mark that seems to open a string over several lines is not believed
where the line of its partner is complete without it, or is far away: a stray one spoils a few lines.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.languages.literals import FAMILIES, FAMILY_NAMES, Inside, Literal, family_of
from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.by_language import by_language
from exosuit_cli.structure.code.literal_comments import plain_comments
from exosuit_cli.structure.code.literal_heredocs import heredoc_closers
from exosuit_cli.structure.code.literal_marks import Compact, Marks, is_escaped
from exosuit_cli.structure.code.literal_partners import closers_of_runs, heredoc_partners, is_likely, partners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.model.slab import LineColumns, Slab

_STEPS = 16
"""Events to follow one by one before all the rest are followed by doubling."""
_BEFORE_COMMENT = byte_set(b" \t\r\n;(){}[]&|`")


def literal_lines(slab: Slab, lines: LineColumns, languages: Sequence[str]) -> npt.NDArray[np.uint8]:
    """What each line of a slab begins in: uint8[m] of `Inside`. `languages` names that of each file.

    The line of a literal's closing mark begins within it, that of the opening mark does not. Every file is judged
    alone.
    """
    inside = np.zeros(len(lines.indents), np.uint8)
    families = by_language(family_of, languages)
    for family in sorted(set(families.tolist())):
        literals = _ordered(family)
        if not literals:
            continue
        firsts, lasts, kinds = _spans(slab, lines, np.flatnonzero(families == family), literals)
        if len(firsts):
            steps = np.zeros(len(inside) + 1, np.int8)
            np.add.at(steps, firsts, kinds)
            np.subtract.at(steps, lasts + 1, kinds)
            inside += np.cumsum(steps[:-1], dtype=np.int8).view(np.uint8)
    return inside


@cache
def _ordered(family: int) -> tuple[Literal, ...]:
    """The literals of a family, those with a longer mark first; none where none goes over several lines."""
    literals = FAMILIES[FAMILY_NAMES[family]]
    if not any(each.spans_lines for each in literals):
        return ()
    return tuple(sorted(literals, key=lambda each: -len(each.opens)))


def _spans(
    slab: Slab, lines: LineColumns, files: npt.NDArray[np.int64], literals: tuple[Literal, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    """The literals over several lines in some files: the first and the last line that begins in each, and its kind."""
    marks = Marks(slab, lines, files, literals)
    if not any(map(len, marks.opening.values())):
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing.astype(np.int8)
    comments, files = plain_comments(slab, lines, files, marks, literals)
    marked = marks.lines(files)
    if not len(marked):
        return comments
    closing = np.zeros(0, np.int64)
    heredoc = next((each for each in literals if each.word), None)
    if heredoc is not None:
        closing = heredoc_closers(slab, lines, files, marks.lines_with(heredoc.opens, files), heredoc)
        marked = _union(marked, closing)
    compact = Compact.of(slab, lines, marked)
    present = tuple(each for each in literals if not each.spans_lines or len(marks.opening[each.opens]))
    events = _events(compact, closing, present, has_escapes=any(each.escapes for each in literals))
    reached = _reached(events.following)
    chosen = np.flatnonzero(reached & (events.closer_lines > events.lines))
    return (
        np.append(comments[0], marked[events.lines[chosen]] + 1),
        np.append(comments[1], marked[events.closer_lines[chosen]]),
        np.append(comments[2], events.kinds[chosen]),
    )


def _union(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What is in one of two ascending columns, ascending."""
    joined = np.append(first, second)
    joined.sort(kind="stable")
    return joined[np.append(True, joined[1:] != joined[:-1])] if len(joined) else joined


@dataclass(frozen=True, slots=True)
class _Events:
    """Marks in order, as aligned columns.

    lines: the line of each among the marked ones. closer_lines: that of what closes the literal over several lines that
    it would open, else -1; kinds: what this is. following: the event that would follow, the number of events for none.
    """

    lines: npt.NDArray[np.int64]
    closer_lines: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int8]
    following: npt.NDArray[np.int64]


def _events(
    compact: Compact, closing: npt.NDArray[np.int64], literals: tuple[Literal, ...], *, has_escapes: bool
) -> _Events:
    """The marks of these literals in the text; with `has_escapes`, none opens anything behind a backslash."""
    places = compact.candidates(literals)
    ends_heredoc = compact.places_of(closing)
    if len(ends_heredoc):
        places = _union(places, ends_heredoc)
    count = len(places)
    own_lines = compact.lines_of(places)
    escaped = is_escaped(compact.text, places)
    marks = {each.opens for each in literals}
    bytes_of = compact.text[places]
    rows_of = {byte: np.flatnonzero(bytes_of == byte) for byte in {mark[0] for mark in _marks(literals)}}
    rows_with = {mark: compact.with_mark(places, rows_of[mark[0]], mark) for mark in _marks(literals)}
    opened = np.zeros(count, np.bool_)
    ends = places + 1
    closer_lines = np.full(count, -1, np.int64)
    kinds = np.zeros(count, np.int8)
    for literal in literals:
        size = len(literal.opens)
        openers = rows_with[literal.opens]
        openers = openers[~opened[openers]]
        if has_escapes:
            openers = openers[~escaped[openers]]
        if literal.at_start or literal.after_blank:
            at, starts = places[openers], compact.starts[own_lines[openers]]
            may_open = at == starts
            if literal.after_blank and not literal.at_start:
                may_open |= _BEFORE_COMMENT.take(compact.text[at - 1])
            openers = openers[may_open]
        if literal.unbalanced and len(openers):
            openers = openers[compact.leaves_open(places[openers])]
        if not len(openers):
            continue
        opened[openers] = True
        after = places[openers] + size
        ends[openers] = after
        if literal.to_end:
            ends[openers] = compact.starts[own_lines[openers] + 1]
        elif literal.word:
            closers, is_closed = heredoc_partners(compact, places[openers], ends_heredoc, literal)
            _enter(compact, literal, openers[is_closed], closers[is_closed], 1, ends, closer_lines, kinds)
        elif literal.closes:
            closes = rows_with[literal.closes]
            if literal.escapes:
                closes = closes[~escaped[closes]]
            if literal.at_start:
                closes = closes[places[closes] == compact.starts[own_lines[closes]]]
            if literal.plain or literal.doubles:
                closes, after = closers_of_runs(places, closes, openers, literal, triples=3 * literal.closes in marks)
            closers, is_closed = partners(compact, places[openers], after, places[closes], literal)
            if literal.plain:
                is_closed &= is_likely(compact, own_lines[openers], closers, places[closes], joined=literal.joined)
            _enter(
                compact, literal, openers[is_closed], closers[is_closed], len(literal.closes), ends, closer_lines, kinds
            )
    # What stands behind code does not lead in to the next line.
    kinds[(kinds == Inside.COMMENT) & (places != compact.inks[own_lines])] = Inside.STRING
    return _Events(own_lines, closer_lines, kinds, np.searchsorted(places, ends))


def _marks(literals: tuple[Literal, ...]) -> set[bytes]:
    return {mark for each in literals for mark in (each.opens, each.closes) if mark}


def _enter(
    compact: Compact,
    literal: Literal,
    openers: npt.NDArray[np.int64],
    closers: npt.NDArray[np.int64],
    size: int,
    ends: npt.NDArray[np.int64],
    closer_lines: npt.NDArray[np.int64],
    kinds: npt.NDArray[np.int8],
) -> None:
    """Note where literals end whose openers are events and whose closers are places."""
    ends[openers] = closers + size
    if literal.spans_lines:
        closer_lines[openers] = compact.lines_of(closers)
        kinds[openers] = literal.inside


def _reached(following: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """The events that are reached from the first one of each text, going from each to its following one.

    An event that no earlier one passes over is reached for sure. From these the rest are: a few steps one by one, and
    where that does not do, by doubling, which takes as many rounds as the longest way has binary digits.
    """
    count = len(following)
    passed = np.maximum.accumulate(following)
    reached = np.ones(count + 1, np.bool_)
    reached[1:count] = passed[:-1] <= np.arange(1, count)
    front = following[reached[:count]]
    for _ in range(_STEPS):
        front = front[~reached[front]]
        if not len(front):
            return reached[:count]
        reached[front] = True
        front = following[front]
    jumps = np.append(following, count)
    while True:
        targets = jumps[np.flatnonzero(reached)]
        if reached[targets].all():
            return reached[:count]
        reached[targets] = True
        jumps = jumps[jumps]
