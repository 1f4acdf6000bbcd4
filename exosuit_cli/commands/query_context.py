"""The context that a search looks into, brought up to date and opened."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.context_choice import choose_context
from exosuit_cli.commands.context_request import source_request
from exosuit_cli.commands.query_request import CHUNKING
from exosuit_cli.commands.requests import settings_by
from exosuit_cli.context import Context
from exosuit_cli.context.database import ContextInUse, ContextReplaced, OtherSources
from exosuit_cli.context.vacant import discard_vacant
from exosuit_cli.context.working import working_limit
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import OutputError
from exosuit_cli.model.units import counted
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exosuit_cli.commands.context_choice import ContextChoice
    from exosuit_cli.commands.query_request import SearchPlace
    from exosuit_cli.context.records import LoadResult, Source
    from exosuit_cli.context.requests import SourceRequest
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.system.stop import StopRequest

FIRST_LOAD_SECONDS: Final = 60.0
"""How long a search waits for another process that loads the same tree for the first time."""
LOAD_SECONDS: Final = 1.0
"""How long it waits where an earlier load can be searched: for another search that looks for changes, not for more."""
_LOOK_AGAIN_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Part:
    """What is searched of a source: all of it (b""), or a directory or a file of it."""

    source: Source
    below: bytes


@dataclass(frozen=True, slots=True)
class SearchedContext:
    """A context that is open for a search, up to date unless a warning says why not.

    `parts` are what is searched of it. Paths are shown relative to `base`; None: as the context has them. `partial`
    names the signal that ended its load: there is nothing to search then. `seconds` went into the load.
    """

    context: Context
    parts: tuple[Part, ...]
    base: bytes | None
    changed_files: int
    seconds: float
    warnings: tuple[str, ...] = ()
    partial: str | None = None

    def shown_path(self, source: Source, path: bytes) -> bytes:
        """The path of a file, from its path below the root of its source."""
        if self.base is None:
            return os.path.join(source.name.encode(), path)
        whole = _joined(source.root, path)
        return os.path.relpath(whole, self.base)


class NameTaken(Exception):
    """Another process has made a context of other sources under the name that was chosen."""


@contextlib.contextmanager
def searched_context(
    place: SearchPlace,
    *,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
    status: Callable[[str], None] = lambda _: None,
) -> Iterator[SearchedContext]:
    """Open the context for a search at this place, loaded first where it is new, and refreshed where it is not.

    Raises UsageError for a path or a context that is not there, and where another process takes too long with the first
    load; CheckFailed for a damaged context; OutputError where a new one cannot be written.
    """
    allows_enclosing = True
    while True:
        choice = choose_context(place, allows_enclosing=allows_enclosing)
        with contextlib.ExitStack() as stack:
            try:
                found = stack.enter_context(opened_context(choice, place, stop, progress, status))
            except (NameTaken, ContextReplaced):
                continue
            if allows_enclosing and not choice.is_new and not found.partial and not _has_files(found):
                # A directory that the context leaves out, as node_modules, is searched when it is asked for by name.
                allows_enclosing = False
                if choose_context(place, allows_enclosing=False).name != choice.name:
                    continue
            yield found
            return


@contextlib.contextmanager
def opened_context(
    choice: ContextChoice,
    place: SearchPlace,
    stop: StopRequest | None,
    progress: ProgressCallback | None,
    status: Callable[[str], None],
) -> Iterator[SearchedContext]:
    """The context, loaded. Where it can only be read, it is searched as it is, with a warning."""
    started = time.monotonic()
    warnings: list[str] = []
    result: LoadResult | None = None
    is_loaded = not choice.is_new
    try:
        with contextlib.ExitStack() as stack:
            try:
                context = stack.enter_context(Context.open(choice.name, create=choice.is_new))
                result = load_for(context, choice, place, stop, progress, status)
                is_loaded = is_loaded or result.partial is None
            except (NameTaken, ContextReplaced):
                is_loaded = True  # by the other process, or it will be
                raise
            except ContextInUse as error:
                is_loaded = True  # by the other process, at the latest when it is done
                if not context.sources():
                    raise
                warnings.append(f"not brought up to date: {error}")
            except OutputError as error:
                stack.close()
                if choice.is_new:
                    raise
                context = stack.enter_context(Context.open(choice.name, read_only=True))
                warnings.append(f"not brought up to date: {error}")
            yield searched_after_load(context, choice, result, warnings, started)
    finally:
        if not is_loaded:
            discard_vacant(choice.name)


def searched_after_load(
    context: Context, choice: ContextChoice, result: LoadResult | None, warnings: list[str], started: float
) -> SearchedContext:
    """What is there to search after a load; None: it could not be loaded, and the first of the warnings says why."""
    sources = [source for source in context.sources() if source.root in choice.wanted]
    if warnings:
        moment = time.localtime(max(each.loaded_ns for each in sources) / 1e9)
        warnings[0] += time.strftime("; this searches what was loaded at %Y-%m-%d %H:%M:%S", moment)
    if result is not None:
        warnings += _warnings_of(result)
    return SearchedContext(
        context=context,
        parts=tuple(Part(source, below) for source in sources for below in choice.wanted[source.root]),
        base=choice.base,
        changed_files=sum(each.loaded + each.removed for each in result.sources) if result is not None else 0,
        seconds=time.monotonic() - started,
        warnings=tuple(warnings),
        partial=result.partial if result is not None else None,
    )


def load_for(
    context: Context,
    choice: ContextChoice,
    place: SearchPlace,
    stop: StopRequest | None,
    progress: ProgressCallback | None,
    status: Callable[[str], None],
    *,
    is_warm: bool = False,
) -> LoadResult:
    """Bring the sources that are searched up to date, each with the options that it has.

    Raises ContextInUse where another process loads them and takes longer than is waited for.
    """
    started = time.monotonic()
    while True:
        known = {source.root for source in context.sources()}
        if known and not known >= set(choice.wanted):
            raise NameTaken
        requests, limit = _requests(context, choice, place)
        if is_warm:  # this process has all that it needs, and new ones would begin from nothing
            requests = [replace(each, options=replace(each.options, workers=1)) for each in requests]
        on_full = context.placing()[1]
        try:
            return context.load(requests, adds=False, on_full=on_full, limit=limit, stop=stop, progress=progress)
        except OtherSources:  # loaded since the look above
            raise NameTaken from None
        except ContextInUse:
            if stop is not None and stop.signal is not None:
                raise KeyboardInterrupt(stop.signal) from None
            is_first = not known
            if time.monotonic() - started > (FIRST_LOAD_SECONDS if is_first else LOAD_SECONDS):
                raise
        if is_first:
            status("waiting for another process that loads a tree of this name for the first time")
        time.sleep(_LOOK_AGAIN_SECONDS)


def _requests(context: Context, choice: ContextChoice, place: SearchPlace) -> tuple[list[SourceRequest], int | None]:
    """The sources to load, and the limit of the working context, which is that of the context where it has one."""
    known = {source.root: source.given for source in context.sources()}
    given = {root: dict(known.get(root, CHUNKING)) for root in choice.wanted}
    requests = [source_request(os.fsdecode(root), given[root], place.config, place.outputs) for root in given]
    settings = settings_by({}, place.config)
    store = settings.layer("nvme_ssd")
    context.chunks.capacity_bytes, context.chunks.token_capacity = store.capacity_bytes, store.token_capacity
    return requests, context.placing()[0] if known else working_limit(settings)


def _has_files(found: SearchedContext) -> bool:
    """Whether the context has a file in what is searched."""
    return any(
        found.context.has_files_below(part.source, part.below) if part.below else part.source.files
        for part in found.parts
    )


def _warnings_of(result: LoadResult) -> Iterator[str]:
    for source in result.sources:
        yield from source.warnings
        if source.unreadable:
            first = source.unreadable[0]
            count = counted(len(source.unreadable), "path")
            yield f"{count} could not be read, the first: {display_name(first.path) or '.'}: {first.outcome.label}"


def _joined(root: bytes, path: bytes) -> bytes:
    """The place of a file in the file system; a source may be a file itself."""
    if not os.path.isdir(root) and os.path.basename(root) == path:
        return root
    return os.path.join(root, path)
