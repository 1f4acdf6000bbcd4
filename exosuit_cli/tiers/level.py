"""One tier as a stack sees it: with its policy, its counters, and care for the day when it fails."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.tiers.policies.fifo import Fifo
from exosuit_cli.tiers.reports import Counters, TierReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exosuit_cli.tiers.policies.protocol import Policy
    from exosuit_cli.tiers.protocol import Entry, Tier, TierUsage

FAILURES: Final = (OSError, MemoryError, ExosuitError, sqlite3.Error)
"""What a tier raises when its place fails. Anything else is a mistake in a program and is not hidden."""

RETRY_SECONDS: Final = 30.0
"""How long a tier that failed is left alone."""

SAMPLES: Final = 1024
"""How many of the last reads the percentiles are taken of."""

Result = TypeVar("Result")


class Level:
    """A tier that never raises `FAILURES`: what it cannot do is a miss or is not taken, counted, with one warning.

    Args:
        tier: what keeps the payloads.
        policy: the order in which they leave; None if nothing leaves for want of room.
        tracks: whether this level knows its keys. The persistent tier has too many, and nothing leaves it.
        is_text: whether it keeps what chunks say, and not what was made of it.
        warn: takes the one warning.
        clock: seconds.

    """

    def __init__(
        self, tier: Tier, policy: Policy | None, *, tracks: bool, is_text: bool, warn: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self.tier, self.name, self.tracks, self.is_text = tier, tier.name, tracks, is_text
        self.counters = Counters()
        self.may_evict = policy is not None
        self.order: Policy = policy if policy is not None else Fifo()
        self._warn, self._clock = warn, clock
        self._has_warned = False
        self._off_until: float | None = None
        self._samples: deque[float] = deque(maxlen=SAMPLES)
        self._last = tier.usage()

    @property
    def is_off(self) -> bool:
        """Whether the tier failed lately and is passed over."""
        if self._off_until is not None and self._clock() >= self._off_until:
            self._off_until = None
        return self._off_until is not None

    @property
    def may_take(self) -> bool:
        """Whether entries can be put here now."""
        return self.tracks and not self.is_off

    def note_reads(self, keys: Sequence[bytes]) -> None:
        """Count reads that went past this level: of what lies there, handed out as it is."""
        held = [key for key in keys if key in self.order]
        self.counters.hits += len(held)
        self.counters.misses += len(keys) - len(held)
        self.order.touch(held)

    def get(self, keys: Sequence[bytes], *, touch: bool = True) -> list[bytes | None]:
        """As `Tier.get`; with `touch`, what is found counts as read for the policy."""
        if self._off_until is not None and self.is_off:
            return [None] * len(keys)
        begun = time.perf_counter()
        found = self._guarded(lambda: self.tier.get(keys), None)
        if not found:
            return [None] * len(keys)
        self._samples.append((time.perf_counter() - begun) / len(keys))
        missed = found.count(None)
        self.counters.hits += len(keys) - missed
        self.counters.misses += missed
        if not missed:
            self.counters.bytes_out += sum(map(len, found))  # type: ignore[arg-type]  # none is None
            hits: Sequence[bytes] = keys
        else:
            hits = []
            for key, data in zip(keys, found, strict=True):
                if data is not None:
                    hits.append(key)
                    self.counters.bytes_out += len(data)
                elif key in self.order:  # it was damaged, and the tier let it go
                    self.order.remove(key)
        if touch and hits and self.tracks:
            self._touch(hits)
        return found

    def peek(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """As `Tier.get`, for a move between tiers: counts for nothing."""
        return self._guarded(lambda: self.tier.get(keys), [None] * len(keys))

    def put(self, entries: Sequence[Entry], *, relevance: float = 1.0) -> int:
        """As `Tier.put`; what is taken is in the order of the policy."""
        if not entries or self.is_off:
            return 0
        failures = self.counters.failures
        taken = self._guarded(lambda: self.tier.put(entries), 0)
        if self.counters.failures > failures:  # some may be there, and nobody would know
            self._guarded(
                lambda: self.tier.discard([entry.key for entry in entries if entry.key not in self.order]), None
            )
        for entry in entries[:taken]:
            if not self.tracks:
                self.counters.bytes_in += len(entry.data)
            elif entry.key not in self.order:
                self._track(entry.key, len(entry.data), relevance)
                self.counters.bytes_in += len(entry.data)
        return taken

    def discard(self, keys: Sequence[bytes]) -> None:
        """As `Tier.discard`."""
        for key in keys:
            self.order.remove(key)
        self._guarded(lambda: self.tier.discard(keys), None)

    def holds(self, key: bytes) -> bool:
        """As `key in tier`."""
        return self._guarded(lambda: key in self.tier, False)

    def tokens(self, keys: Sequence[bytes]) -> list[int]:
        """As `Tier.tokens`."""
        return self._guarded(lambda: self.tier.tokens(keys), [0] * len(keys))

    def give_back(self) -> None:
        """Give room that no entry uses back to the system, where the tier can."""
        compact = getattr(self.tier, "compact", None)
        if compact is not None:
            self._guarded(compact, None)

    def usage(self) -> TierUsage:
        """As `Tier.usage`; of a tier that fails, what it last said."""
        self._last = self._guarded(self.tier.usage, self._last)
        return self._last

    def report(self, pinned_bytes: int) -> TierReport:
        """Everything that is known of this tier now."""
        ordered = sorted(self._samples)
        middle, high = (ordered[len(ordered) * part // 100] if ordered else None for part in (50, 99))
        usage = replace(self.usage(), pinned_bytes=pinned_bytes)
        return TierReport(usage, replace(self.counters), middle, high, self.is_off)

    def close(self) -> None:
        """Close the tier."""
        self._guarded(self.tier.close, None)

    def _touch(self, keys: Sequence[bytes]) -> None:
        try:
            self.order.touch(keys)
        except KeyError:  # the tier holds what it could not let go when it failed
            for key in keys:
                if key not in self.order:
                    self._track(key, 1, 1.0)

    def _track(self, key: bytes, size: int, relevance: float) -> None:
        self.order.add(key, size, relevance=relevance, cost=reload_cost(size))

    def _guarded(self, call: Callable[[], Result], otherwise: Result) -> Result:
        try:
            return call()
        except FAILURES as error:
            self.counters.failures += 1
            self._off_until = self._clock() + RETRY_SECONDS
            if not self._has_warned:
                self._has_warned = True
                self._warn(f"tier {self.name} fails and is passed over: {error or type(error).__name__}")
            return otherwise


def reload_cost(size: int) -> float:
    """What it costs to read a payload of `size` bytes from the persistent tier again, in microseconds.

    A look-up, and about a nanosecond for each byte that is unpacked and hashed: measured on one core of a server.
    """
    return 6.0 + size * 0.002
