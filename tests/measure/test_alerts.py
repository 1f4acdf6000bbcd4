"""Alerts as they are typed, and which of them a finished run fires."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.measure.alert_judge import judge_alerts
from exosuit_cli.measure.alerts import VerdictAlert, parse_alerts
from exosuit_cli.measure.bench import bench
from exosuit_cli.measure.gates import Floor, Gate
from exosuit_cli.measure.history import entries_of
from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.measure.plan import check_plan
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from exosuit_cli.measure.result import BenchResult


def test_the_forms_are_read() -> None:
    verdict, rate, memory, change, stored = parse_alerts(
        ["regression", "files_per_s < 50000", "peak_memory>600MB", "throughput:-10%", "baseline:cpu_s:+20%"]
    )
    assert isinstance(verdict, VerdictAlert)
    assert verdict.verdict is Verdict.REGRESSION
    assert isinstance(rate, Floor)
    assert (rate.metric.name, rate.value) == ("files_per_s", 50_000.0)
    assert isinstance(memory, Floor)
    assert memory.value == 6e8
    assert isinstance(change, Gate)
    assert (change.share, change.against_baseline) == (-0.1, False)
    assert isinstance(stored, Gate)
    assert (stored.share, stored.against_baseline) == (0.2, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pass", "write one of invalid, regression, inconclusive, or METRIC<NUMBER"),
        ("", "no rule"),
        ("throughput", "no rule"),
        ("files_per_s<=5", "no rule"),
        ("files_per_s==5", "no rule"),
        ("speed<5", "unknown metric 'speed'"),
        ("files_per_s>5", "more is better for files_per_s; write files_per_s<5"),
        ("peak_memory<1GB", "less is better for peak_memory; write peak_memory>1GB"),
        ("files_per_s<many", "is no number above 0; write for example files_per_s<100"),
        ("files_per_s<nan", "is no number above 0"),
        ("files_per_s<0", "is no number above 0"),
        ("peak_memory>600XB", "not a size"),
        ("throughput:10%", "without a sign; write throughput:-10%"),
        ("throughput:+10%", "more is better for throughput"),
    ],
)
def test_wrong_alerts_name_the_thing_and_the_remedy(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_alerts([text])
    assert told in str(caught.value)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_every_metric_alerts_in_its_direction_only(metric: Any) -> None:
    good, wrong = ("<", ">") if metric.higher_is_better else (">", "<")
    assert parse_alerts([f"{metric.name}{good}5"])
    with pytest.raises(UsageError):
        parse_alerts([f"{metric.name}{wrong}5"])


def test_one_alert_of_a_kind() -> None:
    for two in (["regression", " regression"], ["cpu_s>1", "cpu_s>2"], ["cpu_s:+1%", "cpu_s:+2%"]):
        with pytest.raises(UsageError, match="contradict"):
            parse_alerts(two)
    assert len(parse_alerts(["cpu_s>1", "cpu_s:+1%", "baseline:cpu_s:+1%", "invalid", "regression"])) == 5


def test_alerts_that_a_plan_cannot_judge(command: Any, plan: Any) -> None:
    for rule, told in (
        ("throughput:-5%", "--alert 'throughput:-5%' compares two sides"),
        ("baseline:throughput:-5%", "give --baseline"),
        ("tokens_per_s<5", "has no tokens_per_s"),
    ):
        with pytest.raises(UsageError, match=told):
            check_plan(plan(command("one"), alerts=parse_alerts([rule])))


def _states(result: BenchResult) -> dict[str, bool | None]:
    return {alert.text: alert.fired for alert in result.alerts}


def test_what_fires(command: Any, plan: Any, corpus: str) -> None:
    """A build that sleeps against one that does not: beyond the limit by far, or not at all."""
    rules = [
        "regression", "invalid", "inconclusive", "throughput:-5%", "wall_s>0.001", "files_per_s<1e9", "cpu_s>1000",
        "peak_vram>1GB",
    ]  # fmt: skip
    slow, fast = command("slow", before="sleep 0.1"), command("fast")
    result = bench(plan(slow, fast, alerts=parse_alerts(rules), most_repeats=3), corpus)
    assert _states(result) == {
        "regression": True, "invalid": False, "inconclusive": False, "throughput:-5%": True, "wall_s>0.001": True,
        "files_per_s<1e9": True, "cpu_s>1000": False, "peak_vram>1GB": None,
    }  # fmt: skip
    assert result.exit_code(strict=False) is ExitCode.CHECK_FAILED
    told = {alert.text: alert for alert in result.alerts}
    change = told["throughput:-5%"]
    assert change.value is not None
    assert change.low is not None
    assert change.high is not None
    assert change.low <= change.value <= change.high < -0.05
    assert "does not report it" in told["peak_vram>1GB"].why
    silent = replace(result, alerts=judge_alerts(parse_alerts(["cpu_s>1000"]), result, None))
    assert silent.exit_code(strict=False) is ExitCode.SUCCESS
    assert judge_alerts(parse_alerts(rules), replace(result, partial="SIGTERM"), None) == ()


def test_an_interval_that_holds_the_limit_does_not_fire(command: Any, plan: Any, corpus: str) -> None:
    result = bench(plan(command("one")), corpus)
    assert result.suites[0].block is not None
    wall = result.suites[0].block.metric("wall_s")
    assert wall is not None
    interval = wall.candidate_interval
    assert interval is not None
    assert interval.low < interval.high
    for limit, fired in ((interval.low * 0.999, True), (interval.median, False), (interval.high, False)):
        alerts = judge_alerts(parse_alerts([f"wall_s>{limit!r}"]), result, None)
        assert [alert.fired for alert in alerts] == [fired]


def test_stored_figures(command: Any, plan: Any, corpus: str) -> None:
    """Against a history in which the same work took a thousandth of the time; and against none."""
    rules = parse_alerts(["baseline:wall_s:+50%", "baseline:files_per_s:-50%", "baseline:peak_memory:+1%"])
    first = bench(plan(command("one")), corpus)
    (entry,) = entries_of(first)
    wall = entry.figures["wall_s"]
    was = replace(wall, median=wall.median / 1000, low=wall.low / 1000, high=wall.high / 1000)
    stored = ([replace(entry, figures={**entry.figures, "wall_s": was})], 1)
    result = bench(plan(command("one"), alerts=rules, baseline="window:1"), corpus, stored=stored)
    assert _states(result) == {
        "baseline:wall_s:+50%": True, "baseline:files_per_s:-50%": False, "baseline:peak_memory:+1%": None
    }  # fmt: skip
    assert result.exit_code(strict=False) is ExitCode.CHECK_FAILED
    none = judge_alerts(rules, first, ([], 1))
    assert {alert.why for alert in none} == {"no comparable baseline"}
    assert {alert.fired for alert in none} == {None}


def test_an_invalid_run_fires_what_asks_for_it(command: Any, plan: Any, corpus: str) -> None:
    """Figures of a measurement that means nothing are not judged, and the exit code stays that of the invalid run."""
    failing = command("failing", before="exit 3")
    result = bench(plan(failing, alerts=parse_alerts(["invalid", "regression", "wall_s>0.001"])), corpus)
    assert _states(result) == {"invalid": True, "regression": False, "wall_s>0.001": None}
    assert result.exit_code(strict=False) is ExitCode.INVALID_MEASUREMENT
