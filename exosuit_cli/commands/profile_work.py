"""The kinds of work that can be profiled, each as one run with or without a recording."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.system.paths import ensure_private, state_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.commands.profile_request import ProfileRequest
    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.ingest.result import ScanResult, Throughput
    from exosuit_cli.model.spans import SpanRecording
    from exosuit_cli.system.memory import MemoryReport
    from exosuit_cli.system.stop import StopRequest


@dataclass(frozen=True, slots=True)
class WorkDone:
    """What one run did. `scan` has its files, None for a load of a context; `ended_ns` is of CLOCK_MONOTONIC."""

    files: int
    bytes: int
    tokens: int | None
    ended_ns: int
    throughput: Throughput
    memory: MemoryReport
    warnings: tuple[str, ...]
    partial: str | None
    scan: ScanResult | None = None


class ProfiledWork(Protocol):
    """One kind of work on the paths of a request."""

    def run(self, recording: SpanRecording | None, stop: StopRequest) -> WorkDone:
        """Do it once."""
        ...


class _Scan:
    def __init__(self, request: ProfileRequest) -> None:
        assert request.scan is not None
        self._request = request.scan

    def run(self, recording: SpanRecording | None, stop: StopRequest) -> WorkDone:
        from exosuit_cli.commands.scan import run_scan

        request = replace(self._request, options=replace(self._request.options, recording=recording))
        return _done(run_scan(request, stop=stop).result)


class _Chunk:
    """Chunks as JSON lines into nothing: `open_output` opens a sink that writes to the null device."""

    def __init__(self, request: ProfileRequest, open_output: Callable[[], AbstractContextManager[OpenOutput]]) -> None:
        assert request.chunk is not None
        self._request = request.chunk
        self._open_output = open_output

    def run(self, recording: SpanRecording | None, stop: StopRequest) -> WorkDone:
        from exosuit_cli.commands.chunk import run_chunk

        request = replace(self._request, options=replace(self._request.options, recording=recording))
        return _done(run_chunk(request, self._open_output, stop=stop).result.scan)


class _Context:
    """A first load into a context that is gone afterwards, on the disk that contexts are on."""

    def __init__(self, request: ProfileRequest) -> None:
        self._request = request

    def run(self, recording: SpanRecording | None, stop: StopRequest) -> WorkDone:
        from exosuit_cli.commands.context import run_load
        from exosuit_cli.commands.context_request import load_request

        request = self._request
        with _private_state():
            load = load_request(request.paths, {**request.given, "name": "profile"}, config=request.config)
            sources = [
                replace(source, options=_recorded(source.options, recording, request)) for source in load.sources
            ]
            outcome = run_load(replace(load, sources=tuple(sources)), stop=stop)
            if recording is not None:
                recording.clock().step("store")  # all that a load does behind its runs
            ended_ns = time.monotonic_ns()
        result = outcome.result
        roots = {source.root for source in result.sources}
        stored = [source for source in outcome.stats.sources if source.root in roots]
        return WorkDone(
            files=sum(source.files for source in result.sources),
            bytes=sum(source.bytes for source in stored),
            tokens=sum(source.tokens for source in stored),
            ended_ns=ended_ns,
            throughput=result.throughput,
            memory=result.memory,
            warnings=outcome.warnings,
            partial=result.partial,
        )


def _recorded(options: ScanOptions, recording: SpanRecording | None, request: ProfileRequest) -> ScanOptions:
    own = request.chunk.options.walk.own_outputs if request.chunk is not None else frozenset()
    walk = replace(options.walk, own_outputs=options.walk.own_outputs | own)
    return replace(options, recording=recording, walk=walk)


def work_of(request: ProfileRequest, open_output: Callable[[], AbstractContextManager[OpenOutput]]) -> ProfiledWork:
    """The work that a request asks for. Raises UsageError where it does not take these paths."""
    if request.options.work == "context":
        if not all(map(os.path.exists, request.paths)):
            missing = next(path for path in request.paths if not os.path.exists(path))
            raise UsageError(f"cannot read {missing!r}: no such file or directory")
        return _Context(request)
    return _Scan(request) if request.scan is not None else _Chunk(request, open_output)


def _done(result: ScanResult) -> WorkDone:
    from exosuit_cli.commands.shared import warnings_of

    ended_ns = time.monotonic_ns()
    totals = result.totals
    return WorkDone(
        files=len(result.paths),
        bytes=totals.bytes,
        tokens=totals.tokens,
        ended_ns=ended_ns,
        throughput=result.throughput,
        memory=result.memory,
        warnings=tuple(warnings_of(result)),
        partial=result.partial,
        scan=result,
    )


@contextlib.contextmanager
def _private_state() -> Iterator[None]:
    """Have contexts and indexes lie in a new directory that is removed at the end. Raises OutputError."""
    above = state_directory()
    try:
        ensure_private(above)
        path = tempfile.mkdtemp(prefix="profile-", dir=above)
    except OSError as error:
        raise OutputError(f"{above!r}: cannot be written: {error.strerror}") from error
    names = ("XDG_STATE_HOME", "XDG_CACHE_HOME")
    before = {name: os.environ.get(name) for name in names}
    try:
        os.environ.update(dict.fromkeys(names, path))
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(path, ignore_errors=True)
