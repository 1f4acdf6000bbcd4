"""Texts as frames of Zstandard, compressed with dictionaries that lie in the database beside them."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import zstandard

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

PLAIN, ZSTD, FIRST_DICTIONARY = 0, 1, 2
LEVEL: Final = 3
DICTIONARY_BYTES: Final = 112_640
"""The size that zstd itself recommends."""
TRAINING_BYTES: Final = 2 << 20
"""Text that a dictionary is trained on; twice as much takes twice as long and gains next to nothing."""
LEAST_TRAINING_BYTES: Final = 256 << 10
"""With less text than this, a dictionary costs more than it saves."""
_SEGMENT_BYTES: Final = 256 << 10


class TextFrames:
    """Compresses texts with the newest row of the table `dictionaries`, and unpacks those of every codec it ever had.

    A codec is a number: 0 for a text as it is, 1 for a frame, 2 and up for a frame with the dictionary of that number.
    The transactions are the caller's.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._unpack: dict[object, Callable[[Any], bytes]] = {}
        self._newest: tuple[int, zstandard.ZstdCompressor] | None = None

    @property
    def codec(self) -> int:
        """What texts are packed with now."""
        return self._packer()[0]

    def pack(self, text: bytes) -> bytes:
        """A text, packed."""
        return self._packer()[1].compress(text)

    def pack_many(
        self, texts: bytes | memoryview | mmap.mmap, starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
    ) -> Iterator[bytes]:
        """Texts that lie in one buffer, each packed; int64[n], where each begins, in ascending order, and its bytes."""
        compressor = self._packer()[1]
        for first, stop in _parts(sizes):
            if sizes[first:stop].any():
                base, end = int(starts[first]), int(starts[stop - 1] + sizes[stop - 1])
                segments = np.stack((starts[first:stop] - base, sizes[first:stop]), axis=1).astype(np.uint64)
                buffer = zstandard.BufferWithSegments(memoryview(texts)[base:end], segments.tobytes())
                frames = compressor.multi_compress_to_buffer(buffer)
                yield from (frames[place].tobytes() for place in range(stop - first))
            else:  # it refuses a buffer of nothing
                yield from [compressor.compress(b"")] * (stop - first)

    def unpack(self, codec: object, data: object) -> bytes | None:
        """The text of what `pack` made with a codec; None where the two are not what was written."""
        try:
            return (self._unpack.get(codec) or self._unpacker(codec))(data)
        except (zstandard.ZstdError, TypeError, ValueError, KeyError, MemoryError, OverflowError):
            return None  # bytes that were no frame, of a codec that is not there, or no bytes

    def train(self, samples: Sequence[bytes]) -> bool:
        """Make a dictionary from sample texts and use it from now on; False where the texts are too few for one."""
        if sum(map(len, samples)) < LEAST_TRAINING_BYTES:
            return False
        try:
            trained = zstandard.train_dictionary(DICTIONARY_BYTES, list(samples), k=256, d=8)
        except zstandard.ZstdError:
            return False  # texts that have nothing in common
        codec = self._newest_codec() + 1
        self._execute("INSERT INTO dictionaries VALUES (?, ?)", (codec, trained.as_bytes()))
        self._newest = codec, _compressor(trained)
        return True

    def has_dictionary(self) -> bool:
        """Whether one was trained before."""
        return self._newest_codec() >= FIRST_DICTIONARY

    def _unpacker(self, codec: object) -> Callable[[Any], bytes]:
        """What makes the text of a row's data. Raises KeyError for a codec that is not known."""
        if codec == PLAIN:
            unpack: Callable[[Any], bytes] = _same
        elif codec == ZSTD:
            unpack = zstandard.ZstdDecompressor().decompress
        else:
            dictionary = zstandard.ZstdCompressionDict(self._dictionary(codec))
            unpack = zstandard.ZstdDecompressor(dict_data=dictionary).decompress
        self._unpack[codec] = unpack
        return unpack

    def _newest_codec(self) -> int:
        (codec,) = self._execute("SELECT max(codec) FROM dictionaries").fetchone()
        return max(int(codec or 0), ZSTD)

    def _packer(self) -> tuple[int, zstandard.ZstdCompressor]:
        """The newest codec and what compresses with it."""
        if self._newest is None:
            codec, dictionary = self._newest_codec(), None
            if codec != ZSTD:
                try:
                    dictionary = zstandard.ZstdCompressionDict(self._dictionary(codec))
                except (zstandard.ZstdError, TypeError) as error:
                    raise sqlite3.DatabaseError(f"dictionary {codec} is not what was written") from error
            self._newest = codec, _compressor(dictionary)
        return self._newest

    def _dictionary(self, codec: object) -> bytes:
        row = self._execute("SELECT data FROM dictionaries WHERE codec = ?", (codec,)).fetchone()
        if row is None:
            raise KeyError(codec)
        data: bytes = row[0]
        return data


def _compressor(dictionary: zstandard.ZstdCompressionDict | None) -> zstandard.ZstdCompressor:
    if dictionary is not None:
        dictionary.precompute_compress(level=LEVEL)
    return zstandard.ZstdCompressor(
        level=LEVEL, dict_data=dictionary, write_content_size=True, write_checksum=False, write_dict_id=False
    )


def _same(data: bytes) -> bytes:
    return data


def _parts(sizes: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """The texts in parts of some `_SEGMENT_BYTES`: the first of each, and the end."""
    ends = np.cumsum(sizes)
    start, base = 0, 0
    while start < len(sizes):
        stop = max(start + 1, int(np.searchsorted(ends, base + _SEGMENT_BYTES, "right")))
        yield start, stop
        start, base = stop, int(ends[stop - 1])
