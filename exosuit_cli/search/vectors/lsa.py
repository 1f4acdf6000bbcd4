"""Latent semantic analysis of the texts themselves: no download, nothing learned elsewhere.

The source: Deerwester et al., Indexing by Latent Semantic Analysis (1990); the decomposition by random projections is
that of Halko, Martinsson and Tropp, Finding Structure with Randomness (2011), algorithm 4.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from blake3 import blake3

from exosuit_cli.model.errors import UsageError
from exosuit_cli.search.vectors.columns import read_columns, write_columns
from exosuit_cli.search.vectors.counts import SparseRows, TermCounter, stacked
from exosuit_cli.search.vectors.protocol import unit_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from exosuit_cli.search.vectors.protocol import Text

DIMENSIONS: Final = 128
SAMPLE: Final = 32_768
"""Chunks that the analysis looks at; others are folded in."""

_FORMAT: Final = "lsa/1"
_MOST_TERMS: Final = 40_000
_OVERSAMPLING: Final = 16
_ITERATIONS: Final = 2
_SEED: Final = 7
_TEXTS_A_DIMENSION: Final = 4
"""With as many dimensions as texts, no two words would ever share one."""
_BATCH: Final = 1024
_FEW: Final = 16
_NOISE: Final = 1e-11
"""A direction with a smaller share of the greatest square is float32's own rounding."""


class LatentModel:
    """Vectors of texts in the directions in which the terms of a repository vary together.

    Args:
        terms: in the order of the rows of `projection`.
        weights: of each term, float32[terms]: the logarithm of how rare it is.
        projection: float16[terms, dimensions]: right singular vectors.
        texts: how many there were when the model was made, also where only some were looked at.
        name: as it was saved; None: made of the content.

    """

    def __init__(
        self,
        terms: Sequence[bytes],
        weights: npt.NDArray[np.float32],
        projection: npt.NDArray[np.float16],
        texts: int,
        name: str | None = None,
    ) -> None:
        self._terms, self._weights, self._projection = terms, weights, projection
        self._wide: npt.NDArray[np.float32] | None = None
        self.texts = texts
        self._counter = TermCounter(terms)
        self.dimensions = projection.shape[1]
        self.name = _name(terms, weights, projection) if name is None else name

    def embed(self, texts: Sequence[Text]) -> npt.NDArray[np.float32]:
        if self._wide is None and len(texts) > _FEW:  # a single question needs a few rows of it
            self._wide = self._projection.astype(np.float32)
        projection = self._projection if self._wide is None else self._wide
        found = np.zeros((len(texts), self.dimensions), np.float32)
        for start in range(0, len(texts), _BATCH):
            rows = _weighted(self._counter.count(texts[start : start + _BATCH]), self._weights)
            found[start : start + _BATCH] = unit_rows(rows.times(projection))
        return found

    def embed_queries(self, texts: Sequence[Text]) -> npt.NDArray[np.float32]:
        return self.embed(texts)

    def save(self, path: str) -> None:
        """Write the model, atomically."""
        columns: dict[str, npt.NDArray[Any]] = {
            "terms": np.frombuffer(b"\n".join(self._terms), np.uint8),
            "weights": self._weights,
            "projection": self._projection,
        }
        write_columns(path, _FORMAT, {"name": self.name, "texts": self.texts}, columns)

    @classmethod
    def load(cls, path: str) -> LatentModel | None:
        """The model in a file; None where there is none, or it is damaged or of another format."""
        read = read_columns(path, _FORMAT)
        if read is None:
            return None
        columns = read.columns
        try:
            terms = columns["terms"].tobytes().split(b"\n")
            return cls(terms, columns["weights"], columns["projection"], read.header["texts"], read.header["name"])
        except (KeyError, IndexError):
            return None


