"""What the stack asks of a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable


class Policy(Protocol):
    """Keeps the keys of one tier in the order in which they may leave it. It holds no payloads and drops nothing."""

    def add(self, key: bytes, size: int, *, relevance: float = 1.0, cost: float = 1.0) -> None:
        """A key came in.

        Args:
            key: one that is not held; else it is a touch.
            size: bytes of the payload.
            relevance: how much the caller wants it, above 0; 1 for no opinion.
            cost: what it costs to bring it back, in any unit that is the same for all.

        """
        ...

    def touch(self, keys: Iterable[bytes]) -> None:
        """These were read; every one is held."""
        ...

    def remove(self, key: bytes) -> None:
        """It left; no error where it is not held."""
        ...

    def victims(self) -> Generator[bytes]:
        """Every key, the one to leave first first. What is given out stays until it is removed.

        Keys may not be added, touched or removed before it is closed or at its end.
        """
        ...

    def __contains__(self, key: bytes) -> bool: ...

    def __len__(self) -> int: ...
