"""`exosuit context check`, `repair`, `compact` and `drop`: the files that a context is kept in."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from exosuit_cli.cli import options as opt
from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.completion import completing, contexts
from exosuit_cli.cli.messages import log_ending
from exosuit_cli.cli.streams import print_ascii_json
from exosuit_cli.model.errors import UsageError


def drop_command(
    context: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            parser=opt.text,
            help="The context to delete.",
            show_default=False,
            autocompletion=completing(contexts),
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Remove this source only.", show_default=False)
    ] = None,
    name: Annotated[str | None, typer.Option("--name", hidden=True, autocompletion=completing(contexts))] = None,
    debug: opt.Debug = False,
) -> None:
    """Delete a context; no file of its sources is touched."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context import drop, forget_source

        meant = opt.one_name(context, name)
        if meant is None:
            raise UsageError("which context is to be deleted? give its NAME; `exosuit context list` has them")
        if source is not None:
            forget_source(meant, source)
        else:
            drop(meant)


def check_command(
    context: opt.NameArgument = None, name: opt.Name = None, as_json: opt.Json = False, debug: opt.Debug = False
) -> None:
    """Read everything in a context and compare it with its digests; exit 3 where anything is damaged."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context import check_context

        _report_check(check_context(opt.one_name(context, name)), as_json=as_json)


def repair_command(
    context: opt.NameArgument = None,
    name: opt.Name = None,
    as_json: opt.Json = False,
    config: opt.Config = None,
    quiet: opt.Quiet = False,
    debug: opt.Debug = False,
) -> None:
    """Read again, from the tree, what is damaged in a context."""
    with command_border(debug=debug):
        from exosuit_cli.cli.streams import progress_line
        from exosuit_cli.commands.context_repair import repair_context
        from exosuit_cli.system.stop import stop_on_signals

        with stop_on_signals() as stop, progress_line(quiet) as progress:
            outcome = repair_context(opt.one_name(context, name), config=config, stop=stop, progress=progress)
        _report_check(outcome, as_json=as_json)


def compact_command(
    context: opt.NameArgument = None, name: opt.Name = None, quiet: opt.Quiet = False, debug: opt.Debug = False
) -> None:
    """Compress all chunks of a context anew, and give free pages back to the disk."""
    with command_border(debug=debug, quiet=quiet):
        from exosuit_cli.commands.context import compact_context
        from exosuit_cli.model.units import format_bytes

        found, before, after = compact_context(opt.one_name(context, name))
        if not quiet:
            with standard_output():
                typer.echo(f"{found}: {format_bytes(before)} before, {format_bytes(after)} after")


def _report_check(outcome: Any, *, as_json: bool) -> None:
    with standard_output():
        if as_json:
            from exosuit_cli.report.context.document import check_document

            print_ascii_json(check_document(outcome))
        else:
            from exosuit_cli.report.console import open_console
            from exosuit_cli.report.context.terminal import print_check

            print_check(open_console(), outcome)
    code = log_ending(outcome.ending)
    if code:
        raise SystemExit(code)
