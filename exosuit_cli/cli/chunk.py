"""`exosuit chunk`: text files cut where their structure does, every chunk under the cap and counted exactly."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import typer

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.cli import ahead
from exosuit_cli.cli.border import command_border, logger, standard_output
from exosuit_cli.cli.chunk_flags import CHUNK, ChunkOutputFlags
from exosuit_cli.cli.flags import SessionFlags
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.options import command_of, flags_named
from exosuit_cli.config.option import declared, filled
from exosuit_cli.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exosuit_cli.chunk.batch import ChunkBatch
    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.commands.chunk_request import ChunkRequest
    from exosuit_cli.ingest import ChunkResult


class _Nowhere:
    """A sink for those who want the statistics only."""

    def write(self, batch: ChunkBatch, paths: Sequence[bytes], repeats: dict[int, tuple[bytes, int]]) -> None:
        pass


def _run(paths: tuple[str, ...], given: Mapping[str, object]) -> None:
    """Cut text files into chunks that end where the code does, with exact token counts and stable ids."""
    session, flags = filled(SessionFlags, given), filled(ChunkOutputFlags, given)
    with command_border(debug=session.debug, verbose=session.verbose, quiet=session.quiet, log_file=session.log_file):
        from exosuit_cli.cli.streams import OWN_STREAMS, STDOUT, named_file, names_on_stdin
        from exosuit_cli.commands.chunk_request import chunk_request

        with flags_named(declared(ChunkOptions)):
            request = chunk_request(
                paths,
                given,
                output=named_file(flags.output),
                config=session.config,
                names=names_on_stdin() if session.stdin0 else None,
                outputs=(*OWN_STREAMS, session.log_file),
            )
        form = _format(request, flags)
        if flags.json and not flags.stats:
            raise UsageError("--json is the form of the statistics; give --stats as well")
        if flags.stats and flags.output == STDOUT:
            raise UsageError("--stats and --output - both write to stdout; give one of them, or a FILE")
        if flags.stdin is None:
            code = _chunk_paths(request, flags, form, session)
        else:
            if not flags.stdin or paths or session.stdin0 or flags.stats:
                raise UsageError("--stdin takes the FILENAME of the text on stdin, and no PATH, --stdin0 or --stats")
            code = _chunk_text(request, flags.stdin, flags, form)
        if code:
            raise typer.Exit(code)


def _chunk_paths(request: ChunkRequest, flags: ChunkOutputFlags, form: str, session: SessionFlags) -> ExitCode:
    # Imported only now: what was begun ahead is loading meanwhile.
    from exosuit_cli.commands.chunk import run_chunk
    from exosuit_cli.system.stop import stop_on_signals

    with stop_on_signals() as stop:
        outcome = run_chunk(
            request,
            lambda: _open_output(request, flags, form, quiet=session.quiet),
            stop=stop,
            zygote=ahead.zygote(request.options.encoding),
        )
        log_warnings(outcome.warnings, outcome.notes)
        with standard_output():
            _report(outcome.result, request, flags, session)
    statistics = outcome.result.statistics
    logger.info("chunk finished: %d chunks, %d tokens", statistics.chunks, statistics.tokens)
    lists_unreadable = flags.stats and not flags.json and not session.quiet
    return log_ending(outcome.ending, outcome.result.scan, lists_unreadable=lists_unreadable)


def _chunk_text(request: ChunkRequest, name: str, flags: ChunkOutputFlags, form: str) -> ExitCode:
    from exosuit_cli.commands.chunk_text import run_text

    outcome = run_text(request, name, sys.stdin.buffer, lambda: _open_output(request, flags, form, quiet=True))
    log_warnings(outcome.warnings, outcome.notes)
    return log_ending(outcome.ending)


def _format(request: ChunkRequest, flags: ChunkOutputFlags) -> str:
    from exosuit_cli.commands.chunk_output import choose_format

    form = choose_format(flags.format, request.output)
    if form == "parquet":
        from exosuit_cli.report.arrow import pyarrow_modules

        pyarrow_modules("--format parquet")
        if request.output is None and not flags.stats and sys.stdout.isatty():
            raise UsageError("--format parquet is not for a terminal; name a file with -o")
    return form


@contextmanager
def _open_output(request: ChunkRequest, flags: ChunkOutputFlags, form: str, *, quiet: bool) -> Iterator[OpenOutput]:
    """Where the chunks go, in their form, and a live line where it does not come between them."""
    from exosuit_cli.cli.streams import descriptor, is_unseen, progress_line
    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.commands.chunk_output import open_file
    from exosuit_cli.report.chunk.jsonl import JsonlRenderer, JsonlSink

    with standard_output() if request.output is None else open_file(request.output) as named:
        file = sys.stdout.buffer if named is None else named
        is_silent = flags.stats and flags.output is None
        with progress_line(quiet) if is_silent or is_unseen(file) else nullcontext() as progress:
            number = descriptor(file)
            if is_silent:
                yield OpenOutput(JsonlRenderer(with_text=False), _Nowhere(), number, progress)
            elif form == "jsonl":
                lines = JsonlRenderer(with_text=flags.text)
                yield OpenOutput(lines, JsonlSink(file, lines), number, progress)
            else:
                from exosuit_cli.report.chunk.parquet import ParquetRenderer, ParquetSink

                columns = ParquetRenderer(with_text=flags.text)
                with ParquetSink(file, columns) as sink:
                    yield OpenOutput(columns, sink, number, progress)


def _report(result: ChunkResult, request: ChunkRequest, flags: ChunkOutputFlags, session: SessionFlags) -> None:
    if flags.stats and flags.json:
        import orjson

        from exosuit_cli.report.chunk.document import chunk_document

        document = chunk_document(result, request.chunking)
        sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
    elif flags.stats and not session.quiet:
        from exosuit_cli.report.chunk.terminal import print_chunks
        from exosuit_cli.report.scan.terminal import open_console

        print_chunks(open_console(), result, request.chunking, detailed=session.verbose > 0)


chunk_command = command_of(CHUNK, "Directories and files to cut.", _run)
