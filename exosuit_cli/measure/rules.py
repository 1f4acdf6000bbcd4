"""The rules by which pairs become a verdict. Pure: the simulation in the tests runs exactly these.

A regression is a loss that is established and large: the sign test, adjusted for the number of gates, says that the
candidate is worse (one-sided, `ALPHA`), and the median loss is beyond the tolerance. It must then recur in a second
block of fresh processes: with equal builds, that is a chance of at most `ALPHA` squared. A pass is a finding
too: the interval excludes a loss beyond the tolerance. Everything else is inconclusive, never a pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.measure.interval import FEWEST_PAIRS, half_width, median_interval, sign_test
from exosuit_cli.measure.verdict import Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALPHA: Final = 0.025
"""Level of the one-sided sign test in each block; it is the tail that a two-sided 95% interval leaves."""


def precise(losses: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
    """Whether the interval of the median is at most half a tolerance wide on either side; float64[..., n] -> bool[...].

    This alone decides whether pairs are added. Nothing here looks at where the interval lies, so that stopping does not
    favour a verdict.
    """
    if losses.shape[-1] < FEWEST_PAIRS:
        return np.zeros(losses.shape[:-1], np.bool_)
    low, _, high = median_interval(losses)
    return np.asarray(half_width(low, high) <= tolerance / 2)


def regressed(losses: NDArray[np.float64], limit: float, p_value: NDArray[np.float64] | float) -> NDArray[np.bool_]:
    """Whether a loss is established and beyond `limit` (both logarithms); `p_value` is adjusted by the caller."""
    enough = losses.shape[-1] >= FEWEST_PAIRS
    return np.asarray(enough & (np.asarray(p_value) <= ALPHA) & (np.median(losses, axis=-1) > limit))


def passed(losses: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    """Whether the interval excludes a loss beyond `limit`."""
    return np.asarray((losses.shape[-1] >= FEWEST_PAIRS) & (median_interval(losses)[2] <= limit))


def improved(losses: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    """Whether a gain is established (the interval excludes none) and as large as the loss that would be too much."""
    _, median, high = median_interval(losses)
    return np.asarray((losses.shape[-1] >= FEWEST_PAIRS) & (high < 0) & (median < -limit))


def judge(losses: NDArray[np.float64], limit: float, p_value: float | None = None) -> Verdict:
    """The verdict of one block on one metric; `p_value` is the adjusted one where several metrics are gated."""
    p = float(sign_test(losses)) if p_value is None else p_value
    if bool(regressed(losses, limit, p)):
        return Verdict.REGRESSION
    if bool(improved(losses, limit)):
        return Verdict.IMPROVED
    if bool(passed(losses, limit)):
        return Verdict.PASS
    return Verdict.INCONCLUSIVE


def confirmed(first: Verdict, second: Verdict | None, pooled: Verdict) -> Verdict:
    """The verdict after the second block, which is run only for a first regression.

    `pooled` is the verdict of both blocks together. The first block was looked at because it was bad, which makes the
    pool look worse than it is; a pass of the pool is therefore safe.
    """
    if first is not Verdict.REGRESSION or second is Verdict.REGRESSION:
        return first
    return Verdict.PASS if pooled in (Verdict.PASS, Verdict.IMPROVED) else Verdict.INCONCLUSIVE
