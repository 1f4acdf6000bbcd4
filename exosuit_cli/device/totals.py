"""What a device did in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from exosuit_cli.model.spans import RecordedTrack


@dataclass(slots=True)
class DeviceTotals:
    """What a device did in one run: seconds by the device's own clock, and bytes; None where a figure is unknown.

    `kernel_seconds`, `copy_in_seconds` and `copy_out_seconds` are those in which any lane was at it, also between two
    launches; cards add theirs up.
    """

    slabs: int = 0
    chunk_ids: int = 0
    """Those that the card found: the slab of each of them was copied in a second time."""
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
    """Files that the CPU computed beside a card: those larger than a slab, empty files alone in a slab, and where the
    card joined, those of slabs for which it had no time."""
    cpu_line_slabs: int = 0
    """Slabs with more lines than the results have room for; the CPU found them."""
    peak_copy_bytes_per_s: float | None = None
    """The rate of the copy in alone, from the measurement of the card; None where it was not measured."""
    tracks: tuple[RecordedTrack, ...] = ()
    """What each queue did when, where that is recorded."""

    def add(self, other: DeviceTotals) -> None:
        """Add the figures of another card; a figure stays None where neither has it."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            known = mine if theirs is None or isinstance(mine, str) else theirs
            setattr(self, name, known if mine is None or known is mine else mine + theirs)
