"""The whole benchmark: every suite warmed up, measured in pairs, judged, confirmed, compared with what is stored."""

from __future__ import annotations

import datetime
import os
import tempfile
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli import __version__
from exosuit_cli.measure.alert_judge import judge_alerts
from exosuit_cli.measure.baseline import judge_baseline
from exosuit_cli.measure.block import Measurer, measure_block
from exosuit_cli.measure.control import MOVED
from exosuit_cli.measure.history import entries_of
from exosuit_cli.measure.judge import judge_block, limits_of
from exosuit_cli.measure.machine import this_machine
from exosuit_cli.measure.plan import BENCH_VERSION, BenchPlan
from exosuit_cli.measure.result import BenchResult, Block, Corpus, GateResult, SideResult, SuiteResult
from exosuit_cli.measure.side_profiles import profile_sides
from exosuit_cli.measure.sides import environment
from exosuit_cli.measure.synthetic import Synthetic, make_corpus
from exosuit_cli.measure.verdict import Verdict, worst
from exosuit_cli.model.errors import InvalidMeasurement, UsageError
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exosuit_cli.measure.history import Entry
    from exosuit_cli.measure.order import SideName
    from exosuit_cli.measure.suites import Suite

FIRST_SHARE = 0.6
"""Share of the time that the first block may take where a second may follow."""


