"""The words that were seen and the terms that each stands for: a new word is split once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.search.column import GrowingColumn
from exosuit_cli.search.hash_table import ABSENT, HashTable
from exosuit_cli.search.keywords import KINDS, PLAIN
from exosuit_cli.search.splitter import Splitter
from exosuit_cli.search.words import hash_texts

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.search.splitter import Terms
    from exosuit_cli.search.words import Words


class Vocabulary:
    """Numbers of words and of terms in the order in which they were first seen.

    `terms` are those of the numbers; a word's terms are `term_numbers[term_starts[word] : term_starts[word + 1]]`, and
    `kinds[word]` says what it means at the beginning of a line (`exosuit_cli.search.keywords`).
    """

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._table = HashTable()
        self._starts = GrowingColumn(np.int64)
        self._starts.extend(np.zeros(1, np.int64))
        self._numbers = GrowingColumn(np.int32)
        self._kinds = GrowingColumn(np.uint8)
        self._kind_of = HashTable()
        self._kind_of.add(hash_texts([*KINDS]), np.fromiter(KINDS.values(), np.int32, len(KINDS)))

    def __len__(self) -> int:
        return len(self._table)

    @property
    def terms(self) -> Terms:
        return self._splitter.terms

    @property
    def term_starts(self) -> npt.NDArray[np.int64]:
        return self._starts.array()

    @property
    def term_numbers(self) -> npt.NDArray[np.int32]:
        return self._numbers.array()

    @property
    def kinds(self) -> npt.NDArray[np.uint8]:
        return self._kinds.array()

    def number(self, slab: npt.NDArray[np.uint8], words: Words) -> npt.NDArray[np.int32]:
        """The number of each word of a slab; new ones are added."""
        numbers = self._table.find(words.hashes)
        missing = np.flatnonzero(numbers == ABSENT)
        if len(missing):
            hashes, firsts = np.unique(words.hashes[missing], return_index=True)
            firsts = missing[firsts]
            self._add(slab, words.starts[firsts], words.lengths[firsts], hashes)
            numbers[missing] = self._table.find(words.hashes[missing])
        return numbers

    def _add(
        self,
        slab: npt.NDArray[np.uint8],
        starts: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        hashes: npt.NDArray[np.uint64],
    ) -> None:
        places, terms = self._splitter.split(slab, starts, lengths)
        ends = np.cumsum(np.bincount(places, minlength=len(starts)))
        self._starts.extend(ends + len(self._numbers))
        self._numbers.extend(terms)
        self._kinds.extend(np.maximum(self._kind_of.find(hashes), PLAIN))
        self._table.add(hashes, np.arange(len(self._table), len(self._table) + len(starts), dtype=np.int32))