def fit(batches: Iterable[Sequence[Text]], dimensions: int = DIMENSIONS, *, texts: int | None = None) -> LatentModel:
    """Analyse texts, given in batches; of `texts` that there are. The same ones give the same model on one machine.

    Memory: the counts of terms, some 1 KB a text. Raises UsageError where no term occurs in two texts.
    """
    counter = TermCounter()
    counts = stacked([counter.count(batch) for batch in batches])
    counts, terms, frequency = _chosen(counts, counter.terms)
    if not terms:
        raise UsageError("latent semantic analysis finds no word that two chunks share; embed more text")
    weights = np.log((1 + len(counts)) / (1 + frequency)).astype(np.float32) + np.float32(0.1)
    rows = _weighted(counts, weights)
    directions = _directions(rows, len(terms), min(dimensions, len(terms), max(len(counts) // _TEXTS_A_DIMENSION, 2)))
    return LatentModel(terms, weights, directions.astype(np.float16), texts or len(counts))


def _name(terms: Sequence[bytes], weights: npt.NDArray[np.float32], projection: npt.NDArray[np.float16]) -> str:
    digest = blake3(b"\n".join(terms))
    digest.update(weights.tobytes() + projection.tobytes())
    return f"lsa-{projection.shape[1]}-{digest.hexdigest()[:12]}"


def _chosen(counts: SparseRows, terms: list[bytes]) -> tuple[SparseRows, list[bytes], npt.NDArray[np.int64]]:
    """The terms that occur in two texts or more, the most frequent ones, in the order of their bytes."""
    frequency = np.bincount(counts.columns, minlength=len(terms))
    places = sorted(np.flatnonzero(frequency > 1).tolist(), key=lambda place: (-frequency[place], terms[place]))
    places = sorted(places[:_MOST_TERMS], key=terms.__getitem__)
    number = np.full(len(terms), -1, np.int32)
    number[places] = np.arange(len(places))
    kept = number[counts.columns] >= 0
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[counts.offsets]
    found = SparseRows(offsets, number[counts.columns[kept]], counts.values[kept])
    return found, [terms[place] for place in places], frequency[places].astype(np.int64)


def _weighted(counts: SparseRows, weights: npt.NDArray[np.float32]) -> SparseRows:
    """Counts as weights, each row of unit length: a term that occurs twice as often does not say twice as much."""
    values = (1 + np.log(counts.values)) * weights[counts.columns]
    squares = np.bincount(counts.rows, weights=values * values, minlength=len(counts))
    length = np.sqrt(np.where(squares > 0, squares, 1.0)).astype(np.float32)
    return counts.scaled((values / length[counts.rows]).astype(np.float32))


def _directions(rows: SparseRows, width: int, count: int) -> npt.NDArray[np.float32]:
    """The first right singular vectors of a matrix, float32[width, count or fewer], with a fixed sign."""
    columns = rows.transposed(width)
    wide = min(count + _OVERSAMPLING, width, len(rows))
    start = np.random.default_rng(_SEED).standard_normal((width, wide), np.float32)
    basis = _orthogonal(rows.times(start))
    for _ in range(_ITERATIONS):
        basis = _orthogonal(rows.times(_orthogonal(columns.times(basis))))
    left = _orthogonal(columns.times(basis))[:, :count]  # of the transpose of what the matrix is in the basis
    signs = np.sign(left[np.abs(left).argmax(axis=0), np.arange(left.shape[1])])
    return np.ascontiguousarray(left * np.where(signs == 0, 1, signs), np.float32)


def _orthogonal(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The left singular vectors of a tall matrix, the greatest first, without those that rounding drowns.

    By the eigenvectors of the small product with itself: one product of matrices, where a decomposition of the tall one
    is thousands of small steps.
    """
    wide = rows.astype(np.float64)
    values, vectors = np.linalg.eigh(wide.T @ wide)
    kept = np.flatnonzero(values > values[-1] * _NOISE)[::-1]
    found: npt.NDArray[np.float32] = (wide @ (vectors[:, kept] / np.sqrt(values[kept]))).astype(np.float32)
    return found
