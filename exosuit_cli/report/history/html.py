"""The history as one HTML page: every trend by commit, with its intervals and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.measure.metrics import HEADLINE, METRICS
from exosuit_cli.report.bench.figures import SHORT_LABEL, show_value
from exosuit_cli.report.page import page, table, text, verdict_mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.measure.trend import Trend

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 960, 240, 92, 22


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
                    text((entry.label or "-")[:SHORT_LABEL]),
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
    first, last = (text((entry.label or entry.time)[:SHORT_LABEL]) for entry in (series[0][0], series[-1][0]))
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
