"""A pack of what answers a question: pieces of files by relevance, with what they lean on, exact to the token."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import CheckFailed, UsageError
from exosuit_cli.model.units import counted
from exosuit_cli.pack.forms import FORMS, RAW
from exosuit_cli.pack.output import OpeningTokens
from exosuit_cli.pack.query_choice import QueryChoice
from exosuit_cli.pack.query_result import LeftOut, QueriedFile, QueryPack
from exosuit_cli.pack.query_taking import AnswerTaking
from exosuit_cli.pack.query_text import QueryRequestText, QueryText
from exosuit_cli.pack.result import PackPart
from exosuit_cli.pack.secrets import redacted
from exosuit_cli.pack.shown_changes import all_of, fitting
from exosuit_cli.pack.source_text import SourceTexts
from exosuit_cli.search.records import Filters
from exosuit_cli.system.names import display_name
from exosuit_cli.tokens.text import to_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exosuit_cli.context.records import StoredFile
    from exosuit_cli.history import Changes
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.output import CountBatch, PackOutput
    from exosuit_cli.pack.shown_changes import ShownChanges
    from exosuit_cli.search.records import Answer, QueryResult
    from exosuit_cli.search.searcher import Searcher

DEFAULT_BUDGET: Final = 8_000
"""Tokens of a pack of a question where none are named."""
_NAMES_SHARE: Final = 32
"""One part of so many of the budget is kept for the names of what gaps leave out."""
_TOKENS_A_FILE: Final = 500
"""One file more answers for so many tokens of the budget, from `_LEAST_FILES` to `_MOST_FILES`."""
_LEAST_FILES, _MOST_FILES = 5, 200
_NEXT_SHARE, _MOST_NEXT_TOKENS = 16, 300
"""One part of so many of the budget is for the names of what was left out next, up to so many tokens."""
_CHANGES_SHARE: Final = 2
"""One part of so many of the budget is for what has changed: a fourth of it for names, three with the hunks."""
_TRIES: Final = 8
_SLACK: Final = 16
_SUMMARY_TOKENS: Final = 32
"""By how many tokens a summary grows with its counts, mostly; where it is more, it is chosen again."""


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
    changes: Changes | None = None,
) -> QueryPack:
    """Write what answers a question as one text for a model, of at most `options.budget` tokens (0: `DEFAULT_BUDGET`).

    Files come by relevance, pieces in the order of the file, gaps between them marked. The bytes depend on the index
    and the options only. `shown` gives the path that is shown of a file; `count` counts in `options.encoding`.
    `changes` are shown after the files, as far as a part of the budget goes: hunks of the most relevant files first.

    Raises UsageError for a budget that holds nothing, and for a query without a word; CheckFailed for secrets, where
    they are refused.
    """
    around = around or QueryRequestText()
    return _QueryPacking(searcher, query, options, output, count, shown, filters, around, changes).run()


def _without_secret(answer: Answer) -> Answer:
    """The answer with no secret in its symbol, which a pack names where it leaves the answer out."""
    if answer.symbol is None:
        return answer
    text, secrets = redacted(to_utf8(answer.symbol.encode("utf-8", "surrogateescape")), answer.path)
    return replace(answer, symbol=text.decode()) if secrets else answer


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
        changes: Changes | None,
    ) -> None:
        self._started = time.perf_counter()
        self._searcher = searcher
        self._query = query
        self._options = replace(options, format=RAW if around.template is not None else options.format)
        self._budget = options.budget or DEFAULT_BUDGET
        self._output = output
        self._shown = shown
        self._count = count
        self._form = FORMS[self._options.format]
        self._texts = SourceTexts(searcher.context, shown, redacts=options.secrets != "ignore")
        top = max(_LEAST_FILES, min(self._budget // _TOKENS_A_FILE, _MOST_FILES))
        found = searcher.query(query, top=top, budget=2 * self._budget, filters=filters or Filters())
        if options.secrets != "ignore":
            # The index has the names of definitions as they are.
            found = replace(found, answers=tuple(map(_without_secret, found.answers)))
        self._found = found
        self._openings = OpeningTokens(self._form, count)
        self._taking = AnswerTaking(searcher, self._texts, self._found.answers, options.detail)
        self._changes = self._fitting(changes) if changes is not None else None
        self._text = QueryText(
            query, self._options, self._form, around, self._budget, count, self._openings, self._path, self._changes
        )

    def run(self) -> QueryPack:
        """Choose and write."""
        if not self._found.terms:
            raise UsageError("the query has only words that are everywhere; add a name, a message, or a path")
        target = self._budget
        for _ in range(_TRIES):
            choice, left_out = self._chosen(target)
            files = [self._text.record(number, chosen) for number, chosen in enumerate(choice.files.values(), 1)]
            text, tokens = self._text.text(choice, files, left_out)
            if tokens <= self._budget:
                self._refuse_secrets(files)
                self._output.file.write(text)
                return self._result(files, left_out, PackPart(self._output.name, tokens, len(text)))
            target -= tokens - self._budget + _SLACK
        raise UsageError(f"the template takes more than the budget of {self._budget:,} tokens by itself")

    def _fitting(self, changes: Changes) -> ShownChanges:
        """As much of the changes as a part of the budget holds."""
        ranks: dict[bytes, int] = {}
        for answer in self._found.answers:
            ranks.setdefault(self._path(answer), len(ranks))
        return fitting(
            all_of(changes),
            self._budget // _CHANGES_SHARE,
            self._count,
            enclosed=lambda text: self._form.protected(text.encode())[0],
            rank_of=lambda path: ranks.get(path, len(ranks)),
        )

    def _chosen(self, budget: int) -> tuple[QueryChoice, list[Answer]]:
        """What a budget holds, and the answers that it does not."""
        fixed = self._text.around_tokens() + _SUMMARY_TOKENS
        if fixed > budget:
            raise UsageError(
                f"a budget of {self._budget:,} tokens does not hold what stands around the texts; "
                f"give {self._budget + fixed - budget:,} or more"
            )
        named = min(budget // _NEXT_SHARE, _MOST_NEXT_TOKENS)
        opening = max(self._openings.of(number) for number in (1, 2, 10, 100))
        choice = QueryChoice(self._options, self._count, budget - fixed - named, opening)
        return choice, self._taking.fill(choice, budget // _NAMES_SHARE)

    def _path(self, answer: Answer) -> bytes:
        """The path that is shown of the file of an answer."""
        file = self._searcher.context.file(answer.file)
        return self._shown(file) if file is not None else answer.path

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
            changes=self._changes,
            warnings=tuple(warnings),
        )
