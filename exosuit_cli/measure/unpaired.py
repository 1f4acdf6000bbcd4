"""The ratio of two series that are not pairs, with an interval that assumes no shape of their noise.

The estimate is the median of all ratios of a value of one series to a value of the other, and the interval is of these
ratios in order, by the exact distribution of the Mann-Whitney statistic (J. L. Hodges and E. L. Lehmann, Annals of
Mathematical Statistics 34 (1963), pages 598 to 611; H. B. Mann and D. R. Whitney, the same 18 (1947), pages 50 to 60).
It holds for values that are independent and differ between the series by a factor.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.measure.interval import LEVEL, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_VALUES: Final = 100
"""Of each series; what is beyond does not count."""


@lru_cache(maxsize=64)
def tail_counts(first: int, second: int) -> tuple[int, ...]:
    """How many of the arrangements of two series have a Mann-Whitney statistic of at most 0, 1, 2 and so on.

    The coefficients of the Gaussian binomial, added up; the last one is all C(first + second, first) arrangements.
    """
    size = first * second
    ways = [1] + [0] * size
    for factor in range(second + 1, second + first + 1):  # times (1 - q**factor)
        for power in range(size, factor - 1, -1):
            ways[power] -= ways[power - factor]
    for factor in range(1, first + 1):  # divided by (1 - q**factor)
        for power in range(factor, size + 1):
            ways[power] += ways[power - factor]
    return tuple(np.cumsum(np.array(ways, object)).tolist())


def ratio_rank(first: int, second: int, level: float = LEVEL) -> tuple[int, float]:
    """(k, coverage): the k-th smallest and largest of all ratios cover the true factor with that probability.

    k is the largest whose coverage is at least `level`; at least 1, so that so few values that nothing reaches the
    level have a coverage that is less.
    """
    counts = tail_counts(first, second)
    total = counts[-1]
    rank = 1
    while 2 * rank < first * second and 1 - 2 * counts[rank] / total >= level:
        rank += 1
    return rank, max(0.0, 1 - 2 * counts[rank - 1] / total)


def fewest_values(level: float) -> int:
    """How many values each of two series needs for an interval of that level."""
    count = 2
    while 1 - 2 / math.comb(2 * count, count) < level:
        count += 1
    return count


def ratio_interval(new: Sequence[float], old: Sequence[float], level: float = LEVEL) -> Interval:
    """The factor between two series of positive values, at least one each, with its interval.

    `count` is the number of values of the shorter one.
    """
    ours, theirs = np.log(np.asarray(new[:MOST_VALUES])), np.log(np.asarray(old[:MOST_VALUES]))
    ratios = np.sort(np.subtract.outer(ours, theirs), axis=None)
    rank, coverage = ratio_rank(len(ours), len(theirs), level)
    low, middle, high = (math.exp(each) for each in (ratios[rank - 1], np.median(ratios), ratios[-rank]))
    return Interval(middle, low, high, coverage, min(len(ours), len(theirs)))
