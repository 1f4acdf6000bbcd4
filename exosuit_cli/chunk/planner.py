"""Choosing the cuts: at the strongest place that the token budget reaches, with the exact count of every chunk."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from exosuit_cli.chunk.crumbs import BLANK_TOKENS, merge_crumbs
from exosuit_cli.chunk.long_line import split_line
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import ATTACHED, BLANK, BLANK_IN_COMMENT, CLOSING, CONTINUED, IN_TEXT

if TYPE_CHECKING:
    from exosuit_cli.chunk.measured import MeasuredLines, Row
    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.model.protocols import TokenCounter

_FILE, _FORCED = int(Boundary.FILE), int(Boundary.FORCED)
_NEAR = 8
"""How many lines away a safe one is worth using; beyond, the chunk is counted anew."""
_SLACK = 8
"""Tokens by which the prefix sum at a line that is not safe may be off."""
_SHORT, _REMEMBERED = 64, 10_000
"""Bytes of the texts whose counts are kept, and how many of them."""
_WEAKEST = 3
"""The greatest weakness of a place among those of its level."""


class Planner:
    """Cuts texts under the caps of `options`, and counts with `counter` where prefix sums do not add up."""

    def __init__(self, options: ChunkOptions, counter: TokenCounter) -> None:
        self._options = options
        self._cap = options.max_tokens
        self._least = max(options.min_tokens, BLANK_TOKENS)
        self._counter = counter
        self._short: dict[bytes, int] = {}

    def plan(self, lines: MeasuredLines, first: int, stop: int, rows: list[Row]) -> None:
        """Cut the text whose lines are those from `first` up to `stop`, and add its chunks to `rows`.

        No chunk exceeds a cap. Offsets are those of `lines`; lines count from the text's first.

        Greedy: each chunk ends at the place of least cost that the caps reach, the last one among equals. A choice
        depends on nothing before the chunk, so an edit changes the chunks around it only.
        """
        starts, kinds, overlap = lines.starts, lines.kinds, self._options.overlap
        line = previous = first
        own = len(rows)
        least = self._cap
        while line < stop:
            begin = self._overlapping(lines, line, previous) if overlap and line > first else line
            end = self._end(lines, begin, line, stop)
            if end is None and begin < line:
                begin = line
                end = self._end(lines, begin, line, stop)
            previous = line
            kind = kinds[line] if line > first else _FILE
            if end is None:
                self._split(rows, lines, line, kind, first, own)
                line, least = line + 1, 0
                continue
            cut, tokens = end
            rows.append((starts[begin], starts[cut], begin - first, cut - 1 - first, tokens, kind))
            if tokens < least:
                least = tokens
            line = cut
        if least < self._least and len(rows) > own + 1:
            merge_crumbs(rows, own, lines, first, self._options, self._count_both)

    def _end(self, lines: MeasuredLines, begin: int, line: int, stop: int) -> tuple[int, int] | None:
        """Where a chunk ends that begins at `begin` and whose own lines begin at `line`, and its tokens.

        None where not even the first line fits.
        """
        prefix, cap, most = lines.prefix, self._cap, self._options.max_chars
        before = prefix[begin]
        # One more than the cap, since a sum at a line that is not safe may be too high by that.
        farthest = bisect_right(prefix, before + cap + 1, line + 1, stop + 1) - 1
        if most:
            limit = lines.characters[begin] + most
            farthest = min(farthest, bisect_right(lines.characters, limit, line + 1, stop + 1) - 1)
        while farthest > line:
            cut = stop if farthest == stop else self._choose(lines, before, line, farthest, stop)
            tokens = self._count(lines, begin, cut)
            if tokens <= cap and (not most or self._few_characters(lines, begin, cut)):
                return cut, tokens
            # The prefix sum was only near: leave this place out, and all after it.
            farthest = cut - 1
        if prefix[line + 1] - before <= cap + self._slack(lines, begin, line + 1):
            tokens = self._count(lines, begin, line + 1)
            if tokens <= cap and (not most or self._few_characters(lines, begin, line + 1)):
                return line + 1, tokens
        return None

    def _slack(self, lines: MeasuredLines, begin: int, end: int) -> int:
        """How far the prefix sums may be off between two lines."""
        return 0 if lines.is_safe[begin] and lines.is_safe[end] else _SLACK

    def _choose(self, lines: MeasuredLines, before: int, line: int, farthest: int, stop: int) -> int:
        """The line before which to cut, after `line` and up to `farthest`, in a text that ends at `stop`.

        `before` is the prefix sum where the chunk begins.
        """
        costs, prefix = lines.costs, lines.prefix
        best, cut = 0, costs.rfind(0, line + 1, farthest + 1)
        if cut < 0:
            best = min(costs[line + 1 : farthest + 1])
            cut = costs.rfind(best, line + 1, farthest + 1)
        if best and costs[farthest] == BLANK and (beyond := self._beyond_blanks(costs, farthest, stop)) <= best:
            # What begins next is out of reach for the blank lines before it: they go with it.
            best, cut = beyond, farthest
        own = costs[line] | _WEAKEST
        if best > own and costs[line] < ATTACHED:
            # A definition is about to be cut. Where it would fit without its leading comment, let the comment go.
            body = self._after_lead(costs, line, farthest)
            if body is not None:
                reach = bisect_right(prefix, prefix[body] + self._cap, body + 1, stop + 1) - 1
                if reach > farthest and (reach == stop or min(costs[farthest + 1 : reach + 1]) <= own):
                    return body
                if cut <= body < farthest and (other := min(costs[body + 1 : farthest + 1])) < CLOSING:
                    # Rather between the items of a list than between a comment and the list.
                    best, cut = other, costs.rfind(other, body + 1, farthest + 1)
        least = before + self._options.min_tokens
        if prefix[cut] < least:
            enough = bisect_left(prefix, least, line + 1, farthest + 1)
            if enough <= farthest:
                other = min(costs[enough : farthest + 1])
                # A small chunk is right where any other cut would go through something of the rank of its own start, or
                # through what nobody wants to cut.
                if (other < IN_TEXT or best >= IN_TEXT) and (best > own or other <= best | _WEAKEST):
                    cut = costs.rfind(other, enough, farthest + 1)
        return cut

    @staticmethod
    def _beyond_blanks(costs: bytes, line: int, stop: int) -> int:
        """The cost of the first line from `line` on that is not blank; `BLANK` where it is far."""
        last = min(line + _NEAR, stop)
        while line < last and costs[line] == BLANK:
            line += 1
        return costs[line] if line < stop else BLANK

    @staticmethod
    def _after_lead(costs: bytes, line: int, farthest: int) -> int | None:
        """The last of the lines that are attached to the comment or decorator at `line`: the definition's own."""
        last = line
        while last < farthest and (ATTACHED <= costs[last + 1] < CONTINUED or costs[last + 1] == BLANK_IN_COMMENT):
            last += 1
        return last if last > line else None

    def _overlapping(self, lines: MeasuredLines, line: int, first: int) -> int:
        """The line where a chunk begins that repeats the end of the one before, whose own lines begin at `first`.

        It never repeats all of that.
        """
        overlap = self._options.overlap
        begin = bisect_left(lines.prefix, lines.prefix[line] - overlap, min(first + 1, line), line)
        while begin < line and (
            lines.costs[begin] in (BLANK, BLANK_IN_COMMENT) or self._count(lines, begin, line) > overlap
        ):
            begin += 1
        return begin

    def _few_characters(self, lines: MeasuredLines, begin: int, end: int) -> bool:
        return len(self._text(lines, begin, end).decode("utf-8", "replace")) <= self._options.max_chars

    def _count(self, lines: MeasuredLines, begin: int, end: int) -> int:
        """The exact number of tokens of the lines from `begin` up to `end`.

        From the prefix sums between two safe lines; what is left at both sides is counted by itself.
        """
        safe, prefix = lines.is_safe, lines.prefix
        if safe[begin] and safe[end]:
            return prefix[end] - prefix[begin]
        left, right = begin, end
        while left < right and not safe[left]:
            left += 1
        while right > left and not safe[right]:
            right -= 1
        if left == right or left - begin > _NEAR or end - right > _NEAR:
            return self._counter.count(self._text(lines, begin, end))
        tokens = prefix[right] - prefix[left]
        if left > begin:
            tokens += self._count_short(self._text(lines, begin, left))
        if right < end:
            tokens += self._count_short(self._text(lines, right, end))
        return tokens

    def _count_short(self, text: bytes) -> int:
        """The tokens of a few lines: a closing brace, an opened comment; they come again and again."""
        tokens = self._short.get(text)
        if tokens is None:
            tokens = self._counter.count(text)
            if len(text) <= _SHORT and len(self._short) < _REMEMBERED:
                self._short[text] = tokens
        return tokens

    @staticmethod
    def _text(lines: MeasuredLines, begin: int, end: int) -> bytes:
        return bytes(lines.data[lines.starts[begin] : lines.starts[end]])

    def _count_both(self, lines: MeasuredLines, first: int, row: Row, following: Row) -> int:
        """The exact number of tokens of two chunks together, one after the other; `first` is the text's first line."""
        begin, end = first + row[2], first + following[3] + 1
        if lines.starts[begin] == row[0] and lines.starts[end] == following[1]:
            return self._count(lines, begin, end)
        return self._counter.count(bytes(lines.data[row[0] : following[1]]))

    def _split(self, rows: list[Row], lines: MeasuredLines, line: int, kind: int, first: int, own: int) -> None:
        """Cut a line that alone exceeds a cap, with the crumbs right before it, of the rows from `own` on.

        As many crumbs as fit the caps, so that short pieces are not cut again and again.
        """
        start = lines.starts[line]
        first_line = line - first
        room = self._cap
        furthest = start - self._options.max_chars if self._options.max_chars else 0
        while len(rows) > own and rows[-1][4] < self._options.min_tokens:
            room -= rows[-1][4]
            if room < 0 or rows[-1][0] < furthest:
                break
            start, _, first_line, _, _, kind = rows.pop()
        for size, tokens in split_line(bytes(lines.data[start : lines.starts[line + 1]]), self._options, self._counter):
            end = start + size
            last_line = line - first
            if end <= lines.starts[line]:
                last_line = bisect_left(lines.starts, end, first, line) - 1 - first
            rows.append((start, end, first_line, last_line, tokens, kind))
            begins_line = lines.starts[first + last_line + 1] == end
            first_line = last_line + begins_line
            start, kind = end, lines.kinds[first + first_line] if begins_line else _FORCED
