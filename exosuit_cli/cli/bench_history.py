"""`exosuit bench history`, `bench compare` and `bench report`: reading what earlier runs have left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.model.errors import NoBaseline, UsageError

if TYPE_CHECKING:
    from exosuit_cli.measure.history import Entry

History = Annotated[
    str | None, typer.Option("--history", metavar="FILE", help="The history.", show_default="state directory")
]
SuiteName = Annotated[str | None, typer.Option("--suite", metavar="NAME", help="Only this suite.", show_default="all")]
Debug = Annotated[bool, typer.Option("--debug", help="Traceback with an error.")]


def history_command(
    history: History = None,
    suite: SuiteName = None,
    metric: Annotated[str, typer.Option("--metric", metavar="NAME", help="What to show.")] = "throughput",
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, help="Runs at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a run, as stored.")] = False,
    debug: Debug = False,
) -> None:
    """Show the stored runs: a table, a plot, and the steps in it."""
    with command_border(debug=debug):
        from exosuit_cli.measure.metrics import METRICS
        from exosuit_cli.report.bench.trend import print_trends, trends_of
        from exosuit_cli.report.scan.terminal import open_console

        if metric not in METRICS:
            raise UsageError(f"--metric {metric!r}: unknown; known are {', '.join(METRICS)}")
        entries = _entries(history, suite)[-last:]
        with standard_output():
            if as_json:
                for entry in entries:
                    typer.echo(entry.line(), nl=False)
            else:
                print_trends(open_console(), trends_of(entries), metric)


def compare_command(
    a: Annotated[str, typer.Argument(metavar="A", help="A document of bench --json, or the id of a stored run.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The same; what A is compared with.")],
    history: History = None,
    debug: Debug = False,
) -> None:
    """Compare two stored runs of one machine and corpus; they are not paired, and nothing is gated."""
    with command_border(debug=debug):
        from exosuit_cli.measure.baseline import compare_entries
        from exosuit_cli.report.bench.trend import print_comparison
        from exosuit_cli.report.scan.terminal import open_console

        found, reasons = compare_entries(_run_of(a, history), _run_of(b, history))
        if not found:
            raise NoBaseline(f"{a!r} and {b!r} cannot be compared: {'; '.join(reasons) or 'no suite in common'}")
        with standard_output():
            print_comparison(open_console(), found)


def report_command(
    html: Annotated[str, typer.Option("--html", metavar="FILE", help="Write the page to FILE.")],
    history: History = None,
    suite: SuiteName = None,
    debug: Debug = False,
) -> None:
    """Write the history as one page: the trend by commit with its intervals, and the steps in it."""
    with command_border(debug=debug):
        from exosuit_cli.report.bench.trend import trend_page, trends_of
        from exosuit_cli.system.atomic import write_atomic

        write_atomic(html, trend_page(trends_of(_entries(history, suite))), mode=0o644)


def _entries(history: str | None, suite: str | None) -> list[Entry]:
    from exosuit_cli.measure.history import default_history, read_history
    from exosuit_cli.measure.suites import choose_suites

    if suite is not None:
        choose_suites(suite)
    if history is not None and not os.path.exists(history):
        raise UsageError(f"--history {history!r}: no such file; `exosuit bench --history FILE` makes it")
    entries = read_history(history if history is not None else default_history())
    return [entry for entry in entries if suite in (None, "all", entry.suite)]


def _run_of(name: str, history: str | None) -> list[Entry]:
    """The entries of a document, or of the stored run with that id or the beginning of one."""
    from exosuit_cli.measure.baseline import load_baseline

    if os.path.exists(name):
        return list(load_baseline(name, "")[0])
    found = [entry for entry in _entries(history, None) if entry.id.startswith(name)]
    runs = {entry.id.partition("-")[0] for entry in found}
    if len(runs) > 1:
        raise UsageError(f"{name!r}: {len(runs)} stored runs begin so; give more of the id")
    if not found:
        raise UsageError(f"{name!r}: no such file, and no stored run; `exosuit bench history --json` tells the ids")
    return found
