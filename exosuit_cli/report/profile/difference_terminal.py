"""The difference of two profiles for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.measure.stage_changes import shown_change
from exosuit_cli.model.units import counted
from exosuit_cli.report.console import labelled_phrases, plain_table, print_table

if TYPE_CHECKING:
    from rich.console import Console

    from exosuit_cli.measure.interval import Interval
    from exosuit_cli.measure.profile.difference import ProfileDifference
    from exosuit_cli.measure.stage_changes import StageChange

STATE_STYLES: Final = {"slower": "bold red", "new": "bold red", "faster": "bold green", "gone": "bold green"}


def print_difference(console: Console, found: ProfileDifference) -> None:
    """Print what changed first, then every stage of some weight, with its interval."""
    style = next((STATE_STYLES[change.state] for change in found.stages if change.state in STATE_STYLES), "")
    labelled_phrases(console, "difference", found.summary or "no stage was recorded", style=style)
    wall = f"wall {_seconds(found.old_wall_s)} and now {_seconds(found.new_wall_s)}"
    runs = f"{counted(found.old_runs, 'run')} and now {counted(found.new_runs, 'run')}"
    labelled_phrases(console, "", f"{wall}{_interval(found.wall)};", runs)
    if found.noise is not None:
        labelled_phrases(console, "unknown", found.noise, style="yellow")
    for mismatch in found.mismatches:
        labelled_phrases(console, "unlike", mismatch, style="yellow")
    for note in found.notes:
        labelled_phrases(console, "note", note)
    shown = [change for change in found.stages if change.state != "small"]
    if not shown:
        return
    table = plain_table(
        "stage", "old", "now", "change", "interval", "s/GB old", "s/GB now", "share old", "share now", ""
    )
    for change in shown:
        table.add_row(
            change.stage,
            _seconds(change.old_s),
            _seconds(change.new_s),
            *_change(change),
            _per_gb(found.old_s_per_gb(change)),
            _per_gb(found.new_s_per_gb(change)),
            f"{change.old_share:.1%}",
            f"{change.new_share:.1%}",
            change.state,
        )
    print_table(console, table)


def _change(change: StageChange) -> tuple[str, str]:
    ratio = change.ratio
    if ratio is None:
        return "-", "-"
    if change.state == "unknown":
        return shown_change(ratio.median), "-"
    return shown_change(ratio.median), f"{shown_change(ratio.low)} to {shown_change(ratio.high)}"


def _interval(ratio: Interval | None) -> str:
    if ratio is None:
        return ""
    if ratio.count < 2:
        return f", {shown_change(ratio.median)}"
    low, high = shown_change(ratio.low), shown_change(ratio.high)
    return f", {shown_change(ratio.median)} ({ratio.coverage:.0%} interval {low} to {high})"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def _per_gb(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.3g}"