def bench(
    plan: BenchPlan,
    corpus: str | Synthetic,
    *,
    stored: tuple[Sequence[Entry], int] | None = None,
    label: str | None = None,
    stop: StopRequest | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> BenchResult:
    """Measure and judge. A measurement that means nothing is a result too: its verdict is invalid, with the reason.

    Args:
        plan: as `check_plan` returned it.
        corpus: a directory, or a synthetic corpus, which is made in a temporary directory and removed.
        stored: what `load_baseline` returned.
        label: what the history calls this run, for example a commit.
        stop: asked between pairs.
        report: called with what is being done, for a progress line.

    Raises UsageError when the corpus is not there or a command cannot be started.

    """
    stop = stop if stop is not None else StopRequest()
    started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    started = time.monotonic()
    suites: list[SuiteResult] = []
    with tempfile.TemporaryDirectory(prefix="exosuit-bench-", ignore_cleanup_errors=True) as scratch:
        path = _corpus_path(corpus, scratch, report)
        for position, suite in enumerate(plan.suites):
            left = plan.max_seconds - (time.monotonic() - started)
            share = left / (len(plan.suites) - position)
            suites.append(_measure_suite(plan, suite, path, scratch, share, stop, report))
            if stop:
                break
        name = os.path.basename(path)
    result = BenchResult(
        started_at=started_at,
        seconds=time.monotonic() - started,
        version=__version__,
        bench_version=BENCH_VERSION,
        label=label,
        machine=this_machine(),
        corpus=Corpus(name, str(corpus) if isinstance(corpus, Synthetic) else None),
        mode=plan.mode,
        cache=plan.cache,
        device=plan.device,
        seed=plan.seed,
        options={
            "pairs": plan.pairs, "max_pairs": plan.max_pairs, "max_time_s": plan.max_seconds, "warmup": plan.warmup,
            "confirm": plan.confirm,
        },
        suites=tuple(suites),
        partial=stop.signal.name if stop.signal is not None else None,
    )  # fmt: skip
    if stored is not None:
        result = _with_baseline(plan, result, stored)
    return replace(result, alerts=judge_alerts(plan.alerts, result, stored)) if plan.alerts else result


def _measure_suite(
    plan: BenchPlan,
    suite: Suite,
    path: str,
    scratch: str,
    seconds: float,
    stop: StopRequest,
    report: Callable[[str], None],
) -> SuiteResult:
    measurer = Measurer(suite, plan, path, environment(scratch), report)
    deadline = time.monotonic() + seconds
    block: Block | None = None
    second: Block | None = None
    gates: tuple[GateResult, ...] = ()
    reasons: list[str] = []
    may_confirm = plan.confirm and bool(limits_of(plan, suite))
    try:
        measurer.warm_up(seconds)
        left = (deadline - time.monotonic()) * (FIRST_SHARE if may_confirm else 1.0)
        first_deadline = time.monotonic() + left
        measurer.choose_repeats(left)
        block = measure_block(measurer, plan.seed, first_deadline, stop, latest=deadline)
        gates = judge_block(plan, suite, block)
        if may_confirm and not stop and any(gate.verdict is Verdict.REGRESSION for gate in gates):
            report(f"{suite.name}: a second block, to see whether the regression recurs")
            second = measure_block(measurer, plan.seed + 1, deadline, stop)
            gates = judge_block(plan, suite, block, second)
    except InvalidMeasurement as error:
        reasons.append(str(error))
    verdict = worst(gate.verdict for gate in gates)
    for number, measured in enumerate((block, second), start=1):
        if measured is not None and measured.control is not None and measured.control.moved:
            reasons.append(
                f"the control workload moved by {measured.control.ratio.median - 1:+.1%} between the sides in block "
                f"{number} (over {MOVED:.0%}): the machine did not treat both alike; run again on a quieter one"
            )
    if reasons:
        verdict = Verdict.INVALID
    reasons += [gate.why for gate in gates if gate.verdict in (Verdict.INVALID, Verdict.REGRESSION)]
    return SuiteResult(
        name=suite.name,
        title=suite.title,
        headline=suite.headline,
        candidate=_side(measurer, "A"),
        base=_side(measurer, "B"),
        block=block,
        confirmation=second,
        gates=gates,
        baseline=None,
        cache=measurer.cache,
        verdict=verdict,
        reasons=tuple(reasons),
        warnings=tuple(_warnings(plan, measurer, block, gates)),
        profiles=profile_sides(measurer, lambda: bool(stop)) if plan.profile and block is not None else (),
    )


def _side(measurer: Measurer, key: SideName) -> SideResult | None:
    if key not in measurer.first:
        return None
    first = measurer.first[key]
    return SideResult(
        label=measurer.sides[key].label,
        command=measurer.command(key),
        version=first.version,
        device=first.device,
        work=first.work,
        informative=first.informative,
    )


def _warnings(plan: BenchPlan, measurer: Measurer, block: Block | None, gates: Sequence[GateResult]) -> Iterator[str]:
    """What a reader should know before trusting the figures."""
    if block is None:
        return
    if block.stopped == "max_time" and block.pairs < plan.fewest():
        yield (
            f"time was up after {block.pairs} of {plan.fewest()} {plan.round}s; "
            "give more --max-time or a smaller corpus"
        )
    if len(measurer.first) == 2:
        ours, theirs = measurer.first["A"], measurer.first["B"]
        unreported = [name for name in ours.work if name not in theirs.work]
        if unreported:
            base = measurer.sides["B"].label
            yield f"{base} does not report {', '.join(unreported)}; the rest of its work is the same"
        for name, value in ours.informative.items():
            other = theirs.informative.get(name)
            if other is not None and other != value:
                yield f"{name} differ between the sides, {value} and {other}: their rate compares different results"
    for gate in gates:
        measured = block.metric(gate.metric.name)
        if gate.kind == "gate" and not block.unknown and measured is not None and measured.smallest_effect is not None:
            tolerance = abs(gate.limit)
            if tolerance < measured.smallest_effect:
                yield (
                    f"gate {gate.text} is tighter than the smallest change that {block.pairs} pairs can show on this "
                    f"machine ({measured.smallest_effect:.1%}); raise --max-pairs and --max-time, or widen the gate"
                )


def _with_baseline(plan: BenchPlan, result: BenchResult, stored: tuple[Sequence[Entry], int]) -> BenchResult:
    now = {entry.suite: entry for entry in entries_of(result)}
    suites = []
    for suite in result.suites:
        entry = now.get(suite.name)
        if entry is None:
            suites.append(suite)
            continue
        baseline, gates = judge_baseline(plan, entry, stored)
        binding = [gate.verdict for gate in gates if not gate.advisory]
        regressions = [gate.why for gate in gates if gate.verdict is Verdict.REGRESSION and not gate.advisory]
        suites.append(
            replace(
                suite,
                gates=(*suite.gates, *gates),
                baseline=baseline,
                verdict=worst((suite.verdict, *binding)),
                reasons=(*suite.reasons, *regressions, *((baseline.reason,) if baseline.reason else ())),
            )
        )
    return replace(result, suites=tuple(suites))


def _corpus_path(corpus: str | Synthetic, scratch: str, report: Callable[[str], None]) -> str:
    if isinstance(corpus, Synthetic):
        report(f"making the synthetic corpus: {corpus}")
        return make_corpus(corpus, os.path.join(scratch, "corpus"))
    if not os.path.exists(corpus):
        raise UsageError(
            f"{corpus!r}: no such file or directory; name a corpus, or make one with --synthetic files=1000"
        )
    return os.path.abspath(corpus)
