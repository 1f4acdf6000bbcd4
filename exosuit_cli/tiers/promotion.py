"""What is read again comes up a tier."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Final

from exosuit_cli.tiers.protocol import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.tiers.level import Level
    from exosuit_cli.tiers.movement import Movement

PROMOTION_READS: Final = 2
"""The read that brings an entry up, since it came to where it is."""

REMEMBERED: Final = 1 << 18
"""Keys whose reads are counted; when there are more, all counts are halved, and those of one read forgotten."""


class Promotion:
    """Counts reads, and moves up what is read often enough.

    From the persistent tier, the second read brings an entry into memory, and the policy there decides what leaves.
    Between two tiers of memory it comes up if there is room, or if it is read more than twice as often as what would
    have to leave: without this, even reads would swap entries for ever.
    """

    def __init__(self, movement: Movement, floor: Level | None) -> None:
        self._movement, self._floor = movement, floor
        self._reads: Counter[bytes] = Counter()
        self._at_arrival: dict[bytes, int] = {}
        """The count of a key when it came up."""

    def count(self, keys: Sequence[bytes]) -> None:
        """These are being read."""
        self._reads.update(keys)
        if len(self._reads) > REMEMBERED:
            self._reads = Counter({key: count // 2 for key, count in self._reads.items() if count > 1})
            self._at_arrival = {key: count // 2 for key, count in self._at_arrival.items() if key in self._reads}

    def ready(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those that have been read often enough, each once."""
        reads, before = self._reads, self._at_arrival
        return [key for key in dict.fromkeys(keys) if reads[key] - before.get(key, 0) >= PROMOTION_READS]

    def rise(self, source: Level, target: int, keys: Sequence[bytes], payloads: Mapping[bytes, bytes | None]) -> None:
        """Move what was read in `source` to a level of memory, by its depth."""
        level = self._movement.levels[target]
        pairs = zip(keys, source.tokens(keys), strict=True)
        entries = [Entry(key, data, count) for key, count in pairs if (data := payloads[key]) is not None]
        if source is self._floor:
            taken = self._movement.fill(target, entries)
        else:
            taken = self._movement.fill(target, self._worth_moving(target, entries), is_new=False)
            source.discard([entry.key for entry in taken if entry.key in level.order])
        level.counters.promotions += len(taken)
        for entry in taken:
            self._at_arrival[entry.key] = self._reads[entry.key]

    def _worth_moving(self, target: int, entries: list[Entry]) -> list[Entry]:
        size, tokens = self._movement.room(target, is_new=False)
        chosen = []
        bar: int | None = None
        for entry in entries:
            if len(entry.data) <= size and entry.tokens <= tokens:
                size, tokens = size - len(entry.data), tokens - entry.tokens
                chosen.append(entry)
                continue
            if bar is None:
                with closing(self._movement.levels[target].order.victims()) as victims:
                    bar = 2 * self._reads[next(victims, entry.key)]
            if self._reads[entry.key] > bar:
                chosen.append(entry)
        return chosen
