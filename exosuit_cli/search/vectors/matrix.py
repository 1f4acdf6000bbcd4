"""All vectors of a context as one mapped matrix in the order of their clusters: what a question is compared with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.chunk.records import ID_BYTES
from exosuit_cli.search.vectors.clusters import assign, centres, cluster_count
from exosuit_cli.search.vectors.columns import read_columns, write_columns
from exosuit_cli.search.vectors.rows import CODECS, are_sound, read_vectors, unpack_vectors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    import numpy.typing as npt

    from exosuit_cli.search.vectors.rows import VectorMeta

_FORMAT: Final = "vectors/1"
_BLOCK: Final = 16_384
"""Vectors that are unpacked at once, where their number matters little."""
_CACHED: Final = 1 << 18
"""Numbers of vectors that are unpacked at once for a search: they stay in the processor's cache."""


class VectorMatrix:
    """Vectors by the id of their chunk, sorted by cluster; for reading, in as many processes as want to.

    Memory: the file is mapped, and its pages can be given back at any time; a search takes 1 MB of its own, and four
    bytes a vector.
    """

    def __init__(self, columns: Mapping[str, npt.NDArray[Any]], dimensions: int) -> None:
        self.dimensions = dimensions
        self.columns = columns
        self._values = columns["values"]
        self._scales = columns["scales"] if len(columns["scales"]) else None
        self._errors = columns["errors"]
        self._ids = columns["ids"]
        self._keys, self._places = columns["keys"], columns["places"]
        self._centres, self._starts = columns["centres"], columns["starts"]

    def __len__(self) -> int:
        return len(self._values)

    @property
    def clusters(self) -> int:
        """How many clusters the vectors have."""
        return len(self._centres)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.columns.values())

    def ids(self, places: npt.NDArray[np.integer[Any]]) -> list[bytes]:
        """The ids of the chunks at these places of the matrix."""
        return [row.tobytes() for row in self._ids[places]]

    def places_of(self, chunks: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """Where the vectors of chunks are, by their ids, uint8[n, 16]; -1 for one without a vector; int64[n]."""
        if not len(self):
            return np.full(len(chunks), -1, np.int64)
        keys = _keys(chunks)
        found = np.minimum(np.searchsorted(self._keys, keys), len(self) - 1)
        places = self._places[found].astype(np.int64)
        is_there = (self._keys[found] == keys) & (self._ids[places] == chunks).all(axis=1)
        return np.where(is_there, places, -1)

    def count_missing(self, chunks: npt.NDArray[np.uint8]) -> int:
        """How many chunks have no vector, by their ids, uint8[n, 16], each counted once. 1 M take some 0.1 s."""
        keys = np.sort(_keys(chunks))  # many are looked up much faster in order, and np.unique takes ten times as long
        keys = keys[np.diff(keys, prepend=~keys[:1]) != 0]
        if not len(self):
            return len(keys)
        found = np.minimum(np.searchsorted(self._keys, keys), len(self) - 1)
        return int((self._keys[found] != keys).sum())

    def vectors(self, places: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
        """The vectors at these places, float32[n, d]; a damaged one is zero."""
        found = unpack_vectors(self._values[places], None if self._scales is None else self._scales[places])
        found[~are_sound(found, self._errors[places])] = 0
        return found

    def scores(self, query: npt.NDArray[np.float32], chunks: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The cosine of a question's vector and that of each chunk, float32[n]; 0 for a chunk without a vector."""
        places = self.places_of(chunks)
        scores = np.zeros(len(chunks), np.float32)
        for start in range(0, len(chunks), _BLOCK):
            part = places[start : start + _BLOCK]
            has = np.flatnonzero(part >= 0)
            scores[start + has] = self.vectors(part[has]) @ query
        return scores

    def all_scores(self, query: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The cosine of a question's vector and every vector, in the order of the matrix, float32[n]."""
        return self._range_scores(query, 0, len(self))

    def nearest(
        self, query: npt.NDArray[np.float32], top: int, *, share: float = 1.0
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Places and cosines of the `top` vectors that are nearest to a question's, the nearest first.

        With a `share` below 1, only the clusters whose centres are nearest are looked at, as many as hold that share of
        the vectors.
        """
        if share >= 1.0 or self.clusters == 1:
            places, scores = None, self.all_scores(query)
        else:
            ranges = self.route(query, share)
            places = np.concatenate([np.arange(start, end) for start, end in ranges])
            scores = np.concatenate([self._range_scores(query, start, end) for start, end in ranges])
        best = _largest(scores, top)
        chosen = best if places is None else places[best]
        return self.ranked(chosen, query)

    def ranked(
        self, places: npt.NDArray[np.int64], query: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """These places and their cosines, the nearest first; what was damaged is not near to anything."""
        exact = self.vectors(places) @ query
        order = np.lexsort((places, -exact))
        return places[order], exact[order].astype(np.float32)

    def route(self, query: npt.NDArray[np.float32], share: float) -> list[tuple[int, int]]:
        """The places, as ranges, of the clusters that may answer a question: those whose centres are nearest to it."""
        order = np.argsort(-(self._centres @ query), kind="stable")
        sizes = np.diff(self._starts)[order]
        enough = int(np.searchsorted(np.cumsum(sizes), share * len(self))) + 1
        chosen = np.sort(order[:enough])
        return [(int(self._starts[each]), int(self._starts[each + 1])) for each in chosen]

    def _range_scores(self, query: npt.NDArray[np.float32], first: int, end: int) -> npt.NDArray[np.float32]:
        scores = np.empty(end - first, np.float32)
        rows = max(_CACHED // self.dimensions, 1)
        for start in range(first, end, rows):
            stop = min(start + rows, end)
            np.dot(
                self._values[start:stop].astype(np.float32, copy=False), query, out=scores[start - first : stop - first]
            )
        if self._scales is not None:
            scores *= self._scales[first:end]
        return scores


def open_matrix(path: str, meta: VectorMeta) -> VectorMatrix | None:
    """The matrix in a file; None where it is missing, damaged, or not of these vectors."""
    read = read_columns(path, _FORMAT)
    if read is None or read.header.get("stamp") != meta.stamp:
        return None
    return VectorMatrix(read.columns, meta.dimensions)


def build_matrix(connection: sqlite3.Connection, meta: VectorMeta, old: VectorMatrix | None) -> VectorMatrix:
    """All sound vectors of the context. Those that `old` has of the same model keep their cluster.

    Memory: all vectors as they are packed, twice.
    """
    ids, values, scales, errors = [], [], [], []
    for chunks, packed in read_vectors(connection, meta):
        ids.append(np.frombuffer(b"".join(chunks), np.uint8).reshape(-1, ID_BYTES))
        values.append(packed.values)
        errors.append(packed.errors)
        if packed.scales is not None:
            scales.append(packed.scales)
    return arranged(
        np.concatenate([np.zeros((0, ID_BYTES), np.uint8), *ids]),
        np.concatenate([np.zeros((0, meta.dimensions), CODECS[meta.codec]), *values]),
        np.concatenate([np.zeros(0, np.float32), *scales]),
        np.concatenate([np.zeros(0, np.float32), *errors]),
        old,
    )


def arranged(
    ids: npt.NDArray[np.uint8],
    values: npt.NDArray[Any],
    scales: npt.NDArray[np.float32],
    errors: npt.NDArray[np.float32],
    old: VectorMatrix | None = None,
) -> VectorMatrix:
    """Packed vectors in the order of their clusters, and by the id of their chunk within each."""
    count, width = values.shape

    def read(places: npt.NDArray[Any] | slice) -> npt.NDArray[np.float32]:
        return unpack_vectors(values[places], scales[places] if len(scales) else None)

    nearest = np.full(count, -1, np.int32)
    if old is not None and len(old) and cluster_count(count) // 2 <= old.clusters <= cluster_count(count) * 2:
        middle = np.array(old.columns["centres"])
        known = old.places_of(ids)
        nearest[known >= 0] = np.searchsorted(old.columns["starts"], known[known >= 0], side="right") - 1
    else:
        middle = centres(count, width, read)
    todo = np.flatnonzero(nearest < 0)
    for start in range(0, len(todo), _BLOCK):
        part = todo[start : start + _BLOCK]
        nearest[part] = assign(read(part), middle)
    order = np.lexsort((_keys(ids), nearest))
    starts = np.searchsorted(nearest[order], np.arange(len(middle) + 1)).astype(np.int64)
    keys = _keys(ids[order])
    by_key = np.argsort(keys, kind="stable")
    return VectorMatrix(
        {
            "values": values[order],
            "scales": scales[order] if len(scales) else scales,
            "errors": errors[order],
            "ids": ids[order],
            "keys": keys[by_key],
            "places": by_key.astype(np.uint32),
            "centres": middle,
            "starts": starts,
        },
        width,
    )


def write_matrix(path: str, meta: VectorMeta, matrix: VectorMatrix) -> None:
    """Write the matrix, atomically. Raises OutputError."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    write_columns(path, _FORMAT, {"stamp": meta.stamp}, matrix.columns, unchecked="values")


def _keys(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each id as a number, uint64[n]."""
    return np.ascontiguousarray(ids[:, :8]).view("<u8").reshape(-1)


def _largest(scores: npt.NDArray[np.float32], top: int) -> npt.NDArray[np.int64]:
    """The places of the largest scores, in any order."""
    top = min(top, len(scores))
    return np.argpartition(-scores, top - 1)[:top] if 0 < top < len(scores) else np.arange(top)
