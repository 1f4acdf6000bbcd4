"""The tools: what each answers, as values and as a text for a model that is never over its budget.

Each line of a file has its number before it, so that no file can write what looks like a heading of exosuit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from exosuit_cli import __version__, tokens
from exosuit_cli.commands.file_places import file_at
from exosuit_cli.commands.outline import answer_outline
from exosuit_cli.commands.query import answer_query
from exosuit_cli.commands.query_request import outline_request, query_request, related_request
from exosuit_cli.commands.read import ReadRequest, read_text
from exosuit_cli.commands.related import answer_related
from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.units import counted
from exosuit_cli.report.query.document import outline_document, query_document, related_document
from exosuit_cli.serve.messages import Reply
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.commands.shown_answers import ShownAnswer
    from exosuit_cli.search.searcher import Searcher
    from exosuit_cli.serve.workspace import Workspace

    Tool = Callable[[Workspace, SearchedContext, Searcher, Mapping[str, Any]], Reply]

_FILES: Final = 8
"""Files that answer, where no number of places is asked for."""
LEAST_BUDGET: Final = 50
"""Tokens that a heading and a line of text take."""
_KINDS: Final = ("callers", "callees", "tests", "twins", "mentions")


class _Fitted(NamedTuple):
    """How many of the parts are in the text, and its tokens."""

    parts: int
    text: str
    tokens: int


def search(_: Workspace, found: SearchedContext, searcher: Searcher, given: Mapping[str, Any]) -> Reply:
    """Answer a question."""
    budget = _budget(given)
    most = given.get("top")
    outcome = answer_query(query_request(given["query"], (), {**given, "top": most or _FILES}), found, searcher)
    document = query_document(outcome)
    blocks = [_block(each) for each in outcome.answers[:most]]
    closing = _notes(outcome.warnings)
    if not blocks and not outcome.index.files:
        closing += "No file is searched: none passes the filters. Take some away, or change them.\n"
    elif not blocks:
        near = f" Close to it: {', '.join(outcome.near)}." if outcome.near else ""
        closing += f"Nothing matches {', '.join(outcome.terms)}.{near} Try other words, or fewer filters.\n"
    count = _count_with(outcome.encoding)
    fitted = _fitted(blocks, closing, budget, count)
    if blocks and not fitted.parts:  # the best answer, as far as it fits
        lines = blocks[0].splitlines(keepends=True)
        rest = "... cut to the budget; read the chunk for the rest\n"
        fitted = _fitted(lines, rest + closing, budget, count)
        fitted = _Fitted(1, fitted.text, fitted.tokens)
    left_out = len(blocks) - fitted.parts
    return Reply(
        fitted.text,
        {
            **document,
            "results": document["results"][: fitted.parts],
            "tokens": fitted.tokens,
            "budget": budget,
            "left_out": left_out,
        },
    )


def read(_: Workspace, found: SearchedContext, searcher: Searcher, given: Mapping[str, Any]) -> Reply:
    """Read text."""
    budget = _budget(given)
    request = ReadRequest(**{name: value for name, value in given.items() if value is not None})
    outcome = read_text(request, found, searcher)
    encoding = found.context.encoding()
    path = display_name(outcome.path)
    of = f" of {outcome.file_lines:,}" if outcome.file_lines else ""
    symbol = f"  {display_name(outcome.symbol)}" if outcome.symbol else ""
    numbered = _numbered(outcome.lines, outcome.start_line)
    also = f"also defined: {', '.join(outcome.others)}\n" if outcome.others else ""
    if outcome.more_others:
        also += f"and in {counted(outcome.more_others, 'more place')}\n"

    def text_of(shown: int) -> str:
        next_line = outcome.start_line + shown if shown < len(numbered) else outcome.next_line
        end = f"... continues at start_line {next_line}\n" if next_line is not None else ""
        heading = f"## {path}:{outcome.start_line}-{outcome.start_line + shown - 1}{of}{symbol}\n"
        return heading + "".join(numbered[:shown]) + also + end

    count = _count_with(encoding)
    low, shown = 0, len(numbered)
    if count(text_of(shown)) > budget:
        while low < shown - 1:  # `low` lines fit, `shown` do not
            middle = (low + shown) // 2
            low, shown = (middle, shown) if count(text_of(middle)) <= budget else (low, middle)
        shown = low
    if not shown and numbered:
        raise UsageError(
            f"line {outcome.start_line} of {path} alone is over the budget of {budget} tokens; call again with "
            f"budget {count(text_of(1))} or more"
        )
    text = text_of(shown)
    return Reply(
        text,
        {
            "path": path,
            "language": outcome.language,
            "symbol": outcome.symbol,
            "start_line": outcome.start_line,
            "end_line": outcome.start_line + shown - 1,
            "file_lines": outcome.file_lines,
            "next_line": outcome.start_line + shown if shown < len(numbered) else outcome.next_line,
            "text": "".join(line + "\n" for line in outcome.lines[:shown]),
            "others": list(outcome.others),
            "tokens": count(text),
            "budget": budget,
            "encoding": encoding,
            "warnings": list(found.warnings),
        },
    )


def outline(_: Workspace, found: SearchedContext, searcher: Searcher, given: Mapping[str, Any]) -> Reply:
    """Make an outline."""
    budget = _budget(given)
    outcome = answer_outline(outline_request((), given), found, searcher)
    document = outline_document(outcome)
    text = outcome.text
    notes = _notes(outcome.warnings) or ("Nothing is defined here.\n" if not outcome.entries else "")
    if notes:
        used = _count_with(outcome.encoding)(text + notes)
        text, document["tokens"] = (text + notes, used) if used <= budget else (text, outcome.tokens)
    return Reply(text, document)


def related(_: Workspace, found: SearchedContext, searcher: Searcher, given: Mapping[str, Any]) -> Reply:
    """Find what is related."""
    budget = _budget(given)
    place = given.get("chunk") or f"{given.get('path')}:{given.get('line')}"
    request = related_request(place, given)
    if request.path is not None:
        file = file_at(found, request.path)
        source = next(each for each in found.context.sources() if each.id == file.source)
        request = _at(request, source.root, file.path)
    outcome = answer_related(request, found, searcher)
    document = related_document(outcome)
    parts: list[tuple[str | None, str]] = []
    symbol = f"  {display_name(outcome.symbol)}" if outcome.symbol else ""
    of = f"{display_name(outcome.place.path)}:{outcome.place.start_line}-{outcome.place.end_line}"
    parts.append((None, f"# related to {of}{symbol}\n"))
    for kind in _KINDS:
        for each in outcome.related[kind]:
            lines = each.shown_place
            where = f"{display_name(lines.path)}:{lines.start_line}-{lines.end_line}"
            at = f"\n  {each.line}\t{display_name(each.text.strip())}" if each.name is not None else ""
            name = f"  {display_name(each.symbol)}" if each.symbol else ""
            parts.append((kind, f"{kind}: {where}{name}  id {each.id.hex()}  ({display_name(each.why)}){at}\n"))
    closing = _notes(outcome.warnings)
    if len(parts) == 1:
        closing += "Nothing related was found.\n"
    encoding = found.context.encoding()
    fitted = _fitted([text for _, text in parts], closing, budget, _count_with(encoding))
    kept = [kind for kind, _ in parts[: fitted.parts]]
    return Reply(
        fitted.text,
        {
            **document,
            **{kind: document[kind][: kept.count(kind)] for kind in _KINDS},
            "tokens": fitted.tokens,
            "budget": budget,
            "encoding": encoding,
            "left_out": len(parts) - fitted.parts,
        },
    )


def status(workspace: Workspace, found: SearchedContext, _: Searcher, __: Mapping[str, Any]) -> Reply:
    """Say what can be searched."""
    context = found.context
    sources = context.sources()
    values: dict[str, Any] = {
        "version": __version__,
        "context": context.name,
        "encoding": context.encoding(),
        "roots": [display_name(each.root) for each in sources],
        "files": sum(each.files for each in sources),
        "lines": sum(each.lines for each in sources),
        "tokens": sum(each.tokens for each in sources),
        "chunks": sum(each.spans for each in sources),
        "refreshed": found.changed_files,
        "watched": workspace.is_watched,
        "warnings": list(found.warnings),
    }
    lines = [f"exosuit {__version__}, context {context.name}, tokens of {values['encoding']}"]
    lines += [
        f"{display_name(each.root)}: {counted(each.files, 'file')}, {counted(each.lines, 'line')}, "
        f"{counted(each.tokens, 'token')}"
        for each in sources
    ]
    return Reply("\n".join(lines) + "\n" + _notes(found.warnings), values)


TOOLS: Final[Mapping[str, Tool]] = {
    "search": search,
    "read": read,
    "outline": outline,
    "related": related,
    "status": status,
}


def _at(request: Any, root: bytes, path: bytes) -> Any:
    """The request with the absolute path of the file, whatever the working directory is."""
    import os
    from dataclasses import replace

    whole = root if os.path.basename(root) == path and not os.path.isdir(root) else os.path.join(root, path)
    return replace(request, path=os.fsdecode(whole))


def _budget(given: Mapping[str, Any]) -> int:
    budget = int(given["budget"])
    if budget < LEAST_BUDGET:
        raise UsageError(f"a budget of {budget} tokens is too small for an answer; give {LEAST_BUDGET} or more")
    return budget


def _count_with(encoding: str) -> Callable[[str], int]:
    counter = tokens.load_counter(encoding)
    return lambda text: counter.count(text.encode("utf-8", "replace"))


def _block(shown: ShownAnswer) -> str:
    """An answer: a heading, the lines that enclose it, its own lines."""
    place = shown.place
    symbol = f"  {display_name(shown.symbol)}" if shown.symbol else ""
    heading = f"## {display_name(place.path)}:{place.start_line}-{place.end_line}{symbol}  id {shown.answer.id.hex()}\n"
    above = "".join(f"{each.line}\t{each.text}\n" for each in shown.enclosing)
    twins = ", ".join(f"{display_name(each.path)}:{each.start_line}" for each in shown.twins)
    more = f" and {counted(shown.more_twins, 'more place')}" if shown.more_twins else ""
    from exosuit_cli.search.breadcrumb import lines_of

    lines = _numbered(lines_of(shown.text), place.start_line)
    return heading + above + "".join(lines) + (f"the same text: {twins}{more}\n" if twins else "")


def _numbered(lines: Sequence[str], first: int) -> list[str]:
    return [f"{number}\t{line}\n" for number, line in enumerate(lines, first)]


def _notes(warnings: Sequence[str]) -> str:
    return "".join(f"note: {display_name(each)}\n" for each in warnings)


def _fitted(parts: Sequence[str], closing: str, budget: int, count: Callable[[str], int]) -> _Fitted:
    """As many of the parts as fit the budget together with what closes them; that is left out if it alone does not."""
    low, high = 0, len(parts)
    best = _Fitted(0, "", 0)
    for tail in (closing, ""):
        used = count(tail)
        if used <= budget:
            best, closing = _Fitted(0, tail, used), tail
            break
    while low < high:
        middle = (low + high + 1) // 2
        text = "".join(parts[:middle]) + closing
        used = count(text)
        if used <= budget:
            low, best = middle, _Fitted(middle, text, used)
        else:
            high = middle - 1
    return best
