"""Compressed streams, read forward in bounded memory."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from exosuit_cli.remote.limits import SourceRefused

if TYPE_CHECKING:
    from collections.abc import Callable

_PART: Final = 1 << 16
_LARGEST_READ: Final = 16 << 20
"""Bytes at once: more is asked for only where a header says that it is that long."""
_XZ_MEMORY: Final = 256 << 20


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the manners of the two others: it keeps what it was given and has not used."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _xz() -> _Decompressor:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


COMPRESSIONS: Final[dict[bytes, Callable[[], _Decompressor]]] = {
    b"\x1f\x8b": _Gzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": _xz,
}
"""By the first bytes of a file."""


class ForwardReader:
    """The content of a file, decompressed where its first bytes say so, for tarfile: it seeks forward only.

    `count` is told of all bytes that come out, and ends it by an error. Raises SourceRefused for a damaged stream.
    """

    def __init__(self, file: BinaryIO, count: Callable[[int], None]) -> None:
        self._file = file
        self._count = count
        start = file.read(6)
        file.seek(0)
        self._new = next((new for magic, new in COMPRESSIONS.items() if start.startswith(magic)), None)
        self._inner = self._new() if self._new is not None else None
        self._position = 0
        self.last = b""
        """What was read last."""

    def tell(self) -> int:
        """How many bytes were read."""
        return self._position

    def seek(self, position: int, whence: int = 0) -> int:
        """Read on to a position."""
        if whence != 0 or position < self._position:
            raise SourceRefused("it is damaged: it leads backwards")
        while self._position < position and self.read(min(position - self._position, _PART)):
            pass
        return self._position

    def read(self, size: int = -1) -> bytes:
        """So many bytes, fewer at the end only."""
        if not 0 <= size <= _LARGEST_READ:
            raise SourceRefused("it has a header of more than 16 MiB")
        parts = []
        left = size
        while left and (part := self._some(left)):
            parts.append(part)
            left -= len(part)
        self._position += size - left
        self.last = b"".join(parts)
        return self.last

    def _some(self, most: int) -> bytes:
        """Some bytes, none at the end."""
        if self._inner is None:
            part = self._file.read(most)
            self._count(len(part))
            return part
        part = b""
        given = b""
        while not part:
            if self._inner.eof:  # several streams in a row are one
                given = self._inner.unused_data.lstrip(b"\0") or self._file.read(_PART).lstrip(b"\0")
                if not given:
                    return b""
                assert self._new is not None, "there is a decompressor"
                self._inner = self._new()
            try:
                part = self._inner.decompress(given, most)
                if not part and not self._inner.eof:
                    given = self._file.read(_PART)
                    if not given:
                        raise SourceRefused("it is cut off")
                    part = self._inner.decompress(given, most)
                    given = b""
            except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
                raise SourceRefused(f"it is damaged: {error}") from error
            given = b""
        self._count(len(part))
        return part
