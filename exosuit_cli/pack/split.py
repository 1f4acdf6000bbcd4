"""A pack in parts, each of at most so many tokens: cut at files, and within files where chunks end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import UsageError
from exosuit_cli.pack.forms import Tail
from exosuit_cli.pack.making import SpooledPacking, refuse_secrets
from exosuit_cli.pack.output import OpeningTokens, PackWriter

if TYPE_CHECKING:
    from exosuit_cli.pack.output import CountBatch
    from exosuit_cli.pack.work import PackPlan
    from exosuit_cli.workers.carrier import Carrier

LEAST_PIECE: Final = 100
"""Tokens of a part that are for text, at least."""
_MOST_PARTS: Final = 9_999


class SplitPacking(SpooledPacking):
    """A pack in parts of at most `options.split` tokens. Only the last has the tree and the summary."""

    def plan(self) -> PackPlan:
        # No token has less than a byte: what stands around blocks takes no more tokens than it has bytes.
        around = len(self.form.head) + len(self._goes_on(_MOST_PARTS, _MOST_PARTS)) + len(self.form.opening(10**6))
        most = self.options.split - around
        if most < LEAST_PIECE:
            raise UsageError(f"split {self.options.split} is too little; give {around + LEAST_PIECE} or more")
        return replace(super().plan(), split=most)

    def finish(self, carrier: Carrier | None, count: CountBatch) -> None:  # noqa: ARG002  (see Packing)
        refuse_secrets(self.collector.files, self.options)
        self.fit_changes(self.options.split, count)
        openings = OpeningTokens(self.form, count)
        counts = self._block_counts(count, openings)
        # All at once: to ask for each takes longer than to count it.
        ends = [self._goes_on(number, len(counts)) for number in range(1, len(counts))]
        head, *end_tokens = count([self.form.head, *ends])
        writer = self._part(1)
        blocks = self.spool.blocks()
        for number, blocks_in_part in enumerate(counts, 1):
            for _ in range(blocks_in_part):
                writer.add(*next(blocks))
            if number < len(counts):
                part = writer.finish_counted(ends[number - 1], head + end_tokens[number - 1], openings)
                self.parts.append(part)
                writer = self._part(number + 1)
        for file, *_ in self.spool.entries:
            file.pieces = 0
        for file, *_ in self.spool.entries:
            file.pieces += 1
        self.parts.append(writer.finish(self.tail(), count))

    def _block_counts(self, count: CountBatch, openings: OpeningTokens) -> list[int]:
        """How many blocks each part has; the last may have none, where only the tail is left."""
        for file, detail, *_ in self.spool.entries:
            file.detail = detail
        head, goes_on, tail = count([self.form.head, self._goes_on(_MOST_PARTS, _MOST_PARTS), self.tail()])
        most = self.options.split
        if head + tail > most:
            raise UsageError(
                f"split {most:,} does not hold the tree and the summary; give {head + tail:,} or more, or --no-tree"
            )
        counts = [0]
        used = head
        for _, _, tokens, _ in self.spool.entries:
            opening = openings.of(counts[-1] + 1)
            if counts[-1] and used + opening + tokens + goes_on > most:
                counts.append(0)
                used, opening = head, openings.of(1)
            counts[-1] += 1
            used += opening + tokens
        if used + tail > most:
            counts.append(0)
        return counts

    def _part(self, number: int) -> PackWriter:
        return PackWriter(self.output.part(number), self.form)

    def _goes_on(self, number: int, parts: int) -> bytes:
        return self.form.tail(Tail(f"Part {number} of {parts}. The pack goes on in part {number + 1}.\n"))
