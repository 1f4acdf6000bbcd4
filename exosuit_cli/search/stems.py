"""The stems of many words at once, as `exosuit_cli.search.terms.stem` gives them for one.

A stem is the beginning of its word, but for a last letter that may be another one: each rule compares the last eight
bytes of all words with an ending, and makes those that have it shorter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.search.spans import LOAD, gather, loads_of

if TYPE_CHECKING:
    import numpy.typing as npt

_SHORTEST: Final = 3
_IS_VOWEL: Final = byte_set(b"aeiouy")
_KEPT_DOUBLE: Final = byte_set(b"fsz")
_L: Final = ord("l")


def stem_spans(
    slab: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The stem of each span of a slab: a padded slab that has them, where each starts, int64[n], and its length.

    A span is small letters and digits of ASCII, at least one.
    """
    copy, starts = gather(slab, starts, lengths, before=LOAD)
    lengths = lengths.copy()
    # A digit is below all letters; a zero stands before each word.
    digits = np.concatenate((np.zeros(1, np.int64), np.cumsum((copy > 0) & (copy < ord("a")))))
    long = np.flatnonzero((lengths > _SHORTEST) & (digits[starts + lengths] == digits[starts]))
    if len(long):
        lengths[long] = _Stemmer(copy, starts[long], lengths[long]).lengths()
    return copy, starts, lengths


class _Stemmer:
    """Words of letters, each longer than `_SHORTEST`, in a slab with zeros before each; last letters change there."""

    def __init__(
        self, slab: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
    ) -> None:
        self._slab = slab
        self._loads = loads_of(slab)
        self._starts = starts
        self._lengths = lengths
        self._vowels = np.concatenate((np.zeros(1, np.int64), np.cumsum(_IS_VOWEL[slab])))

    def lengths(self) -> npt.NDArray[np.int64]:
        """The lengths of the stems."""
        self._singular()
        self._without_verb_ending()
        self._without_noun_ending()
        self._without_last_letter()
        return self._lengths

    def _singular(self) -> None:
        tails = self._tails()
        plural = _have(tails, b"s") & ~_have(tails, b"ss", b"us", b"is", b"ias")
        has_y = plural & _have(tails, b"ies") & (self._lengths > _SHORTEST + 1)
        has_es = has_y | (plural & _have(tails, b"sses", b"xes", b"ches", b"shes"))
        self._lengths -= plural
        self._lengths -= has_es
        self._set_last(has_y, "y")

    def _without_verb_ending(self) -> None:
        tails, lengths = self._tails(), self._lengths
        rest = lengths - 3
        ing = np.flatnonzero(_have(tails, b"ing") & (rest >= _SHORTEST))
        starts = self._starts[ing]
        ing = ing[self._vowels[starts + rest[ing]] > self._vowels[starts]]
        ed = np.flatnonzero(_have(tails, b"ed") & ~_have(tails, b"eed") & (lengths - 2 >= _SHORTEST))
        second, third = self._slab[self._starts[ed] + 1], self._slab[self._starts[ed] + 2]
        # "embed" is no past tense: what is left has its vowel in front.
        ed = ed[(lengths[ed] - 2 > _SHORTEST) | _IS_VOWEL[second] | _IS_VOWEL[third] | (second == third)]
        self._cut(ing, 3)
        self._cut(ed, 2)

    def _without_noun_ending(self) -> None:
        tails, lengths = self._tails(), self._lengths.copy()
        is_open = np.ones(len(lengths), np.bool_)
        for ending in (b"ation", b"ator", b"ate", b"able"):
            found = is_open & _have(tails, ending) & (lengths - len(ending) > _SHORTEST)
            is_open &= ~found
            self._cut(np.flatnonzero(found), len(ending))
        # What -ed and -ing left of -ate.
        found = is_open & _have(tails, b"at") & ~_have(tails, b"format") & (lengths - 2 > _SHORTEST + 1)
        self._lengths[found] -= 2
        for endings, size in (((b"tion", b"sion"), 3), ((b"tor", b"sor"), 2)):
            found = is_open & _have(tails, *endings) & (lengths - size > _SHORTEST + 1)
            self._lengths[found] -= size
        self._cut(np.flatnonzero(is_open & _have(tails, b"er") & (lengths - 2 > _SHORTEST)), 2)

    def _without_last_letter(self) -> None:
        tails, lengths = self._tails(), self._lengths
        is_long = lengths > _SHORTEST
        shorter = (_have(tails, b"ll") & (lengths > _SHORTEST + 1)) | _have(tails, b"e")
        has_y = is_long & _have(tails, b"y")
        self._set_last(has_y, "i")
        self._lengths -= is_long & shorter

    def _tails(self) -> npt.NDArray[np.uint64]:
        """The last eight bytes of each word, the last one the highest; zeros before a shorter one."""
        tails: npt.NDArray[np.uint64] = self._loads[self._starts + self._lengths - LOAD]
        return tails

    def _set_last(self, which: npt.NDArray[np.bool_], letter: str) -> None:
        self._slab[(self._starts + self._lengths)[which] - 1] = ord(letter)

    def _cut(self, which: npt.NDArray[np.int64], size: int) -> None:
        """Take so many letters off the end of words, and one of two equal ones before."""
        lengths = self._lengths[which] - size
        ends = self._starts[which] + lengths
        last = self._slab[ends - 1]
        double = (lengths > _SHORTEST) & (last == self._slab[ends - 2]) & ~_KEPT_DOUBLE[last]
        double &= (last != _L) | (lengths > _SHORTEST + 1)
        self._lengths[which] = lengths - double


def _have(tails: npt.NDArray[np.uint64], *endings: bytes) -> npt.NDArray[np.bool_]:
    """Whether each word has one of these endings."""
    found = np.zeros(len(tails), np.bool_)
    for ending in endings:
        found |= tails >> np.uint64(8 * (LOAD - len(ending))) == np.uint64(int.from_bytes(ending, "little"))
    return found
