"""The bytes from some places on, many at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def windows(data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.uint8]:
    """uint8[n, width]: the bytes from each of n places on; all of them are in `data`, which is contiguous.

    Each row is copied as one element, which takes a third of the time that rows of bytes take.
    """
    rows = np.ndarray((len(data) - width + 1,), np.dtype((np.void, width)), data.data, strides=(1,))
    found: npt.NDArray[np.uint8] = rows[at].view(np.uint8).reshape(len(at), width)
    return found


def heads_at(data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """uint64[n]: the eight bytes from each of n places on, the first the lowest; `data` as in `windows`."""
    heads: npt.NDArray[np.uint64] = np.ndarray((len(data) - 7,), "<u8", data.data, strides=(1,))
    found: npt.NDArray[np.uint64] = heads[at]
    return found
