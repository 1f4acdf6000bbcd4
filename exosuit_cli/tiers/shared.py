"""The tier `shared`: one arena of POSIX shared memory, which other exosuit processes map and read."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING, Final

import numpy as np
import xxhash
from blake3 import blake3

from exosuit_cli.tiers.level import FAILURES
from exosuit_cli.tiers.pools import Pools
from exosuit_cli.tiers.protocol import KEY_BYTES, Entry, TierUsage, check_keys
from exosuit_cli.tiers.segment import FOLDER, Segment, attach
from exosuit_cli.tiers.shared_table import HEAD_BYTES, SharedTable, SharedTableView

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.device.driver import OpenCard

_PAGE: Final = 4096
_SLOT_BYTES: Final = 32
_LARGEST_REGION: Final = 256 << 10
_BYTES_A_SLOT, _TOKENS_A_SLOT = 1024, 32
"""An entry of fewer bytes and tokens than these, on average, and the table is full before the arena is."""


class SharedTier:
    """Payloads in an arena that this process owns and others of the same user may read.

    Another process could write there, so every read is checked. The owner keeps an XXH3-128 of each payload, with a
    secret seed, in its own memory; it was taken of the very bytes whose BLAKE3 was the key, and is ten times as fast.
    Readers in other processes (`SharedReader`) check BLAKE3. What fails is a miss, is counted, and is let go.

    Args:
        name: of the segment; see `Segment`.
        capacity_bytes: of everything: head, table, and slots of size classes, an eighth of which may be empty.
        token_capacity: the most tokens that all entries count together.
        is_dynamic: take memory from the system as it fills; else all of it now.
        card: an open card that locks the pages, which takes all memory now. Where it cannot, it says so in `note`.
        folder: the file system of shared memory.

    Raises:
        OSError: there is no shared memory, or none is left, or another live process owns the name.

    """

    name = "shared"
    is_read_only = False

    def __init__(
        self, name: str, capacity_bytes: int, token_capacity: int, *, is_dynamic: bool = True,
        card: OpenCard | None = None, folder: str = FOLDER,
    ) -> None:  # fmt: skip
        slots = _slots(capacity_bytes, token_capacity)
        self._base = HEAD_BYTES + -(-slots * _SLOT_BYTES // _PAGE) * _PAGE
        room = max(capacity_bytes - self._base, 0)
        region = min(max(room // 256 // _PAGE * _PAGE, _PAGE), _LARGEST_REGION)
        self._arena_bytes = room // region * region
        self._token_capacity = token_capacity
        self.note: str | None = None
        self._segment = Segment(name, self._base + self._arena_bytes, folder)
        self._map = self._segment.map
        try:
            self._segment.reserve(0, self._base)
            if self._arena_bytes and (card is not None or not is_dynamic):
                self._segment.reserve(self._base, self._arena_bytes)
        except OSError:
            self._segment.close()
            raise
        self._table = SharedTable(self._map, slots, self._base, self._arena_bytes)
        self._pools = Pools(self._arena_bytes // region, region, self._reserve)
        self._seed = secrets.randbits(64)
        self._places: dict[bytes, tuple[int, int, bytes, int, int]] = {}  # start, end, check, tokens, slot of table
        self._tokens = self._data = self._damaged = 0
        self._card = card
        self._pinned: npt.NDArray[np.uint8] | None = None
        if card is not None and self._arena_bytes:
            self._lock_pages(card)

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        memory, seed, check = self._map, self._seed, xxhash.xxh3_128_digest
        found: list[bytes | None] = []
        damaged = []
        for place, key in zip(map(self._places.get, keys), keys, strict=True):
            data = None
            if place is not None:
                data = memory[place[0] : place[1]]
                if check(data, seed) != place[2]:
                    damaged.append(key)
                    data = None
            found.append(data)
        if damaged:
            self._damaged += len(set(damaged))
            self.discard(damaged)
        return found

    def put(self, entries: Sequence[Entry]) -> int:
        check_keys(entries)
        if not self._segment.is_owned:  # a fork: the owner's places would not know
            return 0
        for count, entry in enumerate(entries):
            if entry.key not in self._places and not self._take(entry):
                return count
        return len(entries)

    def discard(self, keys: Sequence[bytes]) -> None:
        if not self._segment.is_owned:
            return
        for key in keys:
            place = self._places.pop(key, None)
            if place is not None:
                start, end, _, tokens, slot = place
                self._table.remove(slot)
                self._pools.free(start - self._base)
                self._tokens -= tokens
                self._data -= end - start
        if self._table.is_worn:
            self._table.clear()
            for key, (start, end, check, tokens, _) in self._places.items():
                self._places[key] = start, end, check, tokens, self._table.add(key, start, end - start, tokens)

    def tokens(self, keys: Sequence[bytes]) -> list[int]:
        return [self._places[key][3] if key in self._places else 0 for key in keys]

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def usage(self) -> TierUsage:
        return TierUsage(
            self.name, self._arena_bytes, self._pools.used_bytes, self._token_capacity, self._tokens,
            len(self._places), data_bytes=self._data, wasted_bytes=self._pools.reserved_bytes - self._data,
            damaged=self._damaged, largest_bytes=min(self._pools.region_bytes, self._arena_bytes),
        )  # fmt: skip

    def compact(self) -> int:
        """Move entries together and give the regions that become empty back to the system; how many bytes."""
        self._move_together()
        if self._pinned is not None:
            return 0
        unused = self._pools.take_unused()
        for start in unused:
            self._segment.release(self._base + start, self._pools.region_bytes)
        return len(unused) * self._pools.region_bytes

    def close(self) -> None:
        if self._map.closed:
            return
        if self._pinned is not None and self._card is not None:
            with contextlib.suppress(*FAILURES):
                self._card.unpin(self._pinned)
            self._pinned = None
        self._places.clear()
        if self._segment.is_owned:
            self._table.close()
        self._segment.close()

    def _take(self, entry: Entry) -> bool:
        size = len(entry.data)
        if self._tokens + entry.tokens > self._token_capacity or len(self._places) >= self._table.most:
            return False
        start = self._allocate(size)
        if start is None:
            return False
        self._map[start : start + size] = entry.data
        slot = self._table.add(entry.key, start, size, entry.tokens)
        check = xxhash.xxh3_128_digest(entry.data, self._seed)
        self._places[entry.key] = start, start + size, check, entry.tokens, slot
        self._tokens += entry.tokens
        self._data += size
        return True

    def _allocate(self, size: int) -> int | None:
        """A place in the segment; None where the arena or the system has no room."""
        try:
            start = self._pools.allocate(size)
            if start is None and self._move_together():
                start = self._pools.allocate(size)
        except OSError:  # the system has no more: what is held stays, and this is full
            return None
        return None if start is None else self._base + start

    def _move_together(self) -> int:
        """Empty the regions whose entries fit into others of their class; how many."""
        sparse = self._pools.sparse()
        if not sparse:
            return 0
        for region in sparse:
            self._pools.close_region(region)
        held: dict[int, list[bytes]] = {region: [] for region in sparse}
        for key, place in self._places.items():
            inside = (place[0] - self._base) // self._pools.region_bytes * self._pools.region_bytes
            if inside in held:
                held[inside].append(key)
        for keys in held.values():
            moved = []
            for key in keys:
                start, end, check, tokens, slot = self._places[key]
                new = self._pools.allocate(end - start)
                if new is None:
                    break
                new += self._base
                self._map[new : new + end - start] = self._map[start:end]
                self._table.write(slot, key, new, end - start, tokens)
                self._places[key] = new, new + end - start, check, tokens, slot
                moved.append(start - self._base)
            for start in moved:
                self._pools.free(start)
        return len(sparse)

    def _reserve(self, start: int, size: int) -> None:
        self._segment.reserve(self._base + start, size)

    def _lock_pages(self, card: OpenCard) -> None:
        memory = np.frombuffer(self._map, np.uint8)
        try:
            card.pin(memory)
        except FAILURES as error:
            self.note = f"the pages of the tier shared are not locked for the card: {error}"
        else:
            self._pinned = memory


class SharedReader:
    """The arena of another process of this user, for reading: a `Tier` that takes nothing.

    A payload is handed out if its BLAKE3 is the key; anything else, and everything once the owner has closed, is a
    miss. Raises OSError where no live process owns a segment of that name, ResourceMissing for one of another make.
    """

    name = "shared"
    is_read_only = True

    def __init__(self, name: str, folder: str = FOLDER) -> None:
        memory = attach(name, folder)
        if memory is None:
            raise FileNotFoundError(2, "no process shares memory of this name", name)
        self._map, self._view = memory, SharedTableView(memory)
        self._damaged = 0

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        if not self._is_open:
            return [None] * len(keys)
        return [self._read(key) for key in keys]

    def put(self, entries: Sequence[Entry]) -> int:  # noqa: ARG002
        return 0

    def discard(self, keys: Sequence[bytes]) -> None:
        """Nothing: what is there is its owner's."""

    def tokens(self, keys: Sequence[bytes]) -> list[int]:
        places = [self._view.find(key) if self._is_open else None for key in keys]
        return [0 if place is None else place[2] for place in places]

    def __contains__(self, key: bytes) -> bool:
        return self._is_open and self._view.find(key) is not None

    def __len__(self) -> int:
        return 0

    def usage(self) -> TierUsage:
        return TierUsage(self.name, 0, 0, 0, 0, 0, damaged=self._damaged, largest_bytes=0)

    def close(self) -> None:
        self._map.close()

    @property
    def _is_open(self) -> bool:
        return not self._map.closed and self._view.is_open

    def _read(self, key: bytes) -> bytes | None:
        for _ in range(2):  # once more: the owner may have moved it in between
            place = self._view.find(key)
            if place is None:
                return None
            data = self._map[place[0] : place[1]]
            if blake3(data).digest(length=KEY_BYTES) == key:
                return data
        self._damaged += 1
        return None


def _slots(capacity_bytes: int, token_capacity: int) -> int:
    """Slots of the table, a power of two."""
    wanted = min(capacity_bytes // _BYTES_A_SLOT, token_capacity // _TOKENS_A_SLOT)
    return max(1 << max(wanted - 1, 0).bit_length(), 64)
