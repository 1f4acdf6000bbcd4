"""The chunk document: statistics of a run as one JSON object (`schemas/chunk_statistics.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exosuit_cli.chunk.flag_kinds import Flag
from exosuit_cli.model.records import Kind
from exosuit_cli.report.scan.document import scan_document
from exosuit_cli.report.scan.records import skip_record
from exosuit_cli.structure.boundary import Boundary

if TYPE_CHECKING:
    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.ingest import ChunkResult

SCHEMA = "exosuit.chunk/1"
_SHARED = (
    "exosuit_version", "base", "base_b64", "origin", "partial", "tree_digest", "totals", "ledger", "unreadable",
    "throughput", "memory", "ignore_problems", "warnings",
)  # fmt: skip
_PERCENTILES = (0.01, 0.10, 0.25, 0.50, 0.75, 0.90, 0.99)


def chunk_document(result: ChunkResult, options: ChunkOptions) -> dict[str, Any]:
    """The statistics of a run. What a scan document has too has the same name here."""
    scanned = scan_document(result.scan, (), 0, top=0, tree=False)
    statistics = result.statistics
    wall = result.scan.throughput.wall_s
    rows = result.scan.rows
    document: dict[str, Any] = {"schema": SCHEMA}
    document |= {name: scanned[name] for name in _SHARED if name in scanned}
    document["throughput"]["chunks_per_s"] = statistics.chunks / wall
    document["options"] = {
        "max_tokens": options.max_tokens,
        "min_tokens": options.min_tokens,
        "max_chars": options.max_chars or None,
        "overlap": options.overlap,
        "boundaries": options.boundaries,
        "context": options.context,
        "encoding": options.encoding,
    }
    document["chunks"] = {
        "files": statistics.files,
        "empty_files": int(np.count_nonzero((rows["kind"] == Kind.TEXT) & (rows["size"] == 0))),
        "binary_files": int(np.count_nonzero(rows["kind"] == Kind.BINARY)),
        "chunks": statistics.chunks,
        "bytes": statistics.bytes,
        "tokens": statistics.tokens,
        "fill": statistics.fill,
        "percentiles": {f"p{round(share * 100)}": statistics.percentile(share) for share in _PERCENTILES},
        "boundaries": {boundary.label: int(statistics.boundaries[boundary]) for boundary in Boundary},
        "forced": statistics.forced,
        "flags": {flag.label: count for flag, count in zip(Flag, statistics.flags.tolist(), strict=True)},
        "contexts": statistics.contexts,
        "context_tokens": statistics.context_tokens,
        "repeated_chunks": statistics.repeated_chunks,
        "tokens_saved": statistics.repeated_tokens,
        "fallbacks": dict(sorted(statistics.fallbacks.items())),
        "fallback_languages": [
            {"reason": reason, "language": language or None, "files": files}
            for (reason, language), files in sorted(result.fallbacks.items())
        ],
    }
    document["skips"] = [skip_record(skip) for skip in result.scan.skips]
    return document
