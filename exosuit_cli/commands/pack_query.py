"""Packing what answers a question, as any front asks for it: the index made up to date, answers chosen and written."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.commands.pack import text_of
from exosuit_cli.commands.pack_changes import changes_of
from exosuit_cli.commands.query import IndexUse, index_use, indexing, interruption, signal_name
from exosuit_cli.commands.query_context import searched_context
from exosuit_cli.commands.query_filters import filters_of, paths_in
from exosuit_cli.commands.query_request import SearchPlace
from exosuit_cli.commands.shared import STRICT, Ending
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.workers.ahead import take_preload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from exosuit_cli.commands.pack import OpenPack
    from exosuit_cli.commands.pack_request import PackRequest
    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.context.records import StoredFile
    from exosuit_cli.history import Changes
    from exosuit_cli.pack.output import CountBatch, PackOutput
    from exosuit_cli.pack.query_result import QueryPack
    from exosuit_cli.pack.query_text import QueryRequestText
    from exosuit_cli.search.searcher import Searcher
    from exosuit_cli.system.stop import StopRequest


@dataclass(frozen=True, slots=True)
class QueryPackOutcome:
    """A finished pack of a question's answers. `result` is None where a signal came before it."""

    result: QueryPack | None
    context: str
    base: bytes | None
    index: IndexUse
    warnings: tuple[str, ...]
    ending: Ending


class _Stopped(Exception):
    """Nothing was written; what an earlier run wrote must stay."""


def run_query_pack(
    request: PackRequest,
    open_output: Callable[[], AbstractContextManager[OpenPack]],
    *,
    stop: StopRequest | None = None,
    status: Callable[[str], None] = lambda _: None,
) -> QueryPackOutcome:
    """Pack what answers the query. Raises as `searched_context` and `pack_query` do."""
    around = surroundings(request)
    changed = changes_of(request)
    outcome: QueryPackOutcome | None = None
    try:
        with open_output() as output:
            place = SearchPlace(request.paths, None, request.config, (output.descriptor, request.output))
            with searched_context(place, stop=stop, progress=output.progress, status=status) as found:
                outcome = _of_context(request, found, output.output, around, changed, stop, status)
            _keep_older(outcome)
    except _Stopped:
        pass
    assert outcome is not None
    return outcome


def _keep_older(outcome: QueryPackOutcome) -> None:
    if outcome.result is None:
        raise _Stopped


def _of_context(
    request: PackRequest,
    found: SearchedContext,
    output: PackOutput,
    around: QueryRequestText,
    changed: tuple[str, Changes] | None,
    stop: StopRequest | None,
    status: Callable[[str], None],
) -> QueryPackOutcome:
    if found.partial is not None:
        return _interrupted(found, found.partial)
    from exosuit_cli.search.records import BuildStopped
    from exosuit_cli.search.searcher import Searcher

    try:
        with (
            Searcher.open(found.context, progress=indexing(status), stop=stop) as searcher,
            _counting(request.packing.encoding) as count,
        ):
            return answer_pack(request, found, searcher, output, count, around, changed)
    except BuildStopped:
        return _interrupted(found, signal_name(stop))


def answer_pack(
    request: PackRequest,
    found: SearchedContext,
    searcher: Searcher,
    output: PackOutput,
    count: CountBatch,
    around: QueryRequestText,
    changed: tuple[str, Changes] | None = None,
) -> QueryPackOutcome:
    """Pack what answers the query from what is open; of what has `changed` below a directory, where it is given.

    Raises as `pack_query` does.
    """
    from exosuit_cli.pack.query_pack import pack_query

    sources = {part.source.id: part.source for part in found.parts}

    def shown(file: StoredFile) -> bytes:
        return found.shown_path(sources[file.source], file.path)

    assert request.packing.query is not None
    filters = filters_of(found, request.filters)
    if changed is not None:
        filters = replace(filters, paths=paths_in(found, os.fsencode(changed[0]), changed[1].present))
    result = pack_query(
        searcher,
        request.packing.query,
        request.packing,
        output,
        count,
        shown=shown,
        filters=filters,
        around=around,
        changes=changed[1] if changed is not None else None,
    )
    warnings = (*found.warnings, *result.warnings)
    ending = Ending(ExitCode.CHECK_FAILED, (STRICT,)) if request.strict and warnings else Ending(ExitCode.SUCCESS)
    index = index_use(found, searcher.refresh, result.files_searched, result.chunks_searched)
    return QueryPackOutcome(result, found.context.name, found.base, index, warnings, ending)


def surroundings(request: PackRequest) -> QueryRequestText:
    """What stands around the answers. Raises UsageError for a file that cannot be read, or a template with an error."""
    from exosuit_cli.pack.query_text import QueryRequestText

    instructions = text_of(request.instructions, "instructions") if request.instructions is not None else None
    template = None
    if request.template is not None:
        from exosuit_cli.pack.templated import compiled

        template = compiled(text_of(request.template, "template"))
    return QueryRequestText(instructions, template, request.has_tree)


@contextmanager
def _counting(encoding: str) -> Iterator[CountBatch]:
    """Counts with the vocabulary that is loading already, if one is."""
    preload = take_preload(encoding, 1, with_table=False)
    if preload is None:
        from exosuit_cli import tokens

        yield tokens.counter_of_few(encoding).count_batch
        return
    try:
        yield preload.counter().count_batch
    finally:
        preload.close()


def _interrupted(found: SearchedContext, partial: str) -> QueryPackOutcome:
    base = found.base if found.base is not None else os.fsencode(os.curdir)
    index = IndexUse(0, 0, 0, found.seconds)
    return QueryPackOutcome(None, found.context.name, base, index, found.warnings, interruption(partial))
