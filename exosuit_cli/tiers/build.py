"""From budgets to a stack: every tier that can be opened, and a reason for each that cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.tiers.level import FAILURES
from exosuit_cli.tiers.ram import RamTier
from exosuit_cli.tiers.stack import TierStack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exosuit_cli.device.driver import OpenCard
    from exosuit_cli.tiers.budgets import TierBudget
    from exosuit_cli.tiers.protocol import Tier
    from exosuit_cli.tiers.vram import VramTier


def open_stack(
    budgets: Mapping[str, TierBudget], floor: Tier | None, *, shared_name: str | None = None,
    card: OpenCard | None = None, limit_tokens: int | None = None, warn: Callable[[str], None] | None = None,
) -> TierStack:  # fmt: skip
    """Open the memory tiers that the budgets turn on, above a persistent one.

    Args:
        budgets: by the name of the tier, as `tier_budgets` makes them.
        floor: the persistent tier; its owner closes it.
        shared_name: of the shared arena; None for none. Where a live process owns it, its arena is read instead.
        card: an open card: ids are kept there, and the pages of the shared arena are locked for it.
        limit_tokens: the most tokens in memory.
        warn: takes the reason for each tier that cannot be opened, and later warnings.

    """
    said: list[str] = []

    def note(warning: str) -> None:
        said.append(warning)
        if warn is not None:
            warn(warning)

    def attempt(name: str, make: Callable[[], Tier]) -> list[Tier]:
        try:
            return [make()]
        except FAILURES as error:
            note(f"tier {name} cannot be opened and is passed over: {error or type(error).__name__}")
            return []

    memory: list[Tier] = []
    if budgets["shared"].is_on and shared_name is not None:
        memory += attempt("shared", lambda: _shared(shared_name, budgets["shared"], card, note))
    if (ram := budgets["ram"]).is_on:
        memory += attempt("ram", lambda: RamTier(ram.capacity_bytes, ram.token_capacity, ram.compression))
    ids: list[Tier] = []
    if (vram := budgets["vram"]).is_on and card is not None:
        ids = attempt("vram", lambda: _vram(vram, card))
    return TierStack(
        memory, floor, ids=ids[0] if ids else None, limit_tokens=limit_tokens, warn=warn, warnings=said,
        policies={name: budget.eviction_policy for name, budget in budgets.items()},
    )  # fmt: skip


def _shared(name: str, budget: TierBudget, card: OpenCard | None, note: Callable[[str], None]) -> Tier:
    from exosuit_cli.tiers.shared import SharedReader, SharedTier

    if budget.compression != "none":
        note("tier shared keeps text as it is: memory_layers.shared_memory.compression has no effect")
    try:
        tier = SharedTier(name, budget.capacity_bytes, budget.token_capacity, is_dynamic=budget.is_dynamic, card=card)
    except FileExistsError:
        return SharedReader(name)
    if tier.note is not None:
        note(tier.note)
    return tier


def _vram(budget: TierBudget, card: OpenCard) -> VramTier:
    from exosuit_cli.tiers.vram import VramTier

    return VramTier(card.queue(), budget.capacity_bytes, budget.token_capacity)
