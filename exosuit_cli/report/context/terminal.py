"""Contexts for a person at a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.text import Text

from exosuit_cli.model.units import counted, format_bytes, format_count
from exosuit_cli.report.console import labelled_line, labelled_phrases, plain_table, print_table
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from exosuit_cli.commands.context import CheckOutcome, ContextLoadOutcome, FoundChunk
    from exosuit_cli.commands.context_stats import TierStats
    from exosuit_cli.context.records import ContextStats, LoadedSource, Working

_SHOWN_DAMAGES = 20
_FILES_OF_A_RATE = 10
"""Files for which a rate says something: below it, the start of the program is all that is measured."""


def print_load(console: Console, outcome: ContextLoadOutcome) -> None:
    """What a load did, and what the context holds now."""
    stats = outcome.stats
    labelled_line(console, "context", f"{stats.name}  {display_name(stats.path)}")
    for source in outcome.result.sources:
        labelled_line(console, "source", f"{source.name}  {display_name(source.root)}")
        labelled_phrases(console, "", *_work(source), gap="  ")
    _contents(console, stats)
    print_working(console, stats.working)


def print_context(console: Console, stats: ContextStats) -> None:
    """One context."""
    labelled_line(console, "context", f"{stats.name}  {display_name(stats.path)}")
    for source in stats.sources:
        labelled_line(console, "source", f"{source.name}  {display_name(source.root)}")
        loaded = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(source.loaded_ns / 1e9))
        labelled_phrases(
            console,
            "",
            counted(source.files, "file"),
            format_bytes(source.bytes),
            counted(source.tokens, "token"),
            f"loaded {loaded}",
            gap="  ",
        )
        if source.given:
            words = ", ".join(f"{name} {value}" for name, value in sorted(source.given.items()))
            labelled_phrases(console, "", f"with {words}")
    _contents(console, stats)
    print_working(console, stats.working)


def print_tiers(console: Console, stats: TierStats) -> None:
    """What each tier holds and did, and how fast chunks came."""
    labelled_line(console, "context", f"{stats.context.name}  {display_name(stats.context.path)}")
    table = plain_table(
        "tier", "capacity", "used", "tokens", "pinned", "hits", "misses", "up", "down", "evicted", "moved", "ratio",
        "p50", "p99",
    )  # fmt: skip
    for each in stats.stack.tiers:
        usage, counters = each.usage, each.counters
        table.add_row(
            usage.name,
            format_bytes(usage.capacity_bytes),
            format_bytes(usage.used_bytes),
            format_count(usage.tokens),
            format_bytes(usage.pinned_bytes),
            f"{counters.hits:,}",
            f"{counters.misses:,}",
            f"{counters.promotions:,}",
            f"{counters.demotions:,}",
            f"{counters.evictions:,}",
            format_bytes(counters.bytes_in + counters.bytes_out),
            "-" if usage.stored_ratio is None else f"{usage.stored_ratio:.1f}",
            _microseconds(each.read_p50_seconds),
            _microseconds(each.read_p99_seconds),
        )
    console.print()
    print_table(console, table)
    limit = stats.stack.limit_tokens
    of = "no phase is set" if limit is None else f"the limit is {limit:,}"
    labelled_phrases(console, "resident", f"{counted(stats.stack.resident_tokens, 'token')};", of)
    if stats.in_order_per_s is not None:
        rates = [
            f"{stats.in_order_per_s:,.0f} chunks/s in order;",
            f"{stats.random_per_s or 0:,.0f} chunks/s at random;",
        ]
        labelled_phrases(console, "recall", *rates, "each verified")
    notes = [budget.note for budget in stats.budgets.values() if budget.note is not None]
    for note in (*notes, *stats.stack.warnings):
        labelled_phrases(console, "note", *note.split("; "), gap="; ")


def _microseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1e6:.1f} us"


def print_list(console: Console, found: Iterable[ContextStats | tuple[str, str]]) -> None:
    """Every context on one line."""
    table = plain_table("context", "sources", "files", "tokens", "chunks", "on disk")
    unreadable = []
    for each in found:
        if isinstance(each, tuple):
            unreadable.append(each)
            continue
        table.add_row(
            each.name,
            f"{len(each.sources):,}",
            f"{sum(source.files for source in each.sources):,}",
            f"{sum(source.tokens for source in each.sources):,}",
            f"{each.chunks:,}",
            format_bytes(each.file_bytes),
        )
    if table.row_count:
        print_table(console, table)
    elif not unreadable:
        console.print("no context yet; load one: exosuit context load PATH")
    for name, reason in unreadable:
        labelled_line(console, name, f"cannot be read: {reason}")


def print_places(console: Console, found: FoundChunk) -> None:
    """Where a chunk lies."""
    for place in found.places:
        symbol = f"  {place.symbol}" if place.symbol else ""
        lines = f"{display_name(place.path)}:{place.start_line}-{place.end_line}"
        console.print(Text(f"{lines}  {counted(place.tokens, 'token')}{symbol}", style="dim"), soft_wrap=True)


def print_check(console: Console, outcome: CheckOutcome) -> None:
    """What was looked at, and what is damaged."""
    result = outcome.result
    labelled_line(console, "context", result.name)
    if outcome.repaired_files is not None:
        labelled_line(console, "repaired", f"{counted(outcome.repaired_files, 'file')} were damaged and read again")
    labelled_line(console, "checked", f"{counted(result.files, 'file')}, {counted(result.chunks, 'chunk')}")
    if not result.damages:
        labelled_line(console, "sound", "every text has the digest of its id, every row its seal")
        return
    labelled_line(console, "damaged", counted(len(result.damages), "thing"))
    for each in result.damages[:_SHOWN_DAMAGES]:
        labelled_line(console, "", f"{each.subject}: {each.problem}")
    if len(result.damages) > _SHOWN_DAMAGES:
        labelled_line(console, "", f"and {len(result.damages) - _SHOWN_DAMAGES:,} more; --json lists them all")


def print_working(console: Console, working: Working) -> None:
    """What is in the working context, and what is below it and why."""
    if working.limit is None:
        labelled_line(console, "working", f"all {counted(working.tokens, 'token')}: no phase is set")
        return
    labelled_phrases(
        console,
        "working",
        f"{counted(working.tokens, 'token')} of {working.limit:,} in {counted(working.files, 'file')}",
    )
    for each in working.below:
        labelled_phrases(
            console, "", f"below: {counted(each.tokens, 'token')} in {counted(each.files, 'file')} ({each.reason})"
        )


def _work(source: LoadedSource) -> list[str]:
    rate = source.loaded / source.seconds if source.seconds else 0.0
    removed = f"{counted(source.removed, 'file')} removed" if source.removed else ""
    if not source.loaded:
        found = [f"{counted(source.unchanged, 'file')} unchanged", removed, f"{source.seconds:.2f} s"]
    else:
        unchanged = f"{source.unchanged:,} unchanged" if source.unchanged else ""
        found = [
            f"{counted(source.loaded, 'file')} loaded",
            unchanged,
            removed,
            f"{counted(source.chunks, 'chunk')}, {counted(source.tokens, 'token')}",
            f"{source.seconds:.2f} s",
            f"{rate:,.0f} files/s" if source.loaded >= _FILES_OF_A_RATE else "",
        ]
    return [each for each in found if each]


def _contents(console: Console, stats: ContextStats) -> None:
    ratio = f" ({stats.text_bytes / stats.stored_bytes:.1f} to 1)" if stats.stored_bytes else ""
    caps = " or ".join(f"{cap:,}" for cap in sorted({each.cap for each in stats.sources if each.cap is not None}))
    labelled_phrases(
        console,
        "holds",
        f"{stats.chunks:,} different {'chunk' if stats.chunks == 1 else 'chunks'}" + (f" (cap {caps})" if caps else ""),
        f"{format_count(stats.chunk_tokens)} tokens ({stats.encoding})",
        f"{format_bytes(stats.text_bytes)} of text in {format_bytes(stats.stored_bytes)}{ratio}",
        gap="  ",
    )
