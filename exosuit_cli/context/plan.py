"""What a phase asks of the tiers, and whether they can hold it here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.names import contexts_directory
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.units import format_bytes
from exosuit_cli.tiers.budgets import TIER_LAYERS, this_machine, tier_budgets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.config import Settings
    from exosuit_cli.tiers.budgets import TierBudget

WORKING_TIERS: Final = ("shared", "ram")
"""The tiers that hold the text of the working context; `vram` holds token ids of a part of it, beside the text."""

STORE: Final = "nvme"


@dataclass(frozen=True, slots=True)
class TierRoom:
    """What a tier may hold here. `clipped` says why that is less than the settings ask for."""

    name: str
    capacity_bytes: int
    token_capacity: int
    clipped: str | None = None

    def tokens(self, bytes_per_token: float) -> int:
        """How many tokens fit, by bytes and by the budget of tokens."""
        return min(int(self.capacity_bytes / bytes_per_token), self.token_capacity)


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """The limit of a phase against the room of the tiers.

    bytes_per_token: in memory, with what an entry takes beside its text. stored_bytes_per_token: on disk, where nothing
    could be compressed.
    """

    token_limit: int
    bytes_per_token: float
    stored_bytes_per_token: float
    rooms: tuple[TierRoom, ...]
    store: TierRoom

    @property
    def needed_bytes(self) -> int:
        """Bytes that the limit takes in memory."""
        return math.ceil(self.token_limit * self.bytes_per_token)

    @property
    def held_tokens(self) -> int:
        """Tokens that the tiers in memory hold together."""
        return sum(room.tokens(self.bytes_per_token) for room in self.rooms)

    @property
    def missing_bytes(self) -> int:
        """Bytes that the tiers in memory lack for the limit."""
        return max(math.ceil((self.token_limit - self.held_tokens) * self.bytes_per_token), 0)

    @property
    def missing_in_store(self) -> int:
        """Bytes that the persistent tier lacks for the limit."""
        lacking = self.token_limit - self.store.tokens(self.stored_bytes_per_token)
        return max(math.ceil(lacking * self.stored_bytes_per_token), 0)

    def refusal(self, name: str) -> str | None:
        """Why the machine cannot hold the phase, in words that say what is missing; None if it can."""
        if self.missing_bytes:
            tiers = "; ".join(_in_words(room, self.bytes_per_token) for room in self.rooms)
            return (
                f"{name} needs {self.token_limit:,} tokens, {format_bytes(self.needed_bytes)} in memory, and "
                f"{self.missing_bytes:,} bytes are missing: {tiers}; raise memory_layers, or set a lower phase"
            )
        if self.missing_in_store:
            return (
                f"{name} needs {self.token_limit:,} tokens on disk, and {self.missing_in_store:,} bytes are missing: "
                f"{_in_words(self.store, self.stored_bytes_per_token)}; raise memory_layers, or make room"
            )
        return None


def rooms_of(settings: Settings) -> tuple[TierRoom, ...]:
    """What `vram`, `shared`, `ram` and `nvme` may hold here: their budgets, clipped to the machine."""
    return tuple(_room(budget) for budget in budgets_of(settings).values())


def budgets_of(settings: Settings) -> dict[str, TierBudget]:
    """The budgets of all tiers by name, clipped to what this machine has beside its card."""
    return tier_budgets(settings, this_machine(contexts_directory()))


def plan_phase(
    token_limit: int, bytes_per_token: float, stored_bytes_per_token: float, budgets: Mapping[str, TierBudget]
) -> PhasePlan:
    """The plan at so many bytes a token."""
    working = tuple(_room(budgets[name]) for name in WORKING_TIERS)
    return PhasePlan(token_limit, bytes_per_token, stored_bytes_per_token, working, _room(budgets[STORE]))


def _room(budget: TierBudget) -> TierRoom:
    return TierRoom(budget.name, budget.capacity_bytes, budget.token_capacity, budget.note)


def _in_words(room: TierRoom, bytes_per_token: float) -> str:
    held = room.tokens(bytes_per_token)
    key = f"memory_layers.{TIER_LAYERS[room.name]}"
    by = f"{key}.token_capacity" if held == room.token_capacity else room.clipped or f"{key}.capacity_gb"
    return f"{room.name} holds {held:,} tokens in {math.ceil(held * bytes_per_token):,} bytes ({by})"
