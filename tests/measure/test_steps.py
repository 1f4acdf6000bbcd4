"""Steps are found where they are, and hardly where there are none."""

from __future__ import annotations

import numpy as np

from exosuit_cli.measure.steps import find_steps


def test_steps_are_found_where_they_are() -> None:
    generator = np.random.default_rng(1)
    levels = np.concatenate((np.full(30, 100.0), np.full(20, 90.0), np.full(25, 120.0)))
    steps = find_steps(levels * generator.lognormal(0, 0.02, 75))
    assert [step.position for step in steps] == [30, 50]
    assert np.allclose([step.change for step in steps], [-0.10, 1 / 3], atol=0.02)


def test_noise_is_no_step() -> None:
    generator = np.random.default_rng(2)
    found = sum(bool(find_steps(generator.lognormal(0, 0.05, 60))) for _ in range(300))
    assert found <= 6


def test_short_and_constant_series() -> None:
    assert find_steps([]) == []
    assert find_steps([1.0] * 3) == []
    assert find_steps([1.0] * 50) == []
    assert find_steps([1.0] * 4 + [2.0] * 3) == []


def test_a_small_step_is_not_told() -> None:
    assert find_steps([100.0 + 0.001 * n for n in range(20)] + [101.0 + 0.001 * n for n in range(20)]) == []
