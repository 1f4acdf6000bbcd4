"""The statistics of `exosuit chunk` for a person at a terminal."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.chunk.flag_kinds import Flag
from exosuit_cli.commands.chunk_warnings import languages_by_reason
from exosuit_cli.model.records import Kind
from exosuit_cli.model.units import counted, format_bytes
from exosuit_cli.remote.origins import origin_of
from exosuit_cli.report.console import labelled_line, labelled_phrases, plain_table, print_table
from exosuit_cli.report.scan.terminal import print_ledger, print_memory, print_throughput
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from rich.console import Console

    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.chunk.statistics import ChunkStatistics
    from exosuit_cli.ingest import ChunkResult, ScanResult

_BINS = 8
_BAR, _BESIDE_BAR = 30, 48
"""Columns of the longest bar, and of what may stand beside it."""


def print_chunks(console: Console, result: ChunkResult, options: ChunkOptions, *, detailed: bool = False) -> None:
    """Print the statistics of a run; in detail, also its work and its memory."""
    statistics, scanned = result.statistics, result.scan
    partial = f"  (partial: {scanned.partial})" if scanned.partial else ""
    labelled_line(console, "chunk", display_name(origin_of(scanned.base) or scanned.base) + partial)
    labelled_phrases(
        console,
        "total",
        f"{counted(statistics.chunks, 'chunk')} of {counted(statistics.files, 'text file')}",
        format_bytes(statistics.bytes),
        f"{counted(statistics.tokens, 'token')} ({options.encoding})",
        gap="  ",
    )
    _difference(console, result, options)
    if statistics.chunks:
        _shape(console, statistics, options)
    _fallbacks(console, result)
    print_ledger(console, scanned, lists_all="--stats --json")
    _kinds(console, scanned)
    print_throughput(console, scanned, detailed=detailed)
    if detailed:
        print_memory(console, scanned)


def _difference(console: Console, result: ChunkResult, options: ChunkOptions) -> None:
    """Print why the sum over the chunks is not what `scan` counts, where that is so."""
    whole, tokens = result.scan.totals.tokens, result.statistics.tokens
    if whole is not None and whole != tokens and not result.scan.partial:
        overlap = "overlaps count twice, and " if options.overlap else ""
        labelled_phrases(
            console,
            "",
            f"scan counts {counted(whole, 'token')}, in whole files:",
            f"{overlap}a cut may change the tokens beside it",
        )


def _shape(console: Console, statistics: ChunkStatistics, options: ChunkOptions) -> None:
    chunks = statistics.chunks
    bar_width = min(console.width - _BESIDE_BAR, _BAR) if console.is_terminal else _BAR
    sizes = plain_table("tokens", "chunks", "share", *[""] * (bar_width > 0))
    sizes.columns[-1].justify = "left" if bar_width > 0 else "right"
    edges = np.linspace(0, options.max_tokens, _BINS + 1).astype(int).tolist()
    counts = [int(statistics.sizes[low + 1 : high + 1].sum()) for low, high in pairwise(edges)]
    for (low, high), count in zip(pairwise(edges), counts, strict=True):
        bar = ["█" * round(bar_width * count / max(counts))] if bar_width > 0 else []
        sizes.add_row(f"{low + 1:,} to {high:,}", f"{count:,}", f"{count / chunks:.1%}", *bar)
    begins = plain_table("begins at", "chunks", "share")
    for boundary in Boundary:
        count = int(statistics.boundaries[boundary])
        if count:
            begins.add_row(boundary.label, f"{count:,}", f"{count / chunks:.1%}")
    for table in (sizes, begins):
        console.print()
        print_table(console, table)
    console.print()
    labelled_phrases(
        console,
        "fill",
        f"{statistics.fill or 0:.1%} of the cap of {options.max_tokens:,} tokens in the mean,",
        f"median {statistics.percentile(0.5):,};",
        f"boundaries {options.boundaries}, {statistics.forced:,} forced",
    )
    if options.context:
        labelled_phrases(
            console,
            "context",
            f"in front of {statistics.contexts:,} of {counted(chunks, 'text')}:",
            counted(statistics.context_tokens, "token"),
        )
    named = [(flag.label, count) for flag, count in zip(Flag, statistics.flags.tolist(), strict=True) if count]
    if named:
        *firsts, last = [f"{label} {count:,}" for label, count in named]
        labelled_phrases(console, "flags", *(f"{each}," for each in firsts), last)
    if statistics.repeated_chunks:
        labelled_phrases(
            console,
            "duplicates",
            f"{counted(statistics.repeated_chunks, 'repeated chunk')};",
            f"keeping one of each saves {counted(statistics.repeated_tokens, 'token')}",
        )


def _fallbacks(console: Console, result: ChunkResult) -> None:
    """Print which files were not parsed although that was asked for."""
    total = result.fallbacks.total()
    if total:
        of = f"{total:,} of {counted(result.statistics.files, 'text file')}"
        labelled_phrases(console, "fallback", f"{of} cut by structure, not by syntax")
    for reason, languages in languages_by_reason(result.fallbacks):
        labelled_phrases(console, "", f"{reason}:", *_pieces(languages))


def _pieces(listed: str) -> list[str]:
    """The items of a list, each with its comma."""
    *firsts, last = listed.split(", ")
    return [*(f"{item}," for item in firsts), last]


def _kinds(console: Console, scanned: ScanResult) -> None:
    """Print how many of the ingested files are text and how many binary."""
    is_text = scanned.rows["kind"] == Kind.TEXT
    text, binary = int(np.count_nonzero(is_text)), int(np.count_nonzero(~is_text))
    empty = int(np.count_nonzero(is_text & (scanned.rows["size"] == 0)))
    of_them = f" ({empty:,} of them empty)" if empty else ""
    labelled_phrases(console, "", f"{len(scanned.paths):,} ingested = {text:,} text{of_them} + {binary:,} binary")
