"""Long lists of postings: the best chunks are those of a plain sum over all postings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exosuit_cli.search.hits import Hits

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNKS = 1 << 16
SIZES = (3, 0, 900, 5000, 30_000, 60_000, 65_536)
"""Postings of each term: four lists are long."""


class Lists:
    """A segment's postings, drawn by chance."""

    def __init__(self, seed: int) -> None:
        chance = np.random.default_rng(seed)
        self.places = [np.sort(chance.choice(CHUNKS, size, replace=False)).astype(np.uint16) for size in SIZES]
        self.counts = [chance.integers(1, 256, size).astype(np.uint8) for size in SIZES]
        self.norm = chance.uniform(0.3, 5, CHUNKS).astype(np.float32)
        self.dead = np.zeros(1, np.bool_)

    def postings_of(self, _field: str, terms: Sequence[int]) -> tuple[list[Any], list[Any]]:
        return [self.places[term] for term in terms], [self.counts[term] for term in terms]

    def sums(self, weights: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        found = np.zeros(CHUNKS)
        for places, counts, weight in zip(self.places, self.counts, weights, strict=True):
            found[places] += weight * counts / (counts + self.norm[places])
        return found


@pytest.mark.parametrize("weights", [(9, 8, 7, 5, 1, 0.3, 0.1), (0.1, 1, 0.2, 1, 1, 1, 1), (1, 1, 3, 0.5, 9, 0, 0)])
def test_chunks_above_the_least_have_their_whole_score(weights: tuple[float, ...]) -> None:
    lists = Lists(len(str(weights)))
    given = np.array(weights, np.float32)
    wanted = lists.sums(given)
    for rank in (1, 100, 1024, CHUNKS):
        least = float(np.sort(wanted)[-rank])
        hits = Hits(lists, "text", range(len(SIZES)))  # type: ignore[arg-type]
        scores = hits.short_scores(lists.norm, given)
        hits.add_long(scores, lists.norm, given, least)
        above = np.flatnonzero(wanted > least + 1e-3)
        assert np.allclose(scores[above], wanted[above], rtol=1e-5)
        assert (scores[wanted < least - 1e-3] < least).all()


@pytest.mark.parametrize("every", [1, 3, 2000])
def test_the_postings_of_some_chunks_are_found_in_long_and_short_lists(every: int) -> None:
    lists = Lists(every)
    chunks = np.arange(5, CHUNKS, every)
    slots = np.full(CHUNKS, -1, np.int32)
    slots[chunks] = np.arange(len(chunks))
    found = Hits(lists, "text", [*range(len(SIZES) - 1), -1]).of_chunks(chunks, slots)  # type: ignore[arg-type]
    triples = set(zip(chunks[found.places].tolist(), found.terms.tolist(), found.counts.tolist(), strict=True))
    assert triples == {
        (place, term, count)
        for term in range(len(SIZES) - 1)
        for place, count in zip(lists.places[term].tolist(), lists.counts[term].tolist(), strict=True)
        if place >= 5 and (place - 5) % every == 0
    }
    assert len(triples) == len(found.places)


def test_a_term_that_a_segment_lacks_has_no_chunks() -> None:
    hits = Hits(Lists(1), "text", [-1, 2, -1, 5])  # type: ignore[arg-type]
    assert hits.chunks_of_terms(4).tolist() == [0, SIZES[2], 0, SIZES[5]]
    assert hits
    assert not Hits(Lists(1), "text", [-1, 1])  # type: ignore[arg-type]
