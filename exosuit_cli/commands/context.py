"""Contexts, as any front asks for them: loaded, listed, read, checked, mended, dropped."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from exosuit_cli.commands.shared import Ending
from exosuit_cli.context import Context, context_names, drop_context
from exosuit_cli.context.database import ContextInUse, ContextReplaced, OtherSources
from exosuit_cli.context.names import contexts_directory, missing_context, suggested_name
from exosuit_cli.context.vacant import discard_vacant, new_name
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import CheckFailed, ExitCode, ExosuitError, UsageError
from exosuit_cli.model.units import counted
from exosuit_cli.system.names import display_name
from exosuit_cli.system.outputs import refuse_links_inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.commands.context_request import ContextLoadRequest
    from exosuit_cli.context.records import (
        CheckResult,
        ContextStats,
        LoadResult,
        Source,
        StoredChunk,
        StoredFile,
    )
    from exosuit_cli.context.working import OnFull
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.system.stop import StopRequest


@dataclass(frozen=True, slots=True)
class ContextLoadOutcome:
    """A load, what a person is to be warned of, and how it ended."""

    result: LoadResult
    stats: ContextStats
    warnings: tuple[str, ...]
    ending: Ending


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """A check, and for a repair what it did before."""

    result: CheckResult
    ending: Ending
    repaired_files: int | None = None


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A chunk by its id: its text, and every place where it lies."""

    id: bytes
    text: bytes
    places: tuple[StoredChunk, ...]


def run_load(
    request: ContextLoadRequest, *, stop: StopRequest | None = None, progress: ProgressCallback | None = None
) -> ContextLoadOutcome:
    """Load. Raises as `Context.load` does; a context that was not there before is there only if the load ended."""
    refused = []
    while True:
        try:
            result, stats = _load(request, stop, progress)
            break
        except ContextReplaced:
            continue
        except (ContextInUse, OtherSources) as error:
            loads_the_same = isinstance(error, ContextInUse) and not error.roots.isdisjoint(
                source.root for source in request.sources
            )
            if not request.is_new or loads_the_same:
                raise
            refused.append(request.name)
            suggested = suggested_name(request.sources[0].root)
            request = replace(request, name=new_name(suggested, context_names(), refused=refused))
    warnings = tuple(warning for source in result.sources for warning in source.warnings)
    return ContextLoadOutcome(result, stats, warnings, _load_ending(result, warnings, strict=request.strict))


def _load(
    request: ContextLoadRequest, stop: StopRequest | None, progress: ProgressCallback | None
) -> tuple[LoadResult, ContextStats]:
    is_loaded = False
    try:
        with Context.open(request.name, create=True) as context:
            context.chunks.capacity_bytes = request.capacity_bytes
            context.chunks.token_capacity = request.token_capacity
            result = context.load(
                request.sources,
                anew=request.anew,
                adds=not request.is_new,
                on_full=cast("OnFull", request.on_full),
                limit=request.limit,
                stop=stop,
                progress=progress,
            )
            stats = context.stats()
        is_loaded = result.partial is None
    except (ContextInUse, ContextReplaced, OtherSources):
        is_loaded = True  # by another process, or it will be
        raise
    finally:
        if not is_loaded:
            discard_vacant(request.name)
    return result, stats


def find_context(name: str | None) -> str:
    """The name of the context that is meant: the one that is named, that of the working directory, the only one.

    Raises UsageError where there is none of that name, none at all, or several and none is meant more than another.
    """
    names = context_names()
    if name is not None:
        if name not in names:
            raise missing_context(name)
        return name
    if not names:
        raise UsageError("there is no context yet; load one: exosuit context load PATH")
    if len(names) == 1:
        return names[0]
    here = os.path.realpath(os.fsencode(os.getcwd()))
    found = [(len(root), each) for each in names for root in roots_of(each) if is_below(here, root)]
    deepest = max(found, default=(0, ""))[0]
    meant = sorted({each for depth, each in found if depth == deepest})
    if len(meant) == 1:
        return meant[0]
    raise UsageError(f"which context is meant? give --name {' or '.join(meant or names)}")


def list_contexts() -> Iterator[ContextStats | tuple[str, str]]:
    """The sums of every context; of one that cannot be read, its name and why."""
    for name in context_names():
        try:
            with Context.open(name, read_only=True) as context:
                yield context.stats()
        except ExosuitError as error:
            yield name, str(error)


def context_stats(name: str | None) -> ContextStats:
    """The sums of one context."""
    with Context.open(find_context(name), read_only=True) as context:
        return context.stats()


def find_chunk(name: str | None, prefix: str) -> FoundChunk:
    """The chunk whose id begins with these hex digits."""
    with Context.open(find_context(name), read_only=True) as context, context.snapshot():
        key = context.find(prefix)
        return FoundChunk(key, context.get(key), tuple(context.places(key)))


