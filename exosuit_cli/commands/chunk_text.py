"""Cutting one text as a command, as if it were a file of a given name."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, BinaryIO

from exosuit_cli.chunk.api import chunk_named
from exosuit_cli.chunk.batch import Chunking
from exosuit_cli.commands.chunk_warnings import unparsed, without_grammar
from exosuit_cli.commands.shared import STRICT, Ending
from exosuit_cli.device import choose_device
from exosuit_cli.ingest.collector import ChunkCollector
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode, UsageError
from exosuit_cli.shards.fallbacks import FallbackBuilder
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.commands.chunk_request import ChunkRequest


@dataclass(frozen=True, slots=True)
class TextOutcome:
    """A text that was cut: the warnings and notes in words, and how it ended."""

    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    ending: Ending


def run_text(
    request: ChunkRequest,
    name: str,
    source: BinaryIO,
    open_output: Callable[[], AbstractContextManager[OpenOutput]],
) -> TextOutcome:
    """Cut what `source` holds, and hand the chunks to the output, which is opened once they are there.

    Raises UsageError for a text that is binary, and where a card is demanded: one text is cut on the CPU.
    """
    device = choose_device(request.options.device, processors=1)
    if device.is_demanded:
        raise UsageError(f"--stdin is cut on the CPU; leave out --device {device.device}")
    path = os.fsencode(name)
    try:
        data = source.read()
        language, text, chunks = chunk_named(data, path, request.chunking)
    except KeyboardInterrupt as error:
        number = error.args[0] if error.args else signal.SIGINT
        return TextOutcome((), (), Ending(ExitCode(128 + number), (f"interrupted by {number.name}: nothing was cut",)))
    with open_output() as output:
        chunking = Chunking(request.chunking, output.renderer)
        builder = FallbackBuilder(chunking, [path])
        builder.add(0, language, memoryview(text), 0, chunks)
        ChunkCollector(chunking, output.sink).write([path], builder.build(1))
    warnings = [*unparsed(builder.fallbacks(), 1)]
    if not data:
        warnings.append(f"nothing to cut: {display_name(path)} is empty")
    ending = Ending(ExitCode.SUCCESS)
    if request.strict and (warnings or not chunks.text_is_exact):
        ending = Ending(ExitCode.CHECK_FAILED, (STRICT,))
    return TextOutcome(tuple(warnings), tuple(without_grammar(builder.fallbacks(), 1)), ending)
