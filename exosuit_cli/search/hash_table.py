"""A table from hashes to numbers that is asked for many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

ABSENT: Final = -1
_LEAST_BITS: Final = 12


class HashTable:
    """Numbers (int32, from 0) by 64-bit hashes other than 0; open addressing, at most half full.

    Source: Knuth, TAOCP 3, section 6.4, algorithm L (linear probing), over a whole array of keys at each step.
    """

    def __init__(self) -> None:
        self._bits = _LEAST_BITS
        self._keys = np.zeros(1 << self._bits, np.uint64)
        self._numbers = np.empty(1 << self._bits, np.int32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def find(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        """The number of each key; ABSENT where it is not here."""
        slots = self._slots(keys)
        numbers = self._numbers[slots]
        found = self._keys[slots]
        open_ = np.flatnonzero(found != keys)
        found = found[open_]
        while len(open_):
            numbers[open_[found == 0]] = ABSENT
            open_ = open_[found != 0]
            slots[open_] = (slots[open_] + 1) & (len(self._keys) - 1)
            found = self._keys[slots[open_]]
            hit = found == keys[open_]
            numbers[open_[hit]] = self._numbers[slots[open_[hit]]]
            open_, found = open_[~hit], found[~hit]
        return numbers

    def add(self, keys: npt.NDArray[np.uint64], numbers: npt.NDArray[np.int32]) -> None:
        """Add keys that are not here, each once."""
        self._count += len(keys)
        if 2 * self._count > len(self._keys):
            self._grow()
        self._insert(keys, numbers)

    def _insert(self, keys: npt.NDArray[np.uint64], numbers: npt.NDArray[np.int32]) -> None:
        slots = self._slots(keys)
        while len(keys):
            free = self._keys[slots] == 0
            self._keys[slots[free]] = keys[free]  # of several for one slot, the last stays
            placed = self._keys[slots] == keys
            self._numbers[slots[placed]] = numbers[placed]
            keys, numbers, slots = keys[~placed], numbers[~placed], slots[~placed]
            slots = (slots + 1) & (len(self._keys) - 1)

    def _grow(self) -> None:
        used = self._keys != 0
        keys, numbers = self._keys[used], self._numbers[used]
        while 2 * self._count > 1 << self._bits:
            self._bits += 1
        self._bits += 1
        self._keys = np.zeros(1 << self._bits, np.uint64)
        self._numbers = np.empty(1 << self._bits, np.int32)
        self._insert(keys, numbers)

    def _slots(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        return ((keys * _SPREAD) >> np.uint64(64 - self._bits)).view(np.int64)


_SPREAD: Final = np.uint64(0xD6E8FEB86659FD93)
"""Odd; another one than that of the hashes, whose highest bits two short words may share."""
