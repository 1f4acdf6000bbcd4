"""Every digest that exosuit knows, each declared once: names, widths, functions, and which kernels compute it.

A further digest is a further entry of `DIGESTS`. Where a card shall compute it, its kernel comes with it: the CUDA
source that the entry names, and an entry in `kernels.device_digests.DEVICE_WORK`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST_WIDTH: Final = 32
"""Bytes that a row has for a digest."""


class Hasher(Protocol):
    """A digest of bytes that arrive in pieces."""

    def update(self, data: memoryview, /) -> object:
        """Take the next piece."""
        ...

    def digest(self) -> bytes:
        """Return the digest of everything that came."""
        ...


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest. Its packages are imported when one of its two loaders is called.

    Raises ValueError for a width that a row cannot hold.
    """

    name: str
    """What `--hash` takes; also the field of a record, the column of a manifest and part of the tree digest."""
    title: str
    """The algorithm as its authors write it."""
    width: int
    """Bytes."""
    load_function: Callable[[], Callable[[memoryview], bytes]]
    """Returns the function that digests one piece of memory."""
    load_hasher: Callable[[], Callable[[], Hasher]]
    """Returns the function that starts a `Hasher`."""
    is_file_digest: bool = True
    """Whether `--hash` offers it."""
    source: str = ""
    """The CUDA source in `kernels`; empty where only the CPU computes this digest."""
    kernels: tuple[str, ...] = ()
    """The kernels of `source` that compute it."""

    def __post_init__(self) -> None:
        if not 1 <= self.width <= MOST_WIDTH:
            raise ValueError(f"digest {self.name}: a width of {self.width} bytes; a row holds 1 to {MOST_WIDTH}")


def _blake3_function() -> Callable[[memoryview], bytes]:
    from blake3 import blake3

    return lambda data: blake3(data).digest()


def _blake3_hasher() -> Callable[[], Hasher]:
    from blake3 import blake3

    return blake3


def _xxh3_function() -> Callable[[memoryview], bytes]:
    from xxhash import xxh3_128_digest

    return xxh3_128_digest


def _xxh3_hasher() -> Callable[[], Hasher]:
    from xxhash import xxh3_128

    return xxh3_128


def _xxh3_64_function() -> Callable[[memoryview], bytes]:
    from xxhash import xxh3_64_digest

    return xxh3_64_digest


def _xxh3_64_hasher() -> Callable[[], Hasher]:
    from xxhash import xxh3_64

    return xxh3_64


DIGESTS: Final[dict[str, Digest]] = {}
"""Every digest by its name; the first is the default."""


def register_digest(digest: Digest) -> None:
    """Make a digest known. Raises ValueError for a name that is taken."""
    if digest.name in DIGESTS:
        raise ValueError(f"digest {digest.name} is known already")
    DIGESTS[digest.name] = digest


for _digest in (
    Digest(
        name="blake3",
        title="BLAKE3-256",
        width=32,
        load_function=_blake3_function,
        load_hasher=_blake3_hasher,
        source="blake3.cu",
        kernels=("blake3_chunks", "blake3_parents"),
    ),
    Digest(
        name="xxh3",
        title="XXH3-128",
        width=16,
        load_function=_xxh3_function,
        load_hasher=_xxh3_hasher,
        source="xxh3.cu",
        kernels=("xxh3_sums", "xxh3_digests"),
    ),
    Digest(
        name="xxh3_64",
        title="XXH3-64",
        width=8,
        load_function=_xxh3_64_function,
        load_hasher=_xxh3_64_hasher,
        is_file_digest=False,
        source="xxh3.cu",
        kernels=("xxh3_sums", "xxh3_digests"),
    ),
):
    register_digest(_digest)

DEFAULT_DIGEST: Final = next(iter(DIGESTS))
CHUNK_DIGEST: Final = "blake3"
"""The digest of chunk ids. Ids are its first bytes, so it must be one whose prefixes are digests."""


def load_span_digests() -> Callable[[memoryview, Iterable[tuple[int, int]], int], bytes]:
    """Returns the function that digests spans of memory, from a start to a stop, by `CHUNK_DIGEST`.

    The digests, cut to a width in bytes, come one behind the other. It is for many short spans.
    """
    from blake3 import blake3

    def span_digests(data: memoryview, spans: Iterable[tuple[int, int]], width: int) -> bytes:
        hasher = blake3()  # one for all: making one costs as much as half a kilobyte
        reset, update, digest = hasher.reset, hasher.update, hasher.digest
        digests = []
        for start, stop in spans:
            reset()
            update(data[start:stop])
            digests.append(digest(width))
        return b"".join(digests)

    return span_digests


def file_digests() -> tuple[str, ...]:
    """The names that `--hash` offers, the default first."""
    return tuple(digest.name for digest in DIGESTS.values() if digest.is_file_digest)


def find_digest(name: str) -> Digest:
    """Return the file digest of that name. Raises UsageError, naming the known ones, when there is none."""
    digest = DIGESTS.get(name)
    if digest is None or not digest.is_file_digest:
        raise UsageError(f"unknown hash {name!r}: expected {' or '.join(file_digests())}")
    return digest
