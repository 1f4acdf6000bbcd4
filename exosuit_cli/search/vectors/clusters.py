"""Clusters of unit vectors: k-means on the sphere, in mini-batches.

The source: Sculley, Web-Scale K-Means Clustering (2010); Dhillon and Modha, Concept Decompositions for Large Sparse
Text Data (2001), for the cosine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.search.vectors.protocol import unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

_LEAST: Final = 4096
"""Vectors below which all are compared: clusters would gain nothing."""
_MOST_CLUSTERS: Final = 1024
_SAMPLE: Final = 64
"""Vectors of each cluster that the centres are learned from."""
_ROUNDS: Final = 12
_BATCH: Final = 8192
_SEED: Final = 11


def cluster_count(vectors: int) -> int:
    """How many clusters so many vectors have: the root of their number; 1 for few."""
    return 1 if vectors < _LEAST else min(int(vectors**0.5), _MOST_CLUSTERS)


def centres(
    count: int, width: int, read: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]
) -> npt.NDArray[np.float32]:
    """The centres of `count` vectors, float32[clusters, width], of unit length; the same for the same vectors.

    `read` gives the vectors of ascending numbers below `count`, float32[n, width].
    """
    clusters = cluster_count(count)
    if clusters == 1:
        return np.zeros((1, width), np.float32)
    random = np.random.default_rng(_SEED)
    size = min(count, clusters * _SAMPLE)
    sample = read(np.sort(random.choice(count, size, replace=False)))
    found = sample[np.sort(random.choice(size, clusters, replace=False))]
    weights = np.zeros(clusters, np.float64)
    for _ in range(_ROUNDS):
        for start in range(0, size, _BATCH):
            batch = sample[start : start + _BATCH]
            found, weights = _moved(found, weights, batch)
        weights *= 0.5  # what was learned from the first centres is forgotten
    return found


def assign(vectors: npt.NDArray[np.float32], middle: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """The cluster of each vector, int32[n]: the nearest centre."""
    if len(middle) == 1:
        return np.zeros(len(vectors), np.int32)
    nearest: npt.NDArray[np.int32] = np.argmax(vectors @ middle.T, axis=1).astype(np.int32)
    return nearest


def _moved(
    middle: npt.NDArray[np.float32], weights: npt.NDArray[np.float64], batch: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """The centres after a batch: each is the mean of all that it had, and of what it has now."""
    nearest = assign(batch, middle)
    order = np.argsort(nearest, kind="stable")
    members, starts, counts = np.unique(nearest[order], return_index=True, return_counts=True)
    sums = np.add.reduceat(batch[order], starts, axis=0)
    moved = middle * weights[:, None]
    moved[members] += sums
    weights = weights.copy()
    weights[members] += counts
    units = unit_rows(moved)
    is_empty = ~units.any(axis=1)
    units[is_empty] = middle[is_empty]
    return units, weights
