"""Reading far more than memory holds, in order, with the next payloads read ahead."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

WINDOW_BYTES: Final = 8 << 20
"""Payload bytes that are read ahead."""

_FIRST_GUESS: Final = 4096
"""Bytes of a payload, before one was seen."""

MOST_STEP: Final = 256
"""Payloads that one read brings."""

_MOST_AHEAD: Final = 1 << 14
"""Payloads, and misses, that are read ahead."""


class Stream:
    """Payloads in the order of the keys; None for a key that is nowhere.

    What is read ahead keeps within the room that it is given, but for payloads larger than all before them: at most
    `MOST_STEP` of those, and one payload is always read. `hit_share` says how many payloads were in memory when they
    were asked for: in a tier, or read ahead.
    """

    def __init__(
        self, read: Callable[[Sequence[bytes]], tuple[list[bytes | None], int]], keys: Iterable[bytes],
        room: Callable[[], int],
    ) -> None:  # fmt: skip
        self._read, self._keys, self._room = read, iter(keys), room
        self._ahead: list[bytes | None] = []
        self._largest = _FIRST_GUESS
        self._has_read = False
        self.payloads = 0
        """How many were given out."""
        self.waits = 0
        """How many of them the persistent tier was read for while the reader waited."""
        self.most_ahead_bytes = 0
        """The most that was read ahead at once."""

    @property
    def hit_share(self) -> float | None:
        """Share of payloads that were there when they were asked for; None before the first."""
        return 1 - self.waits / self.payloads if self.payloads else None

    def __iter__(self) -> Iterator[bytes | None]:
        return self

    def __next__(self) -> bytes | None:
        if not self._ahead and not self._fill():
            raise StopIteration
        self.payloads += 1
        return self._ahead.pop()

    def _fill(self) -> bool:
        room = self._room()
        found: list[bytes | None] = []
        size = 0
        has_waited = False
        while not found or (size + max(self._largest, room // 8) <= room and len(found) < _MOST_AHEAD):
            step = max(min((room - size) // self._largest, MOST_STEP), 1)
            keys = list(islice(self._keys, step))
            if not keys:
                break
            read, in_memory = self._read(keys)
            has_waited = has_waited or in_memory < len(keys)
            sizes = [len(data) for data in read if data is not None]
            if sizes:
                self._largest = max(*sizes, self._largest if self._has_read else 1)
                self._has_read = True
            size += sum(sizes)
            found += read
        self.waits += has_waited
        self.most_ahead_bytes = max(self.most_ahead_bytes, size)
        self._ahead = found[::-1]
        return bool(found)
