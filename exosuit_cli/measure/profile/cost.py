"""The files that cost most, and why where that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.measure.profile.records import FileCost
from exosuit_cli.model.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exosuit_cli.model.spans import CostedFile, RecordedTrack

_LONG_LINE: Final = 500
"""Bytes of a mean line from which on it is why a file is dear."""
_TOKENS_PER_BYTE: Final = 0.5
"""A text of code has about 0.3."""
_MANY_LINKS: Final = 3


class FileFigures(NamedTuple):
    """What is known of a file: None where it is not."""

    size: int
    lines: int | None = None
    tokens: int | None = None
    links: int | None = None


def dearest_files(
    tracks: Iterable[RecordedTrack], most: int, figures_of: Callable[[bytes], FileFigures | None]
) -> tuple[FileCost, ...]:
    """The `most` dearest files, each with its dearest stage."""
    by_path: dict[bytes, CostedFile] = {}
    for track in tracks:
        for cost in track.files:
            known = by_path.get(cost.path)
            if known is None or cost.nanoseconds > known.nanoseconds:
                by_path[cost.path] = cost
    ordered = sorted(by_path.values(), key=lambda cost: (-cost.nanoseconds, cost.path))[:most]
    return tuple(
        FileCost(cost.path, cost.stage, cost.nanoseconds / 1e9, cost.size, _why(cost, figures_of(cost.path)))
        for cost in ordered
    )


def _why(cost: CostedFile, figures: FileFigures | None) -> str | None:
    reasons = [cost.why] if cost.why else []
    if cost.stage == "large":
        reasons.append(f"large: {format_bytes(cost.size)} in pieces")
    if figures is not None:
        if figures.lines is not None and figures.size >= _LONG_LINE * max(figures.lines, 1):
            reasons.append(f"long lines: {figures.size // max(figures.lines, 1):,} bytes in the mean")
        if figures.tokens is not None and figures.size and figures.tokens >= _TOKENS_PER_BYTE * figures.size:
            reasons.append(f"many tokens: {figures.tokens / figures.size:.2f} a byte")
        if figures.links is not None and figures.links >= _MANY_LINKS:
            reasons.append(f"{figures.links} hard links")
    if not reasons and cost.size >= _LARGE:
        reasons.append(f"large: {format_bytes(cost.size)}")
    return "; ".join(reasons) or None


_LARGE: Final = 256 << 10
