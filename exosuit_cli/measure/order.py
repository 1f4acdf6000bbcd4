"""The order of runs: ABBA or BAAB, quartet by quartet, by a seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

SideName = Literal["A", "B"]


def slots(seed: int) -> Iterator[tuple[SideName, SideName]]:
    """Endless slots of one run of A (the candidate) and one of B (the base). Every second slot mirrors the one before.

    Within a quartet a drift of the machine that is linear in time, and any advantage of going second, cancel; which
    side begins is drawn for each quartet, so that no periodic disturbance keeps step. The same seed gives the same
    order.
    """
    generator = random.Random(seed)  # noqa: S311  (an order, not a secret)
    while True:
        first: tuple[SideName, SideName] = ("A", "B") if generator.random() < 0.5 else ("B", "A")
        yield first
        yield first[1], first[0]
