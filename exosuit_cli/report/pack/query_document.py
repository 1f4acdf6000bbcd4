"""The document of a pack of a question's answers (`schemas/query_pack.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from exosuit_cli import __version__
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.query_pack import DEFAULT_BUDGET
from exosuit_cli.report.context.document import named
from exosuit_cli.report.pack.document import changes_record
from exosuit_cli.report.query.document import index_record

if TYPE_CHECKING:
    from exosuit_cli.commands.pack_query import QueryPackOutcome
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.query_result import QueriedFile

SCHEMA: Final = "exosuit.query_pack/1"
_MOST_LEFT_OUT: Final = 100
_LONGEST_QUERY: Final = 1000
"""Characters of the query that a document repeats."""


def query_pack_document(
    outcome: QueryPackOutcome, options: PackOptions, *, is_template: bool = False
) -> dict[str, Any]:
    """The report of a run: what the pack has of each file and why, and what was left out next."""
    result = outcome.result
    assert result is not None
    return {
        "schema": SCHEMA,
        "exosuit_version": __version__,
        "query": result.query[:_LONGEST_QUERY],
        "terms": list(result.terms),
        "near": list(result.near),
        "context": outcome.context,
        **({"base": None} if outcome.base is None else named("base", outcome.base)),
        "tokens": result.part.tokens,
        "bytes": result.part.bytes,
        "budget": options.budget or DEFAULT_BUDGET,
        "encoding": options.encoding,
        "format": "template" if is_template else options.format,
        "parts": [{"path": result.part.name, "tokens": result.part.tokens, "bytes": result.part.bytes}],
        "details": {detail.label: result.details.get(detail, 0) for detail in sorted(Detail, reverse=True)},
        "answers": result.answers,
        "answers_in_pack": result.answers_in,
        "files": [_file(each) for each in result.files],
        "left_out": [
            {
                **named("path", each.path),
                "start_line": each.first,
                "end_line": each.last,
                "symbol": each.symbol,
                "tokens": each.tokens,
                "score": each.score,
            }
            for each in result.left_out[:_MOST_LEFT_OUT]
        ],
        "secrets": [
            {**named("path", file.path), "line": each.line, "kind": each.kind}
            for file in result.files
            for each in file.secrets
        ],
        "changes": changes_record(result.changes),
        "index": index_record(outcome.index),
        "seconds": result.seconds,
        "warnings": list(outcome.warnings),
    }


def _file(file: QueriedFile) -> dict[str, Any]:
    return {
        **named("path", file.path),
        "detail": file.detail.label,
        "tokens": file.tokens,
        "file_tokens": file.file_tokens,
        "size": file.size,
        "lines": file.lines,
        "language": file.language or None,
        "shown": [{"start_line": each.first, "end_line": each.last} for each in file.shown],
        "reasons": [{"start_line": each.first, "end_line": each.last, "why": each.why} for each in file.reasons],
    }
