"""Room inside one arena: regions, each cut into slots of one size class; what is wasted is known at any time."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import field
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEAST_SLOT: Final = 64
STEPS: Final = 8
"""Size classes between a power of two and the next: a slot is at most an eighth larger than what it holds."""


@dataclass(slots=True)
class _Region:
    """One region in use: its slots are of `size` bytes; `free` are those given back, `fresh` the first never given."""

    start: int
    size: int
    count: int
    free: list[int] = field(default_factory=list)
    fresh: int = 0
    live: int = 0

    def take(self) -> int:
        self.live += 1
        if self.free:
            return self.free.pop()
        self.fresh += 1
        return self.start + (self.fresh - 1) * self.size


class Pools:
    """Gives out places of an arena of `regions` regions of `region_bytes` each.

    `reserve(start, size)` is called before a region is used for the first time, and after `release`; it may raise
    OSError, and then nothing has changed.
    """

    def __init__(self, regions: int, region_bytes: int, reserve: Callable[[int, int], None]) -> None:
        self.region_bytes = region_bytes
        self._reserve = reserve
        self._sizes = list(_size_classes(region_bytes))
        self._unused = list(range(regions - 1, -1, -1))
        self._reserved: set[int] = set()
        self._regions: dict[int, _Region] = {}
        self._with_room: dict[int, dict[int, _Region]] = {size: {} for size in self._sizes}
        self.used_bytes = 0
        """Bytes of all slots that are given out."""

    @property
    def reserved_bytes(self) -> int:
        """Bytes that were taken from the system."""
        return len(self._reserved) * self.region_bytes

    def slot_bytes(self, size: int) -> int | None:
        """The slot that a payload of `size` bytes takes; None where it is larger than a region."""
        place = bisect_left(self._sizes, size)
        return self._sizes[place] if place < len(self._sizes) else None

    def allocate(self, size: int) -> int | None:
        """The start of a slot for `size` bytes; None where there is no room. Raises OSError as `reserve` does."""
        slot = self.slot_bytes(size)
        if slot is None:
            return None
        rooms = self._with_room[slot]
        if not rooms and not self._open_region(slot):
            return None
        number, region = next(reversed(rooms.items()))
        start = region.take()
        if region.live == region.count:
            del rooms[number]
        self.used_bytes += slot
        return start

    def free(self, start: int) -> None:
        """Give a slot back; its region is free for any class once it is empty."""
        number = start // self.region_bytes
        region = self._regions[number]
        region.free.append(start)
        region.live -= 1
        self.used_bytes -= region.size
        if region.live:
            self._with_room[region.size][number] = region
        else:
            self._with_room[region.size].pop(number, None)
            del self._regions[number]
            self._unused.append(number)

    def sparse(self) -> list[int]:
        """Starts of the regions whose entries fit into others of their class: moving them frees those regions.

        The emptiest are named first; the caller allocates anew what they hold while `closed` holds them.
        """
        found = []
        for rooms in self._with_room.values():
            ordered = sorted(rooms.items(), key=lambda item: item[1].live)
            room = sum(region.count - region.live for _, region in ordered)
            for number, region in ordered:
                room -= region.count - region.live
                if region.live > room:
                    break
                room -= region.live
                found.append(number * self.region_bytes)
        return found

    def close_region(self, start: int) -> None:
        """Give out no more slots of a region; it opens again when a slot of it is given back."""
        number = start // self.region_bytes
        self._with_room[self._regions[number].size].pop(number, None)

    def take_unused(self) -> list[int]:
        """Starts of the regions that are reserved and hold nothing; they count as given back to the system."""
        found = sorted(number for number in self._unused if number in self._reserved)
        self._reserved.difference_update(found)
        return [number * self.region_bytes for number in found]

    def _open_region(self, slot: int) -> bool:
        if not self._unused:
            return False
        number = self._unused[-1]
        if number not in self._reserved:
            self._reserve(number * self.region_bytes, self.region_bytes)
            self._reserved.add(number)
        self._unused.pop()
        region = _Region(number * self.region_bytes, slot, self.region_bytes // slot)
        self._regions[number] = self._with_room[slot][number] = region
        return True


def _size_classes(most: int) -> Iterator[int]:
    size = LEAST_SLOT
    while size < most:
        yield size
        power = 1 << (size.bit_length() - 1)
        size += max(power // STEPS, 16)
    yield most
