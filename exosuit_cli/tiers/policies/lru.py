"""Least recently used."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable


class Lru:
    """The key that was read longest ago leaves first; to come in is a read."""

    def __init__(self) -> None:
        self._order: OrderedDict[bytes, None] = OrderedDict()

    def add(self, key: bytes, size: int, *, relevance: float = 1.0, cost: float = 1.0) -> None:  # noqa: ARG002
        self._order[key] = None
        self._order.move_to_end(key)

    def touch(self, keys: Iterable[bytes]) -> None:
        move = self._order.move_to_end
        for key in keys:
            move(key)

    def remove(self, key: bytes) -> None:
        self._order.pop(key, None)

    def victims(self) -> Generator[bytes]:
        yield from self._order

    def __contains__(self, key: bytes) -> bool:
        return key in self._order

    def __len__(self) -> int:
        return len(self._order)
