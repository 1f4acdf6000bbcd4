"""The profiles that a benchmark keeps: a document and a trace for each suite and side, in one directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exosuit_cli.model.errors import UsageError
from exosuit_cli.system.atomic import check_writable, write_atomic
from exosuit_cli.system.outputs import refuse_links_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exosuit_cli.measure.profile.records import Profile
    from exosuit_cli.measure.result import BenchResult

SIDES = ("candidate", "base")
_ENDINGS = (".json", ".trace.json.gz")
_READABLE = 0o644


def check_profiles(directory: str | None, suites: Sequence[str], corpus: str | None) -> None:
    """Find out before the runs what would keep the profiles from being written. Raises UsageError and OutputError."""
    if directory is None:
        return
    if not os.path.isdir(directory):
        raise UsageError(f"--profile {directory!r}: no such directory; make it first")
    for suite in suites:
        for side in SIDES:
            for name in _names(directory, suite, side):
                refuse_links_inside(name, [corpus] if corpus is not None else [])
                check_writable(name)


def write_profiles(directory: str, result: BenchResult, trace: Callable[[Profile], bytes]) -> Iterator[str]:
    """Write what was kept; yields a line for every side that has none. Raises OutputError."""
    for suite in result.suites:
        for kept in suite.profiles:
            if kept.document is None or kept.profile is None:
                yield f"{suite.name}: no profile of the {kept.side}: {kept.reason}"
                continue
            document, timeline = _names(directory, suite.name, kept.side)
            write_atomic(document, kept.document, mode=_READABLE)
            write_atomic(timeline, trace(kept.profile), mode=_READABLE)


def _names(directory: str, suite: str, side: str) -> Iterator[str]:
    return (os.path.join(directory, f"{suite}-{side}{ending}") for ending in _ENDINGS)
