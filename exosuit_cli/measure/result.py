"""The results of a benchmark, from which reports are made."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from exosuit_cli.measure.block_stages import block_changes
from exosuit_cli.measure.interval import FEWEST_PAIRS, LEVEL, interval_rank
from exosuit_cli.measure.score import Score, score_of
from exosuit_cli.measure.verdict import Verdict, worst
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.model.units import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.measure.cache import CacheReading
    from exosuit_cli.measure.control import Control
    from exosuit_cli.measure.interval import Interval
    from exosuit_cli.measure.machine import Machine
    from exosuit_cli.measure.metrics import Metric
    from exosuit_cli.measure.order import SideName
    from exosuit_cli.measure.reading import WorkValue
    from exosuit_cli.measure.side_profiles import SideProfile
    from exosuit_cli.measure.stage_changes import StageChange


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One metric of a block: both sides' samples and their ratios (one a pair), the intervals, and the noise.

    Without a base, `base` and `ratios` are empty and `ratio` is None. Where a side did not report it, all are empty and
    `reason` says why. `noise` is the half-width of the ratio's interval (of the candidate's own, without a base).
    """

    metric: Metric
    candidate: tuple[float, ...]
    base: tuple[float, ...]
    ratios: tuple[float, ...]
    candidate_interval: Interval | None
    base_interval: Interval | None
    ratio: Interval | None
    noise: float | None
    smallest_effect: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate, judged. `value` is the relative change for gates, the median itself for floors.

    `kind` is `gate`, `floor` or `baseline`; an `advisory` one never fails a run. `second` is the verdict of the
    confirming block, where one was run.
    """

    text: str
    kind: str
    metric: Metric
    limit: float
    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    adjusted_p: float | None
    first: Verdict
    second: Verdict | None
    verdict: Verdict
    advisory: bool
    why: str


@dataclass(frozen=True, slots=True)
class AlertResult:
    """One alert on one suite. `fired` is None where it could not be judged, and `why` says what was missing.

    `kind` is `verdict`, `figure`, `change` or `baseline`. `value` is the median with its interval, of the figure or of
    the relative change, and None for a verdict.
    """

    text: str
    kind: str
    suite: str
    metric: str | None
    limit: float | None
    value: float | None
    low: float | None
    high: float | None
    fired: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Block:
    """Pairs that were measured in one go. `stopped`: precise, max_pairs, max_time or interrupted."""

    order: str
    pairs: int
    repeats: int
    stopped: str
    seconds: float
    metrics: tuple[MetricResult, ...]
    stages: Mapping[SideName, Mapping[str, float]]
    """By side and stage, the median of the seconds that its runs reported."""
    control: Control | None
    stage_ratios: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By stage, the ratio candidate / base of its seconds, one a pair, where every pair has one."""

    @property
    def coverage(self) -> float:
        """The probability that an interval of this block holds the median: 95%, or what so few pairs reach."""
        return min(LEVEL, interval_rank(self.pairs)[1])

    @property
    def unknown(self) -> str | None:
        """Why nothing can be judged by this block; None where something can."""
        if self.pairs >= FEWEST_PAIRS:
            return None
        return f"{counted(self.pairs, 'pair')} of the {FEWEST_PAIRS} that an interval needs"

    def metric(self, name: str) -> MetricResult | None:
        """The figures of one metric."""
        return next((result for result in self.metrics if result.metric.name == name), None)


@dataclass(frozen=True, slots=True)
class SideResult:
    """What ran on one side, and the work that it did, the same in every run."""

    label: str
    command: tuple[str, ...]
    version: str | None
    device: str | None
    work: Mapping[str, WorkValue]
    informative: Mapping[str, WorkValue]


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """The stored figures that counted, and why others did not."""

    source: str
    entries: int
    refused: Mapping[str, int]
    reason: str | None


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One suite. Where it is invalid, `reasons` say why, and what was measured until then may be missing."""

    name: str
    title: str
    headline: str
    candidate: SideResult | None
    base: SideResult | None
    block: Block | None
    confirmation: Block | None
    gates: tuple[GateResult, ...]
    baseline: BaselineResult | None
    cache: CacheReading | None
    verdict: Verdict | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    profiles: tuple[SideProfile, ...] = ()

    @property
    def stages(self) -> tuple[StageChange, ...]:
        """How the stages of both sides compare; empty where there is one side, or where one does not report them."""
        return block_changes([block for block in (self.block, self.confirmation) if block is not None])


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was measured: a path, or a synthetic corpus by its parameters."""

    name: str
    synthetic: str | None


@dataclass(frozen=True, slots=True)
class BenchResult:
    """A whole run; the same seed and options give the same order of runs."""

    started_at: str
    seconds: float
    version: str
    bench_version: int
    label: str | None
    machine: Machine
    corpus: Corpus
    mode: str
    cache: str
    device: str | None
    seed: int
    options: Mapping[str, int | float | bool]
    suites: tuple[SuiteResult, ...]
    partial: str | None
    alerts: tuple[AlertResult, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """The worst of the suites; None where nothing was asked to be judged."""
        return worst(suite.verdict for suite in self.suites)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What could not be judged and why, one line a suite."""
        return tuple(
            f"{suite.name}: unknown: {suite.block.unknown}; give more --max-time or a smaller corpus"
            for suite in self.suites
            if suite.block is not None and suite.block.unknown is not None
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, for the suites that did worse than pass."""
        return tuple(f"{suite.name}: {reason}" for suite in self.suites for reason in suite.reasons)

    @property
    def score(self) -> Score:
        """The score against the committed reference, or the reason why there is none."""
        return score_of(self)

    @property
    def fired(self) -> tuple[AlertResult, ...]:
        """The alerts that fired."""
        return tuple(alert for alert in self.alerts if alert.fired)

    def exit_code(self, *, strict: bool) -> ExitCode:
        """The exit code of the command: the first of these that applies.

        Interrupted 130 or 143, invalid 6, a failed gate or a fired alert 3, no comparable baseline 5, and if strict
        inconclusive or unknown 4.
        """
        if self.partial is not None:
            return ExitCode.TERMINATED if self.partial == "SIGTERM" else ExitCode.INTERRUPTED
        gates = [gate for suite in self.suites for gate in suite.gates if not gate.advisory]
        if any(suite.verdict is Verdict.INVALID for suite in self.suites):
            return ExitCode.INVALID_MEASUREMENT
        if self.fired or any(gate.verdict is Verdict.REGRESSION for gate in gates):
            return ExitCode.CHECK_FAILED
        if any(suite.baseline is not None and suite.baseline.reason for suite in self.suites):
            return ExitCode.NO_BASELINE
        judged = [gate for suite in self.suites for gate in suite.gates]
        if strict and (self.unknown or any(gate.verdict is Verdict.INCONCLUSIVE for gate in judged)):
            return ExitCode.INCONCLUSIVE
        return ExitCode.SUCCESS
