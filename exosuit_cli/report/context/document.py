"""Contexts as JSON (`schemas/context.schema.json`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from exosuit_cli import __version__
from exosuit_cli.report.scan.document import memory_record, throughput_record
from exosuit_cli.report.scan.records import skip_record
from exosuit_cli.system.names import text_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exosuit_cli.commands.context import CheckOutcome, ContextLoadOutcome, FoundChunk
    from exosuit_cli.commands.context_stats import TierStats
    from exosuit_cli.context.records import ContextStats, LoadedSource, Source, StoredChunk, Working
    from exosuit_cli.search.vectors.embed import EmbedResult
    from exosuit_cli.tiers.reports import TierReport

SCHEMA = "exosuit.context/1"


def load_document(outcome: ContextLoadOutcome) -> dict[str, Any]:
    """A load: what was done for each source, and what the context holds now.

    What a scan document has too has the same name here; `totals` are those of the sources of this load.
    """
    result = outcome.result
    roots = {source.root for source in result.sources}
    sources = [source for source in outcome.stats.sources if source.root in roots]
    chunks = sum(source.chunks for source in result.sources)
    throughput = throughput_record(result.throughput, sum(source.files for source in result.sources))
    return _document("load") | {
        "tree_digest": sources[0].tree_digest if len(sources) == 1 else None,
        "totals": {
            name: sum(getattr(source, name) for source in sources) for name in ("files", "bytes", "lines", "tokens")
        },
        "chunks": {"chunks": chunks, "tokens": sum(source.tokens for source in result.sources)},
        "throughput": throughput | {"chunks_per_s": chunks / result.throughput.wall_s},
        "memory": memory_record(result.memory),
        "context": _context(outcome.stats),
        "loaded": [_loaded(source) for source in result.sources],
        "partial": result.partial,
        "warnings": list(outcome.warnings),
    }


def list_document(found: Iterable[ContextStats | tuple[str, str]]) -> dict[str, Any]:
    """Every context; of one that cannot be read, its name and the reason."""
    return _document("list") | {
        "contexts": [
            {"name": each[0], "unreadable": each[1]} if isinstance(each, tuple) else _context(each) for each in found
        ]
    }


def context_document(stats: ContextStats) -> dict[str, Any]:
    """One context."""
    return _document("show") | {"context": _context(stats)}


def stats_document(stats: TierStats) -> dict[str, Any]:
    """One context, its tiers, and what they did while it was read."""
    stack = stats.stack
    return _document("stats") | {
        "context": _context(stats.context),
        "tiers": [_tier(each, stats.budgets[each.usage.name].note) for each in stack.tiers],
        "absent": [name for name in stats.budgets if name not in {each.usage.name for each in stack.tiers}],
        "resident_tokens": stack.resident_tokens,
        "limit_tokens": stack.limit_tokens,
        "reads": stats.reads,
        "missing": stats.missing,
        "in_order_per_s": stats.in_order_per_s,
        "random_per_s": stats.random_per_s,
        "warnings": list(stack.warnings),
    }


def chunk_document(found: FoundChunk) -> dict[str, Any]:
    """One chunk and its places."""
    return _document("get") | {
        "id": found.id.hex(),
        "text": found.text.decode("utf-8", "replace"),
        "places": [
            {name: value for name, value in chunk_record(each).items() if name != "text"} for each in found.places
        ],
    }


def check_document(outcome: CheckOutcome) -> dict[str, Any]:
    """A check, or a repair and the check after it."""
    result = outcome.result
    repaired = {} if outcome.repaired_files is None else {"repaired_files": outcome.repaired_files}
    return (
        _document("check" if outcome.repaired_files is None else "repair")
        | {"name": result.name, "files": result.files, "chunks": result.chunks}
        | repaired
        | {"damages": [{"subject": each.subject, "problem": each.problem} for each in result.damages]}
    )


def embed_document(result: EmbedResult) -> dict[str, Any]:
    """An embedding: what was done, and the vectors that the context has now."""
    return _document("embed") | {
        "name": result.context,
        "model": result.model,
        "given": text_name(os.fsencode(result.spec))[0],
        "is_new_model": result.is_new_model,
        "dimensions": result.dimensions,
        "codec": result.codec,
        "vectors": result.chunks,
        "embedded": result.embedded,
        "unreadable": result.unreadable,
        "damaged": result.damaged,
        "largest_error": result.largest_error,
        "clusters": result.clusters,
        "bytes": result.nbytes,
        "seconds": result.seconds,
        "partial": result.partial,
    }


def chunk_record(chunk: StoredChunk) -> dict[str, Any]:
    """A chunk as a record, with the names that `exosuit chunk` gives."""
    text = {} if chunk.text is None else {"text": chunk.text.decode("utf-8", "replace")}
    return {
        "id": chunk.id.hex(),
        **named("path", chunk.path),
        "start_byte": chunk.start_byte,
        "end_byte": chunk.end_byte,
        "start_line": chunk.start_line,
        "end_line": chunk.end_line,
        "tokens": chunk.tokens,
        "language": chunk.language,
        "boundary": chunk.boundary,
        "symbol": chunk.symbol,
        **text,
    }


def named(field: str, path: bytes) -> dict[str, str]:
    """A path as a field, and its exact bytes in base64 where the text is lossy."""
    text, exact = text_name(path)
    return {field: text} if exact is None else {field: text, f"{field}_b64": exact}


def _document(command: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "exosuit_version": __version__, "command": command}


def _context(stats: ContextStats) -> dict[str, Any]:
    return {
        "name": stats.name,
        "path": stats.path,
        "encoding": stats.encoding or None,
        "sources": [_source(source) for source in stats.sources],
        "chunks": {
            "count": stats.chunks,
            "tokens": stats.chunk_tokens,
            "text_bytes": stats.text_bytes,
            "stored_bytes": stats.stored_bytes,
            "ratio": stats.text_bytes / stats.stored_bytes if stats.stored_bytes else None,
        },
        "file_bytes": stats.file_bytes,
        "working": _working(stats.working),
    }


def _tier(report: TierReport, note: str | None) -> dict[str, Any]:
    usage, counters = report.usage, report.counters
    return {
        "name": usage.name,
        "capacity_bytes": usage.capacity_bytes,
        "used_bytes": usage.used_bytes,
        "token_capacity": usage.token_capacity,
        "tokens": usage.tokens,
        "entries": usage.entries,
        "pinned_bytes": usage.pinned_bytes,
        "wasted_bytes": usage.wasted_bytes,
        "ratio": usage.stored_ratio,
        "damaged": usage.damaged,
        "hits": counters.hits,
        "misses": counters.misses,
        "promotions": counters.promotions,
        "demotions": counters.demotions,
        "evictions": counters.evictions,
        "bytes_in": counters.bytes_in,
        "bytes_out": counters.bytes_out,
        "failures": counters.failures,
        "read_p50_seconds": report.read_p50_seconds,
        "read_p99_seconds": report.read_p99_seconds,
        "note": note,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        **named("root", source.root),
        "options": dict(source.given),
        "tree_digest": source.tree_digest,
        "files": source.files,
        "bytes": source.bytes,
        "lines": source.lines,
        "tokens": source.tokens,
        "chunks": source.spans,
        "chunk_tokens": source.span_tokens,
        "loaded_ns": source.loaded_ns,
    }


def _working(working: Working) -> dict[str, Any]:
    return {
        "limit": working.limit,
        "files": working.files,
        "tokens": working.tokens,
        "below": [{"reason": each.reason, "files": each.files, "tokens": each.tokens} for each in working.below],
    }


def _loaded(source: LoadedSource) -> dict[str, Any]:
    return {
        "name": source.name,
        "files": source.files,
        "unchanged": source.unchanged,
        "loaded": source.loaded,
        "removed": source.removed,
        "chunks": source.chunks,
        "tokens": source.tokens,
        "bytes_read": source.bytes_read,
        "seconds": source.seconds,
        "skipped": dict(source.skipped),
        "unreadable": [skip_record(skip) for skip in source.unreadable],
    }
