"""The samples of one block: a value a pair for each side and metric, and the ratios of the pairs."""

from __future__ import annotations

import math
import statistics
from dataclasses import field
from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.measure.order import SideName


@dataclass(slots=True)
class Samples:
    """The samples so far: one value a pair for each side and metric, and one ratio a pair."""

    order: list[str] = field(default_factory=list)
    figures: dict[SideName, dict[str, list[float | None]]] = field(default_factory=lambda: {"A": {}, "B": {}})
    ratios: dict[str, list[float | None]] = field(default_factory=dict)
    stages: dict[SideName, dict[str, list[float]]] = field(default_factory=lambda: {"A": {}, "B": {}})
    """Seconds by stage, one value for each run that reported the stage."""
    stage_ratios: list[Mapping[str, float]] = field(default_factory=list)
    """The ratio candidate / base of every stage that all runs of a pair report and that took time; one row a pair."""
    control_seconds: list[float] = field(default_factory=list)
    control_ratios: list[float] = field(default_factory=list)

    @property
    def pairs(self) -> int:
        """How many pairs were measured."""
        return len(self.control_seconds)

    def values(self, name: SideName, metric: str) -> tuple[float, ...] | None:
        """All values of a metric, or None where one is missing."""
        return _whole(self.figures[name].get(metric))

    def pair_ratios(self, metric: str) -> tuple[float, ...] | None:
        """All ratios candidate / base of a metric, or None where one is missing or would divide by 0."""
        return _whole(self.ratios.get(metric))


def known_median(values: Sequence[float | None]) -> float | None:
    """The median; None where a value is not known."""
    known = _whole(values)
    return statistics.median(known) if known is not None else None


def median_ratio(a: Sequence[float | None], b: Sequence[float | None]) -> float | None:
    """The median of the slots' ratios; None where one is not known or not positive."""
    ours, theirs = _whole(a), _whole(b)
    if ours is None or theirs is None or min((*ours, *theirs)) <= 0:
        return None
    return math.exp(statistics.median(math.log(one / other) for one, other in zip(ours, theirs, strict=True)))


def stage_ratios(a: Sequence[Mapping[str, float]], b: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of the slots' ratios, of every stage that has one."""
    found = {}
    for stage in a[0] if a and b else ():
        ratio = median_ratio([row.get(stage) for row in a], [row.get(stage) for row in b])
        if ratio is not None:
            found[stage] = ratio
    return found


def _whole(values: Sequence[float | None] | None) -> tuple[float, ...] | None:
    known = tuple(value for value in values or () if value is not None)
    return known if values and len(known) == len(values) else None
