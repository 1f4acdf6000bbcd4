"""Which answers of a question a pack takes, and what they lean on.

The first answer may take all of the budget, the others what three quarters of it leave, in their order. Then come the
imports of their files and the definitions of what they use. What is left goes to further answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.leaning import Span, definitions_used, enclosing_lines, imports_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.pack.query_choice import QueryChoice
    from exosuit_cli.pack.source_text import SourceTexts
    from exosuit_cli.search.records import Answer
    from exosuit_cli.search.related_chunks import Spot
    from exosuit_cli.search.searcher import Searcher

_LEANING_SHARE: Final = 4
"""One part of so many of what there is for texts is kept for what the answers lean on."""
_MOST_MISSES: Final = 20
"""After so many answers in turn that do not fit, no further one is tried."""
_MOST_LEANING: Final = 24
"""Files whose definitions are looked for, the most relevant first."""
_LEAST_TOKENS: Final = 20
"""What is left is spent when it is less: no definition is as short."""
_MOST_DEFINITIONS: Final = 8
"""Definitions that the pieces of one file lean on."""
_LEAST_LINES: Final = 3
"""Lines of an answer that are shown where all of it does not fit, at least."""


@dataclass(frozen=True, slots=True)
class AnswerTaking:
    """Takes answers, in their order, into a choice."""

    searcher: Searcher
    texts: SourceTexts
    answers: Sequence[Answer]
    detail: Detail

    def fill(self, choice: QueryChoice, names: int) -> list[Answer]:
        """Take what fits; the answers that were not taken. `names` tokens are kept for what the gaps leave out."""
        if self.detail is not Detail.FULL:
            return self._take_short(choice)
        for_leaning = choice.left // _LEANING_SHARE
        left_out = self._take(choice, self.answers[:1], names)
        if left_out:
            self._take_some_lines(choice, left_out[0])
        left_out += self._take(choice, self.answers[1:], for_leaning)
        self._lean(choice, names)
        left_out = self._take(choice, left_out, names)
        choice.name_gaps()
        return left_out

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
        source = self.texts.of(answer.file)
        if source is None or answer.ordinal >= len(source.chunks) or source.chunks[answer.ordinal].id != answer.id:
            return False
        span = Span(answer.file, *source.shown_span(answer.ordinal), "answers")
        around = list(enclosing_lines(source, answer.ordinal))
        return choice.add(source, [span, *around], reserve=reserve) or (
            bool(around) and choice.add(source, [span], reserve=reserve)
        )

    def _take_some_lines(self, choice: QueryChoice, answer: Answer) -> None:
        """Take as many lines of an answer as fit, where all of it does not."""
        source = self.texts.of(answer.file)
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
        for answer in self.answers:
            source = self.texts.of(answer.file)
            if answer.file in choice.files:
                continue
            if source is None or not choice.add_short(
                source, self.detail, Span(answer.file, *source.shown_span(answer.ordinal), "answers")
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
            for whole, head in definitions_used(self.searcher, self.texts, each.source, each.spans, known):
                source = self.texts.of(whole.file)
                assert source is not None
                there = choice.files.get(whole.file)
                if there is not None and there.holds(head):
                    continue
                taken += choice.add(source, [whole], reserve=reserve) or choice.add(source, [head], reserve=reserve)
                if taken == _MOST_DEFINITIONS:
                    break
