"""A question to a tree, as any front asks it: the context brought up to date and searched, answers with their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.query_context import searched_context
from exosuit_cli.commands.query_filters import filters_of
from exosuit_cli.commands.shared import Ending
from exosuit_cli.commands.shown_answers import ShownAnswer, shown_answers, under_budget, with_twins
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode, UsageError
from exosuit_cli.model.units import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.commands.query_request import QueryRequest
    from exosuit_cli.ingest.progress import Progress, ProgressCallback
    from exosuit_cli.search.records import QueryResult, Refresh
    from exosuit_cli.search.searcher import Searcher
    from exosuit_cli.system.stop import StopRequest

_SPARE: Final = 100
"""Answers among which the smallest is looked for, where none fits the budget."""
_MOMENT_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class IndexUse:
    """What was searched, and what it took to bring it up to date: `refreshed` files in `seconds`.

    `bytes` are those of the sources, whatever the filters leave of them.

    `reason` says why the index was built anew where there was one; None: it was not.
    """

    files: int
    chunks: int
    refreshed: int
    seconds: float
    reason: str | None = None
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class QueryOutcome:
    """The answers to a question, the best first.

    `tokens` is the sum over the answers under a budget, else None. `terms` are what was looked for, and `near`, where
    nothing matched, terms that are close.
    """

    request: QueryRequest
    context: str
    encoding: str
    base: bytes | None
    answers: tuple[ShownAnswer, ...]
    index: IndexUse
    terms: tuple[str, ...]
    near: tuple[str, ...]
    seconds: float
    warnings: tuple[str, ...]
    ending: Ending

    @property
    def tokens(self) -> int | None:
        """The tokens of all that is shown, under a budget."""
        if self.request.answers.budget is None:
            return None
        return sum(each.tokens or 0 for each in self.answers)


def run_query(
    request: QueryRequest,
    *,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
    status: Callable[[str], None] = lambda _: None,
) -> QueryOutcome:
    """Answer a question. Raises as `searched_context` does, and UsageError for a query without a word to look for."""
    with searched_context(request.place, stop=stop, progress=progress, status=status) as found:
        if found.partial is not None:
            return _interrupted(request, found, found.partial)
        from exosuit_cli.search.records import BuildStopped
        from exosuit_cli.search.searcher import Searcher

        try:
            with Searcher.open(found.context, progress=indexing(status), stop=stop) as searcher:
                return answer_query(request, found, searcher)
        except BuildStopped:
            return _interrupted(request, found, signal_name(stop))


def answer_query(request: QueryRequest, found: SearchedContext, searcher: Searcher) -> QueryOutcome:
    """Answer a question from what is open. Raises UsageError for a query without a word to look for."""
    filters = filters_of(found, request.filters)
    options = request.answers
    encoding = found.context.encoding()
    result = searcher.query(request.text, top=options.top, budget=options.budget, filters=filters)
    least = None
    if options.budget is not None and not result.answers:
        any_size = searcher.query(request.text, top=_SPARE, filters=filters)
        least = min((each.tokens for each in any_size.answers), default=None)
    if not result.terms:
        raise UsageError(
            "the query has only words that are everywhere; add what it is about: a name, a message, a path"
        )
    answers = list(shown_answers(found, result.answers, result.terms))
    missing = len(result.answers) - len(answers)
    if options.budget is not None:
        answers = under_budget(options.budget, answers, encoding)
    answers = [with_twins(found, each) for each in answers]
    if options.budget is not None and not answers:
        least = min((each.tokens for each in result.answers), default=least)
    return _outcome(request, found, encoding, result, searcher.refresh, answers, missing, least)


def indexing(status: Callable[[str], None]) -> ProgressCallback:
    """Shows how many chunks are indexed, where that takes a moment."""

    def show(progress: Progress) -> None:
        if progress.seconds >= _MOMENT_SECONDS:
            status(f"indexing: {progress.done:,} of {progress.listed:,} chunks")

    return show


def index_use(found: SearchedContext, refresh: Refresh, files: int, chunks: int) -> IndexUse:
    """What was searched, and what bringing it up to date took."""
    refreshed = max(refresh.files, found.changed_files)
    size = sum(part.source.bytes for part in found.parts)
    return IndexUse(files, chunks, refreshed, found.seconds + refresh.seconds, refresh.reason, size)


def _outcome(
    request: QueryRequest,
    found: SearchedContext,
    encoding: str,
    result: QueryResult,
    refresh: Refresh,
    answers: Sequence[ShownAnswer],
    missing: int,
    least: int | None,
) -> QueryOutcome:
    """All of it as an outcome. `least`: tokens of the smallest answer, where none fits the budget."""
    warnings = list(found.warnings)
    if refresh.reason is not None:
        warnings.append(f"the index was built anew: {refresh.reason}")
    warnings += result.warnings
    if missing:
        name = found.context.name
        warnings.append(
            f"{counted(missing, 'answer')} could not be read from the context {name!r}; "
            f"run `exosuit context check --name {name}`"
        )
    if least is not None:
        warnings.append(f"no answer fits the budget: the smallest has {counted(least, 'token')}")
    return QueryOutcome(
        request=request,
        context=found.context.name,
        encoding=encoding,
        base=found.base,
        answers=tuple(answers),
        index=index_use(found, refresh, result.files, result.chunks),
        terms=result.terms,
        near=result.near if least is None else (),
        seconds=result.seconds,
        warnings=tuple(warnings),
        ending=Ending(ExitCode.SUCCESS),
    )


def signal_name(stop: StopRequest | None) -> str:
    """The name of the signal that asked to stop."""
    return stop.signal.name if stop is not None and stop.signal is not None else "SIGINT"


def interruption(partial: str) -> Ending:
    """How a search ends that a signal cut short while it brought its context up to date."""
    code = ExitCode.TERMINATED if partial == "SIGTERM" else ExitCode.INTERRUPTED
    return Ending(code, (f"interrupted by {partial}: nothing was searched",))


def _interrupted(request: QueryRequest, found: SearchedContext, partial: str) -> QueryOutcome:
    return QueryOutcome(
        request=request,
        context=found.context.name,
        encoding="",
        base=found.base,
        answers=(),
        index=IndexUse(0, 0, 0, found.seconds),
        terms=(),
        near=(),
        seconds=0.0,
        warnings=found.warnings,
        ending=interruption(partial),
    )
