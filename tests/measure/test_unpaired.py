"""The interval of the ratio of two series that are not pairs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from exosuit_cli.measure.unpaired import fewest_values, ratio_interval, ratio_rank, tail_counts


def test_the_distribution_is_that_of_all_arrangements() -> None:
    for first, second in ((1, 1), (2, 3), (4, 3), (4, 4)):
        places = range(first + second)
        statistics = [
            sum(own > other for own in chosen for other in set(places) - set(chosen))
            for chosen in itertools.combinations(places, first)
        ]
        counted = [sum(value <= limit for value in statistics) for limit in range(first * second + 1)]
        assert list(tail_counts(first, second)) == counted
    assert tail_counts(60, 70)[-1] == math.comb(130, 60)


def test_ranks_are_those_of_the_tables() -> None:
    # Critical values of the Mann-Whitney test, two-sided 5%: 0, 2, 23 and 127 for 4, 5, 10 and 20 beside as many.
    for count, critical in ((4, 0), (5, 2), (10, 23), (20, 127)):
        assert ratio_rank(count, count) == (critical + 1, pytest.approx(1 - 0.05, abs=0.05))
        assert ratio_rank(count, count)[1] >= 0.95
    assert ratio_rank(3, 3) == (1, pytest.approx(0.9))
    assert ratio_rank(1, 1) == (1, 0.0)
    assert [fewest_values(level) for level in (0.95, 0.99, 0.995)] == [4, 5, 6]


def test_an_interval_covers_the_factor_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        old = np.exp(random.standard_t(2, 6) * 0.1)  # long tails
        new = 1.2 * np.exp(random.standard_t(2, 5) * 0.1)
        found = ratio_interval(new.tolist(), old.tolist())
        hits += found.low <= 1.2 <= found.high
        assert found.low <= found.median <= found.high
    assert hits / 400 >= 0.93
    assert found.coverage >= 0.95
    assert found.count == 5
