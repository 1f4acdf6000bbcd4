"""The messages between the processes of a device, besides its totals at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from exosuit_cli.device.driver import Card


SLAB_BYTES: Final = 4 << 20
"""The least slab of a device: small copies are slow ones, and a batch should have several, to be computed in turn."""


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


@dataclass(frozen=True, slots=True)
class SlotSizes:
    """The first message of a slot, after its memory: bytes for a slab, and behind it for results."""

    slab_bytes: int
    result_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """The slab in a slot's memory: int64 offsets and lengths as bytes; `data_bytes` of it are filled.

    `batch` is the number of the batch that it belongs to.
    """

    data_bytes: int
    offsets: bytes
    lengths: bytes
    wants_lines: bool
    batch: int = -1
    tokens: str | None = None
    """The encoding to count in, where counts are wanted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The results are in the slot's memory, with those of `lines` lines; or why they are not.

    `lines` is None where none were wanted or their results have no room. `has_tokens`: those of files, and of lines if
    there are lines, are there as well. `is_final`: the device will not do better.
    """

    lines: int | None = None
    has_tokens: bool = False
    failure: str | None = None
    is_final: bool = False
