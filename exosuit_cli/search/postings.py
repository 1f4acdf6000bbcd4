"""Which chunks have which terms, how often and where: counted by batches of texts, sorted once a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.roles import COMMENT, DEFINITION

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from exosuit_cli.search.vocabulary import Vocabulary


# A posting in 64 bits, so that one sort of integers groups them: term (26 bits), chunk (16), and how often it is in
# comments (8), in definitions (6) and in the text (8).
_TERM, _CHUNK, _COMMENTED, _DEFINED = (np.uint64(shift) for shift in (38, 22, 14, 8))
_MOST_TEXT, _MOST_COMMENTED, _MOST_DEFINED = 255, 255, 63
_WORD_BITS: Final = 28

_BLOCK: Final = 1 << 17
"""Postings that are added up at once: 1 MB, so that the arrays between stay in the processor's cache."""
_COUNTS: Final = ((np.uint64(0), _MOST_TEXT), (_DEFINED, _MOST_DEFINED), (_COMMENTED, _MOST_COMMENTED))


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
    items = np.empty(sum(map(len, parts)), np.uint64)
    at = 0
    for part in parts:
        terms_of_items = rank[(part >> _TERM).view(np.int64)].view(np.uint64)
        items[at : at + len(part)] = (terms_of_items << _TERM) | (part & np.uint64((1 << int(_TERM)) - 1))
        at += len(part)
    parts.clear()
    items.sort()
    blocks = [_add_up(items[start:stop]) for start, stop in _blocks(items)]
    del items
    found, lengths = [], np.zeros((len(_COUNTS), chunks), np.int64)
    for number in range(len(_COUNTS)):
        columns = [block[number] for block in blocks]
        counts_of_terms = np.zeros(len(terms) + 1, np.int64)
        for term, place, count in columns:
            if len(term):
                many = np.bincount(term - term[0])
                counts_of_terms[int(term[0]) + 1 : int(term[0]) + 1 + len(many)] += many
                lengths[number] += np.bincount(place, count, chunks).astype(np.int64)
        found.append(
            Postings(
                np.cumsum(counts_of_terms).astype(np.uint32),
                np.concatenate([np.zeros(0, np.uint16), *(place for _, place, _ in columns)]),
                np.concatenate([np.zeros(0, np.uint8), *(count for _, _, count in columns)]),
            )
        )
    text, definitions, comments = found
    most = np.iinfo(np.uint16).max
    return SegmentPostings(terms, text, definitions, comments, np.minimum(lengths, most).astype(np.uint16))


def _blocks(items: npt.NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """The parts of sorted postings, some `_BLOCK` each; those of one term and chunk stay together."""
    start = 0
    while start < len(items):
        stop = min(start + _BLOCK, len(items))
        while stop < len(items) and items[stop] >> _CHUNK == items[stop - 1] >> _CHUNK:
            stop += 1
        yield start, stop
        start = stop


def _add_up(
    items: npt.NDArray[np.uint64],
) -> list[tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16], npt.NDArray[np.uint8]]]:
    """The terms, chunks and counts of sorted postings, of those that have a count, by kind of count."""
    keys = items >> _CHUNK
    is_first = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
    firsts = np.flatnonzero(is_first)
    keys = keys[firsts]
    place = keys.astype(np.uint16)
    term = (keys >> np.uint64(16)).astype(np.int32)
    found = []
    for shift, most in _COUNTS:
        counts = np.add.reduceat((items >> shift) & np.uint64(most), firsts)
        counts = np.minimum(counts, 255).astype(np.uint8)
        if shift:
            has = np.flatnonzero(counts)
            found.append((term[has], place[has], counts[has]))
        else:
            found.append((term, place, counts))
    return found
