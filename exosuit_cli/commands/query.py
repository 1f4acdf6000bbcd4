"""A question to a tree, as any front asks it: the context brought up to date and searched, answers with their texts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.query_context import searched_context
from exosuit_cli.commands.query_filters import filters_of
from exosuit_cli.commands.shared import Ending
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode, UsageError
from exosuit_cli.model.units import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.commands.query_request import QueryRequest
    from exosuit_cli.context.records import StoredChunk, StoredFile
    from exosuit_cli.ingest.progress import Progress, ProgressCallback
    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.search.definitions import Definition
    from exosuit_cli.search.records import Answer, QueryResult, Refresh
    from exosuit_cli.search.searcher import Searcher
    from exosuit_cli.system.stop import StopRequest

_SPARE: Final = 100
"""Answers among which the smallest is looked for, where none fits the budget."""
_MOMENT_SECONDS: Final = 0.3
_MOST_TWINS: Final = 5
"""Places of the same text that are named; more are counted."""


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Where a chunk lies; `path` is relative to the base of the outcome."""

    path: bytes
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer with all that is shown of it.

    `enclosing` are the lines around it that define what it belongs to, the outermost first. `twins` have the same text;
    `more_twins` is how many are not named. `tokens` are those of the enclosing lines and the text, as one text; None:
    they were not counted, as there was no budget.
    """

    answer: Answer
    place: ChunkPlace
    text: bytes
    symbol: str | None
    enclosing: tuple[Definition, ...]
    twins: tuple[ChunkPlace, ...] = ()
    more_twins: int = 0
    tokens: int | None = None

    @property
    def breadcrumb(self) -> bytes:
        """The enclosing lines, each with its end."""
        return b"".join(each.text.encode() + b"\n" for each in self.enclosing)


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
    answers = list(_shown(found, result.answers, result.terms))
    missing = len(result.answers) - len(answers)
    if options.budget is not None:
        answers = _under(options.budget, answers, encoding)
    answers = [_with_twins(found, each) for each in answers]
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


def _shown(found: SearchedContext, answers: Iterable[Answer], terms: Sequence[str]) -> Iterable[ShownAnswer]:
    """The answers with their texts; without those that are damaged. `terms` are those of the question."""
    from exosuit_cli.search.breadcrumb import breadcrumb_of
    from exosuit_cli.search.labels import symbol_named

    sources = {part.source.id: part.source for part in found.parts}
    known: dict[int, tuple[StoredFile | None, list[StoredChunk]]] = {}
    for answer in answers:
        if answer.file not in known:
            stored = found.context.file(answer.file)
            known[answer.file] = stored, found.context.spans(stored) if stored is not None else []
        file, spans = known[answer.file]
        if file is None or answer.ordinal >= len(spans) or spans[answer.ordinal].id != answer.id:
            continue
        (text,) = found.context.get_many([answer.id])
        if text is None:
            continue
        breadcrumb = breadcrumb_of(found.context, spans, answer.ordinal, text)
        path = found.shown_path(sources[file.source], file.path)
        named = symbol_named(breadcrumb, text, answer.start_line, terms, answer.language)
        yield ShownAnswer(
            answer=answer,
            place=ChunkPlace(path, answer.start_line, answer.end_line),
            text=text,
            symbol=named or answer.symbol or breadcrumb.symbol,
            enclosing=breadcrumb.enclosing,
        )


def _with_twins(found: SearchedContext, shown: ShownAnswer) -> ShownAnswer:
    """The answer with the other places of its text."""
    numbers, count = found.context.holders(shown.answer.id, _MOST_TWINS + 1)
    if count < 2:
        return shown
    sources = {source.id: source for source in found.context.sources()}
    places = []
    for number in numbers:
        file = found.context.file(number)
        if file is None:
            continue
        path = found.shown_path(sources[file.source], file.path)
        places += [
            ChunkPlace(path, span.start_line, span.end_line)
            for span in found.context.spans(file)
            if span.id == shown.answer.id
        ]
    twins = [each for each in places if each != shown.place][:_MOST_TWINS]
    return replace(shown, twins=tuple(twins), more_twins=count - 1 - len(twins))


def _under(budget: int, answers: Sequence[ShownAnswer], encoding: str) -> list[ShownAnswer]:
    """The answers in their order as far as the budget reaches: what does not fit makes room for what does.

    An answer that fits only without its enclosing lines is shown without them.
    """
    counter: TokenCounter | None = None
    left = budget
    chosen = []
    for each in answers:
        for shown in (each, replace(each, enclosing=())) if each.enclosing else (each,):
            tokens = each.answer.tokens
            if shown.enclosing:
                if counter is None:
                    from exosuit_cli import tokens as counting

                    counter = counting.counter_of_few(encoding)
                tokens = counter.count(shown.breadcrumb + shown.text)
            if tokens <= left:
                left -= tokens
                chosen.append(replace(shown, tokens=tokens))
                break
    return chosen


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
