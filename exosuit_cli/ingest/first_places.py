"""Where every text that a chunk has had came first."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exosuit_cli.chunk.records import ID_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


class _Batch(NamedTuple):
    """The places of some chunks: int64[files], how many there are up to and with each file, and int64[n]."""

    paths: Sequence[bytes]
    ends: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]


class FirstPlaces:
    """The first place of every chunk id. A chunk is known by its number among all: some 150 bytes each."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._count = 0
        self._batches: list[_Batch] = []
        self._firsts: list[int] = []
        """The number of the first chunk of each batch."""

    def enter(
        self,
        paths: Sequence[bytes],
        counts: npt.NDArray[np.int64],
        starts: npt.NDArray[np.int64],
        ids: npt.NDArray[np.uint8],
    ) -> dict[int, tuple[bytes, int]]:
        """Enter the chunks of files; by its position among them, the first place of each whose id came before.

        `counts` is int64[files], how many of them each file has. A place is a path and a start byte.
        """
        first, size = self._count, len(starts)
        self._count += size
        self._firsts.append(first)
        self._batches.append(_Batch(paths, np.cumsum(counts), starts.copy()))
        keys = np.ascontiguousarray(ids).view(f"V{ID_BYTES}").ravel().tolist()
        known = np.fromiter(map(self._numbers.setdefault, keys, range(first, first + size)), np.int64, size)
        repeated = np.flatnonzero(known != np.arange(first, first + size))
        return {chunk: self._place(int(known[chunk])) for chunk in repeated.tolist()}

    def _place(self, number: int) -> tuple[bytes, int]:
        batch = bisect_right(self._firsts, number) - 1
        paths, ends, starts = self._batches[batch]
        chunk = number - self._firsts[batch]
        return paths[int(np.searchsorted(ends, chunk, "right"))], int(starts[chunk])
