"""A context resident in memory as far as the limit of its phase and the tiers allow, and what that takes."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.memory import process_memory
from exosuit_cli.tiers.build import open_stack
from exosuit_cli.tiers.ram import ENTRY_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from exosuit_cli.context.context import Context
    from exosuit_cli.tiers.budgets import TierBudget

__all__ = ["ENTRY_BYTES", "MemoryFigures", "Residence", "TierFigures"]


@dataclass(frozen=True, slots=True)
class TierFigures:
    """What a tier holds, and may hold."""

    name: str
    capacity_bytes: int
    used_bytes: int
    token_capacity: int
    tokens: int
    entries: int


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Tiers when they are full, and what processes hold: None where the system does not say.

    growth_bytes: by how much this process grew while the tiers were filled. accounted_bytes: what the tiers say that
    they use. peak_bytes: the most that all processes held at once, in any step.
    """

    tiers: tuple[TierFigures, ...]
    resident_tokens: int
    accounted_bytes: int
    growth_bytes: int | None
    peak_bytes: int | None = None

    def with_peak(self, peak_bytes: int | None) -> MemoryFigures:
        """The same figures with the peak."""
        return replace(self, peak_bytes=peak_bytes)


class Residence:
    """The memory tiers of the settings over the persistent tier of a context, under a limit of tokens."""

    def __init__(self, context: Context, budgets: Mapping[str, TierBudget], limit_tokens: int | None) -> None:
        name = f"phase-{os.getpid()}-{secrets.token_hex(4)}"
        self.stack = open_stack(budgets, context.chunks, shared_name=name, limit_tokens=limit_tokens)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()

    def fill(self, ids: Sequence[bytes]) -> MemoryFigures:
        """Bring chunks in, in their order, until they are all resident or there is no more room."""
        before = process_memory(os.getpid())
        resident = -1
        while resident < self.stack.resident_tokens:
            resident = self.stack.resident_tokens
            self.stack.prefetch(ids)
            for start in range(0, len(ids), 256):  # what is read again makes room in the tier below
                self.stack.get_many(ids[start : start + 256])
        after = process_memory(os.getpid())
        report = self.stack.report()
        tiers = tuple(
            TierFigures(
                usage.name, usage.capacity_bytes, usage.used_bytes, usage.token_capacity, usage.tokens, usage.entries
            )
            for usage in (tier.usage for tier in report.tiers)
            if usage.name != "nvme"
        )
        return MemoryFigures(
            tiers=tiers,
            resident_tokens=report.resident_tokens,
            accounted_bytes=sum(tier.used_bytes for tier in tiers),
            growth_bytes=None if before is None or after is None else max(after[0] - before[0], 0),
        )

    def evictions(self) -> int:
        """How many entries left a tier for want of room so far."""
        return sum(tier.counters.evictions for tier in self.stack.report().tiers)
