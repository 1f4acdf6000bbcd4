"""The rows of a timeline as pictures (SVG): what a track did, and how readings moved, over the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.measure.profile.records import Series, Spans

LEVELS: Final = 40
"""Steps in the height of a row."""
COARSE: Final = 320
"""Columns of a row as long as all of the time is shown: more are narrower than the eye can tell apart."""
_FEW: Final = 1500
"""Rectangles of a row up to which it is drawn once, finely."""
HEIGHT: Final = 100
"""Units of height in a picture of readings."""
_MOST_POINTS: Final = 2000


def columns_of(tracks: int) -> int:
    """How many columns the whole time gets: fewer where there are many tracks, so that a page stays small."""
    return max(600, min(4000, 24_000 // max(tracks, 1)))


def shares(spans: Spans, stage: int, wall_ns: int, columns: int) -> npt.NDArray[np.float64]:
    """The share of every column of the time that a track spent in a stage; float64[columns], from 0 to 1, exact."""
    chosen = spans.stage == stage
    start, end = spans.start_ns[chosen], spans.end_ns[chosen]
    if not len(start):
        return np.zeros(columns)
    taken = np.cumsum(end - start)
    points = np.stack((start, end), axis=1).ravel()
    so_far = np.stack((taken - (end - start), taken), axis=1).ravel()
    edges = np.linspace(0, wall_ns, columns + 1)
    covered: npt.NDArray[np.float64] = np.diff(np.interp(edges, points, so_far)) / (wall_ns / columns)
    return covered


def track_row(spans: Spans, classes: Mapping[int, tuple[str, str]], wall_ns: int, columns: int) -> str:
    """What one track did. `classes` has the CSS class and the title of a stage, by its position, in stacking order.

    A column shows how its time was shared out: a stage that filled half of it is half as high as the row. So nothing is
    left out, however short the spans are. A row of very many spans is drawn twice: coarsely for all of the time, and
    finely for a part of it.
    """
    fine, count = _stacked(spans, classes, wall_ns, columns)
    if count <= _FEW:
        return _picture(fine, columns, LEVELS)
    coarse, _ = _stacked(spans, classes, wall_ns, COARSE)
    scale = f' transform="scale({columns / COARSE:g} 1)"'
    return _picture(f'<g class="coarse"{scale}>{coarse}</g><g class="fine">{fine}</g>', columns, LEVELS)


def _stacked(spans: Spans, classes: Mapping[int, tuple[str, str]], wall_ns: int, columns: int) -> tuple[str, int]:
    """The paths of a row, one a stage, and how many rectangles they have."""
    base = np.zeros(columns, np.int64)
    before = np.zeros(columns)
    paths, count = [], 0
    for stage, (name, title) in classes.items():
        before = before + shares(spans, stage, wall_ns, columns)
        top = np.minimum(np.rint(before * LEVELS).astype(np.int64), LEVELS)
        drawn = list(_rectangles(base, top))
        if drawn:
            count += len(drawn)
            paths.append(f'<path class="{name}" d="{"".join(drawn)}"><title>{title}</title></path>')
        base = np.maximum(base, top)
    return "".join(paths), count


def _rectangles(base: npt.NDArray[np.int64], top: npt.NDArray[np.int64]) -> Iterator[str]:
    """One rectangle for every run of columns with the same ends."""
    changes = np.flatnonzero((base[1:] != base[:-1]) | (top[1:] != top[:-1])) + 1
    begins = np.concatenate(([0], changes))
    widths = np.diff(np.concatenate((begins, [len(base)])))
    for column, width, low, high in zip(
        begins.tolist(), widths.tolist(), base[begins].tolist(), top[begins].tolist(), strict=True
    ):
        if high > low:
            yield f"M{column} {LEVELS - high}h{width}v{high - low}h-{width}z"


def readings_row(group: Sequence[Series], classes: Sequence[str], wall_ns: int, columns: int, most: float) -> str:
    """Readings of one unit as lines from 0 to `most`; a reading that is not finite leaves a gap."""
    lines = []
    for series, name in zip(group, classes, strict=True):
        times, values = _thinned(series)
        x = times / max(wall_ns, 1) * columns
        y = HEIGHT - values / (most or 1.0) * (HEIGHT - 4) - 1
        for part in _whole_parts(values):
            ends = [(a, b) for a, b in zip(x[part].tolist(), y[part].tolist(), strict=True)]
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (ends * 2 if len(ends) == 1 else ends))
            lines.append(f'<polyline class="{name}" points="{points}"/>')
    return _picture("".join(lines), columns, HEIGHT, "lines")


def _thinned(series: Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """At most `_MOST_POINTS` readings: the highest of every few."""
    step = -(-len(series.values) // _MOST_POINTS)
    if step <= 1:
        return series.times_ns, series.values
    starts = np.arange(0, len(series.values), step)
    return series.times_ns[starts], np.maximum.reduceat(series.values, starts)


def _whole_parts(values: npt.NDArray[np.float64]) -> Iterator[slice]:
    known = np.concatenate(([False], np.isfinite(values), [False]))
    edges = np.flatnonzero(known[1:] != known[:-1])
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield slice(first, last)


def _picture(content: str, columns: int, height: int, kind: str = "spans") -> str:
    return (
        f'<svg class="row {kind}" data-columns="{columns}" data-height="{height}" viewBox="0 0 {columns} {height}" '
        f'preserveAspectRatio="none">{content}</svg>'
    )
