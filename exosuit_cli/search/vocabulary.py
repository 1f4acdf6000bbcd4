"""The words that were seen and the terms that each stands for: a new word is split once, in Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.search.hash_table import ABSENT, HashTable
from exosuit_cli.search.keywords import word_kind
from exosuit_cli.search.terms import terms_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.search.words import Words

_DATA: Final = re.compile(r"[0-9][0-9A-Za-z_]{19,}|[0-9A-Fa-f]{24,}")
"""Digests, long numbers and encoded bytes: nobody looks for them, and each would be a term of its own."""
_LETTERS: Final = re.compile(r"\w+")


class Vocabulary:
    """Numbers of words and of terms in the order in which they were first seen.

    `terms[number]` is a term; a word's terms are `term_numbers[term_starts[word] : term_starts[word + 1]]`, and
    `kinds[word]` says what it means at the beginning of a line (`exosuit_cli.search.keywords`).
    """

    def __init__(self) -> None:
        self.terms: list[str] = []
        self._number_of: dict[str, int] = {}
        self._table = HashTable()
        self._starts = _Column(np.int64)
        self._starts.extend([0])
        self._numbers = _Column(np.int32)
        self._kinds = _Column(np.uint8)

    def __len__(self) -> int:
        return len(self._table)

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
            new = np.arange(len(self._table), len(self._table) + len(hashes), dtype=np.int32)
            ends = words.starts[firsts] + words.lengths[firsts]
            raw = slab.tobytes()
            self._split(
                [raw[start:end] for start, end in zip(words.starts[firsts].tolist(), ends.tolist(), strict=True)]
            )
            self._table.add(hashes, new)
            numbers[missing] = self._table.find(words.hashes[missing])
        return numbers

    def _split(self, words: list[bytes]) -> None:
        number_of, terms = self._number_of, self.terms
        starts: list[int] = []
        numbers: list[int] = []
        end = len(self._numbers)
        for word in words:
            for term in split_word(word):
                number = number_of.get(term)
                if number is None:
                    number = number_of[term] = len(terms)
                    terms.append(term)
                numbers.append(number)
            starts.append(end + len(numbers))
        self._starts.extend(starts)
        self._numbers.extend(numbers)
        self._kinds.extend([word_kind(word) for word in words])


def split_word(word: bytes) -> tuple[str, ...]:
    """The terms under which a word of a text is indexed; none for one that is data."""
    text = word.decode("utf-8", "ignore")
    if _DATA.fullmatch(text):
        return ()
    if text.isascii():
        return terms_of(text)
    # Quotation marks and dashes beyond ASCII are bytes of words; they belong to no term.
    return tuple(dict.fromkeys(term for part in _LETTERS.findall(text) for term in terms_of(part)))


class _Column:
    """An array that grows at its end."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self._array: npt.NDArray[Any] = np.empty(1 << 12, dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, values: list[int]) -> None:
        wanted = self._count + len(values)
        if wanted > len(self._array):
            larger = np.empty(max(wanted, 2 * len(self._array)), self._array.dtype)
            larger[: self._count] = self._array[: self._count]
            self._array = larger
        self._array[self._count : wanted] = values
        self._count = wanted

    def array(self) -> npt.NDArray[Any]:
        return self._array[: self._count]
