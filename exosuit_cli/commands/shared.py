"""What the commands that walk a tree have alike: their warnings in words, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.model.units import counted
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    import signal

    from exosuit_cli.ingest import ScanResult
    from exosuit_cli.walk.rule_set import BadLine

STRICT = "--strict: the run had warnings or estimated token counts"
SHOWN_PROBLEMS = 50
"""The most problems of ignore files that are put into words."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: the exit code, and what a person is to be told of it."""

    exit_code: ExitCode
    errors: tuple[str, ...] = ()


def warnings_of(result: ScanResult) -> list[str]:
    """The bad lines of ignore files, and the warnings of the run."""
    listed, more = result.problems[:SHOWN_PROBLEMS], len(result.problems) - SHOWN_PROBLEMS
    rest = [f"{more:,} more problems of ignore files; --json lists them all"] if more > 0 else []
    return [*map(_words, listed), *rest, *result.warnings]


def unreadable_paths(result: ScanResult) -> str | None:
    """That paths could not be read, for a front whose report does not list them; None where all were read."""
    if not result.unreadable:
        return None
    first = result.unreadable[0]
    count = counted(len(result.unreadable), "path")
    return f"{count} could not be read, the first: {display_name(first.path) or '.'}: {first.outcome.label}"


def ending_of(result: ScanResult, *, strict: bool) -> Ending:
    """How a run ends that was not interrupted."""
    if result.unreadable:
        return Ending(ExitCode.UNREADABLE_PATHS)
    if strict and (result.problems or result.warnings or result.totals.estimated_files):
        return Ending(ExitCode.CHECK_FAILED, (STRICT,))
    return Ending(ExitCode.SUCCESS)


def interrupted(number: signal.Signals, what_stays: str = "") -> Ending:
    """How a run ends that a signal cut short."""
    return Ending(ExitCode(128 + number), (f"interrupted by {number.name}: the result is partial{what_stays}",))


def _words(problem: BadLine) -> str:
    if not problem.line:  # the file as a whole
        return f"{problem.source}: {problem.why}"
    quoted = f": {display_name(problem.text)}" if problem.text else ""
    return f"{problem.source}:{problem.line}: {problem.why}{quoted}"
