"""What earlier benchmarks left, as any front asks for it: trends, two runs compared, the page of the history."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exosuit_cli.measure.baseline import Compared, compare_entries, load_baseline
from exosuit_cli.measure.history import Entry, default_history, read_history
from exosuit_cli.measure.metrics import HEADLINE, METRICS
from exosuit_cli.measure.suites import choose_suites
from exosuit_cli.measure.trend import Trend, trends_of
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import NoBaseline, UsageError
from exosuit_cli.system.atomic import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """Which stored runs: `history` None is the file in the state directory, `suite` None is all of them.

    `last` is how many runs at most, the newest; None is all.
    """

    history: str | None = None
    suite: str | None = None
    metric: str = HEADLINE
    last: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryOutcome:
    """The runs as they are stored, and their trends."""

    entries: tuple[Entry, ...]
    trends: tuple[Trend, ...]


def stored_runs(request: HistoryRequest) -> HistoryOutcome:
    """Read the history. Raises UsageError: an unknown metric or suite, no such file, a file that cannot be read."""
    if request.metric not in METRICS:
        raise UsageError(f"--metric {request.metric!r}: unknown; known are {', '.join(METRICS)}")
    entries = _entries(request.history, request.suite)
    entries = entries if request.last is None else entries[-request.last :]
    return HistoryOutcome(tuple(entries), tuple(trends_of(entries)))


def compare_runs(a: str, b: str, history: str | None) -> list[Compared]:
    """Compare two runs; each is named by the file of its document, or by its id or the beginning of its id.

    Raises UsageError for a name that is no run or several, NoBaseline where the two cannot be compared.
    """
    found, reasons = compare_entries(_run_of(a, history), _run_of(b, history))
    if not found:
        raise NoBaseline(f"{a!r} and {b!r} cannot be compared: {'; '.join(reasons) or 'no suite in common'}")
    return found


def write_history_page(path: str, request: HistoryRequest, page: Callable[[Sequence[Trend]], bytes]) -> None:
    """Write the trends to a file as `page` renders them. Raises UsageError as `stored_runs` does, and OutputError."""
    write_atomic(path, page(stored_runs(request).trends), mode=0o644)


def _entries(history: str | None, suite: str | None) -> list[Entry]:
    if suite is not None:
        choose_suites(suite)
    if history is not None and not os.path.exists(history):
        raise UsageError(f"--history {history!r}: no such file; `exosuit bench --history FILE` makes it")
    entries = read_history(history if history is not None else default_history())
    return [entry for entry in entries if suite in (None, "all", entry.suite)]


def _run_of(name: str, history: str | None) -> list[Entry]:
    """The entries of a document, or of the stored run with that id or the beginning of one."""
    if os.path.exists(name):
        return list(load_baseline(name, "")[0])
    found = [entry for entry in _entries(history, None) if entry.id.startswith(name)]
    runs = {entry.id.partition("-")[0] for entry in found}
    if len(runs) > 1:
        raise UsageError(f"{name!r}: the ids of {len(runs)} stored runs begin like this; give more of the id")
    if not found:
        raise UsageError(f"{name!r}: no such file, and no stored run; `exosuit bench history --jsonl` lists the ids")
    return found
