"""What `exosuit chunk` does once its flags are parsed."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import orjson

from exosuit_cli.cli.border import standard_output
from exosuit_cli.cli.chunk_options import typed_options
from exosuit_cli.commands.chunk_output import STDOUT, choose_format, descriptor, is_unseen, keeps_older, open_output
from exosuit_cli.commands.shared import (
    exit_code,
    progress_line,
    scan_options,
    stdin_names,
    tell_unreadable,
    tell_warnings,
)
from exosuit_cli.ingest import chunk
from exosuit_cli.model.errors import ExitCode, UsageError
from exosuit_cli.report.chunk.jsonl import JsonlRenderer, JsonlSink
from exosuit_cli.report.chunk.warnings import chunk_warnings, without_grammar
from exosuit_cli.system.stop import StopRequest, stop_on_signals

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    from exosuit_cli.chunk.batch import ChunkBatch, Renderer
    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.config import Settings
    from exosuit_cli.ingest import ChunkResult
    from exosuit_cli.ingest.collector import ChunkSink

LARGEST_FILE = 256 << 20
"""Bytes of the largest file that is cut unless --max-file-size says otherwise: its chunks are held until it is read."""
SLAB_BYTES = 4 << 20
"""The least slab: what is computed for all its lines at once costs as much a call as for many lines."""


class _Interrupted(Exception):
    """The run was cut short; what was written so far must not take the place of an earlier output."""


class _Nowhere:
    """A sink for those who want the statistics only."""

    def write(self, batch: ChunkBatch, paths: Sequence[bytes], repeats: dict[int, tuple[bytes, int]]) -> None:
        pass


@dataclass(frozen=True, slots=True)
class ChunkCommand:
    """The parsed command line."""

    paths: tuple[str, ...]
    settings: Settings
    max_tokens: int
    min_tokens: int | None
    max_chars: int
    overlap: int
    boundaries: str
    max_file_size_is_given: bool
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    stdin0: bool
    stdin: str | None
    output: str | None
    form: str | None
    with_text: bool
    stats: bool
    as_json: bool
    log_file: str | None
    strict: bool
    verbose: int
    quiet: bool

    def run(self, logger: logging.Logger) -> ExitCode:
        """Chunk, report, and say how it went."""
        chunking = self._chunking()
        form = self._format()
        if self.as_json and not self.stats:
            raise UsageError("--json is the form of the statistics; give --stats as well")
        if self.stats and self.output == STDOUT:
            raise UsageError("--stats and --output - both write to stdout; give one of them, or a FILE")
        if self.stdin is not None:
            return self._chunk_stdin(chunking, form, logger)
        with stop_on_signals() as stop:
            try:
                with open_output(self.output) as file:
                    result = self._chunk(chunking, form, file, stop)
                    self._keep_older(result)
            except _Interrupted:
                written = 0
            else:
                written = os.stat(self.output).st_size if self.output is not None and keeps_older(self.output) else 0
            result = self._with_warnings(result, written)
            tell_warnings(result.scan, logger)
            for note in without_grammar(result.fallbacks, result.statistics.files):
                logger.info(note)
            with standard_output():
                self._report(result, chunking)
        if not self.stats or self.as_json or self.quiet:
            tell_unreadable(result.scan, logger)
        statistics = result.statistics
        logger.info("chunk finished: %d chunks, %d tokens", statistics.chunks, statistics.tokens)
        if result.scan.partial is not None and stop.signal is not None:
            logger.error("interrupted by %s: the result is partial%s", result.scan.partial, self._what_stays())
            return ExitCode(128 + stop.signal)
        return exit_code(result.scan, logger, strict=self.strict)

    def _keep_older(self, result: ChunkResult) -> None:
        if result.scan.partial is not None and keeps_older(self.output):
            raise _Interrupted

    def _with_warnings(self, result: ChunkResult, written: int) -> ChunkResult:
        """The result with all that there is to warn of, and the size of its output."""
        scanned = result.scan.with_output_bytes(written)
        more = chunk_warnings(result, size_is_chosen=self.max_file_size_is_given)
        return replace(result, scan=replace(scanned, warnings=[*scanned.warnings, *more]))

    def _what_stays(self) -> str:
        """What an interrupted run says about the file that it was to write."""
        if self.output is None or not keeps_older(self.output):
            return ""
        return f", {self.output!r} " + ("was left as it was" if os.path.exists(self.output) else "is not written")

    def _chunking(self) -> ChunkOptions:
        return typed_options(
            max_tokens=self.max_tokens,
            min_tokens=self.min_tokens,
            max_chars=self.max_chars,
            overlap=self.overlap,
            boundaries=self.boundaries,
            encoding=self.settings.scan.encoding,
        )

    def _format(self) -> str:
        form = choose_format(self.form, self.output)
        if form == "parquet":
            from exosuit_cli.report.arrow import pyarrow_modules

            pyarrow_modules("--format parquet")
            if self.output in (None, STDOUT) and not self.stats and sys.stdout.isatty():
                raise UsageError("--format parquet is not for a terminal; name a file with -o")
        return form

    def _chunk(self, chunking: ChunkOptions, form: str, file: BinaryIO, stop: StopRequest) -> ChunkResult:
        settings = self.settings
        names = stdin_names() if self.stdin0 else None
        if names is not None and len(self.paths) > 1:
            raise UsageError("--stdin0 takes one PATH, the directory that the names are relative to")
        options = scan_options(
            settings,
            encoding=chunking.encoding,
            include=self.include,
            exclude=self.exclude,
            own_outputs=[self.output if self.output != STDOUT else None, self.log_file, descriptor(file)],
        )
        options = replace(options, slab_bytes=max(options.slab_bytes, SLAB_BYTES))
        if not self.max_file_size_is_given:
            options = replace(options, max_file_size=min(options.max_file_size or LARGEST_FILE, LARGEST_FILE))
        is_silent = self._writes_nothing() or is_unseen(file)
        with ExitStack() as stack, progress_line(self.quiet) if is_silent else nullcontext() as progress:
            renderer, sink = self._form(form, file, stack)
            return chunk(
                self.paths if names is None else self.paths or (".",),
                chunking,
                options,
                renderer=renderer,
                sink=sink,
                names=names,
                stop=stop,
                progress=progress,
            )

    def _form(self, form: str, file: BinaryIO, stack: ExitStack) -> tuple[Renderer, ChunkSink]:
        if self._writes_nothing():
            return JsonlRenderer(with_text=False), _Nowhere()
        if form == "jsonl":
            lines = JsonlRenderer(with_text=self.with_text)
            return lines, JsonlSink(file, lines)
        from exosuit_cli.report.chunk.parquet import ParquetRenderer, ParquetSink

        columns = ParquetRenderer(with_text=self.with_text)
        return columns, stack.enter_context(ParquetSink(file, columns))

    def _writes_nothing(self) -> bool:
        return self.stats and self.output is None

    def _report(self, result: ChunkResult, chunking: ChunkOptions) -> None:
        if self.stats and self.as_json:
            from exosuit_cli.report.chunk.document import chunk_document

            document = chunk_document(result, chunking)
            sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
        elif self.stats and not self.quiet:
            from exosuit_cli.report.chunk.terminal import print_chunks
            from exosuit_cli.report.console import open_console

            print_chunks(open_console(), result, chunking, detailed=self.verbose > 0)

    def _chunk_stdin(self, chunking: ChunkOptions, form: str, logger: logging.Logger) -> ExitCode:
        from exosuit_cli.commands.chunk_stdin import chunk_stdin
        from exosuit_cli.device import choose_device

        if not self.stdin or self.paths or self.stdin0 or self.stats:
            raise UsageError("--stdin takes the FILENAME of the text on stdin, and no PATH, --stdin0 or --stats")
        device = choose_device(self.settings.scan.device, processors=1)
        if device.is_demanded:
            raise UsageError(f"--stdin is cut on the CPU; leave out --device {device.device}")

        def opened(file: BinaryIO, stack: ExitStack) -> tuple[Renderer, ChunkSink]:
            return self._form(form, file, stack)

        return chunk_stdin(self.stdin, chunking, self.output, opened, logger, strict=self.strict)
