"""The proof of the method: known effects under realistic noise, through the rules that judge real runs."""

from __future__ import annotations

import numpy as np
import pytest

from exosuit_cli.measure.interval import half_width, median_interval, sign_test, smallest_effect
from exosuit_cli.measure.rules import passed, precise, regressed
from tests.measure.noise import NOISES, Noise, simulate

RUNS = 2000
PAIRS, MAX_PAIRS = 10, 40
TOLERANCE = 0.05
LIMIT = np.log1p(TOLERANCE)


class Blocks:
    """Simulated blocks that were stopped by precision, as `measure_block` stops: after whole quartets."""

    def __init__(self, losses: np.ndarray) -> None:
        runs = len(losses)
        self.regressed = np.zeros(runs, bool)
        self.passed = np.zeros(runs, bool)
        self.half = np.zeros(runs)
        self.pairs = np.zeros(runs, int)
        running = np.ones(runs, bool)
        for pairs in range(PAIRS, MAX_PAIRS + 1, 2):
            seen = losses[:, :pairs]
            ends = running & (precise(seen, TOLERANCE) | (pairs == MAX_PAIRS))
            low, _, high = median_interval(seen[ends])
            self.half[ends] = half_width(low, high)
            self.pairs[ends] = pairs
            self.regressed[ends] = regressed(seen[ends], LIMIT, sign_test(seen[ends]))
            self.passed[ends] = passed(seen[ends], LIMIT)
            running &= ~ends
        assert not running.any()


def two_blocks(noise: Noise, effect: float, seed: int, repeats: int = 1) -> tuple[Blocks, Blocks]:
    generator = np.random.default_rng(seed)
    return (
        Blocks(simulate(noise, effect, RUNS, MAX_PAIRS, generator, repeats)),
        Blocks(simulate(noise, effect, RUNS, MAX_PAIRS, generator, repeats)),
    )


def stated_effect(noise: Noise, repeats: int) -> float:
    """What an A/A run of this machine states, in the median, and never less than what the gate lets pass."""
    first, _ = two_blocks(noise, 0.0, 1, repeats)
    return max(TOLERANCE, smallest_effect(float(np.median(first.half))))


@pytest.mark.parametrize("repeats", [1, 4])
@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
def test_equal_builds_are_not_called_regressions(noise: Noise, repeats: int) -> None:
    first, second = two_blocks(noise, 0.0, 2, repeats)
    assert np.mean(first.regressed & second.regressed) <= 0.01
    assert np.mean(first.regressed) <= 0.03  # each block alone, which is what --no-confirm trusts


@pytest.mark.parametrize("repeats", [1, 4])
@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
def test_twice_the_stated_effect_is_detected(noise: Noise, repeats: int) -> None:
    first, second = two_blocks(noise, 2 * stated_effect(noise, repeats), 3, repeats)
    assert np.mean(first.regressed & second.regressed) >= 0.95


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
@pytest.mark.parametrize("effect", [0.02, 0.05, 0.10])
def test_a_loss_beyond_the_gate_hardly_passes(noise: Noise, effect: float) -> None:
    """And one within it is hardly ever called a regression twice."""
    first, second = two_blocks(noise, effect, 4)
    if effect > TOLERANCE:
        assert np.mean(first.passed & ~first.regressed) <= 0.05
    if effect < TOLERANCE:
        assert np.mean(first.regressed & second.regressed) <= 0.05


def test_quiet_machines_stop_early_and_pass() -> None:
    first, _ = two_blocks(Noise("lognormal 1%", 0.01), 0.0, seed=5)
    assert np.median(first.pairs) == PAIRS
    assert np.mean(first.passed) >= 0.99


def test_the_simulation_is_reproducible_and_has_the_effect() -> None:
    one, two = (simulate(NOISES[0], 0.10, 50, 200, np.random.default_rng(6)) for _ in range(2))
    assert np.array_equal(one, two)
    assert abs(np.expm1(np.median(one)) - 0.10) < 0.002
