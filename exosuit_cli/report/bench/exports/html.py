"""Export `html`: the report of one run as one page that needs no other file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.bench_artefacts import ExportFormat, ExportInput
from exosuit_cli.measure.cache import GUARANTEES
from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.report.bench.figures import (
    STAGE_COLUMNS,
    alert_state,
    interval_title,
    show_change,
    show_value,
    stage_rows,
    stages_line,
    suites_worst_first,
    worst_first,
)
from exosuit_cli.report.page import page, table, text, verdict_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.measure.result import BenchResult, MetricResult, SuiteResult
    from exosuit_cli.measure.score import Score

_WIDTH, _HEIGHT, _EDGE = 720, 150, 44


def render(given: ExportInput) -> dict[str, bytes]:
    """Gates worst first, every figure with its interval, every pair as a dot."""
    result = given.result
    return {"": page(f"exosuit bench: {result.verdict or 'measured'}", _body(result))}


def _body(result: BenchResult) -> Iterator[str]:
    machine = result.machine
    yield f"<h1>exosuit bench: {verdict_mark(result.verdict)}</h1>"
    yield (
        f"<p>{text(result.corpus.synthetic or result.corpus.name)}; {text(result.started_at)}, {result.seconds:.0f} s; "
        f"exosuit {text(result.version)}; seed {result.seed}; page cache {text(result.cache)}: "
        f"{text(GUARANTEES[result.cache])}.</p>"
        f'<p class="dim">{machine.processors} x {text(machine.processor)}, {text(machine.system)} '
        f"{text(machine.kernel)}, fingerprint {text(machine.fingerprint)}</p>"
    )
    rows = worst_first(result)
    if rows:
        yield table(
            ("verdict", "suite", "gate", "why"),
            (
                (
                    verdict_mark(gate.verdict) + (" (advisory)" if gate.advisory else ""),
                    text(suite.name),
                    text(gate.text),
                    text(gate.why),
                )
                for suite, gate in rows
            ),
        )
    if result.alerts:
        yield table(
            ("alert", "suite", "state", "why"),
            (
                (text(alert.text), text(alert.suite), alert_state(alert), text(alert.why))
                for alert in sorted(result.alerts, key=lambda alert: not alert.fired)
            ),
        )
    for suite in suites_worst_first(result.suites):
        yield from _suite(suite)
    yield from _score(result.score)


def _score(score: Score) -> Iterator[str]:
    if score.value is None:
        return
    reference = score.reference
    yield (
        f"<h2>score: {score.value:.1f} of 200</h2>"
        f"<p>100 is {reference.processors} x {text(reference.machine)}, exosuit {text(reference.version)}</p>"
    )
    yield table(
        ("part", "figure", "reference", "ratio", "weight"),
        (
            (
                text(f"{part.suite} {part.metric}"),
                text(show_value(METRICS[part.metric], part.figure)),
                text(show_value(METRICS[part.metric], part.reference)),
                f"{part.ratio:.2f}",
                f"{part.weight:.2f}",
            )
            for part in score.parts
            if part.figure is not None
        ),
    )


def _suite(suite: SuiteResult) -> Iterator[str]:
    yield f"<h2>{text(suite.name)}: {verdict_mark(suite.verdict)}</h2><p>{text(suite.title)}</p>"
    for note in (*suite.reasons, *suite.warnings):
        yield f"<p>{text(note)}</p>"
    if suite.block is None:
        return
    if suite.block.unknown is not None:
        yield f"<p>unknown: {text(suite.block.unknown)}</p>"
        return
    yield table(
        ("metric", "A", "B", "A / B", interval_title(suite.block), "smallest effect"),
        (_row(found) for found in suite.block.metrics if found.candidate_interval is not None),
    )
    headline = suite.block.metric("throughput")
    if headline is not None and headline.ratio is not None:
        yield _dots(headline)
    stages = stages_line(suite)
    if stages:
        yield f"<p>stages: {text(stages)}</p>"
        yield table(STAGE_COLUMNS, (tuple(map(text, row)) for row in stage_rows(suite)))


def _row(found: MetricResult) -> tuple[str, ...]:
    own, base, ratio = found.candidate_interval, found.base_interval, found.ratio
    assert own is not None
    low, high = (show_value(found.metric, value) for value in (own.low, own.high))
    if ratio is not None:
        low, high = show_change(ratio.low), show_change(ratio.high)
    return (
        text(found.metric.name),
        text(show_value(found.metric, own.median)),
        text(show_value(found.metric, base.median)) if base is not None else "-",
        show_change(ratio.median) if ratio is not None else "-",
        f"{text(low)} to {text(high)}",
        f"{found.smallest_effect:.1%}" if found.smallest_effect is not None else "-",
    )


def _dots(found: MetricResult) -> str:
    """A plot: one dot a pair in the order of the run, and the interval of their median as a band."""
    ratios = [math.log(ratio) for ratio in found.ratios]
    assert found.ratio is not None
    low, high = math.log(found.ratio.low), math.log(found.ratio.high)
    reach = max(0.02, *(abs(value) for value in ratios)) * 1.1

    def x(position: int) -> float:
        return _EDGE + (position + 0.5) * (_WIDTH - _EDGE) / len(ratios)

    def y(value: float) -> float:
        return _HEIGHT / 2 - value / reach * (_HEIGHT / 2 - 12)

    dots = "".join(
        f'<circle cx="{x(position):.1f}" cy="{y(value):.1f}" r="3" fill="var(--mark)"/>'
        for position, value in enumerate(ratios)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="throughput, A / B, of every pair">'
        f'<rect x="{_EDGE}" y="{y(high):.1f}" width="{_WIDTH - _EDGE}" height="{y(low) - y(high):.1f}" '
        f'fill="var(--band)"/>'
        f'<line x1="{_EDGE}" x2="{_WIDTH}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="var(--line)"/>{dots}'
        f'<text x="0" y="{y(0) + 4:.1f}">equal</text><text x="0" y="12">{math.expm1(reach):+.0%}</text>'
        f'<text x="0" y="{_HEIGHT - 4}">{math.expm1(-reach):+.0%}</text></svg>'
        '<p class="dim">throughput, A / B: one dot a pair, in the order of the run; the band is the interval of their '
        "median.</p>"
    )


FORMAT: Final = ExportFormat("html", ".html", "one page that needs nothing else", render)
