"""The history for people: a table with a plot for the terminal, and a page with the trend by commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from exosuit_cli.measure.metrics import HEADLINE, METRICS
from exosuit_cli.measure.steps import Step, find_steps
from exosuit_cli.report.bench.figures import show_change, show_value
from exosuit_cli.report.page import page, table, text, verdict_mark
from exosuit_cli.report.scan.terminal import labelled_line, plain_table, print_table
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from exosuit_cli.measure.baseline import Compared
    from exosuit_cli.measure.history import Entry

_BARS = "▁▂▃▄▅▆▇█"
_SHORT = 12
"""Characters of a commit that are shown."""

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 960, 240, 92, 22


@dataclass(frozen=True, slots=True)
class Trend:
    """Comparable entries: one suite, machine, corpus, cache state and bench version, in the order of the history."""

    suite: str
    corpus: str
    fingerprint: str
    cache: str
    bench_version: int
    entries: tuple[Entry, ...]

    def series(self, metric: str) -> list[tuple[Entry, float, float, float]]:
        """(entry, low, median, high) wherever the metric was measured."""
        return [
            (entry, entry.figures[metric].low, entry.figures[metric].median, entry.figures[metric].high)
            for entry in self.entries
            if metric in entry.figures
        ]

    def steps(self, metric: str) -> list[Step]:
        """Where the level of a metric changed."""
        return find_steps([median for _, _, median, _ in self.series(metric)])


def trends_of(entries: Sequence[Entry]) -> list[Trend]:
    """The entries in groups that can be compared, in the order in which they first appear."""
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        key = (
            entry.suite, entry.corpus_digest, str(entry.size), entry.fingerprint, entry.cache, str(entry.device),
            str(entry.bench_version),
        )  # fmt: skip
        groups.setdefault(key, []).append(entry)
    return [
        Trend(
            group[0].suite, group[0].corpus, group[0].fingerprint, group[0].cache, group[0].bench_version, tuple(group)
        )
        for group in groups.values()
    ]


def print_trends(console: Console, trends: Sequence[Trend], metric: str) -> None:
    """A table and a plot of one metric for every group."""
    if not trends:
        console.print("the history is empty: `exosuit bench` fills it")
    for trend in trends:
        series = trend.series(metric)
        if not series:
            continue
        labelled_line(console, trend.suite, f"{display_name(trend.corpus)}  machine {trend.fingerprint}  {trend.cache}")
        rows = plain_table("time", "label", "version", metric, "95% interval", "A / B", "verdict")
        for entry, low, median, high in series:
            ratio = entry.ratios.get(metric)
            show = METRICS[metric]
            rows.add_row(
                display_name(entry.time),
                display_name((entry.label or "-")[:_SHORT]),
                display_name(entry.version),
                show_value(show, median),
                f"{show_value(show, low)} to {show_value(show, high)}",
                show_change(ratio.median) if ratio is not None else "-",
                display_name(entry.verdict or "-"),
            )
        print_table(console, rows)
        labelled_line(console, "trend", _spark([median for _, _, median, _ in series]))
        for step in trend.steps(metric):
            at = series[step.position][0]
            labelled_line(
                console, "step", f"{step.change:+.1%} at {display_name(at.label or at.time)} (p {step.p_value:.1g})"
            )
        console.print(Text(""))


def print_comparison(console: Console, rows: Sequence[Compared]) -> None:
    """A table of two stored runs. They are not paired: the interval of A / B is as wide as both their own allow."""
    told = plain_table("metric", "A", "B", "A / B", "interval")
    for row in rows:
        ours, theirs = row.ours, row.theirs
        told.add_row(
            f"{row.suite} {row.metric.name}",
            show_value(row.metric, ours.median),
            show_value(row.metric, theirs.median),
            show_change(ours.median / theirs.median),
            f"{show_change(ours.low / theirs.high)} to {show_change(ours.high / theirs.low)}",
        )
    print_table(console, told)


def trend_page(trends: Sequence[Trend]) -> bytes:
    """A page with every group: its headline rate and peak memory by commit, with bands and steps."""
    return page("exosuit bench: trend", _body(trends))


def _body(trends: Sequence[Trend]) -> Iterator[str]:
    yield "<h1>exosuit bench: trend</h1>"
    if not trends:
        yield "<p>The history is empty.</p>"
    for trend in trends:
        yield (
            f"<h2>{text(trend.suite)}: {text(trend.corpus)}</h2><p class='dim'>machine {text(trend.fingerprint)}, page "
            f"cache {text(trend.cache)}, bench version {trend.bench_version}, {len(trend.entries)} runs</p>"
        )
        for metric in (HEADLINE, "peak_memory", "startup_s"):
            series = trend.series(metric)
            if series:
                yield f"<h3>{text(metric)}</h3>"
                yield _picture(trend, metric)
                for step in trend.steps(metric):
                    at = series[step.position][0]
                    yield f"<p>step of {step.change:+.1%} at {text(at.label or at.time)} (p {step.p_value:.1g})</p>"
        yield table(
            ("time", "label", "version", HEADLINE, "verdict"),
            (
                (
                    text(entry.time),
                    text((entry.label or "-")[:_SHORT]),
                    text(entry.version),
                    text(show_value(METRICS[HEADLINE], median)),
                    verdict_mark(entry.verdict),
                )
                for entry, _, median, _ in reversed(trend.series(HEADLINE))
            ),
        )


def _picture(trend: Trend, metric: str) -> str:
    series = trend.series(metric)
    least, most = min(low for _, low, _, _ in series), max(high for _, _, _, high in series)
    reach = (most - least) or most or 1.0

    def x(position: int) -> float:
        return _LEFT + (position + 0.5) * (_WIDTH - _LEFT) / len(series)

    def y(value: float) -> float:
        return 10 + (most - value) / reach * (_HEIGHT - _BOTTOM - 20)

    upper = [f"{x(position):.1f},{y(high):.1f}" for position, (_, _, _, high) in enumerate(series)]
    lower = [f"{x(position):.1f},{y(low):.1f}" for position, (_, low, _, _) in enumerate(series)]
    line = " ".join(f"{x(position):.1f},{y(median):.1f}" for position, (_, _, median, _) in enumerate(series))
    dots = "".join(
        f'<circle cx="{x(position):.1f}" cy="{y(median):.1f}" r="3" fill="var(--mark)"><title>'
        f"{text(entry.label or entry.time)}: {text(show_value(METRICS[metric], median))}</title></circle>"
        for position, (entry, _, median, _) in enumerate(series)
    )
    steps = "".join(
        f'<line class="step" x1="{x(step.position) - 0.5:.1f}" x2="{x(step.position) - 0.5:.1f}" y1="0" '
        f'y2="{_HEIGHT - _BOTTOM}" stroke="var(--bad)" stroke-dasharray="4 3"/>'
        for step in trend.steps(metric)
    )
    first, last = (text((entry.label or entry.time)[:_SHORT]) for entry in (series[0][0], series[-1][0]))
    show = METRICS[metric]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{text(metric)} by commit">'
        f'<polygon points="{" ".join([*upper, *reversed(lower)])}" fill="var(--band)"/>'
        f'<polyline points="{line}" fill="none" stroke="var(--mark)"/>{dots}{steps}'
        f'<text x="0" y="{y(most) + 4:.1f}">{text(show_value(show, most))}</text>'
        f'<text x="0" y="{y(least) + 4:.1f}">{text(show_value(show, least))}</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 4}">{first}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT - 4}" text-anchor="end">{last}</text></svg>'
    )


def _spark(values: Sequence[float]) -> str:
    """A plot in one line: the lowest value as the lowest bar."""
    least, most = min(values), max(values)
    if least == most:
        return _BARS[3] * len(values)
    return "".join(_BARS[round((value - least) / (most - least) * (len(_BARS) - 1))] for value in values)
