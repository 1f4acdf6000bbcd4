"""Every tier that the contract is held against, empty, with a budget of bytes and one of tokens."""

from __future__ import annotations

import itertools
import os
import random
import sqlite3
from typing import TYPE_CHECKING

from kernels.backends import libraries
from kernels.emulated import EmulatedQueue

from exosuit_cli.tiers.nvme import SCHEMA, NvmeTier
from exosuit_cli.tiers.protocol import Entry, TierUsage, check_keys, key_of
from exosuit_cli.tiers.ram import RamTier
from exosuit_cli.tiers.shared import SharedTier
from exosuit_cli.tiers.vram import VramTier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from exosuit_cli.tiers.protocol import Tier

PLACES: dict[str, Callable[[Path, int, int], Tier]] = {
    "ram": lambda _, size, tokens: RamTier(size, tokens),
    "ram-zstd": lambda _, size, tokens: RamTier(size, tokens, "zstd"),
    "shared": lambda folder, size, tokens: SharedTier(own_name(folder), size, tokens),
    "shared-whole": lambda folder, size, tokens: SharedTier(own_name(folder), size, tokens, is_dynamic=False),
    "vram": lambda _, size, tokens: VramTier(EmulatedQueue(libraries()), size, tokens),
    "nvme": lambda folder, size, tokens: OwnNvme(folder, size, tokens),
    "dict": lambda _, size, tokens: DictTier(size, tokens),
}


_NUMBERS = itertools.count()


def own_name(_folder: Path | None) -> str:
    """A name of shared memory that no other test has."""
    return f"test-{os.getpid()}-{next(_NUMBERS)}"


def entries(count: int, seed: int = 1, *, least: int = 4, most: int = 3000) -> list[Entry]:
    """Different entries; payloads are whole numbers of four bytes, as token ids are."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        words = rng.randrange(least // 4, most // 4 + 1)
        data = (f"{seed} {number} ".encode().ljust(16) + b"def f(x): return x\n" * words)[: max(words, 4) * 4]
        found.append(Entry(key_of(data), data, rng.randrange(1, 900)))
    return found


class OwnNvme(NvmeTier):
    """The persistent tier with a database of its own."""

    def __init__(self, folder: Path, size: int, tokens: int) -> None:
        self.connection = sqlite3.connect(folder / "chunks.db", isolation_level=None)
        self.connection.executescript(SCHEMA)
        super().__init__(self.connection, capacity_bytes=size, token_capacity=tokens)

    def close(self) -> None:
        self.connection.close()


class DictTier:
    """The plainest tier: a persistent one for the tests of a stack, which can be told to fail."""

    def __init__(self, size: int = 1 << 40, tokens: int = 1 << 40, name: str = "nvme") -> None:
        self.name, self.size, self.token_capacity = name, size, tokens
        self.held: dict[bytes, Entry] = {}
        self.failure: Exception | None = None
        self.calls = 0

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        self._call()
        return [self.held[key].data if key in self.held else None for key in keys]

    def put(self, entries: Sequence[Entry]) -> int:
        self._call()
        check_keys(entries)
        for place, entry in enumerate(entries):
            usage = self.usage()
            if entry.key in self.held:
                continue
            if usage.used_bytes + len(entry.data) > self.size or usage.tokens + entry.tokens > self.token_capacity:
                return place
            self.held[entry.key] = entry
        return len(entries)

    def discard(self, keys: Sequence[bytes]) -> None:
        self._call()
        for key in keys:
            self.held.pop(key, None)

    def tokens(self, keys: Sequence[bytes]) -> list[int]:
        self._call()
        return [self.held[key].tokens if key in self.held else 0 for key in keys]

    def __contains__(self, key: bytes) -> bool:
        self._call()
        return key in self.held

    def __len__(self) -> int:
        return len(self.held)

    def usage(self) -> TierUsage:
        size = sum(len(entry.data) for entry in self.held.values())
        tokens = sum(entry.tokens for entry in self.held.values())
        return TierUsage(self.name, self.size, size, self.token_capacity, tokens, len(self.held), size)

    def close(self) -> None:
        self.held.clear()

    def _call(self) -> None:
        self.calls += 1
        if self.failure is not None:
            raise self.failure
