"""Answers with all that is shown of them: texts, the lines around them, and other places of the same text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.context.records import StoredChunk, StoredFile
    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.search.definitions import Definition
    from exosuit_cli.search.records import Answer

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


def shown_answers(found: SearchedContext, answers: Iterable[Answer], terms: Sequence[str]) -> Iterable[ShownAnswer]:
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


def with_twins(found: SearchedContext, shown: ShownAnswer) -> ShownAnswer:
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


def under_budget(budget: int, answers: Sequence[ShownAnswer], encoding: str) -> list[ShownAnswer]:
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
