"""Steps in a series: where the level of a figure changed, found without assuming a shape of its noise.

Pettitt's test for one change point (A. N. Pettitt, Applied Statistics 28 (1979), pages 126 to 135), applied again to
both sides of every change that it finds. Its p value is the published approximation 2 exp(-6 K^2 / (n^3 + n^2)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEVEL: Final = 0.01
FEWEST: Final = 4
"""Values on either side of a step."""

SMALLEST: Final = 0.02
"""Relative change of the median below which a step is not reported."""


@dataclass(frozen=True, slots=True)
class Step:
    """The level changes at `position`; `change` is the relative change of the median."""

    position: int
    change: float
    p_value: float


def find_steps(values: Sequence[float]) -> list[Step]:
    """The steps of a series of positive values, in order; cost n^2 log n for n values, for histories of thousands."""
    series = np.asarray(values, np.float64)
    cuts = sorted(_cuts(series, 0, len(series)))
    edges = [0, *(position for position, _ in cuts), len(series)]
    steps = []
    for (position, p_value), before, after in zip(cuts, edges, edges[2:], strict=False):
        change = float(np.median(series[position:after]) / np.median(series[before:position])) - 1
        if abs(change) >= SMALLEST:
            steps.append(Step(position, change, p_value))
    return steps


def _cuts(series: NDArray[np.float64], low: int, high: int) -> list[tuple[int, float]]:
    count = high - low
    if count < 2 * FEWEST:
        return []
    part = series[low:high]
    # U_t = sum over i < t <= j of sign(x_i - x_j), from the sum of the first t ranks
    # (mid-ranks for ties) as 2 * sum - t (n + 1).
    ordered = np.sort(part)
    ranks = (np.searchsorted(ordered, part, "left") + np.searchsorted(ordered, part, "right") + 1) / 2
    taken = np.arange(1, count)
    statistic = np.abs(2 * np.cumsum(ranks)[:-1] - taken * (count + 1))
    p_value = float(min(1.0, 2 * np.exp(-6 * float(statistic.max()) ** 2 / (count**3 + count**2))))
    allowed = statistic[FEWEST - 1 : count - FEWEST]
    position = low + FEWEST + int(np.argmax(allowed))
    if p_value > LEVEL:
        return []
    return [*_cuts(series, low, position), (position, p_value), *_cuts(series, position, high)]
