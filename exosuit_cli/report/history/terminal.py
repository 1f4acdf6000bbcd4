"""The history for a person at a terminal: a table and a plot of each trend, and two runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.report.bench.figures import SHORT_LABEL, show_change, show_value
from exosuit_cli.report.console import labelled_line, plain_table, print_table
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from exosuit_cli.measure.baseline import Compared
    from exosuit_cli.measure.trend import Trend

_BARS = "▁▂▃▄▅▆▇█"


def print_trends(console: Console, trends: Sequence[Trend], metric: str) -> None:
    """Print a table and a plot of one metric for every trend."""
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
                display_name((entry.label or "-")[:SHORT_LABEL]),
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
    """Print a table of two stored runs."""
    shown = plain_table("metric", "A", "B", "A / B", "interval")
    for row in rows:
        low, median, high = row.change
        shown.add_row(
            f"{row.suite} {row.metric.name}",
            show_value(row.metric, row.ours.median),
            show_value(row.metric, row.theirs.median),
            show_change(median),
            f"{show_change(low)} to {show_change(high)}",
        )
    print_table(console, shown)


def _spark(values: Sequence[float]) -> str:
    """A plot in one line: the lowest value as the lowest bar."""
    least, most = min(values), max(values)
    if least == most:
        return _BARS[3] * len(values)
    return "".join(_BARS[round((value - least) / (most - least) * (len(_BARS) - 1))] for value in values)
