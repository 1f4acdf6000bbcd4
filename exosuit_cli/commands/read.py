"""Text of a context by its place, as any front asks for it: a chunk, lines of a file, or the definition of a name.

All of it comes from the context, verified: no file is opened, so what is not loaded cannot be read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.file_places import MOST_OTHERS, file_at, shown_path
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import CheckFailed, UsageError
from exosuit_cli.model.units import counted
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.context.records import StoredChunk, StoredFile
    from exosuit_cli.search.definers import Definer
    from exosuit_cli.search.definitions import Definition
    from exosuit_cli.search.searcher import Searcher

_READ_CHUNKS: Final = 32
_ABOVE: Final = re.compile(r"\s*(?:@|#\[|\[\w)")
"""Lines that belong to the definition below them: decorators, attributes."""
_BETWEEN: Final = re.compile(r"\s*(?:$|@|#|//|/\*|\*|--)")
"""Lines before a definition that do not belong to the one above it."""

_DECLARED: Final = re.compile(r"(?:\.\.\.|^[^{}]*;)\s*$")
"""The end of a definition without a body: an overload, a prototype."""
_MOST_LOOKED_AT: Final = 50
_MOST_BEFORE: Final = 200_000
"""Tokens of a file in which it is looked for what a definition is within."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read: the chunk whose id begins so, lines of the file `path`, or the definition of `symbol`.

    With `symbol`, `path` says in which file it is defined. `budget` limits the tokens of the lines with their numbers.
    Raises UsageError unless exactly one of them is given, and for lines or a budget below 1.
    """

    chunk: str | None = None
    path: str | None = None
    symbol: str | None = None
    start_line: int = 1
    end_line: int | None = None
    budget: int = 4000

    def __post_init__(self) -> None:
        given = [each for each in (self.chunk, self.symbol or self.path) if each]
        if len(given) != 1:
            raise UsageError("give one of them: chunk, path, or symbol (with path, if several files define it)")
        if self.start_line < 1 or self.budget < 1:
            raise UsageError("start_line and budget are 1 or more")
        if self.end_line is not None and self.end_line < self.start_line:
            raise UsageError(f"end_line {self.end_line} is before start_line {self.start_line}")


@dataclass(frozen=True, slots=True)
class ReadOutcome:
    """Lines of a file, as far as the budget reaches; `next_line` is where what was asked for goes on, if it does.

    `file_lines` are all lines of the file. `others` are further places that define the symbol, as `path:line`.
    """

    path: bytes
    language: str | None
    start_line: int
    lines: tuple[str, ...]
    file_lines: int
    next_line: int | None
    chunk: bytes | None = None
    symbol: str | None = None
    others: tuple[str, ...] = ()
    more_others: int = 0

    @property
    def end_line(self) -> int:
        """The last line that is there."""
        return self.start_line + len(self.lines) - 1


def read_text(request: ReadRequest, found: SearchedContext, searcher: Searcher) -> ReadOutcome:
    """Read what is asked for. Raises UsageError where it is not there, CheckFailed where it is damaged."""
    if request.chunk is not None:
        return _read_chunk(request, found)
    if request.symbol is not None:
        return _read_symbol(request, found, searcher)
    assert request.path is not None
    file = file_at(found, request.path)
    return _read_lines(request, found, file, request.start_line, request.end_line)


def _read_chunk(request: ReadRequest, found: SearchedContext) -> ReadOutcome:
    context = found.context
    assert request.chunk is not None
    key = context.find(request.chunk)
    numbers, _ = context.holders(key, 1)
    file = context.file(numbers[0]) if numbers else None
    span = next((each for each in context.spans(file) if each.id == key), None) if file is not None else None
    if file is None or span is None:
        raise UsageError(f"there is no chunk {request.chunk!r} now: its file has changed; call search again")
    (text,) = context.get_many([key])
    if text is None:
        raise _damaged(found)
    from exosuit_cli.search.breadcrumb import lines_of

    lines = tuple(lines_of(text))
    return ReadOutcome(
        shown_path(found, file), file.language, span.start_line, lines, file.lines or 0, None, key, span.symbol
    )


def _read_symbol(request: ReadRequest, found: SearchedContext, searcher: Searcher) -> ReadOutcome:
    from exosuit_cli.search.definers import definers_of

    assert request.symbol is not None
    definers = definers_of(searcher, request.symbol)
    if request.path is not None:
        number = file_at(found, request.path).id
        definers = [each for each in definers if each.file == number]
    if not definers:
        where = f" in {request.path!r}" if request.path is not None else ""
        raise UsageError(f"no definition of {request.symbol[:200]!r} was found{where}; call search with it")
    definers = _named_first(found, request.symbol, definers)
    first, file, start, end = _whole(found, definers, request.budget)
    others = [each for each in definers if each is not first]
    outcome = _read_lines(request, found, file, start, end)
    places = []
    for each in others[:MOST_OTHERS]:
        other = found.context.file(each.file)
        if other is not None:
            places.append(f"{display_name(shown_path(found, other))}:{each.definition.line}")
    return ReadOutcome(
        outcome.path, outcome.language, outcome.start_line, outcome.lines, outcome.file_lines, outcome.next_line,
        symbol=first.definition.name, others=tuple(places), more_others=len(others) - len(places),
    )  # fmt: skip


def _named_first(found: SearchedContext, name: str, definers: list[Definer]) -> list[Definer]:
    """In the order they have, but those first that are within what the name says, as `A` of `A.method`."""
    from exosuit_cli.search.definitions import definitions_in
    from exosuit_cli.search.outline import last_part

    outer = re.split(r"\.|::", name)[-2:-1]
    if not outer:
        return definers

    def is_within(definer: Definer) -> bool:
        file = found.context.file(definer.file)
        if file is None or definer.definition.level == 0:
            return False
        lines, first = _lines(found, file, 1, definer.definition.line, _MOST_BEFORE)
        before = definitions_in(lines[: definer.definition.line - first], first, file.language)
        around = [each for each in before if each.level < definer.definition.level]
        return bool(around) and last_part(around[-1].name) == outer[0]

    looked_at = definers[:_MOST_LOOKED_AT]
    within = [each for each in looked_at if is_within(each)]
    return [*within, *(each for each in definers if each not in within)]


def _whole(found: SearchedContext, definers: Sequence[Definer], budget: int) -> tuple[Definer, StoredFile, int, int]:
    """The first definition, its file and its lines; if it is only declared, the next in its file that has a body."""
    first: tuple[Definer, StoredFile, int, int] | None = None
    for each in definers[:_MOST_LOOKED_AT]:
        if first is not None and (each.file, each.definition.level) != (first[0].file, first[0].definition.level):
            continue
        file = found.context.file(each.file)
        if file is None:
            raise _damaged(found)
        start, end = _extent(found, file, each.definition, budget)
        first = first or (each, file, start, end)
        lines, at = _lines(found, file, start, end, budget)
        if not _DECLARED.search("".join(lines[start - at : end - at + 1])):
            return each, file, start, end
    assert first is not None, "a name without a definition is refused"
    return first


def _extent(found: SearchedContext, file: StoredFile, definition: Definition, budget: int) -> tuple[int, int]:
    """The first and the last line of a definition: up to the next one that is not within it."""
    from exosuit_cli.search.definitions import definitions_in

    start = max(definition.line - 20, 1)
    lines, first_line = _lines(found, file, start, None, budget + 2000)
    at = definition.line - first_line
    begin = at
    while begin > 0 and _ABOVE.match(lines[begin - 1]):
        begin -= 1
    after = definitions_in(lines[at + 1 :], definition.line + 1, file.language)
    end = next((each.line - first_line for each in after if each.level <= definition.level), len(lines))
    while end > at + 1 and _BETWEEN.match(lines[end - 1]):
        end -= 1
    return first_line + begin, first_line + end - 1


def _read_lines(
    request: ReadRequest, found: SearchedContext, file: StoredFile, start: int, end: int | None
) -> ReadOutcome:
    total = file.lines
    if total is None:
        raise UsageError(f"{display_name(shown_path(found, file))} is binary: it has no lines to read")
    spans = found.context.spans(file)
    last = max((span.end_line for span in spans), default=0)
    if start > max(last, 1):
        raise UsageError(
            f"{display_name(shown_path(found, file))} has {counted(last, 'line')}; start_line {start} is over it"
        )
    lines, first = _lines(found, file, start, end, request.budget)
    wanted = lines[start - first : None if end is None else end - first + 1]
    reached = start + len(wanted) - 1
    goal = last if end is None else min(end, last)
    return ReadOutcome(
        shown_path(found, file), file.language, start, tuple(wanted), last, reached + 1 if reached < goal else None
    )


def _lines(found: SearchedContext, file: StoredFile, start: int, end: int | None, budget: int) -> tuple[list[str], int]:
    """The lines of the chunks from line `start` on, up to `end` or over the budget, and the number of the first."""
    from exosuit_cli.search.breadcrumb import lines_of

    spans = [
        span for span in found.context.spans(file) if span.end_line >= start and (end is None or span.start_line <= end)
    ]
    if not spans:
        return [], start
    content = b"".join(_texts(found, spans, budget))
    return lines_of(content), spans[0].start_line


def _texts(found: SearchedContext, spans: Sequence[StoredChunk], budget: int) -> Iterator[bytes]:
    """The texts of chunks one after the other, without what an overlap repeats, until they are over the budget."""
    reached, tokens = spans[0].start_byte, 0
    for start in range(0, len(spans), _READ_CHUNKS):
        part = spans[start : start + _READ_CHUNKS]
        for span, text in zip(part, found.context.get_many([each.id for each in part]), strict=True):
            if text is None:
                raise _damaged(found)
            yield text[reached - span.start_byte :] if span.start_byte < reached else text
            reached = max(reached, span.end_byte)
            tokens += span.tokens
            if tokens > budget:
                return


def _damaged(found: SearchedContext) -> CheckFailed:
    name = found.context.name
    return CheckFailed(f"this text is damaged in the context; run `exosuit context repair --name {name}`")
