"""A pack of what answers a question: pieces of files by relevance, with what they lean on, exact to the token.

Three quarters of the budget are for the answers, in their order. Then come the imports of their files and the
definitions of what they use. What is left goes to further answers.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import CheckFailed, UsageError
from exosuit_cli.model.units import counted
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.forms import FORMS, RAW, Tail
from exosuit_cli.pack.leaning import Span, definitions_used, enclosing_lines, imports_of
from exosuit_cli.pack.output import OpeningTokens
from exosuit_cli.pack.query_choice import QueryChoice
from exosuit_cli.pack.query_result import LeftOut, QueriedFile, QueryPack, Reason, ShownLines
from exosuit_cli.pack.query_summary import left_out_line, query_summary, query_tree
from exosuit_cli.pack.result import PackPart
from exosuit_cli.pack.source_text import SourceTexts
from exosuit_cli.search.records import Filters
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exosuit_cli.context.records import StoredFile
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.output import CountBatch, PackOutput
    from exosuit_cli.pack.query_choice import ChosenFile
    from exosuit_cli.search.records import Answer, QueryResult
    from exosuit_cli.search.related import Spot
    from exosuit_cli.search.searcher import Searcher

DEFAULT_BUDGET: Final = 8_000
"""Tokens of a pack of a question where none are named."""
_LEANING_SHARE: Final = 4
"""One part of so many of what there is for texts is kept for what the answers lean on."""
_NAMES_SHARE: Final = 32
"""One part of so many of the budget is kept for the names of what gaps leave out."""
_TOKENS_A_FILE: Final = 500
"""One file more answers for so many tokens of the budget, from `_LEAST_FILES` to `_MOST_FILES`."""
_LEAST_FILES, _MOST_FILES = 5, 200
_MOST_MISSES: Final = 20
"""After so many answers in turn that do not fit, no further one is tried."""
_MOST_LEANING: Final = 24
"""Files whose definitions are looked for, the most relevant first."""
_LEAST_TOKENS: Final = 20
"""What is left is spent when it is less: no definition is as short."""
_MOST_DEFINITIONS: Final = 8
"""Definitions that the pieces of one file lean on."""
_NEXT_SHARE, _MOST_NEXT_TOKENS = 16, 300
"""One part of so many of the budget is for the names of what was left out next, up to so many tokens."""
_TRIES: Final = 8
_SLACK: Final = 16
_SUMMARY_TOKENS: Final = 32
"""By how many tokens a summary grows with its counts, mostly; where it is more, it is chosen again."""
_LEAST_LINES: Final = 3
"""Lines of an answer that are shown where all of it does not fit, at least."""


@dataclass(frozen=True, slots=True)
class QueryRequestText:
    """What surrounds a pack of a question: instructions, and a template that is compiled already; both may be None."""

    instructions: str | None = None
    template: Any = None
    has_tree: bool = False


def pack_query(
    searcher: Searcher,
    query: str,
    options: PackOptions,
    output: PackOutput,
    count: CountBatch,
    *,
    shown: Callable[[StoredFile], bytes],
    filters: Filters | None = None,
    around: QueryRequestText | None = None,
) -> QueryPack:
    """Write what answers a question as one text for a model, of at most `options.budget` tokens (0: `DEFAULT_BUDGET`).

    Files come by relevance, pieces in the order of the file, gaps between them marked. The bytes depend on the index
    and the options only. `shown` gives the path that is shown of a file; `count` counts in `options.encoding`.

    Raises UsageError for a budget that holds nothing, and for a query without a word; CheckFailed for secrets, where
    they are refused.
    """
    return _QueryPacking(searcher, query, options, output, count, shown, filters, around or QueryRequestText()).run()


class _QueryPacking:
    """One pack in the making."""

    def __init__(
        self,
        searcher: Searcher,
        query: str,
        options: PackOptions,
        output: PackOutput,
        count: CountBatch,
        shown: Callable[[StoredFile], bytes],
        filters: Filters | None,
        around: QueryRequestText,
    ) -> None:
        self._started = time.perf_counter()
        self._searcher = searcher
        self._query = query
        self._options = replace(options, format=RAW if around.template is not None else options.format)
        self._budget = options.budget or DEFAULT_BUDGET
        self._output = output
        self._shown = shown
        self._count = count
        self._around = around
        self._form = FORMS[self._options.format]
        self._texts = SourceTexts(searcher.context, shown, redacts=options.secrets != "ignore")
        top = max(_LEAST_FILES, min(self._budget // _TOKENS_A_FILE, _MOST_FILES))
        self._found = searcher.query(query, top=top, budget=2 * self._budget, filters=filters or Filters())
        self._openings = OpeningTokens(self._form, count)

    def run(self) -> QueryPack:
        """Choose and write."""
        if not self._found.terms:
            raise UsageError("the query has only words that are everywhere; add a name, a message, or a path")
        target = self._budget
        for _ in range(_TRIES):
            choice, left_out = self._chosen(target)
            files = [self._file(number, chosen) for number, chosen in enumerate(choice.files.values(), 1)]
            text, tokens = self._text(choice, files, left_out)
            if tokens <= self._budget:
                self._refuse_secrets(files)
                self._output.file.write(text)
                return self._result(files, left_out, PackPart(self._output.name, tokens, len(text)))
            target -= tokens - self._budget + _SLACK
        raise UsageError(f"the template takes more than the budget of {self._budget:,} tokens by itself")

    def _chosen(self, budget: int) -> tuple[QueryChoice, list[Answer]]:
        """What a budget holds, and the answers that it does not."""
        fixed = sum(self._count([self._form.head, self._form.tail(self._tail([], []))])) + _SUMMARY_TOKENS
        if fixed > budget:
            raise UsageError(
                f"a budget of {self._budget:,} tokens does not hold what stands around the texts; "
                f"give {self._budget + fixed - budget:,} or more"
            )
        named = min(budget // _NEXT_SHARE, _MOST_NEXT_TOKENS)
        opening = max(self._openings.of(number) for number in (1, 2, 10, 100))
        choice = QueryChoice(self._options, self._count, budget - fixed - named, opening)
        if self._options.detail is not Detail.FULL:
            return choice, self._take_short(choice)
        left_out = self._take(choice, self._found.answers, choice.left // _LEANING_SHARE)
        if not choice.files and left_out:
            self._take_some_lines(choice, left_out[0])
        names = budget // _NAMES_SHARE
        self._lean(choice, names)
        left_out = self._take(choice, left_out, names)
        choice.name_gaps()
        return choice, left_out

    def _take(self, choice: QueryChoice, answers: Sequence[Answer], reserve: int) -> list[Answer]:
        """Take answers in their order as long as they fit, each with what encloses it; those that were not taken."""
        left_out = []
        misses = 0
        for answer in answers:
            if (
                misses > _MOST_MISSES
                or choice.left - reserve < _LEAST_TOKENS
                or not self._takes(choice, answer, reserve)
            ):
                misses += 1
                left_out.append(answer)
            else:
                misses = 0
        return left_out

    def _takes(self, choice: QueryChoice, answer: Answer, reserve: int) -> bool:
        source = self._texts.of(answer.file)
        if source is None or answer.ordinal >= len(source.chunks) or source.chunks[answer.ordinal].id != answer.id:
            return False
        span = Span(answer.file, *source.shown_span(answer.ordinal), "answers")
        around = list(enclosing_lines(source, answer.ordinal))
        return choice.add(source, [span, *around], reserve=reserve) or (
            bool(around) and choice.add(source, [span], reserve=reserve)
        )

    def _take_some_lines(self, choice: QueryChoice, answer: Answer) -> None:
        """Take as many lines of an answer as fit, where all of it does not."""
        source = self._texts.of(answer.file)
        if source is None or answer.ordinal >= len(source.chunks):
            return
        start, end = source.shown_span(answer.ordinal)
        first, last = source.line_at(start), source.line_at(max(end - 1, start))
        for line in range(last, first + _LEAST_LINES - 2, -1):
            if choice.add(source, [Span(answer.file, start, min(source.span_of(first, line)[1], end), "answers")]):
                return

    def _take_short(self, choice: QueryChoice) -> list[Answer]:
        """Take whole files at the detail that is asked for, in the order of their best answers."""
        left_out = []
        for answer in self._found.answers:
            source = self._texts.of(answer.file)
            if answer.file in choice.files:
                continue
            if source is None or not choice.add_short(
                source, self._options.detail, Span(answer.file, *source.shown_span(answer.ordinal), "answers")
            ):
                left_out.append(answer)
        return left_out

    def _lean(self, choice: QueryChoice, reserve: int) -> None:
        """Take what the pieces lean on: all imports first, then definitions, of the most relevant file first."""
        files = list(choice.files.values())[:_MOST_LEANING]
        for each in files:
            for span in imports_of(each.source, each.spans):
                choice.add(each.source, [span], reserve=reserve)
        known: dict[tuple[Spot, str], tuple[int, str] | None] = {}
        for each in files:
            if choice.left - reserve < _LEAST_TOKENS:
                return
            taken = 0
            for whole, head in definitions_used(self._searcher, self._texts, each.source, each.spans, known):
                source = self._texts.of(whole.file)
                assert source is not None
                there = choice.files.get(whole.file)
                if there is not None and there.holds(head):
                    continue
                taken += choice.add(source, [whole], reserve=reserve) or choice.add(source, [head], reserve=reserve)
                if taken == _MOST_DEFINITIONS:
                    break

    def _text(self, choice: QueryChoice, files: Sequence[QueriedFile], left_out: Sequence[Answer]) -> tuple[bytes, int]:
        """The whole text with its exact tokens, and with as many names of what was left out as it holds."""
        blocks = [chosen.block for chosen in choice.files.values() if chosen.block]
        if self._around.template is not None:
            text = self._templated(choice, files, left_out)
            return text, self._count([text])[0]
        head = [self._form.head]
        for number, block in enumerate(blocks, 1):
            head += [self._form.opening(number), block]
        before = b"".join(head)
        used = self._count([before])[0]
        low, high = 0, min(len(left_out), 10)
        while low < high:
            middle = (low + high + 1) // 2
            if used + self._count([self._form.tail(self._tail(files, left_out[:middle]))])[0] <= self._budget:
                low = middle
            else:
                high = middle - 1
        text = before + self._form.tail(self._tail(files, left_out[:low]))
        return text, self._count([text])[0]

    def _tail(self, files: Sequence[QueriedFile], named: Sequence[Answer]) -> Tail:
        details = {detail: sum(file.detail is detail for file in files) for detail in Detail}
        summary = query_summary(
            self._query, files, [left_out_line(self._path(each), each) for each in named], self._options
        )
        numbers = {detail.label: count for detail, count in sorted(details.items(), reverse=True)}
        has_tree = self._around.has_tree or self._options.detail is Detail.PATH
        tree = query_tree(files) if has_tree and files else None
        return Tail(summary, tree, self._around.instructions, numbers)

    def _templated(self, choice: QueryChoice, files: Sequence[QueriedFile], left_out: Sequence[Answer]) -> bytes:
        from exosuit_cli.pack.templated import rendered

        blocks = list(choice.files.values())
        values: dict[str, Any] = {
            "query": self._query,
            "files": [
                {
                    "path": display_name(file.path),
                    "language": file.language,
                    "detail": file.detail.label,
                    "tokens": file.tokens,
                    "size": file.size,
                    "lines": file.lines,
                    "text": chosen.block.decode(),
                    "pieces": [
                        {
                            "start_line": chosen.source.line_at(start),
                            "end_line": chosen.source.line_at(max(end - 1, start)),
                            "text": chosen.source.text[start:end].decode(),
                        }
                        for start, end in chosen.spans
                    ],
                }
                for file, chosen in zip(files, blocks, strict=True)
            ],
            "left_out": [left_out_line(self._path(each), each) for each in left_out],
            "binary": [],
            "tree": query_tree(files),
            "summary": query_summary(self._query, files, [], self._options),
            "instructions": self._around.instructions or "",
            "budget": self._budget,
            "encoding": self._options.encoding,
        }
        return rendered(self._around.template, values)

    def _path(self, answer: Answer) -> bytes:
        """The path that is shown of the file of an answer."""
        file = self._searcher.context.file(answer.file)
        return self._shown(file) if file is not None else answer.path

    def _file(self, number: int, chosen: ChosenFile) -> QueriedFile:
        source = chosen.source

        def lines(start: int, end: int) -> tuple[int, int]:
            return source.line_at(start), source.line_at(max(end - 1, start))

        return QueriedFile(
            path=source.path,
            language=source.language,
            size=source.file.size,
            lines=source.lines,
            file_tokens=source.file.tokens or 0,
            detail=chosen.detail,
            tokens=chosen.tokens + (self._openings.of(number) if chosen.block else 0),
            shown=tuple(ShownLines(*lines(start, end)) for start, end in chosen.spans),
            reasons=tuple(Reason(*lines(each.start, each.end), each.why) for each in chosen.why),
            secrets=source.secrets,
            protected=chosen.protected,
        )

    def _refuse_secrets(self, files: Sequence[QueriedFile]) -> None:
        if self._options.secrets != "fail":
            return
        places = [f"{display_name(file.path)}:{each.line} ({each.kind})" for file in files for each in file.secrets]
        if places:
            more = f" and {len(places) - 10:,} more" if len(places) > 10 else ""
            raise CheckFailed(f"nothing is packed: {counted(len(places), 'secret')}: {', '.join(places[:10])}{more}")

    def _result(self, files: Sequence[QueriedFile], left_out: Sequence[Answer], part: PackPart) -> QueryPack:
        found: QueryResult = self._found
        warnings = list(found.warnings)
        if self._texts.damaged:
            warnings.append(f"{counted(self._texts.damaged, 'file')} of the context could not be read whole")
        if not found.answers:
            near = f"; close to it: {', '.join(found.near)}" if found.near else ""
            warnings.append(f"nothing that was searched has a word of the query{near}")
        return QueryPack(
            query=self._query,
            files=files,
            left_out=[
                LeftOut(self._path(each), each.start_line, each.end_line, each.symbol, each.tokens, each.score)
                for each in left_out
            ],
            answers=len(found.answers),
            answers_in=len(found.answers) - len(left_out),
            part=part,
            terms=found.terms,
            near=found.near,
            files_searched=found.files,
            chunks_searched=found.chunks,
            seconds=time.perf_counter() - self._started,
            warnings=tuple(warnings),
        )
