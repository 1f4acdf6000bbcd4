"""Order statistics against published tables, brute force and worked examples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.measure.interval import (
    FEWEST_PAIRS,
    fewest_pairs,
    holm,
    interval_of,
    interval_rank,
    median_interval,
    sign_test,
    tail,
)


@pytest.mark.parametrize(
    ("count", "rank", "percent"),
    [
        (6, 1, 96.9),
        (7, 1, 98.4),
        (9, 2, 96.1),
        (10, 2, 97.9),
        (12, 3, 96.1),
        (15, 4, 96.5),
        (17, 5, 95.1),
        (20, 6, 95.9),
    ],
)
def test_ranks_are_those_of_the_published_tables(count: int, rank: int, percent: float) -> None:
    found, coverage = interval_rank(count)
    assert (found, round(100 * coverage, 1)) == (rank, percent)


def test_fewer_than_six_pairs_cannot_cover_95_percent() -> None:
    assert interval_rank(FEWEST_PAIRS - 1) == (1, 0.9375)
    assert interval_rank(FEWEST_PAIRS)[1] >= 0.95
    assert interval_rank(1) == (1, 0.0)


@pytest.mark.parametrize("count", [6, 10, 25, 40])
def test_the_interval_covers_the_median_as_often_as_it_says(count: int) -> None:
    draws = np.random.default_rng(count).lognormal(0, 0.5, (20_000, count))
    low, median, high = median_interval(draws)
    assert np.all((low <= median) & (median <= high))
    covered = np.mean((low <= 1.0) & (high >= 1.0))
    assert covered == pytest.approx(interval_rank(count)[1], abs=0.006)


@pytest.mark.parametrize("count", range(1, 9))
def test_tails_by_counting_every_outcome(count: int) -> None:
    outcomes = [sum(outcome) for outcome in itertools.product((0, 1), repeat=count)]
    for successes in range(count + 1):
        share = sum(outcome >= successes for outcome in outcomes) / len(outcomes)
        assert tail(count)[successes] == pytest.approx(share, abs=1e-12)


def test_sign_test_counts_ties_as_not_worse() -> None:
    assert sign_test(np.array([1.0] * 6)) == 1 / 64
    assert sign_test(np.array([1.0] * 5 + [0.0])) == 7 / 64
    assert list(sign_test(np.array([[1.0] * 6, [-1.0] * 6]))) == [1 / 64, 1.0]


def test_holm_by_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.6, 0.7]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_between_the_raw_values_and_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for raw, value in zip(p_values, adjusted, strict=True):
        assert raw <= value <= min(1.0, len(p_values) * raw) or value == max(adjusted)
    assert [v for _, v in sorted(zip(p_values, adjusted, strict=True))] == sorted(adjusted)


def test_more_gates_need_more_pairs() -> None:
    assert [fewest_pairs(tests, 0.025) for tests in (0, 1, 2, 4, 8)] == [6, 6, 7, 8, 9]
    for tests in range(1, 20):
        pairs = fewest_pairs(tests, 0.025)
        assert holm([0.5**pairs, *[1.0] * (tests - 1)])[0] <= 0.025


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=60))
def test_an_interval_of_one_series_is_that_of_many(values: list[float]) -> None:
    one = interval_of(values)
    low, median, high = median_interval(np.array([values, values]))
    assert (one.low, one.median, one.high) == (low[1], median[1], high[1])
    assert one.count == len(values)
