"""A profile as one page that needs nothing else: the answer first, then the timeline, stages, memory and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.spans import WAITS
from exosuit_cli.model.units import counted, format_bytes, format_count
from exosuit_cli.report.page import page, table, text
from exosuit_cli.report.profile.page_parts import COLOURS, SCRIPT, STYLE
from exosuit_cli.report.profile.rows import columns_of, readings_row, track_row
from exosuit_cli.report.profile.stages import working
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from exosuit_cli.measure.profile.records import Profile, Series, StageSummary, Track

_TICKS: Final = 6
_BUTTONS: Final = (
    ("whole", "whole run"), ("closer", "zoom in"), ("wider", "zoom out"), ("back", "earlier"), ("on", "later"),
)  # fmt: skip
_UNITS: Final = {"bytes": "Memory by tier", "count": "Queues", "per_s": "Rates"}
_WAIT: Final = "wait"
"""The CSS class of every kind of waiting."""
_MOST_LINES: Final = 8
"""Lines that are named beside a plot, the highest; more are drawn."""


def profile_page(profile: Profile) -> bytes:
    """The page, in light and in dark as the reader's system has it; names are shown escaped."""
    return page(f"exosuit profile: {profile.work}", _body(profile), style=STYLE, script=SCRIPT)


def _body(profile: Profile) -> Iterator[str]:
    yield f"<h1>exosuit profile: {text(profile.work)}</h1>"
    if profile.partial is not None:
        yield f'<p class="regression">Interrupted by {text(profile.partial)}: this profile is partial.</p>'
    yield f'<p class="answer">{_answer(profile)}</p>'
    facts = "".join(f"<li><b>{text(value)}</b><span>{text(name)}</span></li>" for name, value in _facts(profile))
    yield f'<ul class="facts">{facts}</ul>'
    for warning in profile.warnings:
        yield f'<p class="warning">Warning: {text(warning)}</p>'
    yield from _timeline(profile)
    yield "<h2>Stages</h2>"
    yield _stage_table(profile)
    if profile.tiers:
        yield "<h2>Memory</h2>"
        yield _with_notes(
            ("tier", "start", "peak", "end", "note"),
            (
                (
                    text(tier.name),
                    *(_bytes(size) for size in (tier.start_bytes, tier.peak_bytes, tier.end_bytes)),
                    text(tier.reason or ""),
                )
                for tier in profile.tiers
            ),
        )
    if profile.dearest:
        yield "<h2>Files that cost most</h2>"
        yield _file_table(profile)
    yield f'<p class="dim">{_machine(profile)}</p>'


def _answer(profile: Profile) -> str:
    if profile.limiter is None:
        return "No stage limits this run: nothing was recorded."
    return (
        f"<b>{text(profile.limiter)}</b> limits: the run would be {profile.speedup_if_free:.2f} times as fast if "
        "this stage took no time."
    )


def _facts(profile: Profile) -> Iterator[tuple[str, str]]:
    yield "wall time", _seconds(profile.wall_s)
    yield f"of {counted(profile.processors, 'processor')} used", f"{profile.processor_use:.0%}"
    yield "not attributed", f"{profile.unattributed_pct:.1f}%"
    overhead = profile.overhead_pct
    noise = f"within the noise of {counted(len(profile.twins_s), 'run')}"
    cost = noise if profile.overhead_is_noise else f"{overhead:+.1f}%"
    yield "cost of profiling", "not measured" if overhead is None else cost
    yield "files", f"{profile.files:,}"
    yield "read", format_bytes(profile.bytes)
    if profile.tokens is not None:
        yield "tokens", format_count(profile.tokens)
    yield "page cache", profile.cache
    if len(profile.repeats) > 1:
        yield "runs; the median one is shown", str(len(profile.repeats))


