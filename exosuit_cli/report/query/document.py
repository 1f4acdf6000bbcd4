"""Answers, outlines and related code as JSON (`schemas/query.schema.json`, and so on)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from exosuit_cli import __version__
from exosuit_cli.remote.origins import origin_of
from exosuit_cli.report.context.document import named

if TYPE_CHECKING:
    from exosuit_cli.commands.outline import OutlineOutcome
    from exosuit_cli.commands.query import IndexUse, QueryOutcome
    from exosuit_cli.commands.related import RelatedChunk, RelatedOutcome
    from exosuit_cli.commands.shown_answers import ChunkPlace, ShownAnswer

SCHEMA: Final = "exosuit.query/1"
OUTLINE_SCHEMA: Final = "exosuit.outline/1"
RELATED_SCHEMA: Final = "exosuit.related/1"
_LONGEST_QUERY: Final = 1000
"""Characters of the query that a document repeats."""


def query_document(outcome: QueryOutcome) -> dict[str, Any]:
    """The answers to a question, the best first, and what was searched for them."""
    query = outcome.request.text
    return {
        "schema": SCHEMA,
        "exosuit_version": __version__,
        "query": query[:_LONGEST_QUERY],
        "query_bytes": len(query.encode()),
        "terms": list(outcome.terms),
        "near": list(outcome.near),
        "context": outcome.context,
        **_base(outcome.base),
        "encoding": outcome.encoding,
        "budget": outcome.request.answers.budget,
        "tokens": outcome.tokens,
        "seconds": outcome.seconds,
        "index": index_record(outcome.index),
        "results": [answer_record(each, explain=outcome.request.answers.explain) for each in outcome.answers],
        "warnings": list(outcome.warnings),
    }


def answer_record(shown: ShownAnswer, *, explain: bool) -> dict[str, Any]:
    """One answer, as a document and a line have it."""
    answer = shown.answer
    signals = {"signals": dict(answer.signals)} if explain else {}
    return {
        **place_record(shown.place),
        "start_byte": answer.start_byte,
        "end_byte": answer.end_byte,
        "tokens": answer.tokens,
        **({} if shown.tokens is None else {"shown_tokens": shown.tokens}),
        "symbol": shown.symbol,
        "language": answer.language,
        "score": answer.score,
        "id": answer.id.hex(),
        **signals,
        "twins": [place_record(each) for each in shown.twins],
        "more_twins": shown.more_twins,
        "breadcrumb": shown.breadcrumb.decode("utf-8", "replace"),
        "text": shown.text.decode("utf-8", "replace"),
    }


def place_record(place: ChunkPlace) -> dict[str, Any]:
    """Where a chunk lies."""
    return {**named("path", place.path), "start_line": place.start_line, "end_line": place.end_line}


def index_record(index: IndexUse) -> dict[str, Any]:
    """What was searched, and what bringing it up to date took."""
    return {
        "files": index.files,
        "chunks": index.chunks,
        "bytes": index.bytes,
        "refreshed": index.refreshed,
        "seconds": index.seconds,
        "rebuilt": index.reason,
    }


def outline_document(outcome: OutlineOutcome) -> dict[str, Any]:
    """An outline: its text, and its definitions one by one."""
    options = outcome.request.options
    return {
        "schema": OUTLINE_SCHEMA,
        "exosuit_version": __version__,
        "query": options.query,
        "context": outcome.context,
        **_base(outcome.base),
        "encoding": outcome.encoding,
        "budget": options.budget,
        "tokens": outcome.tokens,
        "left_out": outcome.left_out,
        "seconds": outcome.seconds,
        "index": index_record(outcome.index),
        "definitions": [
            {
                **named("path", each.path),
                "line": each.line,
                "name": each.name,
                "text": each.text,
                "language": each.language,
                "files": each.users,
                "score": each.score,
            }
            for each in outcome.entries
        ],
        "text": outcome.text,
        "warnings": list(outcome.warnings),
    }


def related_document(outcome: RelatedOutcome) -> dict[str, Any]:
    """What is related to a chunk, by kind."""
    return {
        "schema": RELATED_SCHEMA,
        "exosuit_version": __version__,
        "context": outcome.context,
        **_base(outcome.base),
        "chunk": {**place_record(outcome.place), "id": outcome.id.hex(), "symbol": outcome.symbol},
        "seconds": outcome.seconds,
        "index": index_record(outcome.index),
        **{kind: [_related_record(each) for each in found] for kind, found in outcome.related.items()},
        "warnings": list(outcome.warnings),
    }


def _related_record(each: RelatedChunk) -> dict[str, Any]:
    lines = each.definition
    at = None if each.name is None else {"name": each.name, "line": each.line, "text": each.text}
    return {
        **place_record(each.place),
        "id": each.id.hex(),
        "symbol": each.symbol,
        "definition": None if lines is None else {"start_line": lines.start_line, "end_line": lines.end_line},
        "language": each.language,
        "tokens": each.tokens,
        "score": each.score,
        "why": each.why,
        "at": at,
        "likeness": each.likeness or None,
    }


def _base(base: bytes | None) -> dict[str, Any]:
    if base is None:
        return {"base": None}
    origin = origin_of(base)
    return named("base", base) | ({"origin": origin} if origin is not None else {})
