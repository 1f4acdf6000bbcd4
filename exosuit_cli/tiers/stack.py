"""The stack of tiers: reads go through them hot to cold; what is read again comes up, what has no room goes down."""

from __future__ import annotations

import time
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final

from exosuit_cli.tiers.leases import Lease, Leases
from exosuit_cli.tiers.level import Level
from exosuit_cli.tiers.movement import BATCH, Movement
from exosuit_cli.tiers.policies import new_policy
from exosuit_cli.tiers.pressure import MemoryState, read_memory
from exosuit_cli.tiers.promotion import Promotion
from exosuit_cli.tiers.protocol import Entry
from exosuit_cli.tiers.reports import StackReport
from exosuit_cli.tiers.stream import WINDOW_BYTES, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from exosuit_cli.tiers.protocol import Tier

PRESSURE_SECONDS: Final = 1.0
"""How often, at most, the state of memory is read."""


class TierStack:
    """Keeps payloads by key across tiers; gives verified bytes or a miss; loses nothing that it said it took.

    A tier that is absent, full or failing is passed over. For one thread at a time.

    Args:
        memory: tiers of text in memory, hot to cold, all empty: `shared` before `ram`. They are closed with the stack.
            One may be the arena of another process (`SharedReader`), which is read and takes nothing.
        floor: the persistent tier, which gets everything; None for none. Its owner closes it.
        ids: the tier of token ids, `vram`; its entries count for the limit of tokens.
        policies: the eviction policy by the name of the tier; `lru` where none is named.
        limit_tokens: the most tokens in memory tiers together; None for what they can hold.
        clock: seconds; the leases, retries and looks at memory go by it.
        read_state: the state of the machine's memory.
        warn: takes every warning as well; they are kept in the report.
        warnings: what was said already, for the report.

    """

    def __init__(
        self, memory: Sequence[Tier], floor: Tier | None = None, *, ids: Tier | None = None,
        policies: Mapping[str, str] | None = None, limit_tokens: int | None = None,
        clock: Callable[[], float] = time.monotonic, read_state: Callable[[], MemoryState] = read_memory,
        warn: Callable[[str], None] | None = None, warnings: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._warnings = list(warnings)
        self._warn, self._clock, self._read_state = warn, clock, read_state
        policies = policies or {}

        def level(tier: Tier, *, is_text: bool = True) -> Level:
            if len(tier):
                raise ValueError(f"tier {tier.name} holds {len(tier)} entries that no policy knows; give an empty one")
            is_read_only = getattr(tier, "is_read_only", False)
            policy = None if is_read_only else new_policy(policies.get(tier.name, "lru"))
            return Level(tier, policy, tracks=not is_read_only, is_text=is_text, warn=self._note, clock=clock)

        self._text = [level(tier) for tier in memory]
        self._ids = level(ids, is_text=False) if ids is not None else None
        self._floor: Level | None = None
        if floor is not None:
            self._floor = Level(floor, None, tracks=False, is_text=True, warn=self._note, clock=clock)
        self._everywhere = [*self._text, *([self._floor] if self._floor else [])]
        self.leases = Leases(clock)
        levels = [*([self._ids] if self._ids else []), *self._text]
        self._movement = Movement(levels, self._floor, self.leases, limit_tokens)
        self._first_text = len(levels) - len(self._text)
        self._promotion = Promotion(self._movement, self._floor)
        self._next_look = clock()
        self._is_pressed = False
        self._relieved_bytes = 0

    @property
    def limit_tokens(self) -> int | None:
        """The most tokens in the memory tiers together; set lower, the rest goes down at once."""
        return self._movement.limit_tokens

    @limit_tokens.setter
    def limit_tokens(self, limit: int | None) -> None:
        self._movement.limit_tokens = limit
        if limit is not None:
            self._movement.shrink_to(limit)

    @property
    def resident_tokens(self) -> int:
        """Tokens in the memory tiers together, of token ids on a device as well."""
        return self._movement.resident_tokens

    def put(self, entries: Sequence[Entry], *, relevance: float = 1.0, resident: bool = True) -> int:
        """Take entries; how many of the first are held from now on, wherever.

        Each goes to the persistent tier, and with `resident` to the coldest tier in memory as well, where others make
        room for it. Fewer than all are taken only when the persistent tier has no room or fails and memory has none.
        Raises ValueError, and takes none, if a payload is not what its key says.
        """
        self._look_at_memory()
        backed = self._floor.put(entries) if self._floor is not None else 0
        rest = entries[backed:]
        chosen = entries if resident and not self._is_pressed else rest
        unbacked = self._movement.unbacked
        if unbacked:
            unbacked.difference_update([entry.key for entry in entries[:backed]])
        unbacked.update(entry.key for entry in rest)
        try:
            if self._text and chosen:
                new = [entry for entry in chosen if not self._in_memory(entry.key)]
                self._movement.fill(self._coldest(), new, relevance=relevance)
        finally:
            unbacked.difference_update([entry.key for entry in rest if not self._in_memory(entry.key)])
        held = takewhile(lambda entry: entry.key in self, rest)
        return backed + sum(1 for _ in held)

    def get(self, key: bytes) -> bytes | None:
        """One payload, or a miss."""
        return self.get_many((key,))[0]

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Payloads in the order of the keys, None for a miss. What is read a second time comes up a tier."""
        self._look_at_memory()
        self._promotion.count(keys)
        results: list[bytes | None] = [None] * len(keys)
        places: Sequence[int] = range(len(keys))
        asked = keys
        rising: list[tuple[int, list[bytes]]] = []
        for depth, level in enumerate(self._everywhere):
            if not asked:
                break
            found = level.get(asked)
            missed = found.count(None)
            if depth == 0 and not missed:
                return found
            if depth and missed < len(found):
                hits = [key for key, data in zip(asked, found, strict=True) if data is not None]
                rising.append((depth, hits))
            for place, data in zip(places, found, strict=True):
                if data is not None:
                    results[place] = data
            if missed:
                left = [(place, key) for place, key, data in zip(places, asked, found, strict=True) if data is None]
                places, asked = [place for place, _ in left], [key for _, key in left]
            else:
                break
        if rising:
            payloads = dict(zip(keys, results, strict=True))
            for depth, hits in rising:
                targets = [place for place in range(min(depth, len(self._text))) if self._text[place].may_take]
                hot = self._promotion.ready(hits) if targets and not self._is_pressed else []
                if hot:
                    self._promotion.rise(self._everywhere[depth], self._first_text + targets[-1], hot, payloads)
        return results

    def prefetch(self, keys: Iterable[bytes]) -> int:
        """Bring entries that are below into memory, as far as they fit with nothing leaving; how many are there now.

        It ends with the first that does not fit.
        """
        self._look_at_memory()
        if not self._text or self._is_pressed:
            return 0
        depth = self._coldest()
        source = iter(keys)
        ready = 0
        while batch := list(islice(source, BATCH)):
            entries = iter(self._from_floor([key for key in batch if not self._in_memory(key)]))
            pending = {entry.key: entry for entry in entries}
            for key in batch:
                if self._in_memory(key):
                    ready += 1
                elif (entry := pending.get(key)) is not None:
                    size, tokens = self._movement.room(depth)
                    fits = len(entry.data) <= size and entry.tokens <= tokens
                    if not fits or not self._movement.levels[depth].put([entry]):
                        return ready
                    ready += 1
        return ready

    def stream(self, keys: Iterable[bytes], *, window_bytes: int = WINDOW_BYTES) -> Stream:
        """Iterate payloads in the order of the keys in bounded memory; see `Stream`. Nothing moves between tiers."""
        return Stream(self._passing, keys, lambda: min(window_bytes, self._window_room()))

    def lease(self, keys: Sequence[bytes], seconds: float) -> Lease:
        """Bring entries into memory and keep them there, for a time, or until the lease is released.

        `Lease.missing` are those that are nowhere or do not fit. `discard` lets go of a leased entry too.
        """
        unique = list(dict.fromkeys(keys))
        with self.leases.open(self._resident_sizes(unique), (), seconds):  # what is there may not leave for the rest
            for start in range(0, len(unique), BATCH):
                batch = [key for key in unique[start : start + BATCH] if not self._in_memory(key)]
                if self._text and batch:
                    self._movement.fill(self._coldest(), self._from_floor(batch))
            sizes = self._resident_sizes(unique)
            return self.leases.open(sizes, tuple(key for key in unique if key not in sizes), seconds)

    def put_ids(self, entries: Sequence[Entry]) -> int:
        """Keep token ids in their tier; how many it took. See `TokenIds`."""
        return len(self._movement.fill(0, entries)) if self._ids is not None else 0

    def read_ids(self, keys: Sequence[bytes]) -> None:
        """These entries of the tier of ids were used: they stay longer."""
        if self._ids is not None:
            self._ids.note_reads(keys)

    def discard(self, keys: Sequence[bytes]) -> None:
        """Let entries go from every tier."""
        for level in self._everywhere:
            level.discard(keys)
        self._movement.unbacked.difference_update(keys)

    def report(self) -> StackReport:
        """What every tier holds and did."""
        self.leases.sweep()
        self._movement.keep_limit()
        levels = [*self._movement.levels, *([self._floor] if self._floor else [])]
        movement = self._movement
        return StackReport(
            tuple(level.report(movement.pinned(level)[0] if level.tracks else 0) for level in levels),
            self.resident_tokens, self.limit_tokens, len(movement.unbacked), self._relieved_bytes,
            self.leases.expired, tuple(self._warnings),
        )  # fmt: skip

    def close(self) -> None:
        """Close the tiers in memory; the persistent one stays open. What only memory had is gone: see `unbacked`."""
        for level in self._movement.levels:
            level.close()

    def __contains__(self, key: bytes) -> bool:
        return self._in_memory(key) or (self._floor is not None and self._floor.holds(key))

    def _passing(self, keys: Sequence[bytes]) -> tuple[list[bytes | None], int]:
        """Payloads read without moving anything, and how many were in memory."""
        results: dict[bytes, bytes] = {}
        in_memory = 0
        for level in self._everywhere:
            asked = [key for key in keys if key not in results]
            if not asked:
                break
            found = level.get(asked, touch=False)
            results |= {key: data for key, data in zip(asked, found, strict=True) if data is not None}
            if level is not self._floor:
                in_memory = len(results)
        return [results.get(key) for key in keys], in_memory

    def _from_floor(self, keys: list[bytes]) -> list[Entry]:
        if self._floor is None or not keys:
            return []
        pairs = zip(keys, self._floor.peek(keys), self._floor.tokens(keys), strict=True)
        return [Entry(key, data, tokens) for key, data, tokens in pairs if data is not None]

    def _resident_sizes(self, keys: Iterable[bytes]) -> dict[bytes, tuple[int, int]]:
        sizes: dict[bytes, tuple[int, int]] = {}
        for level in self._text:
            held = [key for key in keys if key in level.order]
            pairs = zip(held, level.peek(held), level.tokens(held), strict=True)
            sizes |= {key: (len(data), tokens) for key, data, tokens in pairs if data is not None}
        return sizes

    def _window_room(self) -> int:
        """Bytes that a stream may read ahead: what the coldest tier in memory has free, none of it under pressure."""
        self._look_at_memory()
        if self._is_pressed or not self._text:
            return 0
        return self._movement.room(self._coldest())[0]

    def _look_at_memory(self) -> None:
        self._movement.keep_limit()
        now = self._clock()
        if now < self._next_look:
            return
        self._next_look = now + PRESSURE_SECONDS
        short = self._read_state().bytes_short
        self._is_pressed = short > 0
        if short:
            self._relieved_bytes += self._movement.relieve(short)

    def _in_memory(self, key: bytes) -> bool:
        return any(key in level.order for level in self._text)

    def _coldest(self) -> int:
        """The coldest tier of text that works; the last where none does."""
        for place in range(len(self._movement.levels) - 1, self._first_text - 1, -1):
            if self._movement.levels[place].may_take:
                return place
        return len(self._movement.levels) - 1

    def _note(self, warning: str) -> None:
        self._warnings.append(warning)
        if self._warn is not None:
            self._warn(warning)
