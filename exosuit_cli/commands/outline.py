"""The outline of a tree, as any front asks for it: its definitions by importance, as many as the budget holds."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.query import IndexUse, index_use, indexing, interruption, signal_name
from exosuit_cli.commands.query_context import searched_context
from exosuit_cli.commands.query_filters import filters_of
from exosuit_cli.commands.shared import Ending
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.model.units import counted
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.commands.query_request import OutlineRequest
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.search.outline import RankedDefinition
    from exosuit_cli.search.records import Filters
    from exosuit_cli.search.searcher import Searcher
    from exosuit_cli.system.stop import StopRequest

_LEAST_TOKENS: Final = 4
"""Of a line of an outline: so many definitions may fit a budget at most."""
_LOOKED_AT: Final = 40
"""Entries after the first that does not fit which may take the room that is left."""
_RELEVANT_FILES: Final = 200
"""Files that are weighed by how well they answer the query."""


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A line of an outline: what is defined, at which line of which file (relative to the base)."""

    path: bytes
    line: int
    name: str
    text: str
    language: str | None
    users: int
    score: float

    def shown(self) -> str:
        """The line as it is printed."""
        return f"{self.line}: {self.text}\n"


@dataclass(frozen=True, slots=True)
class OutlineOutcome:
    """An outline in path order; `text` is all of it, and has exactly `tokens`. `left_out` definitions did not fit."""

    request: OutlineRequest
    context: str
    encoding: str
    base: bytes | None
    entries: tuple[OutlineEntry, ...]
    text: str
    tokens: int
    left_out: int
    index: IndexUse
    seconds: float
    warnings: tuple[str, ...]
    ending: Ending


def run_outline(
    request: OutlineRequest,
    *,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
    status: Callable[[str], None] = lambda _: None,
) -> OutlineOutcome:
    """Make an outline. Raises as `run_query` does."""
    with searched_context(request.place, stop=stop, progress=progress, status=status) as found:
        if found.partial is not None:
            return _interrupted(request, found, found.partial)
        from exosuit_cli.search.records import BuildStopped
        from exosuit_cli.search.searcher import Searcher

        try:
            with Searcher.open(found.context, progress=indexing(status), stop=stop) as searcher:
                return answer_outline(request, found, searcher)
        except BuildStopped:
            return _interrupted(request, found, signal_name(stop))


def answer_outline(request: OutlineRequest, found: SearchedContext, searcher: Searcher) -> OutlineOutcome:
    """Make an outline of what is open."""
    from exosuit_cli.search.lookups import sizes_of

    started = time.perf_counter()
    warnings = list(found.warnings)
    ranked = _ranked(request, found, searcher, warnings)
    seconds = time.perf_counter() - started
    entries = [_entry(found, each) for each in ranked]
    encoding = found.context.encoding()
    fitting, text, tokens = _fitting(entries, request.options.budget, encoding)
    index = index_use(found, searcher.refresh, *sizes_of(searcher, _filters(found, request)))
    if entries and not fitting:
        warnings.append(f"no definition fits the budget of {counted(request.options.budget, 'token')}")
    return OutlineOutcome(
        request=request,
        context=found.context.name,
        encoding=encoding,
        base=found.base,
        entries=tuple(fitting),
        text=text,
        tokens=tokens,
        left_out=len(entries) - len(fitting),
        index=index,
        seconds=seconds,
        warnings=tuple(warnings),
        ending=Ending(ExitCode.SUCCESS),
    )


def outline_text(entries: Iterable[OutlineEntry]) -> str:
    """The text of an outline: each path on a line, and below it the lines that define something."""
    parts = []
    for path, of_file in groupby(entries, key=lambda each: each.path):
        parts.append(display_name(path) + "\n")
        parts.extend(each.shown() for each in of_file)
    return "".join(parts)


def _ranked(
    request: OutlineRequest, found: SearchedContext, searcher: Searcher, warnings: list[str]
) -> list[RankedDefinition]:
    """The definitions, the most important first. What the query could not be weighed by is added to `warnings`."""
    from exosuit_cli.search.lookups import definitions_of

    filters = _filters(found, request)
    relevance: dict[int, float] | None = None
    if request.options.query is not None:
        result = searcher.query(request.options.query, top=_RELEVANT_FILES, filters=filters)
        warnings += result.warnings
        best = max((answer.score for answer in result.answers), default=1.0)
        relevance = {answer.file: max(answer.score / best, 0.0) for answer in result.answers}
    most = request.options.budget // _LEAST_TOKENS + 1
    ranked = definitions_of(searcher, most=most, filters=filters, relevance=relevance)
    if ranked or request.filters.kind != "all":
        return ranked
    return definitions_of(searcher, most=most, filters=replace(filters, kind="all"), relevance=relevance)


def _filters(found: SearchedContext, request: OutlineRequest) -> Filters:
    """The filters of an outline: of code, unless another kind is asked for."""
    filters = filters_of(found, request.filters)
    return replace(filters, kind="code") if filters.kind == "all" else filters


def _entry(found: SearchedContext, ranked: RankedDefinition) -> OutlineEntry:
    sources = {part.source.id: part.source for part in found.parts}
    definition = ranked.definition
    return OutlineEntry(
        path=found.shown_path(sources[ranked.source], ranked.path),
        line=definition.line,
        name=definition.name,
        text=display_name(definition.text.expandtabs(4)),
        language=ranked.language,
        users=ranked.users,
        score=ranked.score,
    )


def _fitting(entries: Sequence[OutlineEntry], budget: int, encoding: str) -> tuple[list[OutlineEntry], str, int]:
    """As many of the first entries as the budget holds, in path order, with their text and its tokens.

    Where the next one does not fit, those after it that do are taken, as far as `_LOOKED_AT` entries.
    """
    from exosuit_cli import tokens

    if not entries:
        return [], "", 0
    counter: TokenCounter = tokens.counter_of_few(encoding)

    def outlined(chosen: Iterable[OutlineEntry]) -> tuple[list[OutlineEntry], str, int]:
        ordered = sorted(chosen, key=lambda each: (each.path, each.line))
        text = outline_text(ordered)
        return ordered, text, counter.count(text.encode())

    best: tuple[list[OutlineEntry], str, int] = ([], "", 0)
    low, high = 0, min(len(entries), budget // _LEAST_TOKENS + 1)
    while low < high:
        middle = (low + high + 1) // 2
        found = outlined(entries[:middle])
        if found[2] <= budget:
            low, best = middle, found
        else:
            high = middle - 1
    for each in entries[low + 1 : low + _LOOKED_AT]:
        found = outlined((*best[0], each))
        if found[2] <= budget:
            best = found
    return best


def _interrupted(request: OutlineRequest, found: SearchedContext, partial: str) -> OutlineOutcome:
    index = IndexUse(0, 0, 0, found.seconds)
    ending = interruption(partial)
    return OutlineOutcome(request, found.context.name, "", found.base, (), "", 0, 0, index, 0.0, found.warnings, ending)
