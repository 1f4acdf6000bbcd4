"""What a stack says of itself: usage, counters and times of each tier, and of all together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from exosuit_cli.tiers.protocol import TierUsage


@dataclass(slots=True)
class Counters:
    """What one tier did since the stack was made, in entries and bytes of payload.

    hits, misses: keys that were asked of this tier. promotions: entries that came up into it. evictions: entries that
    left it for want of room. demotions: those of them that the tier below had to take in; the others were there.
    bytes_in, bytes_out: payload bytes that were put in and read out. failures: calls that the tier did not carry out.
    """

    hits: int = 0
    misses: int = 0
    promotions: int = 0
    demotions: int = 0
    evictions: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class TierReport:
    """The usage and the counters of a tier, and what a read of one payload took: seconds, None before the first.

    A read of n payloads in one call counts as one of the n-th part. `is_off`: the tier failed and is passed over.
    """

    usage: TierUsage
    counters: Counters
    read_p50_seconds: float | None
    read_p99_seconds: float | None
    is_off: bool


@dataclass(frozen=True, slots=True)
class StackReport:
    """All tiers hot to cold, and what is true of them together.

    unbacked: entries that the persistent tier did not take; they stay in memory. relieved_bytes: given back under
    memory pressure. expired_leases: those that nobody released in time.
    """

    tiers: tuple[TierReport, ...]
    resident_tokens: int
    limit_tokens: int | None
    unbacked: int
    relieved_bytes: int
    expired_leases: int
    warnings: tuple[str, ...]
