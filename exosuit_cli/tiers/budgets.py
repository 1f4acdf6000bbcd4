"""How much each tier may take: what the settings say, and never more than the machine has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.units import format_bytes
from exosuit_cli.tiers.pressure import memory_limit
from exosuit_cli.tiers.segment import FOLDER

if TYPE_CHECKING:
    from exosuit_cli.config import MemoryLayer, Settings

TIER_LAYERS: Final = {"vram": "gpu_vram", "shared": "shared_memory", "ram": "system_ram", "nvme": "nvme_ssd"}
"""The key in `memory_layers` of each tier, hot to cold."""

MEMORY_SHARE: Final = 0.75
"""The most of all memory that `shared` and `ram` take together: the rest is for the work on what they hold."""


@dataclass(frozen=True, slots=True)
class TierBudget:
    """What one tier may hold: bytes and tokens, 0 of either turns it off. `note`: what was clipped, in words."""

    name: str
    capacity_bytes: int
    token_capacity: int
    compression: str
    eviction_policy: str
    is_dynamic: bool
    note: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether the tier may hold anything."""
        return self.capacity_bytes > 0 and self.token_capacity > 0


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is, in bytes; None where it is unknown, and where there is no card.

    memory: all that this process may use, and `memory_source`, whose limit that is. shared: room in the file system of
    shared memory. disk: room where contexts are kept, with what they take already. card: memory of the card.
    """

    memory_bytes: int | None
    memory_source: str
    shared_bytes: int | None
    disk_bytes: int | None
    card_bytes: int | None


def this_machine(directory: str, *, stored_bytes: int = 0, card_bytes: int | None = None) -> Machine:
    """Read what this machine has, for contexts in `directory` that take `stored_bytes` there already.

    The card's memory is the caller's to know.
    """
    memory, source = memory_limit()
    free = _free(directory)
    return Machine(memory, source, _free(FOLDER), None if free is None else free + stored_bytes, card_bytes)


def tier_budgets(settings: Settings, machine: Machine) -> dict[str, TierBudget]:
    """The budget of each tier by its name, hot to cold.

    `shared` and `ram` together take at most `MEMORY_SHARE` of the memory: each is clipped in proportion.
    """
    layers = {name: settings.layer(key) for name, key in TIER_LAYERS.items()}
    wanted = {name: layer.capacity_bytes for name, layer in layers.items()}
    found = dict(wanted)
    notes: dict[str, str] = {}

    def clip(name: str, most: int | None, reason: str) -> None:
        if most is not None and found[name] > most:
            found[name] = max(most, 0)
            notes[name] = (
                f"memory_layers.{TIER_LAYERS[name]}.capacity_gb asks for {format_bytes(wanted[name])}; "
                f"{reason}, so that it is {format_bytes(found[name])}"
            )

    clip("shared", machine.shared_bytes, f"shared memory has {format_bytes(machine.shared_bytes or 0)} free")
    if machine.memory_bytes is not None:
        most, asked = int(machine.memory_bytes * MEMORY_SHARE), found["shared"] + found["ram"]
        if asked > most:
            reason = (
                f"{machine.memory_source} {format_bytes(machine.memory_bytes)}, of which shared and ram take at most "
                f"{MEMORY_SHARE:.0%} together"
            )
            for name, share in [(name, found[name] * most // asked) for name in ("shared", "ram")]:
                clip(name, share, reason)
    clip("nvme", machine.disk_bytes, f"the disk has {format_bytes(machine.disk_bytes or 0)} free")
    if machine.card_bytes is None:
        found["vram"] = 0
    else:
        clip("vram", machine.card_bytes, f"the card has {format_bytes(machine.card_bytes)}")
    return {name: _budget(name, layer, found[name], notes.get(name)) for name, layer in layers.items()}


def _budget(name: str, layer: MemoryLayer, capacity_bytes: int, note: str | None) -> TierBudget:
    return TierBudget(
        name, capacity_bytes, layer.token_capacity, layer.compression, layer.eviction_policy,
        layer.dynamic_allocation, note,
    )  # fmt: skip


def _free(directory: str) -> int | None:
    """Bytes free to this user in the file system of a directory, or of the nearest one above it that is there."""
    while True:
        try:
            found = os.statvfs(directory)
        except FileNotFoundError:
            above = os.path.dirname(directory)
            if above == directory:
                return None
            directory = above
        except OSError:
            return None
        else:
            return found.f_bavail * found.f_frsize
