"""The words of texts as columns, found by array operations: no Python object a word.

A word is a run of ASCII letters, digits, `_` and bytes from 0x80 on. This is what `exosuit_cli.search.terms` splits.

On a device the same steps are a map over bytes (a word's byte or not), a compaction of the edges, and a map over words
(load, mask, mix): the inputs are the slab, and the outputs three columns. What is left on the host is the vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.spans import LOAD, PADDING, loads_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

MAX_WORD: Final = 96
"""Bytes of a word that count; the rest of a longer one is data."""

_MASKS: Final = np.array([(1 << (8 * size)) - 1 for size in range(LOAD + 1)], np.uint64)
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: odd, so that multiplying loses nothing (Knuth, TAOCP 3, section 6.4)."""
_FOLD: Final = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a slab in order: `starts` and `lengths` in bytes, int64[n], and `hashes`, uint64[n].

    `lengths` are at most `MAX_WORD`. Hashes are never 0. Words of up to eight bytes have the same one only if they are
    equal; of longer ones, two of ten million different words share one with a chance of 3 in a million.
    """

    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]


def slab_of(texts: Sequence[bytes]) -> npt.NDArray[np.uint8]:
    """The texts one after the other, each ended by a newline, and padding: uint8[bytes + texts + PADDING]."""
    return np.frombuffer(b"\n".join([*texts, bytes(PADDING)]), np.uint8)


def find_words(slab: npt.NDArray[np.uint8]) -> Words:
    """The words of a slab that ends with `PADDING` zeros."""
    is_word = _is_word(slab)
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    if is_word[0]:
        edges = np.concatenate((np.zeros(1, edges.dtype), edges))
    starts = edges[0::2]
    lengths = np.minimum(edges[1::2] - starts, MAX_WORD)
    return Words(starts, lengths, hash_spans(slab, starts, lengths))


def hash_spans(
    slab: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
    """The hash of each span of a padded slab: uint64[n]. A span has no byte of zero, and at least one byte."""
    loads = loads_of(slab)
    hashes = loads[starts] & _MASKS[np.minimum(lengths, LOAD)]
    hashes *= _MULTIPLIER
    hashes ^= hashes >> _FOLD
    longer = np.flatnonzero(lengths > LOAD)
    done = LOAD
    while len(longer):
        rest = lengths[longer] - done
        mixed = hashes[longer] ^ (loads[starts[longer] + done] & _MASKS[np.minimum(rest, LOAD)])
        mixed *= _MULTIPLIER
        mixed ^= mixed >> _FOLD
        mixed += np.uint64(done)
        hashes[longer] = mixed
        done += LOAD
        longer = longer[rest > LOAD]
    hashes[hashes == 0] = 1
    return hashes


def hash_texts(texts: Sequence[bytes]) -> npt.NDArray[np.uint64]:
    """The hash of each text as that of a word; a text is not empty and has no byte of zero."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    starts = np.cumsum(lengths + 1) - lengths - 1
    return hash_spans(slab_of(texts), starts, lengths)


def _is_word(slab: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Whether each byte is one of a word. Comparisons run on many bytes at once; a table of 256 does not."""
    found: npt.NDArray[np.bool_] = ((slab | 0x20) - np.uint8(ord("a"))) < 26  # a capital letter is a small one less 32
    found |= (slab - np.uint8(ord("0"))) < 10
    found |= slab == ord("_")
    found |= slab >= 0x80
    return found
