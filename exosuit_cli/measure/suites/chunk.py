"""Suite `chunk`: every text file cut by structure, spans and exact counts, statistics only."""

from __future__ import annotations

from typing import Final

from exosuit_cli.measure.suites.suite import Suite

SUITE: Final = Suite(
    name="chunk",
    title="chunks by structure, cap 512, exact counts",
    arguments=("chunk", "{path}", "--stats", "--json", "--no-text"),
    work={
        "files": "totals.files",
        "bytes": "totals.bytes",
        "tokens": "totals.tokens",
        "tree_digest": "tree_digest",
    },
    rates={
        "files_per_s": ("totals.files", 1.0),
        "mb_per_s": ("totals.bytes", 1e-6),
        "tokens_per_s": ("totals.tokens", 1.0),
        "chunks_per_s": ("chunks.chunks", 1.0),
    },
    headline="chunks_per_s",
    informative={"chunks": "chunks.chunks"},
)
