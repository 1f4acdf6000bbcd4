"""What `exosuit chunk` does once its flags are parsed."""

from __future__ import annotations

import io
import logging
import os
import stat
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import orjson

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.cli.border import standard_output
from exosuit_cli.cli.shared_run import (
    exit_code,
    progress_line,
    scan_options,
    stdin_names,
    tell_unreadable,
    tell_warnings,
)
from exosuit_cli.ingest import chunk
from exosuit_cli.model.errors import ExitCode, OutputError, UsageError
from exosuit_cli.model.records import Outcome
from exosuit_cli.report.chunk_jsonl import JsonlRenderer, JsonlSink
from exosuit_cli.system.atomic import atomic_file
from exosuit_cli.system.names import display_name
from exosuit_cli.system.stop import StopRequest, stop_on_signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.chunk.batch import ChunkBatch, Renderer
    from exosuit_cli.config import Settings
    from exosuit_cli.ingest import ChunkResult
    from exosuit_cli.ingest.collector import ChunkSink
    from exosuit_cli.ingest.zygote import Zygote

FORMATS = ("jsonl", "parquet")
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
    """The parsed command line; `zygote` was forked early, if at all."""

    paths: tuple[str, ...]
    settings: Settings
    zygote: Zygote | None
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
    quiet: bool

    def run(self, logger: logging.Logger) -> ExitCode:
        """Chunk, report, and say how it went."""
        chunking = self._chunking()
        form = self._format()
        if self.as_json and not self.stats:
            raise UsageError("--json is the form of the statistics; give --stats as well")
        if self.stdin is not None:
            return self._chunk_stdin(chunking, form)
        with stop_on_signals() as stop:
            try:
                with self._output() as file:
                    result = self._chunk(chunking, form, file, stop)
                    self._keep_older(result)
            except _Interrupted:
                logger.warning("interrupted: %r is not written", self.output)
            written = os.stat(self.output).st_size if self.output is not None and result.scan.partial is None else 0
            result = replace(result, scan=result.scan.with_output_bytes(written))
            tell_warnings(result.scan, logger)
            self._tell_limits(result, logger)
            with standard_output():
                self._report(result, chunking)
        if not self.stats or self.as_json:
            tell_unreadable(result.scan, logger)
        statistics = result.statistics
        logger.info("chunk finished: %d chunks, %d tokens", statistics.chunks, statistics.tokens)
        if result.scan.partial is not None and stop.signal is not None:
            logger.error("interrupted by %s: the result is partial", result.scan.partial)
            return ExitCode(128 + stop.signal)
        return exit_code(result.scan, logger, strict=self.strict)

    def _keep_older(self, result: ChunkResult) -> None:
        if result.scan.partial is not None and self.output is not None:
            raise _Interrupted

    def _tell_limits(self, result: ChunkResult, logger: logging.Logger) -> None:
        """Log what was not done as one may have expected it."""
        large = [skip for skip in result.scan.skips if skip.outcome is Outcome.TOO_LARGE]
        if large and not self.max_file_size_is_given:
            logger.warning(
                "%d files are larger than chunks are made of and were left out, the first: %s; see --max-file-size",
                len(large), display_name(large[0].path),
            )  # fmt: skip
        fallbacks = result.statistics.fallbacks
        if fallbacks and not self.stats:
            # That prose and data have no grammar is no surprise; that code is not parsed may be one.
            level = logging.INFO if set(fallbacks) == {"no grammar"} else logging.WARNING
            reasons = ", ".join(f"{count} {reason}" for reason, count in fallbacks.most_common())
            logger.log(
                level,
                "%d of %d files were cut by structure, not by syntax: %s",
                fallbacks.total(), result.statistics.files, reasons,
            )  # fmt: skip

    def _chunking(self) -> ChunkOptions:
        return ChunkOptions(
            max_tokens=self.max_tokens,
            **({} if self.min_tokens is None else {"min_tokens": self.min_tokens}),
            max_chars=self.max_chars,
            overlap=self.overlap,
            boundaries=self.boundaries,
            encoding=self.settings.scan.encoding,
        )

    def _format(self) -> str:
        form = self.form or ("parquet" if (self.output or "").endswith(".parquet") else "jsonl")
        if form not in FORMATS:
            raise UsageError(f"unknown format {form!r}: expected {' or '.join(FORMATS)}")
        if form == "parquet":
            from exosuit_cli.report.arrow import pyarrow_modules

            pyarrow_modules("--format parquet")
            if self.output is None and not self.stats and sys.stdout.isatty():
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
            own_outputs=[self.output, self.log_file, _descriptor(file)],
        )
        options = replace(options, slab_bytes=max(options.slab_bytes, SLAB_BYTES))
        if not self.max_file_size_is_given:
            options = replace(options, max_file_size=min(options.max_file_size or LARGEST_FILE, LARGEST_FILE))
        with ExitStack() as stack, progress_line(self.quiet) as progress:
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
                zygote=self.zygote,
            )

    def _form(self, form: str, file: BinaryIO, stack: ExitStack) -> tuple[Renderer, ChunkSink]:
        if self.stats and self.output is None:
            return JsonlRenderer(with_text=False), _Nowhere()
        if form == "jsonl":
            lines = JsonlRenderer(with_text=self.with_text)
            return lines, JsonlSink(file, lines)
        from exosuit_cli.report.chunk_parquet import ParquetRenderer, ParquetSink

        columns = ParquetRenderer(with_text=self.with_text)
        return columns, stack.enter_context(ParquetSink(file, columns))

    @contextmanager
    def _output(self) -> Iterator[BinaryIO]:
        """Where chunks are written: stdout, a file that takes its place when all is written, or a device as it is."""
        if self.output is None or _is_stdout(self.output):
            with standard_output():
                yield sys.stdout.buffer
        elif _is_special(self.output):
            try:
                with open(self.output, "wb") as file:
                    yield file
            except BrokenPipeError:
                raise
            except OSError as error:
                raise OutputError(f"cannot write {self.output!r}: {error.strerror}") from error
        else:  # where a link leads, the file is: the link stays
            with atomic_file(os.path.realpath(self.output), mode=0o644) as file:
                yield file

    def _report(self, result: ChunkResult, chunking: ChunkOptions) -> None:
        if self.stats and self.as_json:
            from exosuit_cli.report.chunk_document import chunk_document

            document = chunk_document(result, chunking)
            sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
        elif self.stats and not self.quiet:
            from exosuit_cli.report.chunk_terminal import print_chunks
            from exosuit_cli.report.terminal import open_console

            print_chunks(open_console(), result, chunking)

    def _chunk_stdin(self, chunking: ChunkOptions, form: str) -> ExitCode:
        """Cut the text on stdin, as if it were a file of the given name."""
        from exosuit_cli.chunk.api import chunk_named
        from exosuit_cli.chunk.batch import BatchBuilder, Chunking
        from exosuit_cli.ingest.collector import ChunkCollector
        from exosuit_cli.kernels import choose_device

        if not self.stdin or self.paths or self.stdin0 or self.stats:
            raise UsageError("--stdin takes the FILENAME of the text on stdin, and no PATH, --stdin0 or --stats")
        choose_device(self.settings.scan.device)
        data = sys.stdin.buffer.read()
        name = os.fsencode(self.stdin)
        language, chunks = chunk_named(data, name, chunking)
        with self._output() as file, ExitStack() as stack:
            renderer, sink = self._form(form, file, stack)
            builder = BatchBuilder(Chunking(chunking, renderer), [name])
            builder.add(0, language, memoryview(data), 0, chunks)
            ChunkCollector(Chunking(chunking, renderer), sink).write([name], builder.build(1))
        return ExitCode.SUCCESS


def _is_special(path: str) -> bool:
    """Whether something other than a regular file or a directory is there."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _is_stdout(path: str) -> bool:
    """Whether the path leads to what stdout already is, as /dev/stdout does."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))
    except (OSError, io.UnsupportedOperation):
        return False


def _descriptor(file: BinaryIO) -> int | None:
    """The descriptor of an output that is a file."""
    try:
        return file.fileno()
    except (OSError, io.UnsupportedOperation):
        return None
