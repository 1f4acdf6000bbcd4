"""First in, first out: reads change nothing."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable


class Fifo:
    """The key that came in first leaves first. A read costs nothing."""

    def __init__(self) -> None:
        self._order: OrderedDict[bytes, None] = OrderedDict()

    def add(self, key: bytes, size: int, *, relevance: float = 1.0, cost: float = 1.0) -> None:  # noqa: ARG002
        self._order.setdefault(key)

    def touch(self, keys: Iterable[bytes]) -> None:
        """Nothing: the order is that of arrival."""

    def remove(self, key: bytes) -> None:
        self._order.pop(key, None)

    def victims(self) -> Generator[bytes]:
        yield from self._order

    def __contains__(self, key: bytes) -> bool:
        return key in self._order

    def __len__(self) -> int:
        return len(self._order)
