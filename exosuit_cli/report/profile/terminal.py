"""A profile on a terminal: the answer first, then the stages, the timeline, the dearest files, the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.spans import WAITS
from exosuit_cli.model.units import counted, format_bytes
from exosuit_cli.report.console import labelled_line, labelled_phrases, plain_table, print_table
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from rich.console import Console

    from exosuit_cli.measure.profile.records import Profile, StageSummary, TierProfile, Track

_BAR: Final = 16
_TIMELINE: Final = 72
_LEAST_SHARE: Final = 0.002
"""A stage with less of all busy seconds is left out of the table, unless the whole would gain from it."""
_LEAST_GAIN: Final = 1.01
_LETTERS: Final = {
    "start": "s", "vocabulary": "V", "walk": "W", "index": "I", "dispatch": "d", "read": "R", "hash": "H",
    "columns": "c", "lines": "L", "tokens": "T", "boundaries": "B", "plan": "P", "render": "r", "large": "G",
    "copy in": "i", "kernel": "K", "copy out": "o", "result": "m", "receive": "e", "ledger": "l", "store": "S",
    "sample": "a", "end": "x",
}  # fmt: skip
"""What stands for a stage in the timeline; a wait is a dot."""


def print_profile(console: Console, profile: Profile, *, top: int) -> None:
    """Print a profile; of the files, the first `top`."""
    _print_answer(console, profile)
    console.print()
    _print_stages(console, profile)
    console.print()
    _print_timeline(console, profile)
    if profile.dearest[:top]:
        console.print()
        _print_files(console, profile, top)
    console.print()
    for label, tier in zip(["memory", *[""] * len(profile.tiers)], profile.tiers, strict=False):
        labelled_phrases(console, label, _tier(tier))


def _print_answer(console: Console, profile: Profile) -> None:
    if profile.partial is not None:
        labelled_line(
            console, "partial", f"interrupted by {profile.partial}: what follows is of the part that was done"
        )
    if profile.limiter is None:
        labelled_line(console, "limiter", "nothing was done")
    else:
        labelled_line(
            console, "limiter", f"{profile.limiter}: without it {profile.speedup_if_free:.2f} times as fast", "bold"
        )
    tokens = f"  {profile.tokens:,} tokens" if profile.tokens is not None else ""
    labelled_phrases(
        console,
        "run",
        f"{profile.work}: {profile.wall_s:.3f} s,",
        f"{profile.files:,} files  {format_bytes(profile.bytes)}{tokens},",
        f"page cache {profile.cache}",
    )
    labelled_phrases(
        console,
        "processors",
        f"{profile.processor_use:.0%} of {profile.processors} used by {_counted_workers(profile.workers)};",
        f"{profile.unattributed_pct:.1f}% of the wall is accounted for by no stage;",
        _overhead(profile),
    )


def _overhead(profile: Profile) -> str:
    if profile.overhead_pct is None:
        return "no run without recording to compare with"
    if profile.overhead_is_noise:
        return f"what recording took is within the noise of {counted(len(profile.twins_s), 'run')} without it"
    return f"recording took {profile.overhead_pct:+.1f}% beside {counted(len(profile.twins_s), 'run')} without it"


def _counted_workers(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"


def _print_stages(console: Console, profile: Profile) -> None:
    total = sum(stage.busy_s for stage in profile.stages) or 1.0
    table = plain_table(
        "stage", "busy", "", "if free", "calls", "rate busy", "of peak", "waited in", "out", "p95", "max"
    )
    table.columns[2].justify = "left"
    shown = [
        stage
        for stage in profile.stages
        if stage.busy_s >= _LEAST_SHARE * total or stage.speedup_if_free >= _LEAST_GAIN
    ]
    for stage in sorted(shown, key=lambda stage: -stage.busy_s):
        table.add_row(*_stage(stage, total))
    print_table(console, table)
    left = len(profile.stages) - len(shown)
    if left:
        console.print(f"and {left} stages of less than {_LEAST_SHARE:.1%} each")


def _stage(stage: StageSummary, total: float) -> tuple[str, ...]:
    rate = f"{stage.bytes_per_busy_s / 1e9:.2f} GB/s" if stage.bytes_per_busy_s is not None else "-"
    return (
        stage.name,
        _seconds(stage.busy_s),
        "█" * max(round(_BAR * stage.busy_s / total), 1),
        f"{stage.speedup_if_free:.2f}x",
        f"{stage.calls:,}",
        rate,
        f"{stage.share_of_peak:.0%}" if stage.share_of_peak is not None else "-",
        _seconds(stage.input_wait_s),
        _seconds(stage.output_wait_s),
        _seconds(stage.p95_s),
        _seconds(stage.max_s),
    )


def _seconds(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 5e-5 else "0"


def _print_timeline(console: Console, profile: Profile) -> None:
    """One row a track; a column shows the stage that the track spent most of that time in."""
    wall_ns = profile.wall_s * 1e9
    if not profile.tracks or not wall_ns:
        return
    width = max(len(track.name) for track in profile.tracks)
    used: set[str] = set()
    for label, track in zip(["timeline", *[""] * len(profile.tracks)], profile.tracks, strict=False):
        row, seen = _row(track, wall_ns, profile.stage_names)
        used |= seen
        labelled_line(console, label, f"{track.name:<{width}}  {row}")
    key = [f"{_LETTERS.get(name, '?')} {name}" for name in profile.stage_names if name in used]
    labelled_phrases(console, "", *key, ". waits", gap="  ")


def _row(track: Track, wall_ns: float, names: tuple[str, ...]) -> tuple[str, set[str]]:
    spans = track.spans
    width = wall_ns / _TIMELINE
    shares = np.zeros((len(names), _TIMELINE))
    for stage, start, end in zip(spans.stage.tolist(), spans.start_ns.tolist(), spans.end_ns.tolist(), strict=True):
        for column in range(int(start / width), min(int(end / width) + 1, _TIMELINE)):
            shares[stage, column] += min(end, (column + 1) * width) - max(start, column * width)
    row, seen = "", set()
    for column in range(_TIMELINE):
        stage = int(shares[:, column].argmax())
        if shares[:, column].sum() < width / 2:
            row += " "
        elif names[stage] in WAITS:
            row += "."
        else:
            row += _LETTERS.get(names[stage], "?")
            seen.add(names[stage])
    return row, seen


def _print_files(console: Console, profile: Profile, top: int) -> None:
    table = plain_table("stage", "took", "size", "dearest files")
    table.columns[3].justify = "left"
    for cost in profile.dearest[:top]:
        why = f"  ({cost.why})" if cost.why else ""
        table.add_row(
            cost.stage, _seconds(cost.seconds), format_bytes(cost.size), display_name(cost.path) + display_name(why)
        )
    print_table(console, table)


def _tier(tier: TierProfile) -> str:
    figures = [
        f"{name} {format_bytes(value)}"
        for name, value in (("start", tier.start_bytes), ("peak", tier.peak_bytes), ("end", tier.end_bytes))
        if value is not None
    ]
    if tier.name == "nvme" and tier.details.get("read_bytes") is not None:
        figures = [f"{format_bytes(int(tier.details[name] or 0))} {word}" for name, word in _DISK]
    shown = ", ".join(figures) or "unknown"
    return f"{tier.name:<12}{shown}" + (f" ({tier.reason})" if tier.reason else "")


_DISK: Final = (("read_bytes", "read"), ("written_bytes", "written"))
