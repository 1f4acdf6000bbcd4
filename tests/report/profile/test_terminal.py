"""A profile on a terminal: what recording cost is a figure only where the runs without it agree better."""

from __future__ import annotations

import io

from rich.console import Console

from exosuit_cli.report.profile.terminal import print_profile
from tests.measure.profile.profiles import profile


def shown(twins_s: tuple[float, ...]) -> str:
    text = io.StringIO()
    print_profile(Console(file=text, width=200), profile(twins_s=twins_s), top=1)
    return text.getvalue()


def test_a_cost_within_the_spread_of_the_twins_is_called_noise() -> None:
    assert "recording took +1.0% beside 3 runs without it" in shown((0.0988, 0.099, 0.0992))
    assert "what recording took is within the noise of 3 runs without it" in shown((0.09, 0.099, 0.12))
    assert "what recording took is within the noise of 1 run without it" in shown((0.099,))
