"""The control: a fixed piece of work beside every run, which shows whether the machine treated both sides alike.

It contains no code of exosuit: it can move only when the machine does. A noisy machine alone is no reason to
discard a run: its noise widens every interval, and verdicts become inconclusive by themselves. What would make them
wrong is a machine that was slower whenever one of the sides ran. So the control is timed before each run, and its
times beside A are compared with its times beside B, in the same pairs and by the same statistics as the runs. It moved
if the median of these ratios is beyond 5% and their 99% interval, which there is from 8 pairs on, excludes that they
are alike; the second condition keeps chance from making one run in a few invalid where single times scatter by 10%.
"""

from __future__ import annotations

import hashlib
import math
import time
from typing import TYPE_CHECKING, Final

from exosuit_cli.measure.interval import FEWEST_PAIRS, Interval, interval_of
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

MOVED: Final = 0.05
"""Relative movement of the control that makes a run invalid."""

_CERTAINTY: Final = 0.99
_BLOCK: Final = bytes(range(256)) * 4096
_ROUNDS: Final = 12


def control_seconds() -> float:
    """Do the fixed work (BLAKE2b of 12 MiB, then a loop of the interpreter) and return how long it took."""
    started = time.perf_counter()
    digest = hashlib.blake2b()
    for _ in range(_ROUNDS):
        digest.update(_BLOCK)
    total = 0
    for position, byte in enumerate(_BLOCK[:65536]):
        total += position ^ byte
    if not (total and digest.digest()):
        raise AssertionError("unreachable: the work is fixed")
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class Control:
    """The ratios of the control beside A to the control beside B, and its drift from the first half to the second.

    The drift is information: pairs cancel it.
    """

    ratio: Interval
    drift: float
    moved: bool

    @property
    def state(self) -> str:
        """`moved`, `steady`, or `unknown`: too few pairs, or a difference that may as well be chance."""
        if self.moved:
            return "moved"
        is_steady = self.ratio.count >= FEWEST_PAIRS and abs(math.log(self.ratio.median)) <= math.log1p(MOVED)
        return "steady" if is_steady else "unknown"


def judge_control(ratios: Sequence[float], seconds: Sequence[float]) -> Control:
    """Judge the control by its ratios beside A / beside B and by its times, one of each a pair; at least one pair."""
    ratio = interval_of(ratios, _CERTAINTY)
    apart = abs(math.log(ratio.median)) > math.log1p(MOVED)
    excluded = ratio.low > 1 or ratio.high < 1
    half = max(1, len(seconds) // 2)
    early, late = interval_of(seconds[:half]), interval_of(seconds[-half:])
    certain = ratio.coverage >= _CERTAINTY
    return Control(ratio, late.median / early.median - 1, certain and apart and excluded)
