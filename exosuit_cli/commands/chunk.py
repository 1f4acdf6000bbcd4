"""Cutting a tree into chunks as a command: what is cut, what an interrupted run leaves, what a front has to show."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.commands.chunk_output import keeps_older
from exosuit_cli.commands.chunk_warnings import chunk_warnings, without_grammar
from exosuit_cli.commands.requests import NO_NAMES, base_of, without_outputs
from exosuit_cli.commands.shared import Ending, ending_of, interrupted, warnings_of
from exosuit_cli.ingest import chunk
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from exosuit_cli.chunk.batch import Renderer
    from exosuit_cli.commands.chunk_request import ChunkRequest
    from exosuit_cli.ingest import ChunkResult, ProgressCallback
    from exosuit_cli.ingest.collector import ChunkSink
    from exosuit_cli.system.stop import StopRequest


@dataclass(frozen=True, slots=True)
class OpenOutput:
    """Where a front takes chunks; `descriptor` is that of a file, which is not cut itself."""

    renderer: Renderer
    sink: ChunkSink
    descriptor: int | None = None
    progress: ProgressCallback | None = None


@dataclass(frozen=True, slots=True)
class ChunkOutcome:
    """A finished run: all its warnings and notes in words, and how it ended."""

    result: ChunkResult
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    ending: Ending


class _Interrupted(Exception):
    """The run was cut short; what was written so far must not take the place of an earlier output."""


def run_chunk(
    request: ChunkRequest,
    open_output: Callable[[], AbstractContextManager[OpenOutput]],
    *,
    stop: StopRequest,
) -> ChunkOutcome:
    """Cut the files into chunks and hand them to the output, which is opened once the request is known to be sound.

    An interrupted run leaves the output by an exception, so that a file which takes its place at the end is not
    replaced. Raises UsageError for paths that cannot be cut, ResourceMissing for a device that is not there.
    """
    paths: tuple[str, ...] = request.paths
    names: list[bytes] | None = None
    if request.names is not None:
        paths, names = (base_of(request.paths),), list(request.names)
    result: ChunkResult | None = None
    written = 0
    try:
        with open_output() as output:
            result = chunk(
                paths,
                request.chunking,
                without_outputs(request.options, [output.descriptor]),
                renderer=output.renderer,
                sink=output.sink,
                names=names,
                stop=stop,
                progress=output.progress,
            )
            _keep_older(request, result)
    except _Interrupted:
        pass
    else:
        if request.output is not None and keeps_older(request.output):
            written = os.stat(request.output).st_size
    assert result is not None
    result = _with_warnings(request, result, written, [NO_NAMES] if names == [] else [])
    return ChunkOutcome(
        result,
        tuple(warnings_of(result.scan)),
        tuple(without_grammar(result.fallbacks, result.statistics.files)),
        _ending(request, result, stop),
    )


def _keep_older(request: ChunkRequest, result: ChunkResult) -> None:
    if result.scan.partial is not None and keeps_older(request.output):
        raise _Interrupted


def _with_warnings(request: ChunkRequest, result: ChunkResult, written: int, first: Sequence[str]) -> ChunkResult:
    """The result with all that there is to warn of, and the size of its output."""
    scanned = result.scan.with_output_bytes(written)
    more = chunk_warnings(result, size_is_chosen=request.size_is_chosen)
    return replace(result, scan=replace(scanned, warnings=[*first, *scanned.warnings, *more]))


def _ending(request: ChunkRequest, result: ChunkResult, stop: StopRequest) -> Ending:
    if result.scan.partial is not None and stop.signal is not None:
        return interrupted(stop.signal, _what_stays(request.output))
    return ending_of(result.scan, strict=request.strict)


def _what_stays(output: str | None) -> str:
    """What an interrupted run says about the file that it was to write."""
    if output is None or not keeps_older(output):
        return ""
    return f", {output!r} " + ("was left as it was" if os.path.exists(output) else "is not written")
