"""Choosing the cuts: at the strongest place that the token budget reaches, with the exact count of every chunk."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from exosuit_cli.chunk.costs import ATTACHED, BLANK, BLANK_IN_COMMENT, CLOSING, CONTINUED, IN_TEXT
from exosuit_cli.chunk.crumbs import merge_crumbs
from exosuit_cli.chunk.long_line import split_line
from exosuit_cli.chunk.records import Boundary

if TYPE_CHECKING:
    from exosuit_cli.chunk.measured import ChunkPlan, MeasuredLines
    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.model.protocols import TokenCounter

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
        self._counter = counter
        self._short: dict[bytes, int] = {}

    def plan(self, lines: MeasuredLines, first: int, stop: int, plan: ChunkPlan) -> None:
        """Cut the text whose lines are those from `first` up to `stop`, and add its chunks to `plan`.

        No chunk exceeds a cap. Offsets are those of `lines`; lines count from the text's first.

        Greedy: each chunk ends at the place of least cost that the caps reach, the last one among equals. A choice
        depends on nothing before the chunk, so an edit changes the chunks around it only.
        """
        line = previous = first
        own = len(plan.starts)
        while line < stop:
            begin = self._overlapping(lines, line, previous) if line > first else line
            end = self._end(lines, begin, line, stop)
            if end is None:
                begin = line
                end = self._end(lines, begin, line, stop)
            previous = line
            kind = Boundary.FILE if line == first else lines.kinds[line]
            if end is None:
                self._split(plan, lines, line, kind, first, own)
                line += 1
                continue
            cut, tokens = end
            plan.starts.append(lines.starts[begin])
            plan.ends.append(lines.starts[cut])
            plan.first_lines.append(begin - first)
            plan.last_lines.append(cut - 1 - first)
            plan.tokens.append(tokens)
            plan.boundaries.append(kind)
            line = cut
        merge_crumbs(plan, own, lines, first, self._options, self._counter)

    def _end(self, lines: MeasuredLines, begin: int, line: int, stop: int) -> tuple[int, int] | None:
        """Where a chunk ends that begins at `begin` and whose own lines begin at `line`, and its tokens.

        None where not even the first line fits.
        """
        prefix = lines.prefix
        # One more than the cap, since a sum at a line that is not safe may be too high by that.
        farthest = bisect_right(prefix, prefix[begin] + self._cap + 1, line + 1, stop + 1) - 1
        if self._options.max_chars:
            limit = lines.characters[begin] + self._options.max_chars
            farthest = min(farthest, bisect_right(lines.characters, limit, line + 1, stop + 1) - 1)
        while farthest > line:
            cut = stop if farthest == stop else self._choose(lines, begin, line, farthest, stop)
            tokens = self._count(lines, begin, cut)
            if tokens <= self._cap and self._few_characters(lines, begin, cut):
                return cut, tokens
            # The prefix sum was only near: leave this place out, and all after it.
            farthest = cut - 1
        if prefix[line + 1] - prefix[begin] <= self._cap + self._slack(lines, begin, line + 1):
            tokens = self._count(lines, begin, line + 1)
            if tokens <= self._cap and self._few_characters(lines, begin, line + 1):
                return line + 1, tokens
        return None

    def _slack(self, lines: MeasuredLines, begin: int, end: int) -> int:
        """How far the prefix sums may be off between two lines."""
        return 0 if lines.is_safe[begin] and lines.is_safe[end] else _SLACK

    def _choose(self, lines: MeasuredLines, begin: int, line: int, farthest: int, stop: int) -> int:
        """The line before which to cut, after `line` and up to `farthest`, in a text that ends at `stop`."""
        costs, prefix = lines.costs, lines.prefix
        best = min(costs[line + 1 : farthest + 1])
        cut = costs.rfind(best, line + 1, farthest + 1)
        if costs[farthest] == BLANK and best and (beyond := self._beyond_blanks(costs, farthest, stop)) <= best:
            # What begins next is out of reach for the blank lines before it: they go with it.
            best, cut = beyond, farthest
        own = costs[line] | _WEAKEST
        if costs[line] < ATTACHED and best > own:
            # A definition is about to be cut. Where it would fit without its leading comment, let the comment go.
            body = self._after_lead(costs, line, farthest)
            if body is not None:
                reach = bisect_right(prefix, prefix[body] + self._cap, body + 1, stop + 1) - 1
                if reach > farthest and (reach == stop or min(costs[farthest + 1 : reach + 1]) <= own):
                    return body
                if cut <= body < farthest and (other := min(costs[body + 1 : farthest + 1])) < CLOSING:
                    # Rather between the items of a list than between a comment and the list.
                    best, cut = other, costs.rfind(other, body + 1, farthest + 1)
        if prefix[cut] - prefix[begin] < self._options.min_tokens:
            enough = bisect_left(prefix, prefix[begin] + self._options.min_tokens, line + 1, farthest + 1)
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
        if not overlap:
            return line
        begin = bisect_left(lines.prefix, lines.prefix[line] - overlap, min(first + 1, line), line)
        while begin < line and (
            lines.costs[begin] in (BLANK, BLANK_IN_COMMENT) or self._count(lines, begin, line) > overlap
        ):
            begin += 1
        return begin

    def _few_characters(self, lines: MeasuredLines, begin: int, end: int) -> bool:
        most = self._options.max_chars
        return not most or len(self._text(lines, begin, end).decode("utf-8", "replace")) <= most

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

    def _split(self, plan: ChunkPlan, lines: MeasuredLines, line: int, kind: int, first: int, own: int) -> None:
        """Cut a line that alone exceeds a cap, with the crumbs right before it, of the rows from `own` on."""
        start = lines.starts[line]
        first_line = line - first
        while len(plan.starts) > own and plan.tokens[-1] < self._options.min_tokens:
            start, first_line, kind = plan.starts.pop(), plan.first_lines.pop(), plan.boundaries.pop()
            for column in (plan.ends, plan.last_lines, plan.tokens):
                column.pop()
        for size, tokens in split_line(bytes(lines.data[start : lines.starts[line + 1]]), self._options, self._counter):
            end = start + size
            last_line = line - first
            if end <= lines.starts[line]:
                last_line = bisect_left(lines.starts, end, first, line) - 1 - first
            plan.starts.append(start)
            plan.ends.append(end)
            plan.first_lines.append(first_line)
            plan.last_lines.append(last_line)
            plan.tokens.append(tokens)
            plan.boundaries.append(kind)
            begins_line = lines.starts[first + last_line + 1] == end
            first_line = last_line + begins_line
            start, kind = end, lines.kinds[first + first_line] if begins_line else Boundary.FORCED
