"""Run times as machines give them, with a known effect: what the method is tried on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.measure.order import slots

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Noise:
    """Of log times: independent scatter, a straight drift over the run, a wandering machine, and bursts of load."""

    name: str
    scatter: float
    drift: float = 0.0
    wander: float = 0.0
    bursts: float = 0.0


NOISES = (
    Noise("lognormal 2%", 0.02),
    Noise("lognormal 10%", 0.10),
    Noise("drift of 30%", 0.03, drift=0.30),
    Noise("wandering machine", 0.03, wander=0.05),
    Noise("bursts", 0.03, bursts=0.08),
    Noise("all of it", 0.05, drift=0.15, wander=0.04, bursts=0.05),
)


def simulate(
    noise: Noise, effect: float, runs: int, pairs: int, generator: np.random.Generator, repeats: int = 1
) -> NDArray[np.float64]:
    """log(candidate / base) of every pair, float64[runs, pairs]; the candidate takes 1 + effect times as long.

    As in a real block, a pair's ratio is the median of those of its `repeats` slots.
    """
    total = 2 * pairs * repeats
    times = generator.normal(0.0, noise.scatter, (runs, total))
    times += noise.drift * generator.uniform(-1, 1, (runs, 1)) * np.linspace(0, 1, total)
    if noise.wander:
        steps = generator.normal(0.0, noise.wander * np.sqrt(1 - 0.9**2), (runs, total))
        state = generator.normal(0.0, noise.wander, runs)
        for position in range(total):
            state = 0.9 * state + steps[:, position]
            times[:, position] += state
    if noise.bursts:
        left = np.zeros(runs, np.int64)
        weight = np.zeros(runs)
        for position in range(total):
            begins = (left == 0) & (generator.random(runs) < noise.bursts)
            left = np.where(begins, generator.integers(1, 5, runs), left)
            weight = np.where(begins, generator.uniform(0.1, 0.7, runs), weight)
            times[:, position] += np.where(left > 0, weight, 0.0)
            left = np.maximum(left - 1, 0)
    order = slots(int(generator.integers(1 << 31)))
    losses = np.empty((runs, pairs * repeats))
    for slot in range(pairs * repeats):
        first, second = times[:, 2 * slot], times[:, 2 * slot + 1]
        losses[:, slot] = first - second if next(order)[0] == "A" else second - first
    return np.median(losses.reshape(runs, pairs, repeats), axis=2) + np.log1p(effect)