def read_file(name: str | None, path: str) -> Iterator[bytes]:
    """The text of one file, chunk by chunk, as it was loaded.

    `path` is that of the context, that below a source's root, or that in the file system. Raises UsageError for a path
    that is not there, that is binary, or that several sources have; CheckFailed where a chunk is damaged.
    """
    with Context.open(find_context(name), read_only=True) as context, context.snapshot():
        file = _find_file(context, path)
        if file.lines is None:
            raise UsageError(f"{path!r} is binary: the context has no text of it")
        end = 0
        for chunk in context.read(file):
            if chunk.text is None:
                break
            yield chunk.text[max(end - chunk.start_byte, 0) :]
            end = max(end, chunk.end_byte)
        if end != file.size or context.damaged_files:
            raise CheckFailed(
                f"{path!r} is damaged in the context {context.name!r}; "
                f"run `exosuit context repair --name {context.name}`"
            )


def check_export(name: str, output: str | None) -> None:
    """Raise UsageError for an output that would overwrite a context, OutputError for one behind a link of a source."""
    if output is None:
        return
    refuse_links_inside(output, map(os.fsdecode, roots_of(name)))
    if is_below(os.path.realpath(os.fsencode(output)), os.path.realpath(os.fsencode(contexts_directory()))):
        raise UsageError(f"cannot write {output!r}: contexts lie there; name a file elsewhere")


def export_chunks(name: str | None, *, working: bool) -> Iterator[StoredChunk]:
    """Every chunk in the order of the context."""
    with Context.open(find_context(name), read_only=True) as context:
        damaged = 0
        for chunk in context.iterate(working=working):
            damaged += chunk.text is None
            yield chunk
        if damaged or context.damaged_files:
            raise CheckFailed(
                f"{counted(damaged, 'chunk')} and {counted(context.damaged_files, 'file')} of the context "
                f"{context.name!r} are damaged and were left out; run `exosuit context repair --name {context.name}`"
            )


def drop(name: str) -> None:
    """Delete a context by its full name."""
    drop_context(name)


def forget_source(name: str | None, source: str) -> str:
    """Remove one source of a context; the name of the context."""
    with Context.open(find_context(name)) as context:
        context.forget(source)
        return context.name


def check_context(name: str | None) -> CheckOutcome:
    """Read everything in a context and compare it with its digests."""
    with Context.open(find_context(name), read_only=True) as context:
        return checked(context.check())


def compact_context(name: str | None) -> tuple[str, int, int]:
    """Make the file of a context small; its name, and its bytes before and after."""
    with Context.open(find_context(name)) as context:
        return (context.name, *context.compact())


def roots_of(name: str) -> list[bytes]:
    """The roots of a context's sources; none where it cannot be read."""
    return [source.root for source in sources_of(name)]


def sources_of(name: str) -> Sequence[Source]:
    """A context's sources; none where it is not there, or cannot be read."""
    try:
        with Context.open(name, read_only=True) as context:
            return context.sources()
    except ExosuitError:
        return []  # damaged, or of another version: it is meant only where it is named


def is_below(path: bytes, root: bytes) -> bool:
    """Whether a path is a directory or lies in it; both absolute and without links."""
    return path == root or path.startswith(root.rstrip(b"/") + b"/")


def _find_file(context: Context, path: str) -> StoredFile:
    sources = context.sources()
    found = [file for source in sources for file in context.find_files(source, _candidates(path, source, sources))]
    if not found:
        raise UsageError(f"the context {context.name!r} has no file {path!r}")
    if len(found) > 1:
        raise UsageError(f"several sources have a file {path!r}; begin it with the name of one of them")
    return found[0]


def _candidates(path: str, source: Source, sources: Sequence[Source]) -> list[bytes]:
    """What a path may be called below a source's root."""
    raw = os.fsencode(path)
    prefix = source.name.encode() + b"/"
    below = [raw[len(prefix) :]] if len(sources) > 1 and raw.startswith(prefix) else []
    absolute = os.path.realpath(raw)
    root = source.root.rstrip(b"/") + b"/"
    inside = [absolute[len(root) :]] if absolute.startswith(root) else []
    return [*below, os.path.normpath(raw), *inside]


def checked(result: CheckResult) -> CheckOutcome:
    """A check, with how it ends."""
    if not result.damages:
        return CheckOutcome(result, Ending(ExitCode.SUCCESS))
    count = counted(len(result.damages), "place")
    error = f"the context {result.name!r} is damaged in {count}; run `exosuit context repair --name {result.name}`"
    return CheckOutcome(result, Ending(ExitCode.CHECK_FAILED, (error,)))


def _load_ending(result: LoadResult, warnings: tuple[str, ...], *, strict: bool) -> Ending:
    if result.partial is not None:
        code = ExitCode.TERMINATED if result.partial == "SIGTERM" else ExitCode.INTERRUPTED
        return Ending(code, (f"interrupted by {result.partial}: the context is as it was before",))
    unreadable = [skip for source in result.sources for skip in source.unreadable]
    if unreadable:
        first = unreadable[0]
        count = counted(len(unreadable), "path")
        error = f"{count} could not be read, the first: {display_name(first.path) or '.'}: {first.outcome.label}"
        return Ending(ExitCode.UNREADABLE_PATHS, (error,))
    if strict and warnings:
        return Ending(ExitCode.CHECK_FAILED, ("--strict: the load had warnings",))
    return Ending(ExitCode.SUCCESS)
