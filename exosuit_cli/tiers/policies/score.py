"""Recency x frequency x relevance, weighed by the cost to reload for each byte of room."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING, Final

from exosuit_cli.tiers.policies.rising import RisingOrder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

HALF_LIFE: Final = 20_000
"""Reads of the tier after which a read counts half."""


class Score:
    """The key with the lowest score leaves first.

    The score is `reads x relevance x cost / size`, where a read counts 1 when it is made and half as much each
    `half_life` reads of the tier later: recency and frequency in one number. What is dear to bring back stays, what
    takes much room leaves. All scores fade alike, so that the order of two keys changes only when one is read.
    A score is kept as its logarithm to base 2 at read 0, and therefore only rises.

    Sources: LRFU, Lee et al., IEEE Transactions on Computers 50(12), 2001; GreedyDual-Size-Frequency, Cherkasova, 1998.
    """

    def __init__(self, half_life: int = HALF_LIFE) -> None:
        self._order = RisingOrder()
        self._base: dict[bytes, float] = {}
        self._now = 0.0
        self._step = 1 / half_life

    def add(self, key: bytes, size: int, *, relevance: float = 1.0, cost: float = 1.0) -> None:
        if key in self._base:
            self.touch((key,))
            return
        self._now += self._step
        self._base[key] = log2(max(relevance, 1e-9) * max(cost, 1e-9) / max(size, 1))
        self._order.add(key, self._now + self._base[key])

    def touch(self, keys: Iterable[bytes]) -> None:
        now, step, base, worth = self._now, self._step, self._base, self._order.worth
        for key in keys:
            now += step
            fixed = now + base[key]
            worth[key] = fixed + log2(1.0 + 2.0 ** (worth[key] - fixed))
        self._now = now

    def remove(self, key: bytes) -> None:
        self._base.pop(key, None)
        self._order.remove(key)

    def victims(self) -> Generator[bytes]:
        return self._order.lowest_first()

    def __contains__(self, key: bytes) -> bool:
        return key in self._base

    def __len__(self) -> int:
        return len(self._base)
