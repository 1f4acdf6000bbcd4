"""Which keys of many were seen before, in 16 bytes a key: for a table that has no index yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


class SeenKeys:
    """Keys of 16 bytes that are digests: their first halves tell almost all of them apart.

    They lie in sorted runs, each more than twice as long as the next, so that a key is moved and looked for about as
    often as there are doublings (a log-structured merge, O'Neil et al. 1996).
    """

    def __init__(self) -> None:
        self._runs: list[tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]] = []

    def add(self, keys: bytes) -> npt.NDArray[np.bool_]:
        """Add keys that lie one after the other; bool[n], whether each was not there, nor before it among them.

        Of two different keys with the same first half, the later one may be called new again whenever it comes.
        """
        halves = np.frombuffer(keys, np.uint64).reshape(-1, 2)
        first, second = halves[:, 0], halves[:, 1]
        is_new = np.ones(len(halves), np.bool_)
        order = np.argsort(first, kind="stable")
        sorted_first, sorted_second = first[order], second[order]
        is_new[order[1:][(sorted_first[1:] == sorted_first[:-1]) & (sorted_second[1:] == sorted_second[:-1])]] = False
        for run_first, run_second in self._runs:
            places = np.minimum(np.searchsorted(run_first, sorted_first), len(run_first) - 1)
            is_known = (run_first[places] == sorted_first) & (run_second[places] == sorted_second)
            is_new[order[is_known]] = False
        kept = is_new[order]
        if kept.any():
            self._runs.append((sorted_first[kept], sorted_second[kept]))
            while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
                self._merge()
        return is_new

    def _merge(self) -> None:
        """Make the two last runs one."""
        last, before = self._runs.pop(), self._runs.pop()
        first = np.concatenate((before[0], last[0]))
        order = np.argsort(first, kind="stable")
        self._runs.append((first[order], np.concatenate((before[1], last[1]))[order]))
