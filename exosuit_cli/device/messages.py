"""The messages between the processes of a device, besides its totals at the end."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from exosuit_cli.device.driver import Card
    from exosuit_cli.device.sizes import RingSizes


@dataclass(frozen=True, slots=True)
class OwnerSettings:
    """What a process needs to own a card.

    `driver` is a module, see `driver.Driver`; `limit_bytes` is 0 for no limit; `address` is a name of Linux's abstract
    sockets, which is nobody else's and leaves nothing behind.
    """

    driver: str
    card: int
    algorithm: str
    limit_bytes: int
    lanes: int
    address: str
    sizes: RingSizes
    recorded_spans: int = 0
    """How many spans a queue may record; 0 records nothing."""
    has_ranges: bool = False
    """Whether every slab is a named range for the vendor's profilers."""
    encoding: str | None = None
    """The encoding that tokens may be counted in."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The card answers and its kernels are built."""

    card: Card


@dataclass(frozen=True, slots=True)
class Refusal:
    """The card cannot be used; why, and what to do."""

    reason: str


# Between a worker and the owner, one packet each: a pickle would take longer than a slab's other messages together.

GREETING: Final = struct.Struct("<5I")
"""The fields of `sizes.RingSizes`, with the descriptor of the memory; the first packet from the owner."""
REQUEST: Final = struct.Struct("<BBHIIq")
"""To the owner: what is wanted, `WITH_LINES` and `WITH_TOKENS`, a slot, its slab's bytes and files (or spans), its
batch."""
ANSWER: Final = struct.Struct("<BBHi")
"""From the owner: `GRANT` or `DONE`, flags, a slot, its lines or -1. Behind it, why it failed, in UTF-8."""
MOST_PACKET_BYTES: Final = 1 << 12


# Plain numbers: an operation on an enumeration's flags takes longer than to send the packet.

TAKE: Final = 0
"""A worker wants a slot; the answer may wait for one."""
JOB: Final = 1
"""The slab in a slot is to be computed."""
GIVE: Final = 2
"""A worker does not need a slot any more."""
SPANS: Final = 3
"""The digests of spans of the slab in a slot are wanted, by the heading that lies where its lines were."""

WITH_LINES: Final = 1
WITH_TOKENS: Final = 2

GRANT: Final = 0
"""A slot is the worker's."""
DONE: Final = 1
"""The results of a slot are in its memory; or why they are not."""

HAS_TOKENS: Final = 1
"""Those of files are there, and of lines if there are lines."""
FAILED: Final = 2
FINAL: Final = 4
"""The device will not do better."""
WANTED: Final = 8
"""Another worker waits for a slot."""
