"""Export `md`, and the summary of a GitHub job: the worst first, and small enough for GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.bench_artefacts import LARGEST_SUMMARY, ExportFormat, ExportInput
from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.report.bench.figures import (
    STAGE_COLUMNS,
    alert_state,
    interval_title,
    partial_note,
    show_change,
    show_value,
    stage_rows,
    stages_line,
    suites_worst_first,
    worst_first,
)
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from exosuit_cli.measure.result import BenchResult, SuiteResult
    from exosuit_cli.measure.score import Score

_ESCAPES: Final = str.maketrans(
    {**{mark: f"&#{ord(mark)};" for mark in "<>&|"}, **{mark: "\\" + mark for mark in "\\`*_[]"}}
)

_CUT: Final = "\n(cut here: the rest does not fit)\n"


def render(given: ExportInput) -> dict[str, bytes]:
    """The whole report."""
    return {"": report(given.result, LARGEST_SUMMARY)}


def report(result: BenchResult, largest: int) -> bytes:
    """The report in at most `largest` bytes of UTF-8: the worst gate first, then figures. Cut after a whole line."""
    lines = [
        f"## exosuit bench: {result.verdict or 'measured, nothing compared'}{partial_note(result)}",
        "",
    ]
    rows = worst_first(result)
    if rows:
        lines += ["| verdict | suite | gate | why |", "|---|---|---|---|"]
        lines += [
            f"| {'**' + gate.verdict + '**' if not gate.advisory else gate.verdict + ' (advisory)'} | {suite.name} "
            f"| {_cell(gate.text)} | {_cell(gate.why)} |"
            for suite, gate in rows
        ]
        lines.append("")
    if result.alerts:
        lines += ["| alert | suite | state | why |", "|---|---|---|---|"]
        lines += [
            f"| {_cell(alert.text)} | {alert.suite} | {'**fired**' if alert.fired else alert_state(alert)} "
            f"| {_cell(alert.why)} |"
            for alert in sorted(result.alerts, key=lambda alert: not alert.fired)
        ]
        lines.append("")
    for suite in suites_worst_first(result.suites):
        lines += _suite(suite)
    lines += _score(result.score)
    machine = result.machine
    lines.append(
        f"{_cell(result.corpus.synthetic or result.corpus.name)}, page cache {result.cache}; {machine.processors} "
        f"processors, {_cell(machine.processor)}, fingerprint {machine.fingerprint}; seed {result.seed}; "
        f"exosuit {result.version}"
    )
    content = ("\n".join(lines) + "\n").encode("utf-8", "replace")
    if len(content) <= largest:
        return content
    room = max(0, largest - len(_CUT))
    return content[: content.rfind(b"\n", 0, room) + 1] + _CUT.encode() if room else b""


def _suite(suite: SuiteResult) -> list[str]:
    lines = [f"### {suite.name}: {suite.verdict or 'measured'}", ""]
    lines += [f"- {_cell(reason)}" for reason in suite.reasons]
    lines += [f"- warning: {_cell(warning)}" for warning in suite.warnings]
    lines += [""] if suite.reasons or suite.warnings else []
    if suite.block is not None and suite.block.unknown is not None:
        lines += [f"unknown: {suite.block.unknown}", ""]
    elif suite.block is not None:
        lines += [f"| metric | A | B | A / B | {interval_title(suite.block)} |", "|---|---|---|---|---|"]
        for found in suite.block.metrics:
            own, base, ratio = found.candidate_interval, found.base_interval, found.ratio
            if own is None:
                continue
            other = show_value(found.metric, base.median) if base is not None else "-"
            change = show_change(ratio.median) if ratio is not None else "-"
            span = (
                f"{show_change(ratio.low)} to {show_change(ratio.high)}"
                if ratio is not None
                else f"{show_value(found.metric, own.low)} to {show_value(found.metric, own.high)}"
            )
            lines.append(
                f"| {found.metric.name} | {show_value(found.metric, own.median)} | {other} | {change} | {span} |"
            )
        lines.append("")
    stages = stages_line(suite)
    if stages:
        lines += [f"stages: {_cell(stages)}", "", f"| {' | '.join(STAGE_COLUMNS)} |", "|---" * len(STAGE_COLUMNS) + "|"]
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in stage_rows(suite)]
        lines.append("")
    return lines


def _score(score: Score) -> list[str]:
    if score.value is None:
        return []
    reference = score.reference
    return [
        f"### score: {score.value:.1f} of 200",
        "",
        "| suite | metric | figure | reference | ratio | weight |",
        "|---|---|---|---|---|---|",
        *(
            f"| {part.suite} | {part.metric} | {show_value(METRICS[part.metric], part.figure)} "
            f"| {show_value(METRICS[part.metric], part.reference)} | {part.ratio:.2f} | {part.weight:.2f} |"
            for part in score.parts
            if part.figure is not None
        ),
        "",
        f"100 is {reference.processors} x {_cell(reference.machine)}, exosuit {reference.version}",
        "",
    ]


def _cell(text: str) -> str:
    """Text for the cell of a table, without markup, columns or control characters."""
    return display_name(text).translate(_ESCAPES)


FORMAT: Final = ExportFormat("md", ".md", "Markdown, the worst gate first", render)
