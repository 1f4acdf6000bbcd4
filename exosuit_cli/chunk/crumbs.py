"""Chunks that are too small to be of use join a neighbour that has room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exosuit_cli.chunk.records import Boundary

if TYPE_CHECKING:
    from exosuit_cli.chunk.measured import ChunkPlan, MeasuredLines
    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.model.protocols import TokenCounter

_SLACK = 8
"""Tokens by which the count of two parts together may be less than the sum."""
_BLANK_TOKENS = 64
"""The most tokens of a chunk that is looked at for whether it is blank."""
_WITHIN_LINE = 256
"""What a cut within a line costs: more than any other."""


class Row(NamedTuple):
    """A chunk of a plan; the names are those of its columns."""

    starts: int
    ends: int
    first_lines: int
    last_lines: int
    tokens: int
    boundaries: int


def merge_crumbs(
    plan: ChunkPlan, own: int, lines: MeasuredLines, first: int, options: ChunkOptions, counter: TokenCounter
) -> None:
    """Join every chunk of the rows from `own` on that has less than the least size, or nothing but blanks, to another.

    That is the one before or after it, where both fit the caps together; of two, the one across the weaker cut. The
    first line of the text is `first`.
    """
    tokens = plan.tokens
    if len(tokens) - own < 2 or min(tokens[own:]) >= max(options.min_tokens, _BLANK_TOKENS):
        return
    columns = (plan.starts, plan.ends, plan.first_lines, plan.last_lines, plan.tokens, plan.boundaries)
    rows = [Row(*values) for values in zip(*(column[own:] for column in columns), strict=True)]
    kept: list[Row] = []
    following = 0
    while following < len(rows):
        row = rows[following]
        following += 1
        while _is_crumb(row, lines, options):
            left = kept[-1] if kept else None
            right = rows[following] if following < len(rows) else None
            before = _cost(kept[-1], row, lines, first) if kept else -1
            after = _cost(row, right, lines, first) if right is not None else -1
            prefers_right = after > before
            joined = _joined(row, right, lines, options, counter) if prefers_right else None
            if joined is not None:
                following += 1
            elif (joined := _joined(left, row, lines, options, counter)) is not None:
                kept.pop()
            elif prefers_right or (joined := _joined(row, right, lines, options, counter)) is None:
                break
            else:
                following += 1
            row = joined
        kept.append(row)
    if len(kept) < len(rows):
        for column, values in zip(columns, zip(*kept, strict=True), strict=True):
            column[own:] = values


def _is_crumb(row: Row, lines: MeasuredLines, options: ChunkOptions) -> bool:
    if row.tokens < options.min_tokens:
        return True
    return row.tokens < _BLANK_TOKENS and not bytes(lines.data[row.starts : row.ends]).strip()


def _cost(row: Row, following: Row, lines: MeasuredLines, first: int) -> int:
    """What the cut between two chunks costs."""
    if following.boundaries == Boundary.FORCED:
        return _WITHIN_LINE
    return lines.costs[first + row.last_lines + 1]


def _joined(
    row: Row | None, following: Row | None, lines: MeasuredLines, options: ChunkOptions, counter: TokenCounter
) -> Row | None:
    """The one chunk of both, where there are two and they fit the caps together."""
    if row is None or following is None:
        return None
    if row.tokens + following.tokens > options.max_tokens + options.overlap + _SLACK:
        return None
    text = bytes(lines.data[row.starts : following.ends])
    tokens = counter.count(text)
    if tokens > options.max_tokens:
        return None
    if options.max_chars and len(text.decode("utf-8", "replace")) > options.max_chars:
        return None
    return row._replace(ends=following.ends, last_lines=following.last_lines, tokens=tokens)
