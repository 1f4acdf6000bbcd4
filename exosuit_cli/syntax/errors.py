"""The lines in errors of a syntax tree: they cost, and define, what their looks say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import ATTACHED

if TYPE_CHECKING:
    from exosuit_cli.structure.code.strength import LineStrengths
    from exosuit_cli.syntax.definitions import Definition
    from exosuit_cli.syntax.inline import Inline

CLOSING_WEAKNESS: Final = 2
"""What is added to the cost at a depth for a line that closes a construct, or that is in an error without looks."""


class ErrorLines:
    """Puts the costs and kinds of lines in errors among those of a text."""

    def __init__(self, costs: bytearray, kinds: bytearray, looks: LineStrengths | None, inline: Inline | None) -> None:
        self._costs = costs
        self._kinds = kinds
        self._looks = looks
        self._inline = inline

    def least(self, first: int, stop: int) -> int:
        """The least level of the lines from `first` up to `stop` by their looks, times four."""
        if self._looks is None:
            return 0
        costs = self._looks.costs[first:stop]
        return int(costs[costs < ATTACHED].min(initial=ATTACHED)) & ~3

    def look(self, depth: int, above: Definition | None, least: int, first: int, stop: int) -> None:
        """Give the lines from `first` up to `stop`, which are in an error, the costs of their looks.

        What is furthest to the left in the error, at `least`, costs what a node at `depth` does. The definition `above`
        is around them.
        """
        base = 4 * depth
        if self._inline is not None:
            self._inline.guess(above, first, stop)
        if self._looks is None:
            self._costs[first:stop] = bytes([base + CLOSING_WEAKNESS]) * (stop - first)
            return
        for line in range(first, stop):
            cost, kind = int(self._looks.costs[line]), int(self._looks.kinds[line])
            self._costs[line] = min(base + max(cost - least, 0), ATTACHED - 1) if cost < ATTACHED else cost
            self._kinds[line] = Boundary.NESTED if above is not None and kind == Boundary.DEFINITION else kind