def _timeline(profile: Profile) -> Iterator[str]:
    colours = _colours(profile)
    yield "<h2>Timeline</h2>"
    named = {stage: colour for stage, colour in colours.items() if colour != _WAIT}
    legend = "".join(
        f'<li><i class="swatch {colour}"></i>{text(profile.stage_names[stage])}</li>' for stage, colour in named.items()
    )
    if len(named) < len(colours):
        legend += f'<li><i class="swatch {_WAIT}"></i>waiting</li>'
    yield f'<ul class="legend">{legend}</ul>'
    buttons = "".join(f'<button type="button" data-move="{move}">{label}</button>' for move, label in _BUTTONS)
    yield f'<p class="tools" hidden>{buttons} <span class="dim">or drag over a stretch of time</span></p>'
    yield f'<div id="time" data-wall="{profile.wall_s}">'
    wall_ns = max(round(profile.wall_s * 1e9), 1)
    columns = columns_of(len(profile.tracks))
    yield _axis(profile.wall_s)
    for track in profile.tracks:
        taken = {
            stage: (colour, text(f"{track.name}: {profile.stage_names[stage]}, {_seconds(_spent(track, stage))}"))
            for stage, colour in colours.items()
        }
        yield _label(track.name, _track_note(profile, track))
        yield _plot(track.name, track_row(track.spans, taken, wall_ns, columns))
    for unit, title in _UNITS.items():
        groups = _groups([series for series in profile.series if series.unit == unit])
        if groups:
            yield f"<h3>{title}</h3>"
        for name, group in groups.items():
            yield from _readings(name, group, wall_ns, columns)
    yield _axis(profile.wall_s)
    yield "</div>"


def _readings(name: str, group: Sequence[Series], wall_ns: int, columns: int) -> Iterator[str]:
    peaks = [_peak(series) for series in group]
    order = sorted(range(len(group)), key=lambda position: -peaks[position])
    group, peaks = [group[position] for position in order], [peaks[position] for position in order]
    classes = [f"c{position % len(COLOURS)}" for position in range(len(group))]
    lines = "<br>".join(
        f'<i class="swatch {colour}"></i>{text(_line_name(series.name, name))} {text(_reading(series.unit, peak))}'
        for series, colour, peak in list(zip(group, classes, peaks, strict=True))[:_MOST_LINES]
    )
    more = f"<br>and {len(group) - _MOST_LINES} more" if len(group) > _MOST_LINES else ""
    yield f'<div class="label">{text(name)}<small>{lines}{more}</small></div>'
    yield _plot(name, readings_row(group, classes, wall_ns, columns, max(peaks)))


def _line_name(series: str, group: str) -> str:
    rest = series.removeprefix(group).strip()
    return f"{rest}: peak" if rest else "peak"


def _peak(series: Series) -> float:
    known = series.values[np.isfinite(series.values)]
    return float(known.max()) if len(known) else 0.0


def _reading(unit: str, value: float) -> str:
    if unit == "bytes":
        return format_bytes(round(value))
    return format_count(round(value)) + (" a second" if unit == "per_s" else "")


def _groups(series: Sequence[Series]) -> dict[str, list[Series]]:
    """Readings by what their names begin with, such as the tier."""
    groups: dict[str, list[Series]] = {}
    for each in series:
        groups.setdefault(each.name.partition(" ")[0], []).append(each)
    return groups


def _colours(profile: Profile) -> dict[int, str]:
    """The CSS class of every stage that some track has, by its position: work first, then waiting."""
    present = sorted({int(stage) for track in profile.tracks for stage in np.unique(track.spans.stage)})
    work = [stage for stage in present if profile.stage_names[stage] not in WAITS]
    found = {stage: f"c{number % len(COLOURS)}" for number, stage in enumerate(work)}
    return found | {stage: _WAIT for stage in present if stage not in found}


def _spent(track: Track, stage: int) -> float:
    chosen = track.spans.stage == stage
    return float((track.spans.end_ns[chosen] - track.spans.start_ns[chosen]).sum()) / 1e9


def _track_note(profile: Profile, track: Track) -> str:
    took = (track.spans.end_ns - track.spans.start_ns)[working(track.spans, profile.stage_names)]
    busy = f"{float(took.sum()) / 1e9 / profile.wall_s:.0%} busy" if profile.wall_s else ""
    return f"{busy}, {counted(track.dropped, 'span')} not kept" if track.dropped else busy


