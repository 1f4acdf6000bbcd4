"""Ends of blocks by their depths, and chains of what encloses what, as plain loops find them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from exosuit_cli.structure import chains, next_lines
from exosuit_cli.structure.next_lines import nearest_above, next_not_deeper


@pytest.mark.parametrize("count", [0, 1, 16, 17, 300, 5000])
@pytest.mark.parametrize("deepest", [0, 3, 1000])
def test_the_next_line_that_is_no_deeper(count: int, deepest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_lines, "_AT_ONCE", 100)
    rng = random.Random(count + deepest)
    depths = [rng.randint(0, deepest) for _ in range(count)]
    first = [rng.randint(0, count) for _ in range(150)]
    limits = [rng.choice([rng.randint(-1, deepest), 0]) for _ in first]
    wanted = [
        next((at for at in range(begin, count) if depths[at] <= limit), count)
        for begin, limit in zip(first, limits, strict=True)
    ]
    found = next_not_deeper(np.array(depths, np.uint16), np.array(first, np.int64), np.array(limits, np.int64))
    assert found.tolist() == wanted


def test_no_search_finds_no_line() -> None:
    none = np.zeros(0, np.int64)
    assert next_not_deeper(np.arange(40), none, none).tolist() == []


def _chains(count: int, seed: int) -> tuple[list[int], list[bool], list[int]]:
    """Depths of lines, which ones begin a group, and the nearest one above each that is less deep."""
    rng = random.Random(seed)
    deepest = rng.choice([2, 40, 1000])
    depths = [min(place, deepest) if seed % 2 else rng.randint(0, deepest) for place in range(count)]
    are_first = [place == 0 or rng.random() < 0.01 for place in range(count)]
    above: list[int] = []
    first = 0
    for place, depth in enumerate(depths):
        first = place if are_first[place] else first
        above.append(next((at for at in range(place - 1, first - 1, -1) if depths[at] < depth), -1))
    return depths, are_first, above


def _around(above: list[int], place: int) -> list[int]:
    """A thing and those around it, the innermost first."""
    found = []
    while place >= 0:
        found.append(place)
        place = above[place]
    return found


@pytest.mark.parametrize("seed", range(6))
def test_chains_are_those_of_a_plain_loop(seed: int) -> None:
    depths, are_first, above = _chains(700, seed)
    rng = random.Random(seed)
    parents = np.array(above, np.int64)
    assert nearest_above(np.array(depths, np.int64), np.array(are_first)).tolist() == above
    around = [_around(above, place) for place in range(len(above))]
    assert chains.outermost(parents).tolist() == [own[-1] for own in around]
    values = [rng.randint(0, 900) for _ in above]
    least = [min(values[each] for each in own) for own in around]
    assert chains.least_of_chain(np.array(values, np.int64), parents).tolist() == least
    are_out = [rng.random() < 0.7 for _ in above]
    kept = [next((each for each in own[1:] if not are_out[each]), -1) for own in around]
    assert chains.nearest_kept(parents, np.array(are_out)).tolist() == kept
    limits = [rng.randint(0, 900) for _ in above]
    reaching = [
        next((each for each in own[1:] if least[each] >= limit), -1) for own, limit in zip(around, limits, strict=True)
    ]
    found = chains.nearest_reaching(parents, np.array(least), parents, np.array(limits))
    assert found.tolist() == reaching
