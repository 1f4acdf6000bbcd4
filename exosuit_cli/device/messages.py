"""What the processes of a device say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exosuit_cli.device.driver import Card


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
    """The slab in a slot's memory: int64 offsets and lengths as bytes; `data_bytes` of it are filled."""

    data_bytes: int
    offsets: bytes
    lengths: bytes
    wants_lines: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The results are in the slot's memory, with those of `lines` lines; or why they are not.

    `lines` is None where none were wanted or their results have no room. `is_final`: the device will not do better.
    """

    lines: int | None = None
    failure: str | None = None
    is_final: bool = False


@dataclass(slots=True)
class DeviceTotals:
    """What a device did in one run. Seconds by the device's own clock; bytes; None where nobody can tell.

    `kernel_seconds`, `copy_in_seconds` and `copy_out_seconds` add up those of all lanes, which overlap.
    """

    slabs: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    kernel_seconds: float = 0.0
    copy_in_seconds: float = 0.0
    copy_out_seconds: float = 0.0
    busy_seconds: float = 0.0
    cpu_seconds: float = 0.0
    halved_slabs: int = 0
    pinned_bytes: int = 0
    pool_peak_bytes: int | None = None
    process_bytes: int | None = None
    card_used_bytes: int | None = None
    card_bytes: int | None = None
    cpu_files: int = 0
    cpu_bytes: int = 0
    """Files that the CPU computed although a card did others: larger than a slab, and empty ones alone in theirs."""
    cpu_line_slabs: int = 0
    """Slabs whose lines were too many for the results' room, so that the CPU found them."""
    peak_copy_bytes_per_s: float | None = None
    """The copy in alone, as it was measured of the card once; None where it was not."""

    def add(self, other: DeviceTotals) -> None:
        """Add those of another card; None where neither knows."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, theirs if mine is None else mine if theirs is None else mine + theirs)
