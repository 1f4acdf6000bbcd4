"""`exosuit chunk`: text files cut where their structure does, every chunk under the cap and counted exactly."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.cli.border import command_border, logger, standard_output
from exosuit_cli.cli.chunk_flags import CHUNK, ChunkOutputFlags
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.flags import SessionFlags, flags_named
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.remote import with_sources
from exosuit_cli.config.option import declared, filled
from exosuit_cli.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exosuit_cli.chunk.batch import ChunkBatch
    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.commands.chunk_request import ChunkRequest
    from exosuit_cli.ingest import ChunkResult
    from exosuit_cli.report.chunk.formats.format import ChunkFormat


class _Nowhere:
    """A sink for those who want the statistics only."""

    def write(self, batch: ChunkBatch, paths: Sequence[bytes], repeats: dict[int, tuple[bytes, int]]) -> None:
        pass


def _run(paths: tuple[str, ...], given: Mapping[str, object]) -> None:
    """Cut text files into chunks that end where the code does, with exact token counts and stable ids."""
    session, flags = filled(SessionFlags, given), filled(ChunkOutputFlags, given)
    with command_border(
        debug=session.debug,
        verbose=session.verbose,
        quiet=session.quiet,
        log_file=session.log_file,
        tree=paths or (".",),
    ):
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
        flags = _plain(flags, request)
        form = _format(request, flags)
        if flags.stats and flags.output == STDOUT:
            raise UsageError("--stats and --output - both write to stdout; give one of them, or a FILE")
        if flags.stdin is None:
            code = _chunk_paths(request, flags, form, session)
        else:
            if not flags.stdin or paths or session.stdin0 or flags.stats:
                raise UsageError("--stdin takes the FILENAME of the text on stdin, and no PATH, --stdin0 or --stats")
            code = _chunk_text(request, flags.stdin, flags, form)
        if code:
            raise SystemExit(code)


def _chunk_paths(request: ChunkRequest, flags: ChunkOutputFlags, form: ChunkFormat, session: SessionFlags) -> ExitCode:
    # Imported only now: what was begun ahead is loading meanwhile.
    from exosuit_cli.commands.chunk import run_chunk
    from exosuit_cli.system.stop import stop_on_signals

    with stop_on_signals() as stop:
        outcome = run_chunk(
            request,
            lambda: _open_output(request, flags, form, quiet=session.quiet),
            stop=stop,
        )
        log_warnings(outcome.warnings, outcome.notes)
        with standard_output():
            _report(outcome.result, request, flags, session)
    statistics = outcome.result.statistics
    logger.info("chunk finished: %d chunks, %d tokens", statistics.chunks, statistics.tokens)
    lists_unreadable = flags.stats and not flags.json and not session.quiet
    return log_ending(outcome.ending, outcome.result.scan, lists_unreadable=lists_unreadable)


def _chunk_text(request: ChunkRequest, name: str, flags: ChunkOutputFlags, form: ChunkFormat) -> ExitCode:
    from exosuit_cli.commands.chunk_text import run_text
    from exosuit_cli.system.stop import raise_on_signals

    with raise_on_signals():
        outcome = run_text(request, name, sys.stdin.buffer, lambda: _open_output(request, flags, form, quiet=True))
    log_warnings(outcome.warnings, outcome.notes)
    return log_ending(outcome.ending)


def _plain(flags: ChunkOutputFlags, request: ChunkRequest) -> ChunkOutputFlags:
    """The flags without those that stand for others. Raises UsageError where two of them contradict each other."""
    if flags.json:
        flags = replace(flags, stats=True)
    if flags.jsonl:
        if flags.stats or request.output is not None or flags.format not in (None, "jsonl"):
            raise UsageError(
                "--jsonl writes chunks to stdout, so it excludes --json, --stats, a FILE and other formats"
            )
        flags = replace(flags, format="jsonl")
    return flags


def _format(request: ChunkRequest, flags: ChunkOutputFlags) -> ChunkFormat:
    """The format that is asked for by its name, or by that of the output. Raises UsageError."""
    from exosuit_cli.commands.chunk_output import is_special
    from exosuit_cli.report.chunk.formats import CHUNK_FORMATS, CHUNK_SUFFIXES

    name, output = flags.format, request.output
    if name is None:
        is_stream = output is None or is_special(output)
        name = CHUNK_SUFFIXES.get("" if is_stream or output is None else os.path.splitext(output)[1].lower())
        if name is None:
            known = " or --format ".join(CHUNK_FORMATS)
            raise UsageError(f"the name of {output!r} does not tell its format; give --format {known}")
    form = CHUNK_FORMATS.get(name)
    if form is None:
        raise UsageError(f"unknown --format {name!r}: expected {' or '.join(CHUNK_FORMATS)}")
    form.check()
    if not form.is_text and output is None and not flags.stats and sys.stdout.isatty():
        raise UsageError(f"--format {name} is not for a terminal; name a file with -o")
    return form


@contextmanager
def _open_output(
    request: ChunkRequest, flags: ChunkOutputFlags, form: ChunkFormat, *, quiet: bool
) -> Iterator[OpenOutput]:
    """Where the chunks go, in their form, and a live line where it does not come between them."""
    from exosuit_cli.cli.streams import descriptor, is_unseen, json_output, progress_line
    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.commands.chunk_output import open_file

    with standard_output() if request.output is None else open_file(request.output) as named:
        file = sys.stdout.buffer if named is None else named
        is_silent = flags.stats and flags.output is None
        with (
            progress_line(quiet) if is_silent or is_unseen(file) else nullcontext() as progress,
            json_output(file) if form.is_text else nullcontext(file) as shown,
            form.opened(shown, flags.text and not is_silent) as (renderer, sink),
        ):
            yield OpenOutput(renderer, _Nowhere() if is_silent else sink, descriptor(file), progress)


def _report(result: ChunkResult, request: ChunkRequest, flags: ChunkOutputFlags, session: SessionFlags) -> None:
    if flags.stats and flags.json:
        from exosuit_cli.cli.streams import print_json
        from exosuit_cli.report.chunk.document import chunk_document

        print_json(chunk_document(result, request.chunking))
    elif flags.stats and not session.quiet:
        from exosuit_cli.report.chunk.terminal import print_chunks
        from exosuit_cli.report.console import open_console

        print_chunks(open_console(), result, request.chunking, detailed=session.verbose > 0)


CHUNK_COMMAND: Final = CommandLine(CHUNK, "Directories, files, archives and addresses to cut.", with_sources(_run))
