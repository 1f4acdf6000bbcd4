"""What each file gets under a budget: a choice of detail, from costs that are exact.

Rank by rank (`ranks`), all files of a rank get the most detail that fits all of them. Then, the most
important first, each one that fits gets one step more. What is left goes to the next rank.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from exosuit_cli.pack.detail import Detail

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    Costs = dict[Detail, int]
    """The tokens of a file's block by its detail; one that a file does not have is missing."""

STEPS: Final = (Detail.OUTLINE, Detail.SIGNATURES, Detail.FULL)
SPENT_SHARE: Final = 50
"""A budget is spent when less than this share of it is left."""
LARGEST_SHARE: Final = 2
"""After a first one, one step of a file takes no more than this share of what was left: others have some, too."""
MOST_MISSES: Final = 20
"""After so many files that do not fit, no further one is looked at."""


def best(costs: Costs, most: Detail) -> tuple[Detail, int]:
    """The detail that a file has for the price of `most`, and its tokens: more where more costs no more."""
    found, tokens = Detail.PATH, 0
    for detail in STEPS:
        cost = costs.get(detail)
        if cost is not None and (detail <= most or cost <= tokens):
            found, tokens = detail, cost
    return found, tokens


class Choice:
    """The choice of detail for the files of one rank, as far as a budget goes.

    `costs_of(files, detail)` yields what the files cost at that detail, in order, and is asked only as far as needed.
    """

    def __init__(
        self,
        left: int,
        budget: int,
        most: Detail,
        costs_of: Callable[[Sequence[int], Detail], Generator[Costs]],
    ) -> None:
        self.left = left
        self.details: dict[int, tuple[Detail, int]] = {}
        """The detail and the tokens of each file that has more than its path."""
        self._least = budget // SPENT_SHARE
        self._most = most
        self._costs_of = costs_of

    @property
    def is_spent(self) -> bool:
        """Whether so little is left that no further file is looked at."""
        return self.left <= self._least

    def choose(self, files: Sequence[int], whole: Sequence[Costs]) -> None:
        """Give detail to files of one rank, in order. `whole` has what each costs at the most detail."""
        known = [dict(own) for own in whole]
        if all(self._most in own for own in known) and self._total(known, self._most) <= self.left:
            self._give_all(files, known, self._most)
            return
        level = Detail.PATH
        for step in STEPS:
            if step > self._most:
                break
            with closing(self._further(files, known, step)) as further:
                total = 0
                seen = 0
                for own in further:
                    seen += 1
                    total += best(own, step)[1]
                    if total > self.left:
                        break
                if total > self.left:
                    self._give_all(files, known, level)
                    self._lift(files, known[:seen], further, step)
                    return
            level = step
        self._give_all(files, known, level)

    def _further(self, files: Sequence[int], known: list[Costs], step: Detail) -> Generator[Costs]:
        """What is known of each file, once its cost at this step is."""
        if step == self._most:
            yield from known
            return
        with closing(self._costs_of(files, step)) as found:
            for own, costs in zip(known, found, strict=False):
                own |= costs
                yield own

    def _lift(self, files: Sequence[int], seen: Sequence[Costs], further: Generator[Costs], step: Detail) -> None:
        """Give those files one step more that fit, in order, and that leave something for others."""
        misses = 0
        largest = self.left
        for place, file in enumerate(files):
            own = seen[place] if place < len(seen) else next(further, None)
            if own is None or self.is_spent or misses > MOST_MISSES:
                return
            chosen = best(own, step)
            before = self.details.get(file, (Detail.PATH, 0))[1]
            if chosen[1] - before <= min(self.left, largest):
                if largest == self.left:
                    largest //= LARGEST_SHARE
                self._give(file, chosen)
            else:
                misses += 1

    @staticmethod
    def _total(known: Sequence[Costs], level: Detail) -> int:
        return sum(best(own, level)[1] for own in known)

    def _give_all(self, files: Sequence[int], known: Sequence[Costs], level: Detail) -> None:
        if level > Detail.PATH:
            for file, own in zip(files, known, strict=True):
                self._give(file, best(own, level))

    def _give(self, file: int, chosen: tuple[Detail, int]) -> None:
        self.left += self.details.pop(file, (Detail.PATH, 0))[1]
        if chosen[0] > Detail.PATH:
            self.details[file] = chosen
            self.left -= chosen[1]
