"""Chunks that are too small to be of use join a neighbour that has room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.boundary import Boundary

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.chunk.measured import MeasuredLines, Row
    from exosuit_cli.chunk.options import ChunkOptions

    Count = Callable[[MeasuredLines, int, Row, Row], int]
    """The exact tokens of two chunks together, in the text whose first line is given."""

BLANK_TOKENS: Final = 64
"""The most tokens of a chunk that is looked at for whether it is blank."""
_SLACK = 8
"""Tokens by which the count of two parts together may be less than the sum."""
_WITHIN_LINE = 256
"""What a cut within a line costs: more than any other."""
_FORCED = int(Boundary.FORCED)
_LAST_LINES = 32
"""Lines at the end of a chunk that blanks after it may be given."""


def merge_crumbs(
    rows: list[Row], own: int, lines: MeasuredLines, first: int, options: ChunkOptions, count: Count
) -> None:
    """Join every chunk of `rows[own:]` that has less than the least size, or nothing but blanks, to another.

    That is the one before or after it, where both fit the caps together; of two, the one across the weaker cut. Where
    none has room for blanks, they get the last lines of the one before. The first line of the text is `first`.
    """
    least = max(options.min_tokens, BLANK_TOKENS)
    kept: list[Row] = []
    pending = rows[: own - 1 if own else None : -1]
    while pending:
        row = pending.pop()
        while row[4] < least and _is_crumb(row, lines, options):
            left, right = kept[-1] if kept else None, pending[-1] if pending else None
            before = _cost(kept[-1], row, lines, first) if kept else -1
            after = _cost(row, right, lines, first) if right is not None else -1
            prefers_right = after > before
            joined = _joined(row, right, lines, first, options, count) if prefers_right else None
            if joined is not None:
                pending.pop()
            elif (joined := _joined(left, row, lines, first, options, count)) is not None:
                kept.pop()
            elif prefers_right or (joined := _joined(row, right, lines, first, options, count)) is None:
                if left is not None and (parted := _parted(left, row, lines, first, options, count)) is not None:
                    kept[-1], row = parted
                break
            else:
                pending.pop()
            row = joined
        kept.append(row)
    rows[own:] = kept


def _is_crumb(row: Row, lines: MeasuredLines, options: ChunkOptions) -> bool:
    start, end, _, _, tokens, _ = row
    return tokens < options.min_tokens or (tokens < BLANK_TOKENS and not bytes(lines.data[start:end]).strip())


def _cost(row: Row, following: Row, lines: MeasuredLines, first: int) -> int:
    """What the cut between two chunks costs."""
    return _WITHIN_LINE if following[5] == _FORCED else lines.costs[first + row[3] + 1]


def _joined(
    row: Row | None, following: Row | None, lines: MeasuredLines, first: int, options: ChunkOptions, count: Count
) -> Row | None:
    """The one chunk of both, where there are two and they fit the caps together."""
    if row is None or following is None:
        return None
    start, _, first_line, _, tokens, kind = row
    _, end, _, last_line, others, _ = following
    if tokens + others > options.max_tokens + options.overlap + _SLACK:
        return None
    together = count(lines, first, row, following)
    if together > options.max_tokens:
        return None
    if options.max_chars and len(bytes(lines.data[start:end]).decode("utf-8", "replace")) > options.max_chars:
        return None
    return start, end, first_line, last_line, together, kind


def _parted(
    left: Row, row: Row, lines: MeasuredLines, first: int, options: ChunkOptions, count: Count
) -> tuple[Row, Row] | None:
    """Two chunks in place of one and the blank one after it: the second begins at the best of the first's last lines.

    The best costs least to cut before, of those that leave no crumb where there are some.
    None where `row` is not blank, or the two are not whole lines, or there is no such line.
    """
    start, middle, first_line, last_line, _, kind = left
    if bytes(lines.data[row[0] : row[1]]).strip() or middle != row[0] or lines.starts[first + row[2]] != middle:
        return None
    found, least = None, 2 * _WITHIN_LINE
    for line in range(last_line, max(first_line, last_line - _LAST_LINES), -1):
        place, cost = lines.starts[first + line], lines.costs[first + line]
        second = (place, row[1], line, row[3], 0, lines.kinds[first + line])
        tokens = count(lines, first, second, second)
        text = bytes(lines.data[place : row[1]])
        if tokens > options.max_tokens or (
            options.max_chars and len(text.decode("utf-8", "replace")) > options.max_chars
        ):
            break
        if cost < least and text.strip():
            rest = (start, place, first_line, line - 1, 0, kind)
            others = count(lines, first, rest, rest)
            cost += _WITHIN_LINE if others < options.min_tokens else 0
            if cost < least and others <= options.max_tokens and bytes(lines.data[start:place]).strip():
                found, least = ((*rest[:4], others, kind), (*second[:4], tokens, second[5])), cost
    return found
