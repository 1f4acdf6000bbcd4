"""Suite `chunk`: every text file cut by structure, spans and exact counts, statistics only."""

from __future__ import annotations

from typing import Final

from exosuit_cli.measure.suites.suite import TOKEN_RATES, TOKEN_WORK, Suite

SUITE: Final = Suite(
    name="chunk",
    title="chunks by structure, cap 512, exact counts",
    arguments=("chunk", "{path}", "--stats", "--json", "--no-text"),
    work=TOKEN_WORK,
    rates={**TOKEN_RATES, "chunks_per_s": ("chunks.chunks", 1.0)},
    headline="chunks_per_s",
    informative={"chunks": "chunks.chunks"},
)
