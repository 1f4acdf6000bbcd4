"""What every tier does, and the records that it hands over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from blake3 import blake3

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY_BYTES = 16
"""A key is the BLAKE3 of the payload, cut to 128 bits."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A payload with its key, `blake3(data)[:16]`, and how many tokens it counts."""

    key: bytes
    data: bytes
    tokens: int


@dataclass(frozen=True, slots=True)
class TierUsage:
    """What a tier holds and may hold.

    used_bytes: what the entries take here, as packed, with what each costs beside its payload.
    data_bytes: what their payloads are, unpacked.
    pinned_bytes: payload bytes that leases hold; the stack knows them, a tier alone says 0.
    wasted_bytes: room that was taken from the system and that no entry uses: fragmentation.
    largest_bytes: no payload above this is ever taken, however empty the tier is; None where the capacity decides.
    damaged: payloads that a read refused because they were not what their key says, since the tier was opened.
    """

    name: str
    capacity_bytes: int
    used_bytes: int
    token_capacity: int
    tokens: int
    entries: int
    data_bytes: int = 0
    pinned_bytes: int = 0
    wasted_bytes: int = 0
    damaged: int = 0
    largest_bytes: int | None = None

    @property
    def stored_ratio(self) -> float | None:
        """Payload bytes for each byte taken; None where nothing is held."""
        return self.data_bytes / self.used_bytes if self.used_bytes else None


class Tier(Protocol):
    """A place that keeps payloads by key, under a budget of bytes and one of tokens.

    A tier never drops an entry by itself. It may raise OSError, MemoryError or an ExosuitError when the place itself
    fails: what it held is then a miss, and what was being put was not taken. For one thread at a time.
    """

    @property
    def name(self) -> str:
        """`vram`, `shared`, `ram` or `nvme`."""
        ...

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Payloads that are what their keys say, in the order of the keys; None for a miss. Never wrong bytes.

        A payload that is damaged is a miss, is counted, and is not held any more.
        """
        ...

    def put(self, entries: Sequence[Entry]) -> int:
        """Take entries; how many of the first were taken. The next one did not fit.

        An entry whose key is held already counts as taken. Raises ValueError, and takes none, if a payload is not
        what its key says.
        """
        ...

    def discard(self, keys: Sequence[bytes]) -> None:
        """Let entries go; a key that is not held is no error."""
        ...

    def tokens(self, keys: Sequence[bytes]) -> list[int]:
        """Tokens of each entry; 0 where the key is not held."""
        ...

    def __contains__(self, key: bytes) -> bool: ...

    def __len__(self) -> int: ...

    def usage(self) -> TierUsage:
        """How full the tier is; costs no more than a few additions."""
        ...

    def close(self) -> None:
        """Give everything back; a second time does nothing."""
        ...


def key_of(data: bytes | memoryview) -> bytes:
    """The key of a payload."""
    return blake3(data).digest(length=KEY_BYTES)


def check_keys(entries: Sequence[Entry]) -> None:
    """Raise ValueError for the first entry whose payload is not what its key says."""
    for entry in entries:
        if blake3(entry.data).digest(length=KEY_BYTES) != entry.key:
            raise ValueError(f"entry {entry.key.hex()}: its payload of {len(entry.data)} bytes has another digest")
