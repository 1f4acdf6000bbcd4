"""The files that a profile is written to: a trace, a profile for speedscope, a page."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, cast

from exosuit_cli.report.profile.html import profile_page
from exosuit_cli.report.profile.speedscope import write_speedscope
from exosuit_cli.report.profile.trace import write_trace
from exosuit_cli.system.atomic import atomic_file, write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from exosuit_cli.measure.profile.records import Profile

_READABLE = 0o644
"""The files are for other programs."""


def write_profile_files(
    profile: Profile, *, trace: str | None = None, speedscope: str | None = None, html: str | None = None
) -> None:
    """Write each file that has a name, whole or not at all; `.gz` at the end of a name compresses. Raises OutputError.

    The same profile gives the same bytes, compressed too.
    """
    if trace is not None:
        _write(trace, profile, write_trace)
    if speedscope is not None:
        _write(speedscope, profile, write_speedscope)
    if html is not None:
        write_atomic(html, profile_page(profile), mode=_READABLE)


def _write(path: str, profile: Profile, write: Callable[[Profile, IO[bytes]], None]) -> None:
    with atomic_file(path, mode=_READABLE) as file:
        if path.endswith(".gz"):
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0)
            with cast("IO[bytes]", packed) as stream:
                write(profile, stream)
        else:
            write(profile, file)
