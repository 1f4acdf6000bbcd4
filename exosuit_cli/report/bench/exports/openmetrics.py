"""Export `openmetrics`: gauges in the OpenMetrics text format 1.0, for a textfile collector."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.bench_artefacts import ExportFormat, ExportInput
from exosuit_cli.measure.suites.suite import MEMORY
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.report.bench.exports.series import all_series
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exosuit_cli.measure.metrics import Metric

_PREFIX: Final = "exosuit_bench"
_SUCCESS: Final = f"{_PREFIX}_last_success_timestamp_seconds"
_FORMER: Final = re.compile(rb"^" + _SUCCESS.encode() + rb" (\d{1,12}(?:\.\d{1,9})?)$", re.MULTILINE)


def render(given: ExportInput) -> dict[str, bytes]:
    """Base units (seconds, bytes), with `suite` and `side` as labels. What was not measured is absent, never 0.

    A run that did not succeed keeps the time of the last one that did.
    """
    result = given.result
    families: dict[str, tuple[str, str, list[str]]] = {}

    def add(name: str, unit: str, meaning: str, labels: Mapping[str, str], value: float) -> None:
        _, _, samples = families.setdefault(name, (unit, meaning, []))
        samples.append(f"{name}{_labels(labels)} {value!r}")

    for series in all_series(result):
        for stage, seconds in series.stages.items():
            labels = {"suite": series.suite.name, "side": series.name, "stage": stage}
            meaning = "time of a stage, added over all processes, as the command reports it"
            add(f"{_PREFIX}_stage_seconds", "seconds", meaning, labels, seconds)
        for metric, own, _ in series.figures():
            name, unit, factor = _family(metric)
            labels = {"suite": series.suite.name, "side": series.name}
            add(name, unit, metric.meaning, labels, own.median * factor)
            if metric.name in MEMORY:
                tier = MEMORY[metric.name].removeprefix("memory.")
                meaning = "peak memory of a tier, as the command reports it"
                add(f"{_PREFIX}_tier_peak_bytes", "bytes", meaning, {**labels, "tier": tier}, own.median)
    for suite in result.suites:
        for found in suite.block.metrics if suite.block is not None else ():
            if found.ratio is not None:
                labels = {"suite": suite.name, "metric": found.metric.name}
                for part, value in (("", found.ratio.median), ("_low", found.ratio.low), ("_high", found.ratio.high)):
                    meaning = (
                        "candidate / base, the median of pairs" if not part else f"its 95% interval, {part[1:]} end"
                    )
                    add(f"{_PREFIX}_change{part}_ratio", "ratio", meaning, labels, value)
        for verdict in Verdict:
            labels = {"suite": suite.name, "verdict": verdict.value}
            add(f"{_PREFIX}_verdict", "", "1 for the verdict of the suite", labels, float(suite.verdict is verdict))
    score = result.score
    if score.value is not None:
        add(f"{_PREFIX}_score", "", "0 to 200, where 100 is the reference machine", {}, score.value)
    for alert in result.alerts:
        if alert.fired is not None:
            labels = {"suite": alert.suite, "alert": alert.text}
            add(f"{_PREFIX}_alert", "", "1 for an alert that fired", labels, float(alert.fired))
    code = result.exit_code(strict=given.strict)
    add(f"{_PREFIX}_exit_code", "", "exit code of the run; 0 is success", {}, float(code))
    ended = datetime.datetime.fromisoformat(result.started_at).timestamp() + result.seconds
    meaning = "when the run ended, in seconds of Unix time"
    add(f"{_PREFIX}_last_run_timestamp_seconds", "seconds", meaning, {}, ended)
    success = ended if code is ExitCode.SUCCESS else _last_success(given.former)
    if success is not None:
        add(_SUCCESS, "seconds", "when the last successful run ended, in seconds of Unix time", {}, success)
    add(f"{_PREFIX}_duration_seconds", "seconds", "how long the run took", {}, result.seconds)
    return {"": ("\n".join(_text(families)) + "\n# EOF\n").encode("utf-8")}


def _last_success(former: bytes) -> float | None:
    found = _FORMER.search(former)
    return float(found[1]) if found is not None else None


def _text(families: Mapping[str, tuple[str, str, list[str]]]) -> Iterable[str]:
    for name, (unit, meaning, samples) in families.items():
        yield f"# TYPE {name} gauge"
        if unit:
            yield f"# UNIT {name} {unit}"
        yield f"# HELP {name} {_escaped(meaning)}"
        yield from samples


def _family(metric: Metric) -> tuple[str, str, float]:
    """(name, unit, factor) of a metric; OpenMetrics wants a unit to end the name, and base units."""
    if metric.unit == "s":
        return f"{_PREFIX}_{metric.name.removesuffix('_s')}_seconds", "seconds", 1.0
    if metric.is_bytes:
        return f"{_PREFIX}_{metric.name}_bytes", "bytes", 1.0
    if metric.name == "mb_per_s":
        return f"{_PREFIX}_bytes_per_second", "", 1e6
    return f"{_PREFIX}_{metric.name.removesuffix('_per_s')}_per_second", "", 1.0


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(text: str) -> str:
    return display_name(text).replace("\\", "\\\\").replace('"', '\\"')


FORMAT: Final = ExportFormat(
    "openmetrics", ".prom", "OpenMetrics text, for a textfile collector", render, continues=True
)
