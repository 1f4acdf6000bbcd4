"""UTF-16 and UTF-32 with a byte order mark, as the UTF-8 that everything else works on."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

MARK_BYTES: Final = 4
"""The longest byte order mark."""
_CODECS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK_SIZES: Final = {codec: len(mark) for mark, codec in _CODECS}


def wide_codec(start: bytes) -> str | None:
    """The encoding of a file by its first `MARK_BYTES` bytes; None without one of these marks."""
    return next((codec for mark, codec in _CODECS if start.startswith(mark)), None)


class WideDecoder:
    """Turns a file that arrives in pieces into UTF-8, without its byte order mark."""

    def __init__(self, codec: str) -> None:
        self._decoder = codecs.getincrementaldecoder(codec)("strict")
        self._mark = _MARK_SIZES[codec]

    def decode(self, data: bytes, *, final: bool = False) -> bytes:
        """The UTF-8 of the next piece. Raises UnicodeDecodeError where the file is malformed."""
        skipped = min(self._mark, len(data))
        self._mark -= skipped
        return self._decoder.decode(data[skipped:] if skipped else data, final).encode()


def decode_wide(data: bytes, codec: str) -> bytes | None:
    """The UTF-8 of a whole file, without its byte order mark; None where it is malformed."""
    try:
        return WideDecoder(codec).decode(data, final=True)
    except UnicodeDecodeError:
        return None


def decode_beginning(data: bytes, codec: str) -> bytes | None:
    """The UTF-8 of a file's first bytes, of which the last may be cut off; None where they are malformed."""
    try:
        return WideDecoder(codec).decode(data)
    except UnicodeDecodeError:
        return None


def places_in_file(text: bytes, offsets: npt.NDArray[np.int64], codec: str) -> npt.NDArray[np.int64]:
    """The bytes that the text takes in the encoding up to each of `offsets` in its UTF-8, int64[n], without the mark.

    The offsets lie between characters.
    """
    data = np.frombuffer(text, np.uint8)
    begins = (data & 0xC0) != 0x80
    units = begins.astype(np.int8)
    if codec.startswith("utf-16"):
        units += data >= 0xF0  # a pair of surrogates
    width = 2 if codec.startswith("utf-16") else 4
    sums = np.append(0, np.cumsum(units, dtype=np.int64))
    places: npt.NDArray[np.int64] = width * sums[offsets]
    return places


def mark_size(codec: str) -> int:
    """The bytes of the mark that begins a file."""
    return _MARK_SIZES[codec]
