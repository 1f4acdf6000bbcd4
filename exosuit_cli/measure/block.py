"""Measuring one block: whole processes of both sides in turn, until the intervals are narrow enough or time is up."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import field
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.measure.cache import CacheReading, drop_pages
from exosuit_cli.measure.control import control_seconds, judge_control
from exosuit_cli.measure.interval import FEWEST_PAIRS, half_width, interval_of, median_interval, smallest_effect
from exosuit_cli.measure.metrics import METRICS, Metric
from exosuit_cli.measure.order import SideName, slots
from exosuit_cli.measure.plan import DEFAULT_TOLERANCE, SHORTEST_SAMPLE_S, BenchPlan, metrics_of
from exosuit_cli.measure.process import run_process
from exosuit_cli.measure.reading import Reading, check_device, check_same_side, check_same_work, read_answer
from exosuit_cli.measure.result import Block, MetricResult
from exosuit_cli.measure.rules import precise
from exosuit_cli.measure.samples import Samples, known_median, median_ratio, stage_ratios
from exosuit_cli.measure.sides import environment_of
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.own_pages import leave_file_pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from exosuit_cli.measure.sides import Side
    from exosuit_cli.measure.suites import Suite
    from exosuit_cli.system.stop import StopRequest

WARMUP_SHARE: Final = 0.2
"""Share of a suite's time that warming up may take, if once is enough."""


@dataclass(slots=True)
class Measurer:
    """Runs the sides of one suite on one corpus, and checks that every run does the work of the first."""

    suite: Suite
    plan: BenchPlan
    corpus: str
    environment: Mapping[str, str]
    report: Callable[[str], None]
    first: dict[SideName, Reading] = field(default_factory=dict)
    repeats: int = 1
    cache: CacheReading | None = None
    _shortest_s: float = math.inf
    """The shortest run of the warm-up."""
    _slot_s: float = math.inf
    """The shortest slot of the warm-up: one run of each side, and its start."""

    @property
    def sides(self) -> dict[SideName, Side]:
        """The candidate as A; the base, where there is one, as B."""
        found: dict[SideName, Side] = {"A": self.plan.candidate}
        if self.plan.base is not None:
            found["B"] = self.plan.base
        return found

    def command(self, name: SideName) -> tuple[str, ...]:
        """The command line of a side."""
        side = self.sides[name]
        return side.command_line(self.suite, self.corpus, device=self.plan.device, extra=self.plan.extra)

    def warm_up(self, seconds: float) -> None:
        """Run every side to learn its work and its times, and check that both sides did the same.

        Sides run `warmup` times, or fewer, once, where that takes more than `WARMUP_SHARE` of the seconds that there
        are.

        Raises InvalidMeasurement: a command that fails, does nothing, or does other work.
        """
        for number in range(self.plan.warmup):
            started = time.monotonic()
            for name in self.sides:
                self.report(f"{self.suite.name}: warm-up {number + 1} of {self.plan.warmup}, {self.sides[name].label}")
                wall = self._run(name).figures["wall_s"]
                self._start_seconds(name)
                self._shortest_s = min(self._shortest_s, wall or math.inf)
            slot = time.monotonic() - started
            self._slot_s = min(self._slot_s, slot)
            if (number + 2) * slot > WARMUP_SHARE * seconds:
                break
        if len(self.first) == 2:
            check_same_work(self.first["A"], self.first["B"], (self.sides["A"].label, self.sides["B"].label))

    def choose_repeats(self, seconds: float) -> None:
        """Choose how often a short run is repeated within its pair, so that the fewest pairs fit into the time.

        Repeats make a pair steadier, but under the fewest pairs there is nothing to judge.
        """
        wanted = min(self.plan.most_repeats, math.ceil(SHORTEST_SAMPLE_S / self._shortest_s))
        room = int(seconds / (self.plan.fewest() * (self._slot_s + control_seconds() * len(self.sides))))
        self.repeats = max(1, min(wanted, room))

    def _run(self, name: SideName) -> Reading:
        side = self.sides[name]
        if self.plan.cache == "cold":
            self.cache = drop_pages(self.corpus)
        leave_file_pages()  # else the side that shares this process's libraries would seem smaller
        run = run_process(self.command(name), environment_of(self.environment, name), self.plan.max_seconds)
        reading = read_answer(self.suite, run, side.label)
        check_device(reading, self.plan.device, side.label)
        check_same_side(self.first.setdefault(name, reading), reading, side.label)
        return reading

    def _start_seconds(self, name: SideName) -> float | None:
        line = self.sides[name].version_line
        return run_process(line, self.environment, self.plan.max_seconds).wall_s if line is not None else None

    def pair(self, order: Iterator[tuple[SideName, SideName]], samples: Samples) -> None:
        """Measure one pair: `repeats` slots, with the control before every run.

        A side's figure is the median of its runs; the pair's ratio is the median of the ratios within slots, which are
        seconds apart: a burst of load spoils the slot that it hits, where a mean would carry it into the pair.
        """
        figures: dict[SideName, list[Mapping[str, float | None]]] = {"A": [], "B": []}
        stages: dict[SideName, list[Mapping[str, float]]] = {"A": [], "B": []}
        control: dict[SideName, list[float]] = {"A": [], "B": []}
        for _ in range(self.repeats):
            for name in next(order):
                if name not in self.sides:
                    continue
                control[name].append(control_seconds())
                reading = self._run(name)
                figures[name].append({**reading.figures, "startup_s": self._start_seconds(name)})
                stages[name].append(reading.stages)
                for stage, seconds in reading.stages.items():
                    samples.stages[name].setdefault(stage, []).append(seconds)
                samples.order.append(name)
        samples.control_seconds.append(statistics.median(control["A"] + control["B"]))
        if control["B"]:
            samples.control_ratios.append(median_ratio(control["A"], control["B"]) or 1.0)
        for metric in metrics_of(self.suite):
            values = {name: [figure.get(metric) for figure in figures[name]] for name in self.sides}
            for name in self.sides:
                samples.figures[name].setdefault(metric, []).append(known_median(values[name]))
            if "B" in values:
                samples.ratios.setdefault(metric, []).append(median_ratio(values["A"], values["B"]))
        samples.stage_ratios.append(stage_ratios(stages["A"], stages["B"]))


