"""Distribution-free statistics of pairs: the interval of a median, the sign test, Holm's procedure.

Nothing here assumes a shape of the noise: run times have long tails, bursts and drifts, for which a mean and its
standard error mean little. All functions take pairs along the last axis, so that one run and a thousand simulated ones
go through the same code.

Sources: order-statistic interval of a median and the sign test, H. A. David and H. N. Nagaraja, Order Statistics, 3rd
edition (2003), section 7.1, and J.-Y. Le Boudec, Performance Evaluation of Computer and Communication Systems (2010),
section 2.2 and appendix A; step-down procedure for several tests, S. Holm, Scandinavian Journal of Statistics 6 (1979),
pages 65 to 70; smallest detectable effect, H. S. Bloom, Evaluation Review 19 (1995), pages 547 to 556.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEVEL: Final = 0.95
"""Least coverage of an interval that a verdict rests on."""

FEWEST_PAIRS: Final = 6
"""With fewer, even the interval from the smallest to the largest value covers less than 95%: 1 - 2 / 2**5 = 93.75%."""

DETECTION_FACTOR: Final = 2.8 / 1.96
"""The smallest effect that is detected four times in five, as a multiple of the half-width of a 95% interval."""


@lru_cache(maxsize=1024)
def tail(count: int) -> tuple[float, ...]:
    """P(X >= k) for k = 0 to count, X binomial with `count` fair trials; exact sums of integers, then one division."""
    ways = [math.comb(count, k) for k in range(count + 1)]
    total = 1 << count
    return tuple(sum(ways[k:]) / total for k in range(count + 1))


@lru_cache(maxsize=1024)
def interval_rank(count: int, level: float = LEVEL) -> tuple[int, float]:
    """(k, coverage): the k-th smallest and k-th largest of `count` values cover their median with that probability.

    k is the largest whose coverage, 1 - 2 P(X < k) with X binomial, is at least `level`; at least 1, so that below
    `FEWEST_PAIRS` values the coverage that is returned is less than was asked for.
    """
    rank, covered = 1, 1 - 2 * 0.5**count
    for k in range(2, count // 2 + 1):
        coverage = 1 - 2 * tail(count)[count - k + 1]  # by symmetry P(X <= k - 1) = P(X >= count - k + 1)
        if coverage < level:
            break
        rank, covered = k, coverage
    return rank, covered


@dataclass(frozen=True, slots=True)
class Interval:
    """A median with its order-statistic interval; `coverage` is exact for independent values of one distribution."""

    median: float
    low: float
    high: float
    coverage: float
    count: int


def median_interval(values: NDArray[np.float64], level: float = LEVEL) -> tuple[NDArray[np.float64], ...]:
    """(low, median, high) along the last axis of `values` (float64[..., n], n >= 1), coverage as `interval_rank`."""
    ordered = np.sort(values, axis=-1)
    count = values.shape[-1]
    rank, _ = interval_rank(count, level)
    return ordered[..., rank - 1], np.median(ordered, axis=-1), ordered[..., count - rank]


def interval_of(values: Sequence[float], level: float = LEVEL) -> Interval:
    """`median_interval` of one series."""
    low, median, high = median_interval(np.asarray(values, np.float64), level)
    _, coverage = interval_rank(len(values), level)
    return Interval(float(median), float(low), float(high), coverage, len(values))


def half_width(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the width of an interval of logarithms, as a share: 0.02 is 2%."""
    share: NDArray[np.float64] = np.expm1((high - low) / 2)
    return share


def smallest_effect(half: float) -> float:
    """The smallest relative change that pairs with this half-width of the interval detect four times in five."""
    return DETECTION_FACTOR * half


def sign_test(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """One-sided p of "worse, not equal": P(at least this many pairs worse | worse and better are equally likely).

    Ties count as not worse, which makes the test stricter, never laxer.
    """
    worse = np.count_nonzero(losses > 0, axis=-1)
    p: NDArray[np.float64] = np.asarray(tail(losses.shape[-1]))[worse]
    return p


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values. Rejecting those <= a keeps the chance of any false rejection at a or less."""
    order = sorted(range(len(p_values)), key=lambda position: p_values[position])
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, position in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = largest
    return adjusted


def fewest_pairs(tests: int, alpha: float) -> int:
    """The fewest pairs with which all pairs worse can be significant among `tests` tests: 2**-n <= alpha / tests."""
    return max(FEWEST_PAIRS, math.ceil(math.log2(max(tests, 1) / alpha)))
