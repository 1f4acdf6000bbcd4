"""`exosuit chunk --stdin`: the text on stdin, as if it were a file of the given name."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

from exosuit_cli.chunk.api import chunk_named
from exosuit_cli.chunk.batch import Chunking
from exosuit_cli.commands.chunk_output import open_output
from exosuit_cli.ingest.collector import ChunkCollector
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.report.chunk.warnings import unparsed, without_grammar
from exosuit_cli.shards.fallbacks import FallbackBuilder
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from exosuit_cli.chunk.batch import Renderer
    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.ingest.collector import ChunkSink

    OpenForm = Callable[[BinaryIO, ExitStack], tuple[Renderer, ChunkSink]]


def chunk_stdin(
    name: str, options: ChunkOptions, output: str | None, form: OpenForm, logger: logging.Logger, *, strict: bool
) -> ExitCode:
    """Cut the text on stdin, write it in the form that `form` opens on the output, and say how it went."""
    path = os.fsencode(name)
    try:
        data = sys.stdin.buffer.read()
        language, chunks = chunk_named(data, path, options)
    except KeyboardInterrupt:
        logger.error("interrupted by SIGINT: nothing was cut")  # noqa: TRY400  (one line is the promise)
        return ExitCode.INTERRUPTED
    with open_output(output) as file, ExitStack() as stack:
        renderer, sink = form(file, stack)
        builder = FallbackBuilder(Chunking(options, renderer), [path])
        builder.add(0, language, memoryview(data), 0, chunks)
        ChunkCollector(Chunking(options, renderer), sink).write([path], builder.build(1))
    for note in without_grammar(builder.fallbacks(), 1):
        logger.info(note)
    warnings = [*unparsed(builder.fallbacks(), 1)]
    if not data:
        warnings.append(f"nothing to cut: {display_name(path)} is empty")
    for warning in warnings:
        logger.warning(warning)
    if strict and (warnings or not chunks.text_is_exact):
        logger.error("--strict: the run had warnings or estimated token counts")
        return ExitCode.CHECK_FAILED
    return ExitCode.SUCCESS
