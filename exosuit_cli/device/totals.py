"""The accounts of a device: what it did in one run."""

from __future__ import annotations

from dataclasses import dataclass


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
    cpu_seconds: float = 0.0
    halved_slabs: int = 0
    pinned_bytes: int = 0
    pool_peak_bytes: int | None = None
    process_bytes: int | None = None
    card_used_bytes: int | None = None
    card_bytes: int | None = None
    card_reason: str | None = None
    """Why the memory of the card is not known."""
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
            known = mine if theirs is None or isinstance(mine, str) else theirs
            setattr(self, name, known if mine is None or known is mine else mine + theirs)
