"""`exosuit context`: repositories cut into chunks and kept, for everything that reads from them."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from exosuit_cli.cli import options as opt  # noqa: TC001  (typer evaluates the annotations)
from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.completion import completing, contexts
from exosuit_cli.cli.context_embed import embed_command
from exosuit_cli.cli.context_flags import CONTEXT_LOAD, ContextReportFlags
from exosuit_cli.cli.flags import SessionFlags, flags_named
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.options import Json, Name, NameArgument, command_of, one_name
from exosuit_cli.config.option import declared, filled
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, BinaryIO

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

                    print_json(load_document(outcome))
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

                print_json(list_document(list_contexts()))
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

                print_json(context_document(stats))
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

                    print_json(stats_document(stats))
                else:
                    from exosuit_cli.report.console import open_console
                    from exosuit_cli.report.context.terminal import print_tiers

                    print_tiers(open_console(), stats)
            if not watch:
                break
            time.sleep(_WATCH_SECONDS)
            typer.echo()


@context_app.command("get")
def get_command(
    chunk: Annotated[str, typer.Argument(metavar="ID", help="The id of a chunk, or its first digits.")],
    name: Name = None,
    as_json: Json = False,
    debug: opt.Debug = False,
) -> None:
    """Print the text of one chunk; on a terminal, where it lies as well."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context import find_chunk

        found = find_chunk(name, chunk)
        with standard_output():
            if as_json:
                from exosuit_cli.report.context.document import chunk_document

                print_json(chunk_document(found))
                return
            if sys.stdout.isatty():
                from exosuit_cli.report.console import open_console
                from exosuit_cli.report.context.terminal import print_places

                print_places(open_console(), found)
            _write_text(found.text)


@context_app.command("cat")
def cat_command(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A file of the context.")],
    name: Name = None,
    debug: opt.Debug = False,
) -> None:
    """Print one text file as it was loaded."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context import read_file

        with standard_output():
            for text in read_file(name, path):
                _write_text(text)


@context_app.command("export")
def export_command(
    context: NameArgument = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE.", show_default="stdout")
    ] = None,
    text: Annotated[bool, typer.Option(help="The text of each chunk.")] = True,
    working: Annotated[bool, typer.Option("--working", help="The working context only.")] = False,
    name: Name = None,
    debug: opt.Debug = False,
) -> None:
    """Write every chunk as one line of JSON, as `exosuit chunk` does, in the order of the context."""
    with command_border(debug=debug):
        from exosuit_cli.cli.streams import named_file
        from exosuit_cli.commands.context import check_export, export_chunks, find_context
        from exosuit_cli.report.context.jsonl import write_chunks

        found, place = find_context(one_name(context, name)), named_file(output)
        check_export(found, place)
        chunks = export_chunks(found, working=working)
        with _opened(place) as file:
            write_chunks(file, chunks, text=text)


@context_app.command("drop")
def drop_command(
    context: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="The context to delete.", show_default=False, autocompletion=completing(contexts)
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

        meant = one_name(context, name)
        if meant is None:
            raise UsageError("which context is to be deleted? give its NAME; `exosuit context list` has them")
        if source is not None:
            forget_source(meant, source)
        else:
            drop(meant)


@context_app.command("check")
def check_command(
    context: NameArgument = None, name: Name = None, as_json: Json = False, debug: opt.Debug = False
) -> None:
    """Read everything in a context and compare it with its digests; exit 3 where anything is damaged."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context import check_context

        _report_check(check_context(one_name(context, name)), as_json=as_json)


@context_app.command("repair")
def repair_command(
    context: NameArgument = None,
    name: Name = None,
    as_json: Json = False,
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
            outcome = repair_context(one_name(context, name), config=config, stop=stop, progress=progress)
        _report_check(outcome, as_json=as_json)


@context_app.command("compact")
def compact_command(
    context: NameArgument = None, name: Name = None, quiet: opt.Quiet = False, debug: opt.Debug = False
) -> None:
    """Compress all chunks of a context anew, and give free pages back to the disk."""
    with command_border(debug=debug, quiet=quiet):
        from exosuit_cli.commands.context import compact_context
        from exosuit_cli.model.units import format_bytes

        found, before, after = compact_context(one_name(context, name))
        if not quiet:
            with standard_output():
                typer.echo(f"{found}: {format_bytes(before)} before, {format_bytes(after)} after")


def _report_check(outcome: Any, *, as_json: bool) -> None:
    with standard_output():
        if as_json:
            from exosuit_cli.report.context.document import check_document

            print_json(check_document(outcome))
        else:
            from exosuit_cli.report.console import open_console
            from exosuit_cli.report.context.terminal import print_check

            print_check(open_console(), outcome)
    code = log_ending(outcome.ending)
    if code:
        raise SystemExit(code)


def print_json(document: dict[str, Any]) -> None:
    """Print one document, escaped on a terminal."""
    from exosuit_cli.system.names import display_json

    text = json.dumps(document, indent=2) + "\n"
    sys.stdout.write(display_json(text) if sys.stdout.isatty() else text)


def _write_text(text: bytes) -> None:
    """Write a text as it is; on a terminal, what could act on it is escaped."""
    if sys.stdout.isatty():
        from exosuit_cli.system.names import display_text

        sys.stdout.write(display_text(text))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text)


@contextmanager
def _opened(output: str | None) -> Iterator[BinaryIO]:
    """A file that takes its place at the end; None: stdout."""
    from exosuit_cli.cli.streams import json_output
    from exosuit_cli.commands.chunk_output import open_file

    if output is None:
        with standard_output(), json_output(sys.stdout.buffer) as file:
            yield file
        return
    with open_file(output) as file:
        yield file
