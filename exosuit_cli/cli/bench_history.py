"""`exosuit bench history`, `bench compare` and `bench report`: reading what earlier runs left."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from exosuit_cli.cli import options as opt
from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.completion import completing, metrics, suites
from exosuit_cli.cli.streams import print_ascii_json
from exosuit_cli.model.errors import UsageError

History = Annotated[
    str | None, typer.Option("--history", metavar="FILE", help="The history.", show_default="state directory")
]
SuiteName = Annotated[
    str | None,
    typer.Option(
        "--suite", metavar="NAME", help="Only this suite.", show_default="all", autocompletion=completing(suites)
    ),
]


def history_command(
    history: History = None,
    suite: SuiteName = None,
    metric: Annotated[
        str,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="The metric to show, as `exosuit bench --help` lists them.",
            autocompletion=completing(metrics),
        ),
    ] = "throughput",
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, help="The most runs.")] = 50,
    as_json: opt.Json = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON line a run, as stored.")] = False,
    debug: opt.Debug = False,
) -> None:
    """Show the stored runs: a table, a plot, and the steps in the plot."""
    with command_border(debug=debug):
        from exosuit_cli.commands.bench_history import HistoryRequest, stored_runs

        if as_json and as_jsonl:
            raise UsageError("--json and --jsonl both write to stdout; give one of them")
        found = stored_runs(HistoryRequest(history, suite, metric, last))
        with standard_output():
            if as_jsonl:
                for entry in found.entries:
                    typer.echo(entry.line(), nl=False)
            elif as_json:
                runs = [json.loads(entry.line()) for entry in found.entries]
                print_ascii_json({"schema": "exosuit.bench_runs/1", "runs": runs})
            else:
                from exosuit_cli.report.console import open_console
                from exosuit_cli.report.history.terminal import print_trends

                print_trends(open_console(), found.trends, metric)


def compare_command(
    a: Annotated[
        str, typer.Argument(metavar="A", parser=opt.text, help="A file of bench --json, or the id of a stored run.")
    ],
    b: Annotated[str, typer.Argument(metavar="B", parser=opt.text, help="The one to compare A with.")],
    history: History = None,
    debug: opt.Debug = False,
) -> None:
    """Compare two stored runs of one machine and corpus; they are not paired, and nothing is gated."""
    with command_border(debug=debug):
        from exosuit_cli.commands.bench_history import compare_runs
        from exosuit_cli.report.console import open_console
        from exosuit_cli.report.history.terminal import print_comparison

        found = compare_runs(a, b, history)
        with standard_output():
            print_comparison(open_console(), found)


def report_command(
    html: Annotated[str, typer.Option("--html", metavar="FILE", help="Write the page to FILE.")],
    history: History = None,
    suite: SuiteName = None,
    debug: opt.Debug = False,
) -> None:
    """Write the history as one page: the trend by commit with its intervals, and the steps in it."""
    with command_border(debug=debug):
        from exosuit_cli.commands.bench_history import HistoryRequest, write_history_page
        from exosuit_cli.report.history.html import trend_page

        write_history_page(html, HistoryRequest(history, suite), trend_page)
