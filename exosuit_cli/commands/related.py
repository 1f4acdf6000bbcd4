"""What is related to a chunk, as any front asks for it: by kind, each with its reason."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.context_choice import is_loaded
from exosuit_cli.commands.query import IndexUse, index_use, indexing, interruption, signal_name
from exosuit_cli.commands.query_context import searched_context
from exosuit_cli.commands.shared import Ending
from exosuit_cli.commands.shown_answers import ChunkPlace
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import CheckFailed, ExitCode, UsageError
from exosuit_cli.model.units import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.commands.query_request import RelatedRequest
    from exosuit_cli.context.records import StoredChunk, StoredFile
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.search.holder import Holder
    from exosuit_cli.search.related_chunks import Relation
    from exosuit_cli.search.searcher import Searcher
    from exosuit_cli.system.stop import StopRequest

_CHUNKS_BEFORE: Final = 8
_CHUNKS_AFTER: Final = 16
"""Chunks around a related one in which the lines of its definition are looked for."""


@dataclass(frozen=True, slots=True)
class RelatedChunk:
    """A chunk that is related to the one that was named. `why` says it in words.

    `name` stands in line `line` of the file, which reads `text`; twins have none. `likeness` is that of twins, 0 to 1.
    `definition` has the lines of the definition that `symbol` names; None: `symbol` is what is said of all the chunk.
    """

    id: bytes
    place: ChunkPlace
    definition: ChunkPlace | None
    symbol: str | None
    language: str | None
    tokens: int
    score: float
    why: str
    name: str | None
    line: int
    text: str
    likeness: float

    @property
    def shown_place(self) -> ChunkPlace:
        """The lines that `symbol` names."""
        return self.definition or self.place


@dataclass(frozen=True, slots=True)
class RelatedOutcome:
    """What is related to a definition in a chunk or to all of it, by kind (`search.related.KINDS`), the nearest first.

    `symbol` names the smallest definition that has the line which was asked for.
    """

    request: RelatedRequest
    context: str
    base: bytes | None
    id: bytes
    place: ChunkPlace
    symbol: str | None
    related: Mapping[str, tuple[RelatedChunk, ...]]
    index: IndexUse
    seconds: float
    warnings: tuple[str, ...]
    ending: Ending


def run_related(
    request: RelatedRequest,
    *,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
    status: Callable[[str], None] = lambda _: None,
) -> RelatedOutcome:
    """Find what is related. Raises as `searched_context` does, and UsageError for a line or chunk that is not there."""
    place = request.place
    if request.path is not None and place.context is None:
        place = replace(place, paths=(_directory_for(request.path),))
    with searched_context(place, stop=stop, progress=progress, status=status) as found:
        if found.partial is not None:
            return _interrupted(request, found, found.partial)
        from exosuit_cli.search.records import BuildStopped
        from exosuit_cli.search.searcher import Searcher

        shown = replace(found, base=_base(found, request) if place.context is None else found.base)
        chunk_of(shown, request)  # what is wrong with the question is said before an index is built
        try:
            with Searcher.open(found.context, progress=indexing(status), stop=stop) as searcher:
                return answer_related(request, shown, searcher)
        except BuildStopped:
            return _interrupted(request, found, signal_name(stop))


def answer_related(request: RelatedRequest, found: SearchedContext, searcher: Searcher) -> RelatedOutcome:
    """Find what is related to a chunk of what is open. Raises UsageError for one that is not there."""
    from exosuit_cli.search.breadcrumb import breadcrumb_of
    from exosuit_cli.search.holder import holder_of
    from exosuit_cli.search.lookups import related_to, sizes_of

    started = time.perf_counter()
    file, spans, ordinal = chunk_of(found, request)
    span = spans[ordinal]
    (text,) = found.context.get_many([span.id])
    if text is None:
        raise CheckFailed(
            f"the chunk {span.id.hex()} is damaged; run `exosuit context repair --name {found.context.name}`"
        )
    breadcrumb = breadcrumb_of(found.context, spans, ordinal, text)
    holder = holder_of(found.context, spans, ordinal, request.line) if request.chunk is None else None
    related = related_to(searcher, file, span, ordinal, text, breadcrumb.enclosing, holder, top=request.options.top)
    return RelatedOutcome(
        request=request,
        context=found.context.name,
        base=found.base,
        id=span.id,
        place=_place(found, file, span),
        symbol=holder.symbol if holder is not None else span.symbol or breadcrumb.symbol,
        related={
            kind: tuple(each for relation in relations if (each := _related(found, kind, relation)) is not None)
            for kind, relations in related.items()
        },
        index=index_use(found, searcher.refresh, *sizes_of(searcher)),
        seconds=time.perf_counter() - started,
        warnings=found.warnings,
        ending=Ending(ExitCode.SUCCESS),
    )


def _base(found: SearchedContext, request: RelatedRequest) -> bytes:
    """What paths are shown from: where the command runs, where the file lies below it, else the root of its tree."""
    here = os.path.realpath(os.fsencode(os.getcwd()))
    whole = os.path.realpath(os.fsencode(request.path)) if request.path is not None else here + b"/"
    if whole.startswith(here.rstrip(b"/") + b"/"):
        return here
    roots = [source.root for source in found.context.sources()]
    inside = [root for root in roots if whole.startswith(root.rstrip(b"/") + b"/")]
    return max(inside, key=len, default=here)


def _directory_for(path: str) -> str:
    """The directory whose context is meant: that of the file where there is one, else the current one if above it.

    Raises UsageError where the file is not there.
    """
    if not os.path.exists(path):
        raise UsageError(f"cannot read {path!r}: No such file or directory")
    if os.path.isdir(path):
        raise UsageError(f"{path!r} is a directory; name a line of a file, as PATH:LINE")
    whole, here = os.path.realpath(path), os.path.realpath(os.curdir)
    directory = os.path.dirname(whole)
    is_below = whole.startswith(here.rstrip("/") + "/")
    return os.curdir if is_below and not is_loaded(directory) else directory


def chunk_of(found: SearchedContext, request: RelatedRequest) -> tuple[StoredFile, list[StoredChunk], int]:
    """The chunk that is meant: its file, the chunks of the file, its place among them."""
    context = found.context
    if request.chunk is not None:
        key = context.find(request.chunk)
        numbers, _ = context.holders(key, 1)
        file = context.file(numbers[0]) if numbers else None
        spans = context.spans(file) if file is not None else []
        place = next((at for at, span in enumerate(spans) if span.id == key), None)
        if file is None or place is None:
            raise UsageError(f"the context {context.name!r} has no chunk {request.chunk}")
        return file, spans, place
    assert request.path is not None
    file = _file(found, request.path)
    spans = context.spans(file)
    last = max((span.end_line for span in spans), default=0)
    if file.lines is None:
        raise UsageError(f"{request.path!r} is binary: it has no lines")
    if not 1 <= request.line <= last:
        raise UsageError(f"{request.path!r} has {counted(last, 'line')}; there is no line {request.line}")
    # A line that a cut divides belongs to the chunk in which it ends; what an overlap repeats to the one it is from.
    place = next(at for at, span in enumerate(spans) if span.end_line >= request.line)
    return file, spans, place


def _file(found: SearchedContext, path: str) -> StoredFile:
    context = found.context
    whole = os.path.realpath(os.fsencode(path))
    sources = context.sources()
    for source in sources:
        root = source.root.rstrip(b"/") + b"/"
        candidates = [whole[len(root) :]] if whole.startswith(root) else []
        candidates += [os.path.basename(whole)] if whole == source.root else []
        prefix = source.name + "/"
        if found.base is None and path.startswith(prefix):
            candidates.append(os.fsencode(path[len(prefix) :]))
        for file in context.find_files(source, candidates) if candidates else ():
            return file
    raise UsageError(f"the context {context.name!r} has no file {path!r}: ignore rules or its options leave it out")


def _related(found: SearchedContext, kind: str, relation: Relation) -> RelatedChunk | None:
    """A relation with its place and its reason; None where the chunk has gone meanwhile."""
    from exosuit_cli.search.breadcrumb import breadcrumb_of
    from exosuit_cli.search.labels import symbol_at
    from exosuit_cli.search.outline import last_part

    file = found.context.file(relation.file)
    spans = found.context.spans(file) if file is not None else []
    if file is None or relation.ordinal >= len(spans) or spans[relation.ordinal].id != relation.id:
        return None
    span = spans[relation.ordinal]
    (text,) = found.context.get_many([span.id])
    if text is None:
        return None
    place = _place(found, file, span)
    definition = None
    symbol = span.symbol
    if relation.line or symbol is None:
        breadcrumb = breadcrumb_of(found.context, spans, relation.ordinal, text)
        at = symbol_at(breadcrumb, text, span.start_line, relation.line, span.language) if relation.line else None
        symbol = at or symbol or breadcrumb.symbol
        lines = _lines_of(found, spans, relation) if at else None
        if at and lines and last_part(at) == last_part(lines.definition.name):
            definition = ChunkPlace(place.path, lines.first, lines.last)
    return RelatedChunk(
        id=span.id,
        place=place,
        definition=definition,
        symbol=symbol,
        language=span.language,
        tokens=span.tokens,
        score=relation.score,
        why=_why(kind, relation),
        name=relation.name,
        line=relation.line,
        text=relation.text,
        likeness=relation.likeness,
    )


def _lines_of(found: SearchedContext, spans: Sequence[StoredChunk], relation: Relation) -> Holder | None:
    """The smallest definition that has the line of a relation, looked for near its chunk."""
    from exosuit_cli.search.holder import holder_of

    return holder_of(found.context, spans, relation.ordinal, relation.line, before=_CHUNKS_BEFORE, after=_CHUNKS_AFTER)


def _why(kind: str, relation: Relation) -> str:
    if kind == "twins":
        return "the same text" if relation.likeness == 1 else f"{relation.likeness:.0%} of the words are the same"
    verb = {"callees": "defines", "mentions": "mentions"}.get(kind, "uses")
    return f"{verb} {relation.name}"


def _place(found: SearchedContext, file: StoredFile, span: StoredChunk) -> ChunkPlace:
    source = next(source for source in found.context.sources() if source.id == file.source)
    path = found.shown_path(source, file.path) if found.base is not None else span.path
    return ChunkPlace(path, span.start_line, span.end_line)


def _interrupted(request: RelatedRequest, found: SearchedContext, partial: str) -> RelatedOutcome:
    index = IndexUse(0, 0, 0, found.seconds)
    place = ChunkPlace(b"", 0, 0)
    return RelatedOutcome(
        request, found.context.name, found.base, b"", place, None, {}, index, 0.0, found.warnings, interruption(partial)
    )
