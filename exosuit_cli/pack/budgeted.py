"""A pack under a budget: whole if it fits, else with less detail of what matters less, and never over the budget."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import UsageError
from exosuit_cli.pack.budget import STEPS, Choice
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.importance import by_importance, read_for_uses, users_of
from exosuit_cli.pack.making import Packing, refuse_secrets
from exosuit_cli.pack.output import OpeningTokens, PackWriter
from exosuit_cli.pack.ranks import RANKS, rank
from exosuit_cli.pack.rendering import Rendering
from exosuit_cli.pack.summary import longest_details

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from exosuit_cli.pack.budget import Costs
    from exosuit_cli.pack.collector import RenderedBlock, Stage
    from exosuit_cli.pack.output import CountBatch
    from exosuit_cli.pack.result import PackedFile
    from exosuit_cli.workers.carrier import Carrier

_FILES_A_PASS: Final = 50
"""So many of the most important files are rendered at once to know what they cost."""


class Holding:
    """A stage that notes what blocks cost, and holds them for as long as they are within the budget."""

    def __init__(self, packing: BudgetPacking) -> None:
        self._packing = packing
        self.tokens = 0
        self.costs: list[Costs] = []
        self.held: list[tuple[PackedFile, RenderedBlock]] = []

    def take(self, file: PackedFile, blocks: Sequence[RenderedBlock]) -> None:
        """Take the next file and its blocks."""
        self.costs.append({block.detail: block.tokens for block in blocks})
        was_within = self.tokens <= self._packing.options.budget
        self.tokens += sum(block.tokens for block in blocks)
        if self.tokens <= self._packing.options.budget:
            self.held += [(file, block._replace(text=memoryview(bytes(block.text)))) for block in blocks]
        elif was_within:
            self.held.clear()
            self._packing.only_count()


class BudgetPacking(Packing):
    """A pack of at most `options.budget` tokens."""

    _order: Sequence[int] = ()
    """The numbers of the files, the most important first, once it is known that not all fit."""

    def stage(self) -> Stage:
        self.holding = Holding(self)
        return self.holding

    def only_count(self) -> None:
        """Have the workers render no more: the whole texts do not fit."""
        carrier = self.run.processes.carrier if self.run is not None else None
        if carrier is not None:
            carrier.use_work(replace(self.plan(), has_text=False))

    def finish(self, carrier: Carrier | None, count: CountBatch) -> None:
        refuse_secrets(self.collector.files, self.options)
        held = self.holding.held
        for file, block in held:
            file.detail = block.detail
        if self.holding.tokens <= self.options.budget:
            total = self._total(self.tail(), [block for _, block in held], count)
            if total <= self.options.budget:
                self._write_all(held, self.options.budget - total, count)
                return
        self.fit_changes(self.options.budget, count)
        self._degrade(carrier, count)

    def _write_all(self, held: Sequence[tuple[PackedFile, RenderedBlock]], left: int, count: CountBatch) -> None:
        """Write every file whole, and what else belongs to them, within what is left."""
        files = self.collector.files
        number_of = {id(file): number for number, file in enumerate(files)}
        self._order = range(len(files))
        chosen = {number_of[id(file)]: block for file, block in held}
        self._finish_within(self.with_more(chosen, left, self._opening(count), count), count)

    def with_more(
        self,
        chosen: dict[int, RenderedBlock],
        left: int,  # noqa: ARG002  (others have more)
        opening: int,  # noqa: ARG002
        count: CountBatch,  # noqa: ARG002
    ) -> dict[int, RenderedBlock]:
        """What is chosen, by the numbers of the files, with what else belongs into the pack and fits what is left."""
        return chosen

    def leave_out(self, number: int) -> None:
        """Take a file out again, but for its path."""
        self.collector.files[number].detail = Detail.PATH

    def _opening(self, count: CountBatch) -> int:
        """What the opening of any block takes at most."""
        return OpeningTokens(self.form, count).of(max(len(self.collector.files), 2))

    def _total(self, tail: bytes, blocks: Sequence[RenderedBlock], count: CountBatch) -> int:
        openings = OpeningTokens(self.form, count)
        return (
            sum(count([self.form.head, tail]))
            + sum(block.tokens for block in blocks)
            + sum(openings.of(number) for number in range(1, len(blocks) + 1))
        )

    def _write(self, blocks: Sequence[tuple[PackedFile, RenderedBlock]], tail: bytes, count: CountBatch) -> None:
        writer = PackWriter(self.output, self.form)
        for file, block in blocks:
            writer.add(file, block)
        self.parts.append(writer.finish(tail, count))

    def _degrade(self, carrier: Carrier | None, count: CountBatch) -> None:
        self._finish_within(self._chosen(carrier, count, self.options.budget), count)

    def _finish_within(self, chosen: dict[int, RenderedBlock], count: CountBatch) -> None:
        """Write what is chosen, as far as the budget holds it."""
        files, budget = self.collector.files, self.options.budget
        place_of = {number: place for place, number in enumerate(self._order)}
        # Every figure was at least what it is now; should one not have been, something is left out again.
        while True:
            tail = self.tail()
            if not chosen or self._total(tail, list(chosen.values()), count) <= budget:
                break
            last = max(chosen, key=place_of.__getitem__)
            self.leave_out(last)
            del chosen[last]
        self._write([(files[number], chosen[number]) for number in sorted(chosen)], tail, count)

    def _chosen(self, carrier: Carrier | None, count: CountBatch, budget: int) -> dict[int, RenderedBlock]:
        """The blocks that the budget holds, by the numbers of their files, in order. Each file gets its detail."""
        files = self.collector.files
        ranks = [rank(file.path, file.language) for file in files]
        rendering = None
        if carrier is not None and self.run is not None and self.options.detail is not Detail.PATH:
            rendering = Rendering(carrier, self.collector, self.plan(), self.run.stop)
        order = self._order = self._order or by_importance(files, ranks, self._users(rendering, ranks))
        left = self._list_paths(order, count, budget)
        details: dict[int, tuple[Detail, int]] = {}
        if rendering is None:
            return {}
        opening = self._opening(count)
        taken = self.with_more({}, left, opening, count)
        left -= sum(block.tokens + opening for block in taken.values())

        def costs_of(numbers: Sequence[int], step: Detail) -> Generator[Costs]:
            for start in range(0, len(numbers), _FILES_A_PASS):
                part = numbers[start : start + _FILES_A_PASS]
                with closing(rendering.blocks(sorted(part), (step,), has_text=False)) as found:
                    costs = {
                        number: {block.detail: block.tokens + opening for block in blocks} for number, blocks in found
                    }
                for number in part:
                    if number not in costs:
                        return  # asked to stop
                    yield costs[number]

        for wanted in range(RANKS):
            choice = Choice(left, budget, self.options.detail, costs_of)
            if choice.is_spent:
                break
            numbers = [n for n in order if ranks[n] == wanted and files[n].detail is Detail.PATH]
            whole = [
                {detail: tokens + opening for detail, tokens in self.holding.costs[number].items()}
                for number in numbers
            ]
            choice.choose(numbers, whole)
            details |= choice.details
            left = choice.left
        chosen = self._rendered(rendering, details, opening)
        for number in chosen:
            files[number].detail = details[number][0]
        return chosen | taken

    def _users(self, rendering: Rendering | None, ranks: Sequence[int]) -> dict[int, int]:
        """By the numbers of the files that were read for it, how many others use what they define."""
        files = self.collector.files
        if rendering is None:
            return {}
        with closing(rendering.blocks(read_for_uses(files, ranks), (Detail.FULL,), has_text=True)) as found:
            return users_of(
                (number, files[number].language, bytes(block.text)) for number, blocks in found for block in blocks[:1]
            )

    def _list_paths(self, order: Sequence[int], count: CountBatch, budget: int) -> int:
        """Give every file its path, or the first ones in this order what paths fit; the tokens that are left.

        Paths take at most half of what there is, unless only paths are wanted. Raises UsageError for a budget that does
        not even hold a pack without any.
        """
        files = self.collector.files
        longest = longest_details(files)

        def cost(first: int) -> int:
            for place, number in enumerate(order):
                files[number].detail = Detail.PATH if place < first else Detail.LEFT_OUT
            return sum(count([self.form.head, self.tail(longest, self.tree(files))]))

        least = cost(0)
        if least > budget:
            raise UsageError(
                f"a budget of {budget:,} tokens does not hold what stands around the files; give {least:,} or more"
            )
        limit = budget if self.options.detail is Detail.PATH else (budget + least) // 2
        low, high = 0, len(order)
        spent = cost(high)
        if spent > limit:
            while high - low > 1:
                middle = (low + high) // 2
                if cost(middle) <= limit:
                    low = middle
                else:
                    high = middle
            spent = cost(low)
        return budget - spent

    def _rendered(
        self, rendering: Rendering, details: dict[int, tuple[Detail, int]], opening: int
    ) -> dict[int, RenderedBlock]:
        """The blocks that were chosen, in order; none of a file that takes more than before, since it has changed."""
        chosen: dict[int, RenderedBlock] = {}
        for step in STEPS:
            numbers = sorted(number for number, (detail, _) in details.items() if detail is step)
            for number, blocks in rendering.blocks(numbers, (step,), has_text=True):
                for block in blocks:
                    if block.detail is step and block.tokens + opening <= details[number][1]:
                        chosen[number] = block._replace(text=memoryview(bytes(block.text)))
        return {number: chosen[number] for number in sorted(chosen)}