def measure_block(
    measurer: Measurer, seed: int, deadline: float, stop: StopRequest, *, latest: float | None = None
) -> Block:
    """Measure pairs until every watched metric is precise, or `max_pairs`, or `deadline` (monotonic seconds).

    With fewer pairs than an interval needs, there is nothing to judge: then the block goes on until `latest`.
    Raises InvalidMeasurement as the runs do.
    """
    plan = measurer.plan
    samples = Samples()
    order = slots(seed)
    started = time.monotonic()
    slowest = 0.0
    while True:
        now = time.monotonic()
        enough = samples.pairs >= plan.fewest() and samples.pairs % 2 == 0  # whole quartets
        if enough and _is_precise(measurer, samples):
            stopped = "precise"
        elif samples.pairs >= plan.most():
            stopped = "max_pairs"
        elif samples.pairs and now + slowest > (deadline if samples.pairs >= FEWEST_PAIRS else latest or deadline):
            stopped = "max_time"
        elif stop and samples.pairs:
            stopped = "interrupted"
        else:
            number = samples.pairs + 1
            measurer.report(f"{measurer.suite.name}: {plan.round} {number} of {plan.fewest()} to {plan.most()}")
            measurer.pair(order, samples)
            slowest = max(slowest, time.monotonic() - now)
            continue
        break
    control = judge_control(samples.control_ratios, samples.control_seconds) if plan.base is not None else None
    return Block(
        order="".join(samples.order),
        pairs=samples.pairs,
        repeats=measurer.repeats,
        stopped=stopped,
        seconds=time.monotonic() - started,
        metrics=tuple(metric_result(measurer, samples, METRICS[name]) for name in metrics_of(measurer.suite)),
        stages={
            name: {stage: statistics.median(seconds) for stage, seconds in stages.items()}
            for name, stages in samples.stages.items()
        },
        control=control,
        stage_ratios={
            stage: tuple(row[stage] for row in samples.stage_ratios)
            for stage in (samples.stage_ratios[0] if samples.stage_ratios else ())
            if all(stage in row for row in samples.stage_ratios)
        },
    )


def losses_of(metric: Metric, ratios: Sequence[float]) -> NDArray[np.float64]:
    """The logarithm of every ratio, turned so that it is positive where the candidate is worse; float64[pairs]."""
    logarithms = np.log(np.asarray(ratios, np.float64))
    return -logarithms if metric.higher_is_better else logarithms


def metric_result(measurer: Measurer, samples: Samples, metric: Metric) -> MetricResult:
    """Both sides of one metric, or the reason why it was not measured."""
    candidate = samples.values("A", metric.name)
    base = samples.values("B", metric.name) if "B" in measurer.sides else ()
    if candidate is None or base is None:
        who: SideName = "A" if candidate is None else "B"
        silent = (
            "only the start of an exosuit build is timed"
            if metric.name == "startup_s"
            else "the command does not report it"
        )
        reason = measurer.first[who].reasons.get(metric.name, silent)
        return MetricResult(metric, (), (), (), None, None, None, None, None, f"{measurer.sides[who].label}: {reason}")
    ratios = samples.pair_ratios(metric.name) if base else ()
    if ratios is None or min((*candidate, *base)) <= 0:
        return MetricResult(metric, (), (), (), None, None, None, None, None, "it is 0, so that a ratio means nothing")
    low, _, high = median_interval(np.log(ratios or candidate))
    noise = float(half_width(low, high))
    return MetricResult(
        metric=metric,
        candidate=candidate,
        base=base,
        ratios=ratios,
        candidate_interval=interval_of(candidate),
        base_interval=interval_of(base) if base else None,
        ratio=interval_of(ratios) if ratios else None,
        noise=noise,
        smallest_effect=smallest_effect(noise),
        reason=None,
    )


def _is_precise(measurer: Measurer, samples: Samples) -> bool:
    plan = measurer.plan
    wanted = [(gate.metric, abs(gate.share)) for gate in plan.watched]
    if not wanted:
        wanted = [(METRICS["throughput"], DEFAULT_TOLERANCE)]
    for metric, tolerance in wanted:
        values = samples.values("A", metric.name) if plan.base is None else samples.pair_ratios(metric.name)
        if values is None or min(values) <= 0:
            continue  # more pairs would not measure it either
        if not bool(precise(np.log(values), tolerance)):
            return False
    return True
