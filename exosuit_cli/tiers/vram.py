"""The tier `vram`: token ids of hot chunks in the memory of a card, handed out without a copy."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from blake3 import blake3

from exosuit_cli.kernels.device import At, DeviceBuffer, DeviceOutOfMemory
from exosuit_cli.tiers.pools import Pools
from exosuit_cli.tiers.protocol import KEY_BYTES, Entry, TierUsage, check_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.kernels.device import DeviceQueue

ID_BYTES: Final = 4
"""A token id is a little-endian uint32."""

_PAGE: Final = 4096
_LARGEST_REGION: Final = 1 << 20


class DeviceIds:
    """Token ids on a device, uint32[n], contiguous, for reading: what an inference engine takes without a copy.

    Speaks the CUDA array interface (version 3) and DLPack. Its memory is not given to anything else while this object,
    or what was made of it, is alive. The copy to the device is done when it is handed out.
    """

    def __init__(self, address: int, count: int, device: str) -> None:
        self.address, self.count, self.device = address, count, device
        self.nbytes = count * ID_BYTES

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        # Not marked as read-only, though it is: PyTorch refuses the mark.
        return {"shape": (self.count,), "typestr": "<u4", "data": (self.address, False), "strides": None, "version": 3}

    def __dlpack__(self, **options: Any) -> Any:
        """A capsule of the DLPack protocol; see the array API standard. Needs CuPy."""
        return self._as_cupy().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        """(kDLCUDA, the number of the card)."""
        return 2, self._index

    def __len__(self) -> int:
        return self.count

    @property
    def _index(self) -> int:
        return int(self.device.rpartition(":")[2])

    def _as_cupy(self) -> Any:
        import cupy

        memory = cupy.cuda.UnownedMemory(self.address, max(self.nbytes, 1), self, self._index)
        return cupy.ndarray((self.count,), np.uint32, cupy.cuda.MemoryPointer(memory, 0))


class VramTier:
    """Payloads that are whole numbers of token ids, in regions of device memory that are taken as they fill.

    Text is not kept here. A payload's key is the BLAKE3 of its ids as bytes; it is checked on the way in, and on the
    way back by `get`. `ids` hands out what is there as it is.

    Args:
        queue: of the card; the tier alone uses its buffers, and releases them when it is closed.
        capacity_bytes: of device memory; a queue may take a quarter more than it is asked for, which is counted here.
        token_capacity: the most ids in all.

    Raises:
        DeviceOutOfMemory and DeviceLost from every method, as the queue does.

    """

    name = "vram"

    def __init__(self, queue: DeviceQueue, capacity_bytes: int, token_capacity: int) -> None:
        self._queue, self._token_capacity = queue, token_capacity
        room = max(capacity_bytes, 0) * 4 // 5
        self._region_bytes = min(max(room // 64 // _PAGE * _PAGE, _PAGE), _LARGEST_REGION)
        regions = room // self._region_bytes
        self._capacity_bytes = regions * self._region_bytes
        self._buffers: dict[int, DeviceBuffer] = {}
        self._pools = Pools(regions, self._region_bytes, self._reserve)
        self._places: dict[bytes, tuple[int, int, int]] = {}  # start, bytes, tokens
        self._lent: weakref.WeakValueDictionary[int, DeviceIds] = weakref.WeakValueDictionary()
        self._leaving: set[int] = set()
        self._returned: list[int] = []
        self._tokens = self._data = self._damaged = 0
        self._is_closed = False

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Payloads copied back from the device, checked."""
        held = {key: self._places[key] for key in keys if key in self._places}
        arrays = {key: np.empty(place[1], np.uint8) for key, place in held.items()}
        for key, (start, size, _) in held.items():
            if size:
                self._queue.download(self._at(start), arrays[key])
        if held:
            self._queue.synchronize()
        found = {key: array.tobytes() for key, array in arrays.items()}
        damaged = [key for key, data in found.items() if blake3(data).digest(length=KEY_BYTES) != key]
        if damaged:
            self._damaged += len(damaged)
            self.discard(damaged)
        return [None if key in damaged else found.get(key) for key in keys]

    def put(self, entries: Sequence[Entry]) -> int:
        """As the protocol says; ValueError also for a payload that is no whole number of ids."""
        for entry in entries:
            if len(entry.data) % ID_BYTES:
                raise ValueError(f"entry {entry.key.hex()}: {len(entry.data)} bytes are no whole number of token ids")
        check_keys(entries)
        self._take_back()
        count = len(entries)
        new: list[bytes] = []
        try:
            for place, entry in enumerate(entries):
                if entry.key in self._places:
                    continue
                if not self._take(entry):
                    count = place
                    break
                new.append(entry.key)
            if new:
                self._queue.synchronize()
        except BaseException:  # nobody knows what arrived
            self.discard(new)
            raise
        return count

    def ids(self, keys: Sequence[bytes]) -> list[DeviceIds | None]:
        """The ids of each key where they lie; None for a miss. Not checked again: see `get` for that."""
        found: list[DeviceIds | None] = []
        for key in keys:
            place = self._places.get(key)
            found.append(None if place is None else self._lend(place[0], place[1]))
        return found

    def discard(self, keys: Sequence[bytes]) -> None:
        """As the protocol says; memory that was handed out is free once nobody has it any more."""
        for key in keys:
            place = self._places.pop(key, None)
            if place is not None:
                start, size, tokens = place
                self._tokens -= tokens
                self._data -= size
                if start in self._lent:
                    self._leaving.add(start)
                else:
                    self._pools.free(start)

    def tokens(self, keys: Sequence[bytes]) -> list[int]:
        return [self._places[key][2] if key in self._places else 0 for key in keys]

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def usage(self) -> TierUsage:
        self._take_back()
        return TierUsage(
            self.name, self._capacity_bytes, self._pools.used_bytes, self._token_capacity, self._tokens,
            len(self._places), data_bytes=self._data, wasted_bytes=self._pools.reserved_bytes - self._data,
            damaged=self._damaged, largest_bytes=min(self._region_bytes, self._capacity_bytes),
        )  # fmt: skip

    def close(self) -> None:
        """Give the memory back to the card, also what was handed out."""
        if not self._is_closed:
            self._is_closed = True
            self.discard(list(self._places))
            self._buffers.clear()
            self._queue.release()

    def _take(self, entry: Entry) -> bool:
        if self._tokens + entry.tokens > self._token_capacity:
            return False
        try:
            start = self._pools.allocate(len(entry.data))
        except DeviceOutOfMemory:  # what is held stays, and this is full
            return False
        if start is None:
            return False
        self._places[entry.key] = start, len(entry.data), entry.tokens
        self._tokens += entry.tokens
        self._data += len(entry.data)
        if entry.data:
            try:
                self._queue.upload(self._at(start), np.frombuffer(entry.data, np.uint8))
            except BaseException:
                self.discard([entry.key])
                raise
        return True

    def _lend(self, start: int, size: int) -> DeviceIds:
        lent = self._lent.get(start)
        if lent is None:
            place = self._at(start)
            lent = DeviceIds(place.buffer.address + place.offset, size // ID_BYTES, self._queue.device)
            self._lent[start] = lent
            weakref.finalize(lent, self._returned.append, start).atexit = False
        return lent

    def _take_back(self) -> None:
        """Free what left while it was lent, and has come back: not at the moment it does, which may be any."""
        while self._returned:
            start = self._returned.pop()
            if start in self._leaving and start not in self._lent:
                self._leaving.remove(start)
                self._pools.free(start)

    def _reserve(self, start: int, size: int) -> None:
        self._buffers[start] = self._queue.buffer(f"token ids {start}", size)

    def _at(self, start: int) -> At:
        region = start // self._region_bytes * self._region_bytes
        return At(self._buffers[region], start - region)
