"""From blocks to gates: judges every limit, adjusts for their number (Holm), confirms regressions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.measure.block import losses_of
from exosuit_cli.measure.block_stages import stages_note
from exosuit_cli.measure.gates import Floor, Gate
from exosuit_cli.measure.interval import Interval, holm, interval_of, sign_test
from exosuit_cli.measure.plan import BenchPlan, metrics_of
from exosuit_cli.measure.result import Block, GateResult
from exosuit_cli.measure.rules import confirmed, judge
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.units import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from exosuit_cli.measure.metrics import Metric
    from exosuit_cli.measure.suites import Suite


@dataclass(frozen=True, slots=True)
class _Case:
    """A limit with the losses that were measured for it, or None and the reason."""

    limit: Gate | Floor
    losses: NDArray[np.float64] | None
    interval: Interval | None
    reason: str


def limits_of(plan: BenchPlan, suite: Suite) -> tuple[Gate | Floor, ...]:
    """The gates and floors on metrics that a suite has."""
    known = metrics_of(suite)
    limits: tuple[Gate | Floor, ...] = (*plan.watched, *plan.floors)
    return tuple(limit for limit in limits if limit.metric.name in known)


def judge_block(plan: BenchPlan, suite: Suite, first: Block, second: Block | None = None) -> tuple[GateResult, ...]:
    """Judge every limit. With a second block, those that regressed in the first are judged in it too."""
    cases = [_case(limit, first) for limit in limits_of(plan, suite)]
    verdicts, p_values, adjusted = _verdicts(cases)
    again: dict[int, Verdict] = {}
    pooled: dict[int, Verdict] = {}
    if second is not None:
        failed = [position for position, verdict in enumerate(verdicts) if verdict is Verdict.REGRESSION]
        repeated = [_case(cases[position].limit, second) for position in failed]
        again = dict(zip(failed, _verdicts(repeated)[0], strict=True))
        together = [_pool(cases[position], case) for position, case in zip(failed, repeated, strict=True)]
        pooled = dict(zip(failed, _verdicts(together)[0], strict=True))
    results = []
    for position, case in enumerate(cases):
        one = verdicts[position]
        final = one
        if one is Verdict.REGRESSION and position in again:
            final = confirmed(one, again[position], pooled[position])
        results.append(
            GateResult(
                text=case.limit.text,
                kind="gate" if isinstance(case.limit, Gate) else "floor",
                metric=case.limit.metric,
                limit=case.limit.share if isinstance(case.limit, Gate) else case.limit.value,
                value=case.interval.median if case.interval else None,
                low=case.interval.low if case.interval else None,
                high=case.interval.high if case.interval else None,
                p_value=p_values[position],
                adjusted_p=adjusted[position],
                first=one,
                second=again.get(position),
                verdict=final,
                advisory=isinstance(case.limit, Gate) and plan.is_advisory(case.limit),
                why=_why(case, one, again.get(position), final, first) + _by_stage(case, one, first, second),
            )
        )
    return tuple(results)


def _case(limit: Gate | Floor, block: Block) -> _Case:
    measured = block.metric(limit.metric.name)
    if measured is None or measured.reason is not None:
        return _Case(limit, None, None, measured.reason if measured and measured.reason else "it was not measured")
    if isinstance(limit, Gate):
        losses = losses_of(limit.metric, measured.ratios)
        return _Case(limit, losses, _change(limit.metric, losses), "")
    values = measured.candidate
    return _Case(limit, losses_of(limit.metric, [value / limit.value for value in values]), interval_of(values), "")


def _pool(first: _Case, second: _Case) -> _Case:
    if first.losses is None or second.losses is None:
        return second
    return _Case(first.limit, np.concatenate((first.losses, second.losses)), first.interval, "")


def _verdicts(cases: Sequence[_Case]) -> tuple[list[Verdict], list[float | None], list[float | None]]:
    """Verdicts, p values, and p values adjusted by Holm. What was not measured is invalid and is not tested."""
    tested = [case.losses for case in cases if case.losses is not None]
    raw = [float(sign_test(losses)) for losses in tested]
    adjusted = iter(zip(raw, holm(raw), strict=True))
    verdicts: list[Verdict] = []
    p_values: list[float | None] = []
    holm_values: list[float | None] = []
    for case in cases:
        if case.losses is None:
            verdicts.append(Verdict.INVALID)
            p_values.append(None)
            holm_values.append(None)
            continue
        p, p_adjusted = next(adjusted)
        is_floor = isinstance(case.limit, Floor)
        verdict = judge(case.losses, _limit(case.limit), p_adjusted)
        verdicts.append(Verdict.PASS if is_floor and verdict is Verdict.IMPROVED else verdict)
        p_values.append(p)
        holm_values.append(p_adjusted)
    return verdicts, p_values, holm_values


def _limit(limit: Gate | Floor) -> float:
    return limit.limit if isinstance(limit, Gate) else 0.0


def _change(metric: Metric, losses: NDArray[np.float64]) -> Interval:
    """The relative change in the metric's own direction: -0.05 is 5% less than the base."""
    turn = -1.0 if metric.higher_is_better else 1.0
    return interval_of([math.expm1(turn * loss) for loss in losses])


def _why(case: _Case, first: Verdict, second: Verdict | None, final: Verdict, block: Block) -> str:
    name = case.limit.metric.name
    if case.interval is None:
        return f"{name} was not measured: {case.reason}"
    if block.unknown is not None:
        return f"{name} is unknown: {block.unknown}; give more --max-time or a smaller corpus"
    form = "+.1%" if isinstance(case.limit, Gate) else ",.4g"
    low, median, high = (format(value, form) for value in (case.interval.low, case.interval.median, case.interval.high))
    pairs = counted(case.interval.count, "pair")
    seen = f"{name} {median}, {case.interval.coverage:.1%} interval {low} to {high}, {pairs}"
    if first is Verdict.REGRESSION:
        if second is None:
            return f"{seen}; beyond the limit and not confirmed in a second block"
        if second is Verdict.REGRESSION:
            return f"{seen}; it recurred in a second block"
        return f"{seen}; it did not recur in a second block ({second}), both together: {final}"
    if first is Verdict.INCONCLUSIVE:
        cause = "the interval holds both the limit and what it allows"
        return f"{seen}; {cause}: give more --max-pairs or --max-time, or a wider gate"
    return seen


def _by_stage(case: _Case, verdict: Verdict, first: Block, second: Block | None) -> str:
    """What a regression is due to, where the runs report their stages."""
    if verdict is not Verdict.REGRESSION or not isinstance(case.limit, Gate):
        return ""
    note = stages_note(case.limit.metric, [first] if second is None else [first, second])
    return f"; by stage: {note}" if note else ""
