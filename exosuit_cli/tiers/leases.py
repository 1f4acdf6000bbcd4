"""Leases: what is in use may not leave, for a time that is said beforehand, so that nothing stays pinned for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType


class Lease:
    """Some keys that may not leave the memory tiers until it is released or has expired.

    A context manager: leaving the block releases it. `expires_at` is on the clock of the stack, in seconds.
    `missing` are the keys that were asked for and are not pinned: they did not fit, or are nowhere.
    """

    def __init__(self, book: Leases, sizes: Mapping[bytes, tuple[int, int]], missing: tuple[bytes, ...]) -> None:
        self.sizes, self.missing = dict(sizes), missing
        self.expires_at = 0.0
        self._book = book

    @property
    def is_held(self) -> bool:
        """Whether the keys are pinned still."""
        return self._book.holds(self)

    def renew(self, seconds: float) -> bool:
        """Hold the keys for so long from now; False, and nothing happens, where it has expired or was released."""
        return self._book.renew(self, seconds)

    def release(self) -> None:
        """Let the keys leave; a second time does nothing."""
        self._book.drop(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Leases:
    """All leases of a stack. A key is pinned while at least one that has not expired holds it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: dict[int, Lease] = {}
        self._counts: dict[bytes, int] = {}
        self._sizes: dict[bytes, tuple[int, int]] = {}
        self._next_expiry: float | None = None
        self.expired = 0
        """How many ended because nobody released them in time."""

    def open(self, sizes: Mapping[bytes, tuple[int, int]], missing: tuple[bytes, ...], seconds: float) -> Lease:
        """Pin keys, given with payload bytes and tokens. Raises ValueError for a time that is not above 0."""
        if not seconds > 0:
            raise ValueError(f"a lease of {seconds} seconds; it takes a time above 0")
        lease = Lease(self, sizes, missing)
        lease.expires_at = self._clock() + seconds
        self._held[id(lease)] = lease
        for key, size in lease.sizes.items():
            self._counts[key] = self._counts.get(key, 0) + 1
            self._sizes[key] = size
        self._set_next()
        return lease

    def holds(self, lease: Lease) -> bool:
        """Whether a lease is in force."""
        self.sweep()
        return id(lease) in self._held

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Move the expiry of a lease that is in force."""
        if not self.holds(lease):
            return False
        lease.expires_at = self._clock() + seconds
        self._set_next()
        return True

    def drop(self, lease: Lease) -> None:
        """End a lease."""
        if self._held.pop(id(lease), None) is None:
            return
        for key in lease.sizes:
            self._counts[key] -= 1
            if not self._counts[key]:
                del self._counts[key], self._sizes[key]
        self._set_next()

    def sweep(self) -> None:
        """End what has expired."""
        now = self._clock()
        if self._next_expiry is None or now < self._next_expiry:
            return
        for lease in [lease for lease in self._held.values() if lease.expires_at <= now]:
            self.expired += 1
            self.drop(lease)

    def sizes(self) -> Iterator[tuple[bytes, int, int]]:
        """Every pinned key with its payload bytes and tokens."""
        return ((key, size, tokens) for key, (size, tokens) in self._sizes.items())

    def __contains__(self, key: bytes) -> bool:
        return key in self._counts

    def __len__(self) -> int:
        return len(self._counts)

    def _set_next(self) -> None:
        self._next_expiry = min((lease.expires_at for lease in self._held.values()), default=None)
