"""`exosuit context`: repositories cut into chunks and kept, for everything that reads from them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from exosuit_cli.cli import options as opt  # noqa: TC001  (typer evaluates the annotations)
from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.context_embed import embed_command
from exosuit_cli.cli.context_flags import CONTEXT_LOAD, ContextReportFlags
from exosuit_cli.cli.context_text import cat_command, export_command, get_command
from exosuit_cli.cli.context_upkeep import check_command, compact_command, drop_command, repair_command
from exosuit_cli.cli.flags import SessionFlags, flags_named
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.options import Json, Name, NameArgument, command_of, one_name
from exosuit_cli.cli.streams import print_ascii_json
from exosuit_cli.config.option import declared, filled
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

context_app = typer.Typer(
    name="context",
    help="Keep repositories as chunks: loaded once, refreshed in the time of a scan, read by name.",
    no_args_is_help=True,
    add_completion=False,
)

_WATCH_SECONDS = 2.0


@context_app.callback()
def _context() -> None:
    """Keep repositories as chunks: loaded once, refreshed in the time of a scan, read by name."""


def _load(paths: tuple[str, ...], given: Mapping[str, object]) -> None:
    """Load repositories into a context, or bring them up to date; without PATH, all of its sources."""
    from exosuit_cli.chunk.options import ChunkOptions

    session, report = filled(SessionFlags, given), filled(ContextReportFlags, given)
    with command_border(
        debug=session.debug, verbose=session.verbose, quiet=session.quiet, log_file=session.log_file, tree=paths
    ):
        from exosuit_cli.cli.streams import OWN_STREAMS, progress_line
        from exosuit_cli.commands.context_request import load_request
        from exosuit_cli.system.stop import stop_on_signals

        with flags_named(declared(ChunkOptions)):
            request = load_request(paths, given, config=session.config, outputs=(*OWN_STREAMS, session.log_file))
        from exosuit_cli.commands.context import run_load  # only now: what was begun ahead is loading meanwhile

        with stop_on_signals() as stop:
            with progress_line(session.quiet) as progress:
                outcome = run_load(request, stop=stop, progress=progress)
            log_warnings(outcome.warnings)
            with standard_output():
                if report.json:
                    from exosuit_cli.report.context.document import load_document

                    print_ascii_json(load_document(outcome))
                elif not session.quiet and outcome.result.partial is None:
                    from exosuit_cli.report.console import open_console
                    from exosuit_cli.report.context.terminal import print_load

                    print_load(open_console(), outcome)
        code = log_ending(outcome.ending)
        if code:
            raise SystemExit(code)


context_app.command("load")(
    command_of(
        CommandLine(CONTEXT_LOAD, "Repositories, directories and files to load.", _load, without="all of its sources")
    )
)


context_app.command("embed")(embed_command)


@context_app.command("list")
def list_command(as_json: Json = False, debug: opt.Debug = False) -> None:
    """List every context."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context import list_contexts

        with standard_output():
            if as_json:
                from exosuit_cli.report.context.document import list_document

                print_ascii_json(list_document(list_contexts()))
            else:
                from exosuit_cli.report.console import open_console
                from exosuit_cli.report.context.terminal import print_list

                print_list(open_console(), list_contexts())


@context_app.command("show")
def show_command(
    context: NameArgument = None, name: Name = None, as_json: Json = False, debug: opt.Debug = False
) -> None:
    """Show one context: its sources, what it holds, what is in its working context."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context import context_stats

        stats = context_stats(one_name(context, name))
        with standard_output():
            if as_json:
                from exosuit_cli.report.context.document import context_document

                print_ascii_json(context_document(stats))
            else:
                from exosuit_cli.report.console import open_console
                from exosuit_cli.report.context.terminal import print_context

                print_context(open_console(), stats)


@context_app.command("stats")
def stats_command(
    context: NameArgument = None,
    name: Name = None,
    watch: Annotated[bool, typer.Option("--watch", help="Measure again until a signal ends it.")] = False,
    as_json: Json = False,
    config: opt.Config = None,
    debug: opt.Debug = False,
) -> None:
    """Fill the memory tiers with the working context, read at random, and report what each tier holds and did."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context_stats import measure_tiers

        if watch and as_json:
            raise UsageError("--watch measures again and again, and --json prints one document; give one of them")
        meant = one_name(context, name)
        while True:
            stats = measure_tiers(meant, config=config)
            with standard_output():
                if as_json:
                    from exosuit_cli.report.context.document import stats_document

                    print_ascii_json(stats_document(stats))
                else:
                    from exosuit_cli.report.console import open_console
                    from exosuit_cli.report.context.terminal import print_tiers

                    print_tiers(open_console(), stats)
            if not watch:
                break
            time.sleep(_WATCH_SECONDS)
            typer.echo()


context_app.command("get")(get_command)
context_app.command("cat")(cat_command)
context_app.command("export")(export_command)
context_app.command("drop")(drop_command)
context_app.command("check")(check_command)
context_app.command("repair")(repair_command)
context_app.command("compact")(compact_command)
