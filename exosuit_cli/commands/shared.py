"""What the commands that walk a tree do alike: their options, their progress line, how their end is told."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.ingest import ScanOptions
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.model.units import counted
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable

    from exosuit_cli.config import Settings
    from exosuit_cli.ingest import ProgressCallback, ScanResult
    from exosuit_cli.walk.rule_set import BadLine


def scan_options(
    settings: Settings,
    *,
    encoding: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    own_outputs: Iterable[str | int | None],
    verify: bool = False,
) -> ScanOptions:
    """The options of a run by the settings; `own_outputs` are paths and descriptors that this run writes to."""
    chosen = settings.scan
    return ScanOptions(
        encoding=encoding,
        hash=chosen.hash,
        workers=chosen.workers,
        device=chosen.device,
        walk=WalkOptions(
            ignore=chosen.ignore,
            hidden=chosen.hidden,
            follow=chosen.follow,
            one_file_system=chosen.one_file_system,
            include=include,
            exclude=exclude,
            own_outputs=_identities(own_outputs),
        ),
        max_file_size=chosen.max_file_size,
        slab_bytes=chosen.slab_bytes,
        batch_files=settings.phase.batch_files,
        use_index=chosen.index,
        verify=verify,
        vram_bytes=settings.layer("gpu_vram").capacity_bytes,  # 0 turns it off
    )


def stdin_names() -> list[bytes]:
    """The NUL-separated names on stdin."""
    return [name for name in sys.stdin.buffer.read().split(b"\0") if name]


def progress_line(quiet: bool) -> AbstractContextManager[ProgressCallback | None]:
    """A live line on stderr, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        return nullcontext(None)
    from exosuit_cli.report import progress

    return progress.progress_line()


def tell_warnings(result: ScanResult, logger: logging.Logger) -> None:
    """Log bad lines of ignore files, and the warnings of the run."""
    for problem in result.problems:
        logger.warning(_told(problem))
    for warning in result.warnings:
        logger.warning(warning)


def tell_unreadable(result: ScanResult, logger: logging.Logger) -> None:
    """Log that paths could not be read, where no report lists them."""
    if result.unreadable:
        first = result.unreadable[0]
        logger.error(
            "%s could not be read, the first: %s: %s",
            counted(len(result.unreadable), "path"), display_name(first.path) or ".", first.outcome.label,
        )  # fmt: skip


def exit_code(result: ScanResult, logger: logging.Logger, *, strict: bool) -> ExitCode:
    """How a run that was not interrupted ends."""
    if result.unreadable:
        return ExitCode.UNREADABLE_PATHS
    if strict and (result.problems or result.warnings or result.totals.estimated_files):
        logger.error("--strict: the run had warnings or estimated token counts")
        return ExitCode.CHECK_FAILED
    return ExitCode.SUCCESS


def _told(problem: BadLine) -> str:
    if not problem.line:  # the file as a whole
        return f"{problem.source}: {problem.why}"
    quoted = f": {display_name(problem.text)}" if problem.text else ""
    return f"{problem.source}:{problem.line}: {problem.why}{quoted}"


def _identities(outputs: Iterable[str | int | None]) -> frozenset[tuple[int, int]]:
    """(st_dev, st_ino) of what this run writes, stdout and stderr included where they are files."""
    found = set()
    for output in (*outputs, 1, 2):
        if output is None:
            continue
        try:
            status = os.stat(output)
        except OSError:
            continue  # not there yet, or closed
        if status.st_mode & 0o170000 == 0o100000:
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)
