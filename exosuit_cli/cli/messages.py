"""What a finished command has to say, on the log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from exosuit_cli.cli.border import logger
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exosuit_cli.commands.shared import Ending
    from exosuit_cli.ingest import ScanResult
    from exosuit_cli.model.errors import ExitCode


def log_warnings(warnings: Iterable[str], notes: Iterable[str] = ()) -> None:
    """Log warnings, then notes."""
    for warning in warnings:
        logger.warning("%s", warning)
    for note in notes:
        logger.info("%s", note)


def log_start(text: str) -> None:
    """Say on stderr what begins now, where it may take minutes."""
    sys.stderr.write(f"exosuit: {display_name(text)}\n")
    sys.stderr.flush()


def log_ending(ending: Ending, result: ScanResult | None = None, *, lists_unreadable: bool = False) -> ExitCode:
    """Log why a run failed, with the paths that could not be read unless a report lists them; its exit code."""
    if result is not None and not lists_unreadable:
        from exosuit_cli.commands.shared import unreadable_paths

        unreadable = unreadable_paths(result)
        if unreadable is not None:
            logger.error("%s", unreadable)
    for error in ending.errors:
        logger.error("%s", error)
    return ending.exit_code
