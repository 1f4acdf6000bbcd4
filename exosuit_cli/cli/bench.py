"""`exosuit bench` and its options."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from exosuit_cli.cli import options as opt
from exosuit_cli.cli.bench_history import compare_command, history_command, report_command
from exosuit_cli.cli.border import command_border, logger, standard_output
from exosuit_cli.cli.completion import completing, devices, exports, limits, metrics, suites
from exosuit_cli.cli.messages import log_start
from exosuit_cli.cli.options import OUTPUT, SELECTION, WORK
from exosuit_cli.cli.streams import print_ascii_json
from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.report.bench.exports import EXPORTS

if TYPE_CHECKING:
    from exosuit_cli.measure.result import BenchResult

COMPARISON = "Comparison"
GATES = "Gates"
_METRICS = f"Metrics of gates, floors and alerts: {', '.join(METRICS)}."
_EXPORTS = "Exports: " + "; ".join(f"{found.name}: {found.help}" for found in EXPORTS.values()) + "."


class _RunByDefault(TyperGroup):
    """`bench PATH` is `bench run PATH`; a directory with the name of a subcommand is given as `./NAME`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if (args or not ctx.resilient_parsing) and not (args and args[0] in self.commands):
            args = ["run", *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """The subcommands, or the options of `run`."""
        if not incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        run = self.commands["run"]
        return run.shell_complete(run.make_context("run", [], parent=ctx, resilient_parsing=True), incomplete)


bench_app = typer.Typer(
    name="bench",
    cls=_RunByDefault,
    help="Measure builds in pairs, and gate on what was measured.",
    add_completion=False,
)
bench_app.command("history")(history_command)
bench_app.command("compare")(compare_command)
bench_app.command("report")(report_command)


@bench_app.command("run", epilog=f"{_METRICS}\n\n{_EXPORTS}")
def bench_command(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH", parser=opt.path, help="The corpus: a directory.", show_default="the current directory"
        ),
    ] = None,
    suite: Annotated[
        str,
        typer.Option(
            "--suite",
            metavar="NAME",
            help="What to measure: scan, tokens, chunk, context, all of these (all), or query.",
            rich_help_panel=WORK,
            autocompletion=completing(suites),
        ),
    ] = "scan",
    synthetic: Annotated[
        str | None,
        typer.Option(
            "--synthetic", metavar="SPEC", help="Make the corpus: files=N,size=4k,seed=S.", rich_help_panel=SELECTION
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="CMD",
            help="The other side: an exosuit, venv:DIR, or a command that contains {path}.",
            rich_help_panel=COMPARISON,
        ),
    ] = None,
    aa: Annotated[
        bool, typer.Option("--aa", help="This build against itself: the noise floor.", rich_help_panel=COMPARISON)
    ] = False,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline", metavar="FILE", help="Stored figures: a file, or window:N.", rich_help_panel=COMPARISON
        ),
    ] = None,
    pairs: Annotated[
        int,
        typer.Option(metavar="N", help="The fewest pairs; rounds, with one side.", rich_help_panel=COMPARISON),
    ] = 10,
    max_pairs: Annotated[
        int, typer.Option(metavar="N", help="The most pairs; rounds, with one side.", rich_help_panel=COMPARISON)
    ] = 40,
    max_time: Annotated[
        str, typer.Option(metavar="TIME", help="The most time: 90s, 10m, 1h.", rich_help_panel=COMPARISON)
    ] = "10m",
    warmup: Annotated[int, typer.Option(metavar="N", help="Runs before measuring.", rich_help_panel=COMPARISON)] = 2,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed for the order of runs.", rich_help_panel=COMPARISON)] = 0,
    cache: Annotated[
        str,
        typer.Option(
            "--cache",
            metavar="NAME",
            help="The page cache before each run: warm or cold.",
            rich_help_panel=WORK,
            autocompletion=completing(lambda: ("warm", "cold")),
        ),
    ] = "warm",
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            metavar="NAME",
            help="Where both sides run: cpu, cuda:N or cuda:N,M.",
            rich_help_panel=WORK,
            show_default="as each side chooses",
            autocompletion=completing(devices),
        ),
    ] = None,
    ignore: opt.Ignore = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            "--gate",
            metavar="LIMIT",
            help="The most that a metric may get worse, as throughput:-5% or baseline:cpu_s:+10%; repeatable.",
            rich_help_panel=GATES,
            autocompletion=completing(limits),
        ),
    ] = None,
    floor: Annotated[
        list[str] | None,
        typer.Option(
            "--floor",
            metavar="LIMIT",
            help="A bound of a metric, as files_per_s>=50000 or startup_s<=0.2; repeatable.",
            rich_help_panel=GATES,
            autocompletion=completing(metrics),
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if inconclusive, with exit code 4.", rich_help_panel=GATES)
    ] = False,
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm/--no-confirm", help="Require a regression to recur in a second block.", rich_help_panel=GATES
        ),
    ] = True,
    alert: Annotated[
        list[str] | None,
        typer.Option(
            "--alert",
            metavar="RULE",
            help="When to report: regression, files_per_s<50000 or throughput:-10%; repeatable.",
            rich_help_panel=GATES,
            autocompletion=completing(lambda: ("regression", *limits())),
        ),
    ] = None,
    alert_webhook: Annotated[
        str | None,
        typer.Option(
            "--alert-webhook", metavar="URL", help="Post JSON to URL when an alert fires.", rich_help_panel=GATES
        ),
    ] = None,
    alert_command: Annotated[
        str | None,
        typer.Option(
            "--alert-command",
            metavar="CMD",
            help="Run CMD with JSON on stdin when an alert fires.",
            rich_help_panel=GATES,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.", rich_help_panel=OUTPUT)] = False,
    export: Annotated[
        list[str] | None,
        typer.Option(
            "--export",
            metavar="NAME=FILE",
            help=f"Write the result to FILE in the format NAME: {', '.join(EXPORTS)}; repeatable.",
            rich_help_panel=OUTPUT,
            autocompletion=completing(exports),
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="DIR",
            help="Keep a profile and a trace of each side in DIR.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(
            "--history",
            metavar="FILE",
            help="Append the run to FILE.",
            rich_help_panel=OUTPUT,
            show_default="state directory",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option("--label", metavar="TEXT", help="The name of the run in the history.", rich_help_panel=OUTPUT),
    ] = None,
    log_file: opt.LogFile = None,
    verbose: opt.Verbose = 0,
    quiet: opt.Quiet = False,
    debug: opt.Debug = False,
) -> None:
    """Measure whole processes and judge them; with --against, two sides in pairs.

    `bench history`, `bench compare A B` and `bench report --html FILE` read what earlier runs left.
    """
    tree = () if synthetic is not None else (path or ".",)
    with command_border(debug=debug, verbose=verbose, quiet=quiet, log_file=log_file, tree=tree):
        from exosuit_cli.commands.bench import BenchRequest, label_of, run_bench
        from exosuit_cli.report.bench.renderers import RENDERERS
        from exosuit_cli.report.progress import status_line
        from exosuit_cli.system.stop import stop_on_signals

        request = BenchRequest(
            path=path,
            suite=suite,
            synthetic=synthetic,
            against=against,
            aa=aa,
            baseline=baseline,
            pairs=pairs,
            max_pairs=max_pairs,
            max_time=max_time,
            warmup=warmup,
            seed=seed,
            cache=cache,
            device=device,
            ignore=ignore,
            gates=tuple(gate or ()),
            floors=tuple(floor or ()),
            strict=strict,
            confirm=confirm,
            alerts=tuple(alert or ()),
            alert_webhook=alert_webhook,
            alert_command=alert_command,
            exports=tuple(export or ()),
            profile=profile,
            history=history,
            label=label_of(label, os.environ),
            summary=os.environ.get("GITHUB_STEP_SUMMARY") or None,
        )

        def show(result: BenchResult) -> None:
            with standard_output():
                if as_json:
                    from exosuit_cli.report.bench.document import bench_document

                    print_ascii_json(bench_document(result, strict=strict))
                elif not quiet:
                    from exosuit_cli.report.bench.terminal import print_bench
                    from exosuit_cli.report.console import open_console

                    print_bench(open_console(), result)

        outcome = run_bench(
            request,
            RENDERERS,
            begin=lambda intention: None if quiet else log_start(intention),
            show=show,
            stopping=stop_on_signals(),
            progress=status_line(quiet),
        )
        for warning in outcome.warnings:
            logger.warning(warning)
        for error in outcome.errors:
            logger.error(error)
        if outcome.failure is not None:
            raise outcome.failure
        if outcome.exit_code:
            raise SystemExit(outcome.exit_code)
