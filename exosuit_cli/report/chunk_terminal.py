"""The statistics of `exosuit chunk` for a person at a terminal."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.chunk.records import Boundary
from exosuit_cli.model.units import format_bytes
from exosuit_cli.report.terminal import (
    labelled_line,
    plain_table,
    print_ledger,
    print_memory,
    print_throughput,
)
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from rich.console import Console

    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.chunk.statistics import ChunkStatistics
    from exosuit_cli.ingest import ChunkResult

_BINS = 8
_BAR = 30


def print_chunks(console: Console, result: ChunkResult, options: ChunkOptions) -> None:
    """Print the statistics of a run."""
    statistics, scanned = result.statistics, result.scan
    partial = f"  (partial: {scanned.partial})" if scanned.partial else ""
    labelled_line(console, "chunk", display_name(scanned.base) + partial)
    labelled_line(
        console,
        "total",
        f"{statistics.chunks:,} chunks of {statistics.files:,} text files  {format_bytes(statistics.bytes)}  "
        f"{statistics.tokens:,} tokens ({options.encoding})",
    )
    if statistics.chunks:
        _shape(console, statistics, options)
    print_ledger(console, scanned)
    print_throughput(console, scanned)
    print_memory(console, scanned)


def _shape(console: Console, statistics: ChunkStatistics, options: ChunkOptions) -> None:
    chunks = statistics.chunks
    sizes = plain_table("tokens", "chunks", "share", "")
    sizes.columns[-1].justify = "left"
    edges = np.linspace(0, options.max_tokens, _BINS + 1).astype(int).tolist()
    counts = [int(statistics.sizes[low + 1 : high + 1].sum()) for low, high in pairwise(edges)]
    for (low, high), count in zip(pairwise(edges), counts, strict=True):
        bar = "█" * round(_BAR * count / max(counts))
        sizes.add_row(f"{low + 1:,} to {high:,}", f"{count:,}", f"{count / chunks:.1%}", bar)
    begins = plain_table("begins at", "chunks", "share")
    for boundary in Boundary:
        count = int(statistics.boundaries[boundary])
        if count:
            begins.add_row(boundary.label, f"{count:,}", f"{count / chunks:.1%}")
    for table in (sizes, begins):
        console.print()
        console.print(table, soft_wrap=True)
    console.print()
    labelled_line(
        console,
        "fill",
        f"{statistics.fill or 0:.1%} of the cap of {options.max_tokens:,} tokens in the mean, "
        f"median {statistics.percentile(0.5):,}; boundaries {options.boundaries}, {statistics.forced:,} forced",
    )
    labelled_line(
        console,
        "duplicates",
        f"{statistics.repeated_chunks:,} repeated chunks; keeping one of each saves "
        f"{statistics.repeated_tokens:,} tokens",
    )
    for reason, count in statistics.fallbacks.most_common():
        labelled_line(console, "fallback", f"{count:,} files cut by structure, not by syntax: {reason}")
