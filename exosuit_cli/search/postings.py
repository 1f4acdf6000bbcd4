"""Which chunks have which terms, how often and where: counted by batches of texts, sorted once a segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.search.roles import COMMENT, DEFINITION
from exosuit_cli.search.segment import SEGMENT_CHUNKS

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.search.vocabulary import Vocabulary


# A posting in 64 bits, so that one sort of integers groups them: term (26 bits), chunk (16), and how often it is in
# comments (8), in definitions (6) and in the text (8).
_TERM, _CHUNK, _COMMENTED, _DEFINED = (np.uint64(shift) for shift in (38, 22, 14, 8))
_MOST_TEXT, _MOST_COMMENTED, _MOST_DEFINED = 255, 255, 63
_WORD_BITS: Final = 28


def count_words(
    words: npt.NDArray[np.int32],
    roles: npt.NDArray[np.uint8],
    chunks: npt.NDArray[np.int64],
    vocabulary: Vocabulary,
) -> npt.NDArray[np.uint64]:
    """The postings of a batch as packed integers, a (term, chunk) once for each word and role.

    Args:
        words: int32[n], numbers of the vocabulary.
        roles: uint8[n].
        chunks: int64[n], ascending, below `SEGMENT_CHUNKS`.
        vocabulary: of the words.

    """
    if not len(words):
        return np.zeros(0, np.uint64)
    keys = chunks.astype(np.uint64) << np.uint64(_WORD_BITS + 2)
    keys |= words.astype(np.uint64) << np.uint64(2)
    keys |= roles
    keys.sort()
    firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    counts = np.diff(firsts, append=len(keys))
    keys = keys[firsts]
    role = (keys & np.uint64(3)).astype(np.int64)
    word = ((keys >> np.uint64(2)) & np.uint64((1 << _WORD_BITS) - 1)).astype(np.int64)
    payload = np.minimum(counts, _MOST_TEXT).astype(np.uint64)
    payload |= np.where(role == DEFINITION, np.minimum(counts, _MOST_DEFINED), 0).astype(np.uint64) << _DEFINED
    payload |= np.where(role == COMMENT, np.minimum(counts, _MOST_COMMENTED), 0).astype(np.uint64) << _COMMENTED
    payload |= (keys >> np.uint64(_WORD_BITS + 2)) << _CHUNK
    starts = vocabulary.term_starts
    terms = starts[word + 1] - starts[word]
    total = int(terms.sum())
    ends = np.cumsum(terms)
    place = np.arange(total) + np.repeat(starts[word] - ends + terms, terms)
    found: npt.NDArray[np.uint64] = vocabulary.term_numbers[place].astype(np.uint64) << _TERM
    found |= np.repeat(payload, terms)
    return found


@dataclass(frozen=True, slots=True)
class Postings:
    """Postings by term: those of term `n` are at `starts[n]` to `starts[n + 1]`.

    `chunks` is uint16, ascending for each term; `counts` uint8, at most 255.
    """

    starts: npt.NDArray[np.uint32]
    chunks: npt.NDArray[np.uint16]
    counts: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SegmentPostings:
    """All postings of a segment. `terms` are the numbers of its terms in the vocabulary, in the order of `Postings`.

    `lengths` are uint16[3, chunks]: how many terms stand in the text, in definitions and in comments of each chunk.
    """

    terms: npt.NDArray[np.int64]
    text: Postings
    definitions: Postings
    comments: Postings
    lengths: npt.NDArray[np.uint16]


def sort_postings(
    parts: list[npt.NDArray[np.uint64]], rank: npt.NDArray[np.int64], terms: npt.NDArray[np.int64], chunks: int
) -> SegmentPostings:
    """Sort the postings of a segment's batches, and add up those of the same term and chunk.

    Args:
        parts: what `count_words` gave; emptied.
        rank: int64[vocabulary], the place of each term among `terms`.
        terms: int64[t], the terms of the segment in order.
        chunks: how many chunks the segment has.

    """
    items = np.concatenate(parts) if parts else np.zeros(0, np.uint64)
    parts.clear()
    # In place where it can be: these are the largest arrays of a build.
    terms_of_items = rank[(items >> _TERM).view(np.int64)].view(np.uint64)
    terms_of_items <<= _TERM
    items &= np.uint64((1 << int(_TERM)) - 1)
    items |= terms_of_items
    del terms_of_items
    items.sort()
    keys = items >> _CHUNK
    firsts = np.flatnonzero(np.concatenate((np.ones(min(len(keys), 1), np.bool_), keys[1:] != keys[:-1])))
    lasts = np.append(firsts[1:], len(items)) - 1 if len(firsts) else firsts
    keys = keys[firsts]
    place = (keys & np.uint64(SEGMENT_CHUNKS - 1)).astype(np.uint16)
    term = (keys >> np.uint64(16)).astype(np.int64)
    found, lengths = [], []
    for shift, most in ((0, _MOST_TEXT), (int(_DEFINED), _MOST_DEFINED), (int(_COMMENTED), _MOST_COMMENTED)):
        sums = items >> np.uint64(shift)
        sums &= np.uint64(most)
        np.cumsum(sums, out=sums)
        counts = np.diff(sums[lasts], prepend=np.uint64(0))
        has = np.flatnonzero(counts) if shift else slice(None)
        starts = np.concatenate(([0], np.cumsum(np.bincount(term[has], minlength=len(terms))))).astype(np.uint32)
        found.append(Postings(starts, place[has], np.minimum(counts[has], 255).astype(np.uint8)))
        totals = np.bincount(place, counts, chunks)
        lengths.append(np.minimum(totals, np.iinfo(np.uint16).max).astype(np.uint16))
    text, definitions, comments = found
    return SegmentPostings(terms, text, definitions, comments, np.stack(lengths))
