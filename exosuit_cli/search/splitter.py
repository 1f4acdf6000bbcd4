"""The terms of many words at once, as `exosuit_cli.search.terms.terms_of` gives them for one.

The parts of identifiers are found by array operations over the bytes of the words, and so are the stems of those that
were never seen. Words beyond ASCII go through `terms_of`. Terms are told apart by their hashes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.search.column import GrowingColumn
from exosuit_cli.search.hash_table import ABSENT, HashTable
from exosuit_cli.search.spans import PADDING, gather
from exosuit_cli.search.stems import stem_spans
from exosuit_cli.search.terms import MAX_PARTS, MAX_TERM, terms_of
from exosuit_cli.search.words import hash_spans, hash_texts, slab_of

if TYPE_CHECKING:
    import numpy.typing as npt

_UNDERSCORE: Final = ord("_")
_DATA_LENGTH: Final = 20
_DATA: Final = re.compile(rb"[0-9][0-9A-Za-z_]{19,}|[0-9A-Fa-f]{24,}")
"""Digests, long numbers and encoded bytes: nobody looks for them, and each would be a term of its own."""
_LETTERS: Final = re.compile(r"\w+")


def split_word(word: bytes) -> tuple[str, ...]:
    """The terms under which a word of a text is indexed; none for one that is data."""
    if _DATA.fullmatch(word):
        return ()
    text = word.decode("utf-8", "ignore")
    if text.isascii():
        return terms_of(text)
    # Quotation marks and dashes beyond ASCII are bytes of words; they belong to no term.
    return tuple(dict.fromkeys(term for part in _LETTERS.findall(text) for term in terms_of(part)))


class Terms:
    """Terms by number, as columns: `hashes`, uint64[n], and `starts`, int64[n + 1], in bytes of `text`."""

    def __init__(self) -> None:
        self._text = GrowingColumn(np.uint8)
        self._starts = GrowingColumn(np.int64)
        self._starts.extend(np.zeros(1, np.int64))
        self._hashes = GrowingColumn(np.uint64)

    def __len__(self) -> int:
        return len(self._hashes)

    @property
    def text(self) -> npt.NDArray[np.uint8]:
        return self._text.array()

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        return self._starts.array()

    @property
    def hashes(self) -> npt.NDArray[np.uint64]:
        return self._hashes.array()

    def add(
        self,
        hashes: npt.NDArray[np.uint64],
        slab: npt.NDArray[np.uint8],
        starts: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
    ) -> None:
        """Add terms, which are spans of a padded slab and get the next numbers."""
        text, _ = gather(slab, starts, lengths, before=0)
        self._starts.extend(len(self._text) + np.cumsum(lengths))
        self._text.extend(text[: len(text) - PADDING])
        self._hashes.extend(hashes)


class Splitter:
    """Splits words, and numbers their terms in the order in which they were first seen."""

    def __init__(self) -> None:
        self.terms = Terms()
        self._numbers = HashTable()
        """The number of a term, by its hash."""
        self._stems = HashTable()
        """The number of the stem of a text, by the text's hash."""

    def split(
        self, slab: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """The terms of words as pairs, ascending, each once: the word's place among them, and the term's number."""
        slab, starts = gather(slab, starts, lengths, before=1)
        ends = starts + lengths
        raw = slab.tobytes()

        def word(place: int) -> bytes:
            return raw[int(starts[place]) : int(ends[place])]

        by_hand = {place for place in np.flatnonzero(lengths >= _DATA_LENGTH).tolist() if _DATA.fullmatch(word(place))}
        by_hand.update(np.searchsorted(ends, np.flatnonzero(slab >= 0x80)).tolist())
        is_ours = np.ones(len(starts), np.bool_)
        is_ours[list(by_hand)] = False
        pairs = [self._split_ascii(slab, starts, ends, is_ours)]
        pairs += self._split_by_hand([(place, term) for place in by_hand for term in split_word(word(place))])
        found = np.concatenate(pairs)
        found.sort()
        found = found[np.concatenate((np.ones(min(len(found), 1), np.bool_), found[1:] != found[:-1]))]
        return found >> 32, (found & 0xFFFF_FFFF).astype(np.int32)

    def _split_by_hand(self, pairs: list[tuple[int, str]]) -> list[npt.NDArray[np.int64]]:
        if not pairs:
            return []
        texts = [term.encode("utf-8", "surrogatepass") for _, term in pairs]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        numbers = self._number(hash_texts(texts), slab_of(texts), np.cumsum(lengths + 1) - lengths - 1, lengths)
        return [np.array([place for place, _ in pairs], np.int64) << 32 | numbers]

    def _split_ascii(
        self,
        slab: npt.NDArray[np.uint8],
        starts: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
        is_ours: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.int64]:
        part_starts, stops = _parts(slab)
        word = np.searchsorted(ends, part_starts)
        keep = is_ours[word]
        part_starts, stops, word = part_starts[keep], stops[keep], word[keep]
        lengths = stops - part_starts
        lower = slab | np.where((slab >= ord("A")) & (slab <= ord("Z")), np.uint8(0x20), np.uint8(0))
        firsts = np.searchsorted(word, np.arange(len(ends)))
        counts = np.bincount(word, minlength=len(ends))
        rank = np.arange(len(word)) - firsts[word]
        keep = (lengths > 1) & (lengths <= MAX_TERM) & (rank < MAX_PARTS)
        pairs = word[keep] << 32 | self._stem(lower, part_starts[keep], lengths[keep])
        has_terms = np.zeros(len(ends), np.bool_)
        has_terms[word[keep]] = True
        # The whole, without underscores.
        is_kept = lower != _UNDERSCORE
        compact = lower[is_kept]
        removed = np.cumsum(~is_kept)
        whole_ends = ends - removed[ends]
        whole_starts = starts - removed[starts - 1]
        sizes = whole_ends - whole_starts
        wanted = np.flatnonzero(is_ours & ((counts != 1) | ~has_terms) & (sizes > 0) & (sizes <= MAX_TERM))
        wholes = wanted << 32 | self._stem(compact, whole_starts[wanted], sizes[wanted])
        return np.concatenate((pairs, wholes))

    def _stem(
        self, slab: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """The number of the stem of each span of a padded slab of small letters."""
        hashes = hash_spans(slab, starts, lengths)
        numbers = self._stems.find(hashes)
        missing = np.flatnonzero(numbers == ABSENT)
        if len(missing):
            new, firsts = np.unique(hashes[missing], return_index=True)
            firsts = missing[firsts]
            stems, stem_starts, stem_lengths = stem_spans(slab, starts[firsts], lengths[firsts])
            hashes_of_stems = hash_spans(stems, stem_starts, stem_lengths)
            self._stems.add(new, self._number(hashes_of_stems, stems, stem_starts, stem_lengths))
            numbers[missing] = self._stems.find(hashes[missing])
        return numbers.astype(np.int64)

    def _number(
        self,
        hashes: npt.NDArray[np.uint64],
        slab: npt.NDArray[np.uint8],
        starts: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int32]:
        """The numbers of terms, which are spans of a padded slab; new ones are added."""
        numbers = self._numbers.find(hashes)
        missing = np.flatnonzero(numbers == ABSENT)
        if len(missing):
            new, firsts = np.unique(hashes[missing], return_index=True)
            firsts = missing[firsts]
            self._numbers.add(new, np.arange(len(self.terms), len(self.terms) + len(new), dtype=np.int32))
            self.terms.add(new, slab, starts[firsts], lengths[firsts])
            numbers[missing] = self._numbers.find(hashes[missing])
        return numbers


def _parts(slab: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the parts of the words of a slab start and end; a zero stands before each, and they are ASCII.

    A part begins after an underscore, where a capital follows a small letter, where digits follow letters or letters
    digits, and at the last capital of several before a small letter, but for a plural (URLs). What begins with a digit
    after an underscore or at the beginning of a word is one part.
    """
    is_small = (slab - np.uint8(ord("a"))) < 26
    is_capital = (slab - np.uint8(ord("A"))) < 26
    is_digit = (slab - np.uint8(ord("0"))) < 10
    is_any = is_small | is_capital | is_digit
    before = _shifted(is_any, 1)
    is_first = is_any & ~before
    next_small = _shifted(is_small, -1)
    is_plural = _shifted(slab == ord("s"), -1) & ~_shifted(is_small, -2)
    is_start = is_first | (is_any & (is_digit != _shifted(is_digit, 1)))
    is_start |= is_capital & _shifted(is_small, 1)
    is_start |= is_capital & _shifted(is_capital, 1) & next_small & ~is_plural
    piece = np.flatnonzero(is_first)
    starts = np.flatnonzero(is_start & is_any)
    numbered = np.searchsorted(piece, starts, "right") - 1
    starts = starts[~is_digit[piece[numbered]] | (starts == piece[numbered])]
    stops = np.flatnonzero(~is_any & before)
    own = stops[np.searchsorted(stops, starts)] if len(starts) else starts
    return starts, np.minimum(own, np.append(starts[1:], len(slab)))


def _shifted(values: npt.NDArray[np.bool_], by: int) -> npt.NDArray[np.bool_]:
    """The values, each moved on by so many places; False where none comes."""
    found = np.zeros_like(values)
    if by > 0:
        found[by:] = values[:-by]
    else:
        found[:by] = values[-by:]
    return found
