"""A profile on a terminal: the answer first, then the stages, the timeline, the dearest files, the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.report.console import labelled_line
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from rich.console import Console

    from exosuit_cli.measure.profile.records import Profile


def print_profile(console: Console, profile: Profile, *, top: int) -> None:
    """Print a profile; of the files, the first `top`."""
    labelled_line(console, "limiter", f"{profile.limiter}: {profile.speedup_if_free:.2f} times as fast without it")
    for cost in profile.dearest[:top]:
        labelled_line(console, "", display_name(cost.path))
