"""What the terms of a question have for postings in one segment and field: scored, and looked up for some chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.segment import PATH

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.search.segment import Segment

_LONG: Final = 4096
"""More postings than these stay where they are, term by term; fewer are joined, so that few array operations do."""
_FEW: Final = 8
"""Chunks are looked up one by one in a list of postings that is this many times as long, or longer."""


_Postings: TypeAlias = "tuple[int, npt.NDArray[np.uint16], npt.NDArray[np.uint8]]"
"""A term of the question, the chunks that have it, ascending, and how often."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Postings of several terms: where, how often, and of which term."""

    places: npt.NDArray[np.int64]
    counts: npt.NDArray[np.float32]
    terms: npt.NDArray[np.int64]


class Hits:
    """The postings of a question's terms. `numbers` are those of the terms in the segment, -1 where it has none.

    `joined` has the postings of all terms but those with long lists; with `joins_all`, of all terms.
    """

    def __init__(self, segment: Segment, field: str, numbers: Sequence[int], *, joins_all: bool = False) -> None:
        terms = [term for term, number in enumerate(numbers) if number >= 0]
        places, counts = segment.postings_of(field, [numbers[term] for term in terms])
        self._sizes = {term: len(each) for term, each in zip(terms, places, strict=True)}
        self._live = self._sizes
        if segment.dead.any():
            is_dead = segment.dead if field == PATH else segment.is_dead_chunk
            dead = np.flatnonzero(is_dead)
            self._live = {
                term: len(each) - _common(each, dead, is_dead) for term, each in zip(terms, places, strict=True)
            }
        short: list[_Postings] = []
        self._long: list[_Postings] = []
        for each in zip(terms, places, counts, strict=True):
            (short if joins_all or len(each[1]) <= _LONG else self._long).append(each)
        self.joined = _joined(short)

    @property
    def has_long(self) -> bool:
        """Whether a term has a long list."""
        return bool(self._long)

    def chunks_of_terms(self, terms: int) -> npt.NDArray[np.float64]:
        """How many chunks of files that are there have each of the `terms` terms of the question: float64[terms]."""
        found = np.zeros(terms)
        found[list(self._live)] = list(self._live.values())
        return found

    def __bool__(self) -> bool:
        """Whether there is a posting."""
        return any(self._sizes.values())

    def short_scores(self, norm: npt.NDArray[np.float32], weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The part of BM25 that the terms without long lists give: float64[chunks]. `norm` is float32[chunks]."""
        joined = self.joined
        values = joined.counts / (joined.counts + norm[joined.places])
        values *= weights[joined.terms]
        return np.bincount(joined.places, values, len(norm)).astype(np.float64, copy=False)

    def add_long(
        self,
        scores: npt.NDArray[np.float64],
        norm: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32],
        least: float,
    ) -> None:
        """Add what the terms with long lists give; exact for each chunk that has more than `least` in all.

        The heaviest term comes first. Once the terms that are left cannot lift a chunk above `least` by themselves,
        they are looked up for the chunks alone that they can lift above it. A term gives less than its weight.
        Source: Turtle and Flood, "Query evaluation: strategies and optimizations" (1995), MaxScore.
        """
        left = sorted(self._long, key=lambda each: -float(weights[each[0]]))
        rest = sum(float(weights[term]) for term, _, _ in left)
        while left and rest > least:
            term, places, counts = left.pop(0)
            at = places.astype(np.int64)
            scores[at] += _values(counts, norm[at], weights[term])
            rest -= float(weights[term])
        for term, places, counts in left:
            chunks = np.flatnonzero(scores > least - rest - 1e-4)
            here, found = _look_up(places, chunks)
            chunks = chunks[here]
            scores[chunks] += _values(counts[found], norm[chunks], weights[term])
            rest -= float(weights[term])

    def of_chunks(self, chunks: npt.NDArray[np.int64], slots: npt.NDArray[np.int32]) -> Joined:
        """The postings of some chunks, ascending, whose `places` are those in `chunks`.

        `slots`, int32[chunks of the segment], has the place of each of them, and -1 for all others.
        """
        at = slots[self.joined.places]
        keep = np.flatnonzero(at >= 0)
        parts = [Joined(at[keep].astype(np.int64), self.joined.counts[keep], self.joined.terms[keep])]
        for term, places, counts in self._long:
            here, found = _look_up(places, chunks, slots)
            parts.append(Joined(here, counts[found].astype(np.float32), np.full(len(here), term)))
        return Joined(
            np.concatenate([part.places for part in parts]),
            np.concatenate([part.counts for part in parts]),
            np.concatenate([part.terms for part in parts]),
        )


def _joined(postings: Sequence[_Postings]) -> Joined:
    if not postings:
        return Joined(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.int64))
    return Joined(
        np.concatenate([places for _, places, _ in postings]).astype(np.int64),
        np.concatenate([counts for _, _, counts in postings]).astype(np.float32),
        np.repeat([term for term, _, _ in postings], [len(places) for _, places, _ in postings]),
    )


def _values(
    counts: npt.NDArray[np.uint8], norm: npt.NDArray[np.float32], weight: np.float32
) -> npt.NDArray[np.float32]:
    """BM25 of a term in chunks that have it."""
    found = counts.astype(np.float32)
    norm += found
    found /= norm
    found *= weight
    return found


def _look_up(
    places: npt.NDArray[np.uint16], chunks: npt.NDArray[np.int64], slots: npt.NDArray[np.int32] | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which of some chunks, ascending, are among places, and where: two columns of equal length.

    `slots` are those of `Hits.of_chunks`, where they are there already.
    """
    if _FEW * len(chunks) < len(places):
        wanted = chunks.astype(np.uint16)
        at = np.searchsorted(places, wanted)
        here = np.flatnonzero(places[np.minimum(at, len(places) - 1)] == wanted)
        return here, at[here]
    if slots is None:
        slots = np.full(1 << 16, -1, np.int32)
        slots[chunks] = np.arange(len(chunks), dtype=np.int32)
    found_slots = slots[places]
    found = np.flatnonzero(found_slots >= 0)
    return found_slots[found].astype(np.int64), found


def _common(places: npt.NDArray[np.uint16], dead: npt.NDArray[np.int64], is_dead: npt.NDArray[np.bool_]) -> int:
    """How many of ascending places are dead."""
    if len(places) <= _FEW * len(dead):
        return int(np.count_nonzero(is_dead[places]))
    found = np.searchsorted(places, dead)
    return int(np.count_nonzero(places[np.minimum(found, len(places) - 1)] == dead))
