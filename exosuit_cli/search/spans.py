"""Spans of a slab of bytes, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import as_strided

if TYPE_CHECKING:
    import numpy.typing as npt

PADDING: Final = 16
"""Bytes of zero at the end of a slab: spans are loaded eight bytes at a time."""
LOAD: Final = 8


def loads_of(slab: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """The eight bytes from each byte on, as a view: uint64[bytes - 7], the first byte the lowest."""
    return as_strided(slab[:LOAD].view(np.uint64), (len(slab) - LOAD + 1,), (1,))


def places_of(starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The numbers from each start on, as many as its length: int64[sum of lengths]."""
    ends = np.cumsum(lengths)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)


def gather(
    slab: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], *, before: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """A new padded slab of these spans, with so many bytes of zero before each, and where each starts in it."""
    ends = np.cumsum(lengths + before)
    copy = np.zeros((int(ends[-1]) if len(ends) else 0) + PADDING, np.uint8)
    copy[places_of(ends - lengths, lengths)] = slab[places_of(starts, lengths)]
    return copy, ends - lengths
