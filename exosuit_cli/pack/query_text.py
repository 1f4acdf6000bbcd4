"""The text of a pack of a question's answers, in a format or by a template, and the record of each file in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.forms import Tail
from exosuit_cli.pack.query_result import QueriedFile, ShownLines
from exosuit_cli.pack.query_summary import left_out_line, query_summary, query_tree
from exosuit_cli.pack.result import Reason
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exosuit_cli.pack.forms import Form
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.output import CountBatch, OpeningTokens
    from exosuit_cli.pack.query_choice import ChosenFile, QueryChoice
    from exosuit_cli.pack.shown_changes import ShownChanges
    from exosuit_cli.search.records import Answer


@dataclass(frozen=True, slots=True)
class QueryRequestText:
    """What surrounds a pack of a question: instructions, and a template that is compiled already; both may be None."""

    instructions: str | None = None
    template: Any = None
    has_tree: bool = False


@dataclass(frozen=True, slots=True)
class QueryText:
    """Makes the text of at most `budget` tokens. `path_of` gives the path that is shown of an answer's file."""

    query: str
    options: PackOptions
    form: Form
    around: QueryRequestText
    budget: int
    count: CountBatch
    openings: OpeningTokens
    path_of: Callable[[Answer], bytes]
    changes: ShownChanges | None

    def around_tokens(self) -> int:
        """The tokens of a text that has no file."""
        return sum(self.count([self.form.head, self.form.tail(self._tail([], []))]))

    def text(self, choice: QueryChoice, files: Sequence[QueriedFile], left_out: Sequence[Answer]) -> tuple[bytes, int]:
        """The whole text with its exact tokens, and with as many names of what was left out as it holds."""
        blocks = [chosen.block for chosen in choice.files.values() if chosen.block]
        if self.around.template is not None:
            text = self._templated(choice, files, left_out)
            return text, self.count([text])[0]
        head = [self.form.head]
        for number, block in enumerate(blocks, 1):
            head += [self.form.opening(number), block]
        before = b"".join(head)
        used = self.count([before])[0]
        low, high = 0, min(len(left_out), 10)
        while low < high:
            middle = (low + high + 1) // 2
            if used + self.count([self.form.tail(self._tail(files, left_out[:middle]))])[0] <= self.budget:
                low = middle
            else:
                high = middle - 1
        text = before + self.form.tail(self._tail(files, left_out[:low]))
        return text, self.count([text])[0]

    def _tail(self, files: Sequence[QueriedFile], named: Sequence[Answer]) -> Tail:
        details = {detail: sum(file.detail is detail for file in files) for detail in Detail}
        summary = query_summary(
            self.query, files, [left_out_line(self.path_of(each), each) for each in named], self.options
        )
        numbers = {detail.label: count for detail, count in sorted(details.items(), reverse=True)}
        has_tree = self.around.has_tree or self.options.detail is Detail.PATH
        tree = query_tree(files) if has_tree and files else None
        return Tail(summary, tree, self.around.instructions, numbers, self.changes)

    def _templated(self, choice: QueryChoice, files: Sequence[QueriedFile], left_out: Sequence[Answer]) -> bytes:
        from exosuit_cli.pack.templated import rendered

        blocks = list(choice.files.values())
        values: dict[str, Any] = {
            "query": self.query,
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
            "left_out": [left_out_line(self.path_of(each), each) for each in left_out],
            "binary": [],
            "tree": query_tree(files),
            "changes": self.changes.text() if self.changes is not None else "",
            "summary": query_summary(self.query, files, [], self.options),
            "instructions": self.around.instructions or "",
            "budget": self.budget,
            "encoding": self.options.encoding,
        }
        return rendered(self.around.template, values)

    def record(self, number: int, chosen: ChosenFile) -> QueriedFile:
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
            tokens=chosen.tokens + (self.openings.of(number) if chosen.block else 0),
            shown=tuple(ShownLines(*lines(start, end)) for start, end in chosen.spans),
            reasons=tuple(Reason(*lines(each.start, each.end), each.why) for each in chosen.why),
            secrets=source.secrets,
            protected=chosen.protected,
        )
