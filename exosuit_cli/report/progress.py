"""The live line on stderr: files done, files a second, time left; or what is being done."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from exosuit_cli.model.units import format_bytes
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exosuit_cli.ingest import Progress, ProgressCallback

APPEARS_AFTER_SECONDS = 0.3
EARLIEST_GUESS = 0.05
"""The share of the files after which the time left is shown: the first take longest, since workers start with them."""


@contextlib.contextmanager
def progress_line() -> Iterator[ProgressCallback]:
    """Yield a callback that shows how far a scan is; the line appears only if it takes a moment."""
    with _live_line() as draw:

        def show(progress: Progress) -> None:
            if progress.seconds >= APPEARS_AFTER_SECONDS:
                draw(_text(progress))

        yield show


@contextlib.contextmanager
def status_line(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that shows a text. It shows nothing if `quiet`, or where stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    with _live_line() as draw:
        yield lambda text: draw(display_name(text))


@contextlib.contextmanager
def _live_line() -> Iterator[Callable[[str], None]]:
    """Yield a function that rewrites one line of the terminal. The line is gone at the end.

    The caller's own calls draw it. A thread that draws would keep a scan from forking its workers, and would disturb a
    measurement.
    """
    drawn = False

    def draw(text: str) -> None:
        nonlocal drawn
        drawn = True
        import shutil  # only now: it loads all that archives may need

        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r" + text[:width] + "\x1b[K")
        sys.stderr.flush()

    try:
        yield draw
    finally:
        if drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _text(progress: Progress) -> str:
    listed = f"{progress.listed:,}" if progress.walk_is_over else f"{progress.listed:,}+"
    if not progress.done:  # a rate of nothing would say that nothing happens
        return f"{listed} files found, reading the first"
    rate = progress.done / progress.seconds
    text = f"{progress.done:,} of {listed} files  {format_bytes(progress.bytes)}  {rate:,.0f} files/s"
    if progress.walk_is_over and progress.done >= EARLIEST_GUESS * progress.listed:
        text += f"  {(progress.listed - progress.done) / rate:.0f} s left"
    return text
