r"""The head of a shared arena, by which another process finds what lies in it.

All numbers are little-endian. Bytes 0 to 4095 are the head: magic `EXOSHM1\0`, u32 version, u32 state (1: open),
u64 slots, u64 start of the arena, u64 its bytes. From byte 4096 on lies the table, 32 bytes a slot: the key, u64 offset
of the payload in the file, u32 its bytes, u32 its tokens. Offset 0 is a slot that was never used and ends a search; 1
is one that is free again. The search for a key begins at slot `key[0:8] mod slots` and goes on to the next.

The owner writes while others read: whoever reads checks the digest of what a slot names, and takes anything else for a
miss.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import ResourceMissing

if TYPE_CHECKING:
    import mmap

MAGIC: Final = b"EXOSHM1\0"
VERSION: Final = 1
HEAD_BYTES: Final = 4096
OPEN: Final = 1
_HEAD: Final = struct.Struct("<8sIIQQQ")
_SLOT: Final = struct.Struct("<16sQII")
_OFFSET: Final = struct.Struct("<Q")
_FREE: Final = 1
_STATE_AT: Final = 12


class SharedTable:
    """The owner's side: writes the head, and a slot for each entry. At most three quarters of the slots are used."""

    def __init__(self, memory: mmap.mmap, slots: int, arena: int, arena_bytes: int) -> None:
        self._memory, self._mask = memory, slots - 1
        self.most = slots * 3 // 4
        self._tombs = 0
        _HEAD.pack_into(memory, 0, MAGIC, VERSION, OPEN, slots, arena, arena_bytes)

    def add(self, key: bytes, offset: int, size: int, tokens: int) -> int:
        """Enter a key that is not in the table; its slot."""
        place = int.from_bytes(key[:8], "little") & self._mask
        while (held := self._offset(place)) > _FREE:
            place = (place + 1) & self._mask
        self._tombs -= held == _FREE
        self.write(place, key, offset, size, tokens)
        return place

    def write(self, place: int, key: bytes, offset: int, size: int, tokens: int) -> None:
        """Write a slot."""
        _SLOT.pack_into(self._memory, HEAD_BYTES + place * _SLOT.size, key, offset, size, tokens)

    def remove(self, place: int) -> None:
        """Free a slot; the search for others goes on behind it, unless the next one was never used."""
        is_end = self._offset((place + 1) & self._mask) == 0
        self._tombs += not is_end
        self.write(place, bytes(16), 0 if is_end else _FREE, 0, 0)

    @property
    def is_worn(self) -> bool:
        """Whether so many slots were freed that searches are long: time to enter everything anew."""
        return self._tombs > (self._mask + 1) // 8

    def clear(self) -> None:
        """Empty the table."""
        self._memory[HEAD_BYTES : HEAD_BYTES + (self._mask + 1) * _SLOT.size] = bytes((self._mask + 1) * _SLOT.size)
        self._tombs = 0

    def close(self) -> None:
        """Say to readers that nothing here is kept any more."""
        struct.pack_into("<I", self._memory, _STATE_AT, 0)

    def _offset(self, place: int) -> int:
        found: int = _OFFSET.unpack_from(self._memory, HEAD_BYTES + place * _SLOT.size + 16)[0]
        return found


class SharedTableView:
    """A reader's side. Raises ResourceMissing where the head is none of ours."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        magic, version, _, slots, self._arena, arena_bytes = _HEAD.unpack_from(memory, 0)
        if magic != MAGIC or version != VERSION:
            raise ResourceMissing(f"shared memory of another make (version {version}); both sides need one exosuit")
        self.arena_bytes: int = arena_bytes
        self._end = self._arena + arena_bytes
        is_sound = slots and not slots & (slots - 1) and HEAD_BYTES + slots * _SLOT.size <= self._arena
        if not is_sound or self._end > len(memory):
            raise ResourceMissing("shared memory whose head is damaged; its owner has to make it anew")
        self._slots: int = slots

    @property
    def is_open(self) -> bool:
        """Whether the owner keeps it still, as far as the owner could say."""
        found: int = struct.unpack_from("<I", self._memory, _STATE_AT)[0]
        return found == OPEN

    def find(self, key: bytes) -> tuple[int, int, int] | None:
        """Start and end of a payload in the memory, and its tokens; None for a miss."""
        place = int.from_bytes(key[:8], "little") & (self._slots - 1)
        for _ in range(self._slots):
            held, offset, size, tokens = _SLOT.unpack_from(self._memory, HEAD_BYTES + place * _SLOT.size)
            if not offset:
                return None
            if held == key and offset > _FREE:
                is_inside = self._arena <= offset and offset + size <= self._end
                return (offset, offset + size, tokens) if is_inside else None
            place = (place + 1) & (self._slots - 1)
        return None
