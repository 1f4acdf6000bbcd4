"""Which stages are said to have changed, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.measure.interval import Interval, interval_of
from exosuit_cli.measure.stage_changes import describe, shown_change, stage_changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.measure.stage_changes import StageChange


def _compare(ratios: Mapping[str, tuple[float, float, float]], coverage: float = 0.999) -> tuple[StageChange, ...]:
    """Two stages of 1 s, the others of 8 s together and one of 1 ms, with these ratios (low, median, high)."""
    old = {"read": 1.0, "lines": 1.0, "hash": 4.0, "tokens": 4.0, "walk": 0.001}
    given = {
        name: Interval(*(ratios.get(name, (0.99, 1.0, 1.01))[at] for at in (1, 0, 2)), coverage, 9) for name in old
    }
    return stage_changes({name: old[name] * given[name].median for name in old}, old, lambda name, _: given[name])


def test_the_changed_are_named_and_the_rest_is_unchanged() -> None:
    assert describe(_compare({"hash": (1.15, 1.18, 1.21)})) == "hash +18%, the rest unchanged"
    assert describe(_compare({"hash": (0.7, 0.8, 0.9), "tokens": (1.3, 1.5, 1.7)})) == (
        "tokens +50%, hash -20%, the rest unchanged"
    )
    assert describe(_compare({})) == "no stage changed"
    assert describe(()) == ""


def test_what_the_noise_hides_is_not_called_unchanged() -> None:
    assert describe(_compare({"hash": (0.8, 1.1, 1.4)})) == "hash unclear (-20% to +40%), the rest unchanged"
    noisy = {"hash": (0.8, 1.1, 1.4), "tokens": (0.7, 1.0, 1.4), "read": (1.5, 1.6, 1.7), "lines": (0.3, 0.9, 1.9)}
    assert describe(_compare(noisy)) == "read +60%, hash, lines and tokens unclear, the rest unchanged"
    assert describe(_compare({"read": (0.8, 1.0, 1.3)})) == "no stage changed", "3% of the whole at most"
    assert describe(_compare({"walk": (5.0, 6.0, 7.0)})) == "no stage changed", "a thousandth of the whole"
    few = _compare({"hash": (1.1, 1.3, 1.5)}, coverage=0.9)
    assert describe(few) == "too few runs to say which stage changed; hash +30% is the largest change"
    assert {change.state for change in few} == {"unknown", "small"}


def test_a_stage_that_one_side_does_not_have() -> None:
    steady = Interval(1.0, 0.99, 1.01, 0.999, 9)
    ratios = {"read": steady}
    grown = stage_changes({"read": 1.0, "index": 0.5}, {"read": 1.0}, lambda name, _: ratios.get(name))
    assert describe(grown) == "index is new, the rest unchanged"
    gone = stage_changes({"read": 1.0}, {"read": 1.0, "index": 0.5}, lambda name, _: ratios.get(name))
    assert describe(gone) == "index is gone, the rest unchanged"
    assert [change.stage for change in gone] == ["read", "index"]


def test_equal_builds_seldom_show_a_change() -> None:
    random = np.random.default_rng(5)
    names = [f"stage {number}" for number in range(8)]
    wrong = 0
    for _ in range(300):
        ratios = {name: np.exp(random.standard_t(2, 10) * 0.2).tolist() for name in names}
        seconds = dict.fromkeys(names, 1.0)
        found = stage_changes(seconds, seconds, lambda name, level: interval_of(ratios[name], level))  # noqa: B023
        wrong += any(change.state in ("slower", "faster") for change in found)
    assert wrong / 300 <= 0.05


def test_percentages_are_short() -> None:
    assert [shown_change(ratio) for ratio in (1.184, 0.968, 1.0994, 1.0996, 25.3)] == [
        "+18%", "-3.2%", "+9.9%", "+10%", "25 times",
    ]  # fmt: skip
