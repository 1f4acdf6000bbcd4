"""Every side of every suite with its samples, as several exports need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exosuit_cli.measure.interval import Interval
    from exosuit_cli.measure.metrics import Metric
    from exosuit_cli.measure.result import BenchResult, Block, SideResult, SuiteResult


@dataclass(frozen=True, slots=True)
class Series:
    """One side of a suite: its samples by metric, those that were measured."""

    suite: SuiteResult
    block: Block
    side: SideResult
    name: str

    @property
    def stages(self) -> Mapping[str, float]:
        """Median seconds by stage; empty where the command does not report them."""
        return self.block.stages["A" if self.name == "candidate" else "B"]

    def samples(self, metric: str) -> tuple[float, ...]:
        """One value a pair; empty where it was not measured."""
        found = self.block.metric(metric)
        if found is None:
            return ()
        return found.candidate if self.name == "candidate" else found.base

    def figures(self) -> Iterator[tuple[Metric, Interval, tuple[float, ...]]]:
        """Every measured metric with its median, interval and samples."""
        for found in self.block.metrics:
            own = found.candidate_interval if self.name == "candidate" else found.base_interval
            if own is not None:
                yield found.metric, own, self.samples(found.metric.name)


def all_series(result: BenchResult) -> Iterator[Series]:
    """The sides that were measured, suite by suite, the candidate first."""
    for suite in result.suites:
        if suite.block is None:
            continue
        for name, side in (("candidate", suite.candidate), ("base", suite.base)):
            if side is not None:
                yield Series(suite, suite.block, side, name)
