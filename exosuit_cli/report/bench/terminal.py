"""The bench report for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.measure.side_profiles import RUNS
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.units import counted, format_bytes
from exosuit_cli.report.bench.figures import (
    alert_state,
    control_note,
    interval_title,
    partial_note,
    show_change,
    show_value,
    stages_line,
    suites_worst_first,
    worst_first,
)
from exosuit_cli.report.console import labelled_line, plain_table, print_table
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from rich.console import Console

    from exosuit_cli.measure.result import BenchResult, Block, SideResult, SuiteResult
    from exosuit_cli.measure.score import Score

STYLES: Final = {
    Verdict.INVALID: "bold red",
    Verdict.REGRESSION: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.PASS: "green",
    Verdict.IMPROVED: "bold green",
}
_ALERT_STYLES: Final = {True: "bold red", None: "yellow", False: "green"}
_NOTHING_COMPARED: Final = "none: nothing was compared; give --against, --baseline or --floor"
_STOPPED: Final = {
    "precise": "the intervals are narrow enough",
    "max_pairs": "--max-pairs was reached",
    "max_time": "time was up",
    "interrupted": "interrupted",
}


def print_bench(console: Console, result: BenchResult) -> None:
    """Print what ran, on what, every figure with its interval, every gate with its reason, and the verdict."""
    machine = result.machine
    mode = {"paired": "two sides in pairs", "aa": "A/A, the same build twice", "single": "one side"}[result.mode]
    labelled_line(console, "bench", f"{display_name(result.corpus.synthetic or result.corpus.name)}, {mode}")
    labelled_line(
        console,
        "machine",
        f"{machine.fingerprint}  {machine.processors} x {display_name(machine.processor)}, "
        f"{format_bytes(machine.memory_bytes)}, {machine.system} {machine.kernel}",
    )
    labelled_line(console, "cache", f"{result.cache}  seed {result.seed}  {result.seconds:.0f} s in all")
    for suite in suites_worst_first(result.suites):
        _print_suite(console, suite, result.mode)
    rows = worst_first(result)
    if rows or result.alerts:
        console.print()
    for suite, gate in rows:
        advisory = ", advisory" if gate.advisory else ""
        what = f"{suite.name} {gate.text} ({gate.kind}{advisory})"
        _print_judged(console, gate.verdict, STYLES[gate.verdict], what, gate.why)
    for alert in result.alerts:
        what = f"{alert.suite} {alert.text} (alert)"
        _print_judged(console, alert_state(alert), _ALERT_STYLES[alert.fired], what, alert.why)
    console.print()
    _print_score(console, result.score, result)
    verdict = result.verdict
    labelled_line(
        console,
        "verdict",
        (verdict or _no_verdict(result)) + partial_note(result),
        STYLES[verdict] if verdict is not None else "",
    )


def _no_verdict(result: BenchResult) -> str:
    if result.unknown:
        return f"unknown: {result.unknown[0].partition(': unknown: ')[2]}"
    return "none: what was compared is advisory" if worst_first(result) else _NOTHING_COMPARED


def _print_judged(console: Console, verdict: str, style: str, what: str, why: str) -> None:
    console.print(Text.assemble((f"{verdict:<11} ", style), f"{what}: {why}"), soft_wrap=True)


def _print_score(console: Console, score: Score, result: BenchResult) -> None:
    """Print the score with its parts, if the corpus is the one of the reference."""
    if result.corpus.synthetic != score.reference.corpus:
        return
    against = f"100 is {score.reference.processors} x {display_name(score.reference.machine)}"
    if score.value is None:
        labelled_line(console, "score", f"none: {score.reason}", "yellow")
        return
    labelled_line(console, "score", f"{score.value:.1f} of 200; {against}")
    for part in score.parts:
        metric = METRICS[part.metric]
        assert part.figure is not None
        labelled_line(
            console,
            "",
            f"{part.suite} {part.metric} {show_value(metric, part.figure)} beside "
            f"{show_value(metric, part.reference)}: {part.ratio:.2f} times as good, weight {part.weight:.2f}",
        )


def _print_suite(console: Console, suite: SuiteResult, mode: str) -> None:
    console.print()
    labelled_line(console, suite.name, suite.title)
    for letter, side in (("A", suite.candidate), ("B", suite.base)):
        if side is not None:
            labelled_line(console, "", f"{letter}  {_side_line(side)}")
    if suite.block is not None:
        labelled_line(console, "", _block_line(suite.block, mode))
        if suite.block.unknown is None:
            _print_metrics(console, suite.block, mode)
        else:
            labelled_line(console, "unknown", f"{suite.block.unknown}: no figure is shown", "yellow")
    stages = stages_line(suite)
    if stages:
        changed = any(change.state in ("slower", "new") for change in suite.stages)
        labelled_line(console, "stages", stages, "bold red" if changed else "")
    if suite.confirmation is not None:
        labelled_line(console, "", f"second block: {_block_line(suite.confirmation, mode)}")
    for kept in suite.profiles:
        if kept.profile is not None:
            limits = f"; {kept.profile.limiter} limits" if kept.profile.limiter is not None else ""
            slowest = f"the slowest of {RUNS} profiled runs took {kept.profile.wall_s:.3f} s{limits}"
            labelled_line(console, "profile", f"{kept.side}: {slowest}")
    if suite.cache is not None:
        stayed = (
            suite.cache.reason or f"{suite.cache.cached_bytes:,} of {suite.cache.sampled_bytes:,} sampled bytes stayed"
        )
        labelled_line(console, "", f"cold: {stayed} in the page cache")
    if suite.baseline is not None:
        summary = (
            suite.baseline.reason
            or f"{suite.baseline.entries} comparable runs of {display_name(suite.baseline.source)}"
        )
        labelled_line(console, "baseline", summary, "red" if suite.baseline.reason else "")
    if suite.verdict is Verdict.INVALID:
        for reason in suite.reasons:
            labelled_line(console, "invalid", reason, "red")
    for warning in suite.warnings:
        labelled_line(console, "warning", warning, "yellow")


def _side_line(side: SideResult) -> str:
    work = ", ".join(
        f"{value:,} {name}" for name, value in {**side.work, **side.informative}.items() if isinstance(value, int)
    )
    return f"{display_name(side.label)} {side.version or ''}: {work}"


def _block_line(block: Block, mode: str) -> str:
    what, runs = ("round", "runs") if mode == "single" else ("pair", "runs a side")
    each = f" of {block.repeats} {runs}" if block.repeats > 1 else ""
    text = f"{counted(block.pairs, what)}{each} in {block.seconds:.0f} s; {_STOPPED[block.stopped]}"
    if block.control is not None:
        text += f"; {control_note(block.control)}"
    return text


def _print_metrics(console: Console, block: Block, mode: str) -> None:
    paired = mode != "single"
    title = interval_title(block)
    columns = ("A", "B", "A / B", title, "noise", "smallest effect") if paired else ("median", title)
    table = plain_table("metric", *columns)
    missing = []
    for found in block.metrics:
        if found.candidate_interval is None:
            missing.append(f"{found.metric.name} ({found.reason})")
            continue
        own = found.candidate_interval
        row = [found.metric.name, show_value(found.metric, own.median)]
        if found.ratio is not None and found.base_interval is not None:
            row += [
                show_value(found.metric, found.base_interval.median),
                show_change(found.ratio.median),
                f"{show_change(found.ratio.low)} to {show_change(found.ratio.high)}",
                f"{found.noise:.1%}",
                f"{found.smallest_effect:.1%}",
            ]
        else:
            row.append(f"{show_value(found.metric, own.low)} to {show_value(found.metric, own.high)}")
        table.add_row(*row)
    print_table(console, table)
    if missing:
        console.print(Text(f"not measured: {'; '.join(missing)}", style="dim"), soft_wrap=True)
