"""An order by worth, where the worth of a key only ever rises: reads write a number, and the order is found late."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


class RisingOrder:
    """Keys by worth, the lowest first.

    `worth` may be raised at any time, at the cost of a dict's write. The heap holds what a key was worth once; since
    that is never more than it is worth now, a key whose old worth is the lowest is put back where it belongs now.
    """

    def __init__(self) -> None:
        self.worth: dict[bytes, float] = {}
        self._heap: list[tuple[float, int, bytes]] = []
        self._arrivals: dict[bytes, int] = {}
        self._count = 0

    def add(self, key: bytes, worth: float) -> None:
        """A key that is not held; of equal worth, what came first leaves first."""
        self._count += 1
        self.worth[key] = worth
        self._arrivals[key] = self._count
        heapq.heappush(self._heap, (worth, self._count, key))
        if len(self._heap) > 64 + 2 * len(self.worth):  # what left is still there
            self._heap = [(worth, self._arrivals[key], key) for key, worth in self.worth.items()]
            heapq.heapify(self._heap)

    def remove(self, key: bytes) -> None:
        """It left; its place in the heap is found empty later."""
        self.worth.pop(key, None)
        self._arrivals.pop(key, None)

    def lowest_first(self) -> Generator[bytes]:
        """Every key by worth; see `Policy.victims`."""
        given: list[tuple[float, int, bytes]] = []
        try:
            while self._heap:
                worth, arrival, key = heapq.heappop(self._heap)
                if self._arrivals.get(key) != arrival:
                    continue
                if worth < self.worth[key]:
                    heapq.heappush(self._heap, (self.worth[key], arrival, key))
                    continue
                given.append((worth, arrival, key))
                yield key
        finally:
            for item in given:
                heapq.heappush(self._heap, item)
