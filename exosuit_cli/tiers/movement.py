"""Moves between tiers: room is made by demotion, and nothing leaves the last place that holds it."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING, Final

from exosuit_cli.tiers.protocol import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.tiers.leases import Leases
    from exosuit_cli.tiers.level import Level

HIGH_WATERMARK: Final = 0.95
LOW_WATERMARK: Final = 0.90
"""Above the first, entries leave until the second: shares of the room that leases do not hold."""

BATCH: Final = 256
"""Entries that are moved in one go."""


class Movement:
    """The memory tiers above a persistent one, hot to cold, and what moves between them.

    Args:
        levels: hot to cold; those of text take what leaves the ones above.
        floor: the persistent tier, which has everything; None, or failing: nothing leaves memory.
        leases: what may not leave.
        limit_tokens: the most tokens in all levels together; None for what they can hold.

    """

    def __init__(self, levels: Sequence[Level], floor: Level | None, leases: Leases, limit_tokens: int | None) -> None:
        self.levels, self.floor, self.leases = list(levels), floor, leases
        self.limit_tokens = limit_tokens
        self._is_over = False
        self.unbacked: set[bytes] = set()
        """What the persistent tier does not have: these stay in memory until it takes them."""

    @property
    def resident_tokens(self) -> int:
        """Tokens in all memory tiers together."""
        return sum(level.usage().tokens for level in self.levels)

    def fill(self, depth: int, entries: Sequence[Entry], *, relevance: float = 1.0, is_new: bool = True) -> list[Entry]:
        """Put entries into one level, making room there; those that it took, in order.

        With `is_new` they are in no memory tier, and the limit of tokens is kept; else they come from one.
        What could never fit is passed over, and moves nothing.
        """
        level = self.levels[depth]
        usage = level.usage()
        most_tokens = usage.token_capacity
        if is_new and self.limit_tokens is not None:
            most_tokens = min(most_tokens, self.limit_tokens)
        largest = usage.capacity_bytes if usage.largest_bytes is None else usage.largest_bytes
        fitting = [each for each in entries if each.tokens <= most_tokens and len(each.data) <= largest]
        taken: list[Entry] = []
        for start in range(0, len(fitting), BATCH):
            batch = fitting[start : start + BATCH]
            if is_new:
                batch = self._within_limit(batch)
            while batch:
                count = level.put(batch, relevance=relevance)
                taken += batch[:count]
                batch = batch[count:]
                if batch and not self.evict(depth, size=sum(len(each.data) for each in batch),
                                            tokens=sum(each.tokens for each in batch)):  # fmt: skip
                    batch = batch[1:] if not level.is_off else []
        self.settle(depth)
        return taken

    def evict(
        self, depth: int, *, size: int = 0, tokens: int = 0, straight: bool = False, by_limit: bool = False
    ) -> int:
        """Have entries of about so many bytes and tokens leave a level, at least one; how many left.

        They go to the next level of text; with `straight`, or where that has no room, to the persistent tier, which
        has them. 0 where nothing may leave: a policy that lets nothing leave for want of room gives way to the limit of
        tokens, `by_limit`.
        """
        level = self.levels[depth]
        if not level.may_evict and not (by_limit and level.tracks):
            return 0
        usage = level.usage()
        shares = (size / max(usage.used_bytes, 1), tokens / max(usage.tokens, 1))
        victims = self._victims(level, min(max(ceil(usage.entries * max(shares)), 1), max(usage.entries, 1)))
        if not victims:
            return 0
        below = None if straight or not level.is_text else self._below(depth)
        if below is not None:
            moved = self._entries(level, victims)
            level.counters.demotions += len(self.fill(below, moved, is_new=False))
        level.discard(victims)
        level.counters.evictions += len(victims)
        return len(victims)

    def settle(self, depth: int) -> None:
        """Bring a level that is above the high watermark below the low one."""
        level = self.levels[depth]
        while True:
            usage = level.usage()
            pinned_bytes, pinned_tokens = self.pinned(level)
            too_many_bytes = _excess(usage.used_bytes - pinned_bytes, usage.capacity_bytes - pinned_bytes)
            too_many_tokens = _excess(usage.tokens - pinned_tokens, usage.token_capacity - pinned_tokens)
            if not too_many_bytes and not too_many_tokens:
                return
            if not self.evict(depth, size=too_many_bytes, tokens=too_many_tokens):
                return

    def shrink_to(self, most_tokens: int) -> None:
        """Have tokens leave memory, the coldest tier first, until at most so many are there or leases hold the rest."""
        while (over := self.resident_tokens - most_tokens) > 0:
            if not any(self.evict(depth, tokens=over, straight=True, by_limit=True) for depth in self._coldest_first()):
                break
        self._is_over = self.limit_tokens is not None and self.resident_tokens > self.limit_tokens

    def keep_limit(self) -> None:
        """Bring memory to the limit of tokens, where leases kept it above: they may have ended."""
        if self._is_over and self.limit_tokens is not None:
            self.shrink_to(self.limit_tokens)

    def relieve(self, size: int) -> int:
        """Give back about so many bytes of memory, the coldest tier first; how many that was."""
        freed = 0
        for depth in self._coldest_first():
            level = self.levels[depth]
            while freed < size:
                before = level.usage().used_bytes
                if not self.evict(depth, size=size - freed, straight=True):
                    break
                freed += max(before - level.usage().used_bytes, 0)
            level.give_back()
        return freed

    def room(self, depth: int, *, is_new: bool = True) -> tuple[int, int]:
        """Bytes and tokens that fit a level below its high watermark, with nothing leaving; new ones keep the limit."""
        usage = self.levels[depth].usage()
        tokens = int(usage.token_capacity * HIGH_WATERMARK) - usage.tokens
        if is_new and self.limit_tokens is not None:
            tokens = min(tokens, self.limit_tokens - self.resident_tokens)
        return max(int(usage.capacity_bytes * HIGH_WATERMARK) - usage.used_bytes, 0), max(tokens, 0)

    def pinned(self, level: Level) -> tuple[int, int]:
        """Payload bytes and tokens that leases hold in a level."""
        if not len(self.leases):
            return 0, 0
        held = [(size, tokens) for key, size, tokens in self.leases.sizes() if key in level.order]
        return sum(size for size, _ in held), sum(tokens for _, tokens in held)

    def _within_limit(self, batch: list[Entry]) -> list[Entry]:
        """The first entries of a batch that the limit of tokens has room for, once others have left."""
        if self.limit_tokens is None:
            return batch
        need = sum(entry.tokens for entry in batch)
        if self.resident_tokens + need > self.limit_tokens:
            self.shrink_to(max(self.limit_tokens - need, 0))
        room = self.limit_tokens - self.resident_tokens
        for count, entry in enumerate(batch):
            room -= entry.tokens
            if room < 0:
                return batch[:count]
        return batch

    def _victims(self, level: Level, count: int) -> list[bytes]:
        self.leases.sweep()
        while True:
            with closing(level.order.victims()) as keys:
                found = list(islice((key for key in keys if key not in self.leases), count))
            leaving = [key for key in found if key not in self.unbacked or self._back(level, key)]
            if leaving or len(found) < count:
                return leaving
            count *= 4

    def _back(self, level: Level, key: bytes) -> bool:
        """Have the persistent tier take what it did not have; whether it has it now."""
        if not level.is_text:
            return True
        if self.floor is None or self.floor.is_off:
            return False
        entries = self._entries(level, [key])
        if level.is_off or (entries and not self.floor.put(entries)):
            return False
        self.unbacked.discard(key)
        level.counters.demotions += len(entries)
        return True

    def _entries(self, level: Level, keys: list[bytes]) -> list[Entry]:
        pairs = zip(keys, level.peek(keys), level.tokens(keys), strict=True)
        return [Entry(key, data, tokens) for key, data, tokens in pairs if data is not None]

    def _below(self, depth: int) -> int | None:
        for lower in range(depth + 1, len(self.levels)):
            if self.levels[lower].is_text and self.levels[lower].may_take:
                return lower
        return None

    def _coldest_first(self) -> range:
        return range(len(self.levels) - 1, -1, -1)


def _excess(held: int, room: int) -> int:
    """How much has to leave so that the low watermark is reached; 0 up to the high one."""
    if held <= max(room, 0) * HIGH_WATERMARK:
        return 0
    return max(ceil(held - max(room, 0) * LOW_WATERMARK), 0)
