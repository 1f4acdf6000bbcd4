"""What the owner of a card has in hand: slots, what is wanted of them, and what is with the card."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket

    from exosuit_cli.device.ring import Slot
    from exosuit_cli.kernels.device_lane import SlabLane


class HeldSlot:
    """A slot as the owner knows it."""

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.holder: socket.socket | None = None
        self.is_computed = False
        """Whether it is with the device, or waits for it."""
        self.is_pinned = threading.Event()
        """Set once its pages are locked, or cannot be."""


class SlotJob(NamedTuple):
    """What is wanted of the slab in a slot."""

    kind: int
    held: HeldSlot
    data_bytes: int
    files: int
    """Or spans."""
    flags: int
    batch: int


class JobInFlight(NamedTuple):
    """A job that a lane was given, or why it was not."""

    job: SlotJob
    lane: SlabLane
    has_tokens: bool
    failure: str | None
    is_final: bool