def _label(name: str, note: str) -> str:
    return f'<div class="label">{text(name)}<small>{text(note)}</small></div>'


def _plot(name: str, picture: str) -> str:
    return f'<div class="plot" role="img" aria-label="{text(name)} over time">{picture}</div>'


def _axis(wall_s: float) -> str:
    digits = 4 if wall_s < 0.1 else 2 if wall_s < 10 else 1
    ticks = "".join(f"<span>{wall_s * tick / (_TICKS - 1):.{digits}f} s</span>" for tick in range(_TICKS))
    return f'<div></div><div class="axis">{ticks}</div>'


def _stage_table(profile: Profile) -> str:
    colours = {profile.stage_names[stage]: colour for stage, colour in _colours(profile).items()}
    total = sum(stage.busy_s for stage in profile.stages) or 1.0
    columns = (
        "stage", "busy", "of busy time", "if free", "calls", "files", "in / out", "rate, busy / wall", "of peak",
        "waits, input / output", "a call, p50 / p95 / longest",
    )  # fmt: skip
    ordered = sorted(profile.stages, key=lambda stage: -stage.busy_s)
    return table(columns, (_stage_row(stage, colours, total) for stage in ordered))


def _stage_row(stage: StageSummary, colours: Mapping[str, str], total: float) -> tuple[str, ...]:
    share = stage.busy_s / total
    return (
        f'<i class="swatch {colours.get(stage.name, _WAIT)}"></i>{text(stage.name)}',
        _seconds(stage.busy_s),
        f'{share:.1%}<span class="bar"><i style="width:{share:.1%}"></i></span>',
        f"{stage.speedup_if_free:.2f} x",
        f"{stage.calls:,}",
        f"{stage.files:,}",
        f"{_bytes(stage.bytes_in)} / {_bytes(stage.bytes_out)}",
        "-" if stage.bytes_per_busy_s is None else f"{_rate(stage.bytes_per_busy_s)} / {_rate(stage.bytes_per_wall_s)}",
        "-" if stage.share_of_peak is None else f"{stage.share_of_peak:.0%}",
        f"{_seconds(stage.input_wait_s)} / {_seconds(stage.output_wait_s)}",
        f"{_seconds(stage.p50_s)} / {_seconds(stage.p95_s)} / {_seconds(stage.max_s)}",
    )


def _file_table(profile: Profile) -> str:
    rows = (
        (
            text(display_name(cost.path)),
            text(cost.stage),
            _seconds(cost.seconds),
            _bytes(cost.size),
            text(cost.why or ""),
        )
        for cost in profile.dearest
    )
    return _with_notes(("file", "stage", "time", "size", "why"), rows)


def _with_notes(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose last column is text."""
    return f'<div class="notes">{table(columns, rows)}</div>'


def _machine(profile: Profile) -> str:
    known = profile.machine
    memory = known.get("memory_bytes")
    parts = (
        f"{counted(profile.workers, 'worker')} on {profile.processors} x {known.get('processor') or 'unknown'}",
        format_bytes(memory) if isinstance(memory, int) else "",
        " ".join(str(known[name]) for name in ("system", "kernel") if known.get(name)),
        f"Python {known['python']}" if known.get("python") else "",
        f"fingerprint {known['fingerprint']}" if known.get("fingerprint") else "",
        *(f"{name} {value}" for name, value in profile.options.items() if value is not None),
    )
    return text("; ".join(part for part in parts if part))


def _seconds(seconds: float) -> str:
    if seconds == 0:
        return "0"
    if seconds >= 1:
        return f"{seconds:.0f} s" if seconds >= 100 else f"{seconds:.2f} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def _bytes(size: int | None) -> str:
    return "-" if size is None else format_bytes(size) if size else "0"


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate / 1e9:.2f} GB/s" if rate >= 1e8 else f"{rate / 1e6:.3g} MB/s"
