"""Texts as counts of terms: a sparse matrix by rows, made by array operations."""

from __future__ import annotations

import re
from array import array
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.terms import terms_of
from exosuit_cli.search.vectors.protocol import as_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.search.vectors.protocol import Text

_WORD: Final = re.compile(rb"[A-Za-z0-9_\x80-\xff]+")
_MOST_WORDS: Final = 1 << 20
"""Distinct words that are remembered: a tree of random ones must not fill the memory."""


@dataclass(frozen=True, slots=True)
class SparseRows:
    """A sparse matrix by rows: row i has `values[offsets[i]:offsets[i + 1]]` in the ascending columns beside them.

    offsets: int64[n + 1]; columns: int32[k]; values: float32[k].
    """

    offsets: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """The row of each value, int64[k]."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def scaled(self, values: npt.NDArray[np.float32]) -> SparseRows:
        """The same places with other values."""
        return SparseRows(self.offsets, self.columns, values)

    def transposed(self, width: int) -> SparseRows:
        """The transpose, `width` rows long."""
        order = np.argsort(self.columns, kind="stable")
        offsets = np.zeros(width + 1, np.int64)
        np.cumsum(np.bincount(self.columns, minlength=width), out=offsets[1:])
        return SparseRows(offsets, self.rows[order].astype(np.int32), self.values[order])

    def times(self, dense: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """The product with float16 or float32[width, k], as float32[n, k]."""
        found = np.zeros((len(self), dense.shape[1]), np.float32)
        columns, values = self.columns, self.values
        for row, (start, end) in enumerate(pairwise(self.offsets.tolist())):
            if (
                end > start
            ):  # a row's part of `dense` stays in the cache; BLAS starts threads for it, at ten times the cost
                part = dense.take(columns[start:end], axis=0).astype(np.float32, copy=False)
                np.einsum("i,ij->j", values[start:end], part, out=found[row])
        return found


def stacked(parts: Sequence[SparseRows]) -> SparseRows:
    """The rows of several matrices, one below the other."""
    ends = np.cumsum([0, *(len(part.columns) for part in parts)])
    offsets = [part.offsets[1:] + end for part, end in zip(parts, ends[:-1], strict=True)]
    return SparseRows(
        np.concatenate([np.zeros(1, np.int64), *offsets]),
        np.concatenate([np.zeros(0, np.int32), *(part.columns for part in parts)]),
        np.concatenate([np.zeros(0, np.float32), *(part.values for part in parts)]),
    )


class TermCounter:
    """Counts the terms of texts. Without `known`, every term gets the next number as it is met: see `terms`.

    With `known`, terms have their places in it, and others are left out.
    """

    def __init__(self, known: Sequence[bytes] | None = None) -> None:
        self._is_fixed = known is not None
        self._numbers: dict[bytes, int] = {} if known is None else {term: place for place, term in enumerate(known)}
        self._words = _Words(self)

    @property
    def terms(self) -> list[bytes]:
        """The terms, by number."""
        return list(self._numbers)

    def count(self, texts: Sequence[Text]) -> SparseRows:
        """How often each term occurs in each text: one row a text."""
        if self._is_fixed and len(self._words) > _MOST_WORDS:
            self._words = _Words(self)
        found = [_WORD.findall(as_bytes(text)) for text in texts]
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        every = map(self._words.__getitem__, chain.from_iterable(found))
        all_words = np.fromiter(every, np.int64, int(lengths.sum()))
        rows, words, times = _distinct(np.repeat(np.arange(len(texts)), lengths), all_words, width=len(self._words))
        rows, terms, times = _distinct(*self._words.expanded(rows, words, times), width=len(self._numbers))
        offsets = np.zeros(len(texts) + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=len(texts)), out=offsets[1:])
        return SparseRows(offsets, terms.astype(np.int32), times.astype(np.float32))

    def numbers_of(self, word: bytes) -> list[int]:
        """The numbers of a word's terms."""
        terms = [term.encode("utf-8", "surrogatepass") for term in terms_of(word.decode("utf-8", "replace"))]
        if self._is_fixed:
            return [number for term in terms if (number := self._numbers.get(term)) is not None]
        return [self._numbers.setdefault(term, len(self._numbers)) for term in terms]


class _Words(dict[bytes, int]):
    """Distinct words and their numbers; the terms of a word are looked for once."""

    def __init__(self, counter: TermCounter) -> None:
        super().__init__()
        self._counter = counter
        self._starts, self._terms = array("q", [0]), array("q")

    def __missing__(self, word: bytes) -> int:
        self._terms.extend(self._counter.numbers_of(word))
        self._starts.append(len(self._terms))
        self[word] = number = len(self)
        return number

    def expanded(self, rows: _Ints, words: _Ints, times: _Ints) -> tuple[_Ints, _Ints, _Ints]:
        """Triples of row, word and count as triples of row, term and count."""
        starts = np.array(self._starts, np.int64)
        terms = np.array(self._terms, np.int64)
        counts = np.diff(starts)[words]
        first = np.cumsum(counts) - counts
        places = np.arange(int(counts.sum())) + np.repeat(starts[words] - first, counts)
        return np.repeat(rows, counts), terms[places], np.repeat(times, counts)


def _distinct(rows: _Ints, columns: _Ints, times: _Ints | None = None, *, width: int) -> tuple[_Ints, _Ints, _Ints]:
    """Each pair of row and column once, in order, with how often it was there."""
    width = max(width, 1)
    keys = rows * width + columns
    found, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    if times is not None:
        counts = np.bincount(inverse, weights=times, minlength=len(found)).astype(np.int64)
    return found // width, found % width, counts


if TYPE_CHECKING:
    _Ints = npt.NDArray[np.integer[Any]]
