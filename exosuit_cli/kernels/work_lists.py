"""Lists of work for the threads of a device, packed into one upload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exosuit_cli.kernels.device import At

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceBuffer, DeviceQueue

LARGEST_SLAB = (1 << 31) - 1024
"""Bytes: kernels count bytes in 32 bits, with room for what they read behind the slab."""


def prefix_sums(counts: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint32]:
    """uint32[n + 1]: the sum of the counts before each, and of all."""
    sums = np.zeros(len(counts) + 1, np.uint32)
    np.cumsum(counts, out=sums[1:])
    return sums


def blocks_for(threads: int, block: int) -> int:
    """How many blocks of `block` threads cover `threads`."""
    return -(-threads // block)


class WorkLists:
    """uint32 lists, gathered on the host and uploaded together."""

    def __init__(self) -> None:
        self._lists: list[npt.NDArray[np.uint32]] = []
        self._words = 0
        self._buffer: DeviceBuffer | None = None

    @property
    def nbytes(self) -> int:
        """Of all lists."""
        return 4 * self._words

    def add(self, values: npt.NDArray[np.integer[Any]]) -> int:
        """Keep a list; the answer is what `at` finds it by."""
        self._lists.append(values.astype(np.uint32, copy=False))
        place, self._words = self._words, self._words + len(values)
        return place

    def upload(self, queue: DeviceQueue, name: str) -> None:
        """Enqueue the copy of all lists added so far."""
        self._buffer = queue.buffer(name, 4 * max(self._words, 1))
        if self._words:
            queue.upload(self._buffer, np.concatenate(self._lists))

    def at(self, place: int) -> At:
        """A list on the device."""
        assert self._buffer is not None, "uploaded before use"
        return At(self._buffer, 4 * place)
