"""Which alerts a finished run fires. An alert does not change a verdict: it looks at the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.measure.alerts import Alert, VerdictAlert
from exosuit_cli.measure.baseline import judge_stored
from exosuit_cli.measure.gates import Floor, Gate
from exosuit_cli.measure.history import entries_of
from exosuit_cli.measure.interval import FEWEST_PAIRS
from exosuit_cli.measure.plan import metrics_of
from exosuit_cli.measure.result import AlertResult, BenchResult, SuiteResult
from exosuit_cli.measure.suites import SUITES
from exosuit_cli.measure.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.measure.history import Entry

Stored = tuple["Sequence[Entry]", int]


def judge_alerts(alerts: Sequence[Alert], result: BenchResult, stored: Stored | None) -> tuple[AlertResult, ...]:
    """Every alert on every suite that has its metric.

    A figure or a change fires where its whole 95% interval lies beyond the limit: established, and no burst of noise.
    Below `FEWEST_PAIRS` pairs there is no such interval, and the alert is not judged. A run that was interrupted
    judges none.
    """
    if result.partial is not None:
        return ()
    now = {entry.suite: entry for entry in entries_of(result)}
    return tuple(
        _judge(alert, suite, now.get(suite.name), stored)
        for alert in alerts
        for suite in result.suites
        if isinstance(alert, VerdictAlert) or alert.metric.name in metrics_of(SUITES[suite.name])
    )


def _judge(alert: Alert, suite: SuiteResult, entry: Entry | None, stored: Stored | None) -> AlertResult:
    if isinstance(alert, VerdictAlert):
        return _verdict(alert, suite)
    name = alert.metric.name
    if suite.verdict is Verdict.INVALID:
        return _result(alert, suite, None, None, f"{name}: the measurement is invalid")
    if isinstance(alert, Gate) and alert.against_baseline:
        return _baseline(alert, suite, entry, stored)
    measured = suite.block.metric(name) if suite.block is not None else None
    interval = None
    if measured is not None:
        interval = measured.ratio if isinstance(alert, Gate) else measured.candidate_interval
    if interval is None:
        reason = measured.reason if measured is not None and measured.reason else "it was not measured"
        return _result(alert, suite, None, None, f"{name}: {reason}")
    shift = 1.0 if isinstance(alert, Gate) else 0.0
    found = (interval.median - shift, interval.low - shift, interval.high - shift)
    if interval.count < FEWEST_PAIRS:
        return _result(alert, suite, found, None, f"{name}: under {FEWEST_PAIRS} pairs; give more --max-time")
    return _result(alert, suite, found, _beyond(alert, found), f"{name} {_change_of(alert, found)}")


def _beyond(alert: Gate | Floor, found: tuple[float, float, float]) -> bool:
    """Whether even the better end of the interval is worse than the limit."""
    _, low, high = found
    limit = alert.share if isinstance(alert, Gate) else alert.value
    return high < limit if alert.metric.higher_is_better else low > limit


def _baseline(alert: Gate, suite: SuiteResult, entry: Entry | None, stored: Stored | None) -> AlertResult:
    judged = judge_stored(alert, entry, stored) if entry is not None and stored is not None else None
    if judged is None or judged.value is None or judged.low is None or judged.high is None:
        return _result(alert, suite, None, None, judged.why if judged is not None else "no comparable baseline")
    found = (judged.value, judged.low, judged.high)
    return _result(alert, suite, found, judged.verdict is Verdict.REGRESSION, judged.why)


def _verdict(alert: VerdictAlert, suite: SuiteResult) -> AlertResult:
    reasons = "; ".join(suite.reasons)
    return AlertResult(
        text=alert.text, kind="verdict", suite=suite.name, metric=None, limit=None, value=None, low=None, high=None,
        fired=suite.verdict is alert.verdict,
        why=f"the verdict is {suite.verdict or 'none: nothing was compared'}{': ' if reasons else ''}{reasons}",
    )  # fmt: skip


def _result(
    alert: Gate | Floor, suite: SuiteResult, found: tuple[float, float, float] | None, fired: bool | None, why: str
) -> AlertResult:
    if isinstance(alert, Floor):
        kind, limit = "figure", alert.value
    else:
        kind, limit = ("baseline" if alert.against_baseline else "change"), alert.share
    value, low, high = found if found is not None else (None, None, None)
    return AlertResult(
        text=alert.text, kind=kind, suite=suite.name, metric=alert.metric.name, limit=limit, value=value, low=low,
        high=high, fired=fired, why=why,
    )  # fmt: skip


def _change_of(alert: Gate | Floor, found: tuple[float, float, float]) -> str:
    form = "+.1%" if isinstance(alert, Gate) else ",.4g"
    median, low, high = (format(value, form) for value in found)
    return f"{median}, interval {low} to {high}"
