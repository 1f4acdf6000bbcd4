"""Least frequently used, with ageing."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from exosuit_cli.tiers.policies.rising import RisingOrder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable


class Lfu:
    """The key with the fewest reads leaves first; of equal ones, what came first.

    A key starts where the last one that left stood, plus one, so that what was read often long ago does not stay for
    ever. Source: LFU with dynamic ageing, Arlitt et al., "Evaluating content management techniques for Web proxy
    caches", 2000.
    """

    def __init__(self) -> None:
        self._order = RisingOrder()
        self._age = 0.0
        self._offered: set[bytes] = set()

    def add(self, key: bytes, size: int, *, relevance: float = 1.0, cost: float = 1.0) -> None:  # noqa: ARG002
        if key in self._order.worth:
            self.touch((key,))
        else:
            self._order.add(key, self._age + 1)

    def touch(self, keys: Iterable[bytes]) -> None:
        worth = self._order.worth
        for key in keys:
            worth[key] += 1

    def remove(self, key: bytes) -> None:
        if key in self._offered:  # it leaves as a victim, and not because it moved up
            self._offered.remove(key)
            self._age = max(self._age, self._order.worth[key])
        self._order.remove(key)

    def victims(self) -> Generator[bytes]:
        self._offered.clear()
        with closing(self._order.lowest_first()) as keys:
            for key in keys:
                self._offered.add(key)
                yield key

    def __contains__(self, key: bytes) -> bool:
        return key in self._order.worth

    def __len__(self) -> int:
        return len(self._order.worth)
