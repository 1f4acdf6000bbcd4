"""Where a running scan is, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable

from exosuit_cli.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a running scan is: files listed so far, whether that is all, files and bytes done, seconds since start."""

    listed: int
    walk_is_over: bool
    done: int
    bytes: int
    seconds: float


ProgressCallback = Callable[[Progress], None]
