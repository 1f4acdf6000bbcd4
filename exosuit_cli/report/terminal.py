"""The scan report for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exosuit_cli.model.records import Kind
from exosuit_cli.model.units import format_bytes, format_count
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.config.schema import Phase
    from exosuit_cli.ingest import ScanResult
    from exosuit_cli.system.memory import TierReading

LANGUAGES_SHOWN = 12
WIDEST_TABLE = 500
"""Columns of a terminal; more than the widest row needs."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave the error to the border of the command: rich would exit with 1."""
        raise  # the BrokenPipeError that rich is handling when it calls this


def open_console() -> Console:
    """The console that reports are printed on; nothing in a text is markup."""
    return _Console(highlight=False, emoji=False, markup=False)


def print_scan(
    console: Console, result: ScanResult, phases: Sequence[Phase], current_phase: int, *, top: int, tree: bool
) -> None:
    """Print the whole report. Paths are never cut: they stand last in their row and may run over the edge."""
    _headline(console, result)
    if result.paths:
        _languages(console, result)
        _largest(console, result, top)
        _duplicates(console, result, top)
    if tree:
        _tree(console, result)
    print_ledger(console, result)
    if result.totals.tokens is not None:
        _context(console, result.totals.tokens, phases, current_phase)
    print_throughput(console, result)
    print_memory(console, result)


def labelled_line(console: Console, label: str, text: str, style: str = "") -> None:
    """One line, its label in a column of its own."""
    console.print(Text.assemble((f"{label:<12}", "bold"), (text, style)), soft_wrap=True)


def plain_table(*columns: str) -> Table:
    """A plain table: the first column on the left, the others on the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 else "right", no_wrap=True)
    return table


def _tokens(tokens: int | None) -> str:
    return "-" if tokens is None else f"{tokens:,}"


def _headline(console: Console, result: ScanResult) -> None:
    totals = result.totals
    labelled_line(
        console, "scan", display_name(result.base) + (f"  (partial: {result.partial})" if result.partial else "")
    )
    counted = f"  {totals.tokens:,} tokens ({result.encoding})" if totals.tokens is not None else ""
    if totals.estimated_files:
        counted += f", {totals.estimated_files} files estimated"
    labelled_line(
        console, "total", f"{totals.files:,} files  {format_bytes(totals.bytes)}  {totals.lines:,} lines{counted}"
    )
    labelled_line(console, "tree", result.tree_digest)


def _languages(console: Console, result: ScanResult) -> None:
    table = plain_table("language", "files", "size", "lines", "tokens", "share")
    found = result.languages()
    whole = result.totals.tokens if result.totals.tokens is not None else result.totals.bytes
    for language in found[:LANGUAGES_SHOWN]:
        weight = language.tokens if language.tokens is not None else language.bytes
        binary = language.kind is Kind.BINARY
        table.add_row(
            "(binary)" if binary else language.language or "(other text)",
            f"{language.files:,}",
            format_bytes(language.bytes),
            "-" if binary else f"{language.lines:,}",
            "-" if binary else _tokens(language.tokens),
            f"{weight / whole:.1%}" if whole else "-",
        )
    # Its own width on any terminal: a number is never cut.
    table.width = console.measure(table, options=console.options.update(width=WIDEST_TABLE)).maximum
    console.print()
    console.print(table, soft_wrap=True)
    if len(found) > LANGUAGES_SHOWN:
        console.print(Text(f"and {len(found) - LANGUAGES_SHOWN} more", style="dim"))


def _largest(console: Console, result: ScanResult, top: int) -> None:
    positions = result.largest(top)
    if not positions:
        return
    console.print()
    console.print(Text(f"{'tokens':>12}  {'size':>10}  largest files", style="bold"))
    for position in positions:
        row = result.rows[position]
        tokens = _tokens(int(row["tokens"])) if row["tokens"] >= 0 else "-"
        line = f"{tokens:>12}  {format_bytes(int(row['size'])):>10}  {display_name(result.paths[position])}"
        console.print(Text(line), soft_wrap=True)


def _duplicates(console: Console, result: ScanResult, top: int) -> None:
    duplicates = result.duplicates()
    console.print()
    saved = "" if duplicates.tokens_saved is None else f" and {duplicates.tokens_saved:,} tokens"
    labelled_line(
        console,
        "duplicates",
        f"{len(duplicates.groups):,} groups, {duplicates.redundant_files:,} redundant files; "
        f"keeping one of each saves {format_bytes(duplicates.bytes_saved)}{saved}",
    )
    for group in duplicates.groups[: min(top, 3)]:
        first = display_name(result.paths[group.members[0]])
        text = f"{'':12}{len(group.members)} x {format_bytes(group.size)}  {first}"
        console.print(Text(text, style="dim"), soft_wrap=True)


def _tree(console: Console, result: ScanResult) -> None:
    console.print()
    console.print(Text(f"{'tokens':>12}  {'files':>8}  {'size':>10}  directory", style="bold"))
    counted = result.encoding is not None
    for path, files, size, tokens in result.directory_totals():
        depth = path.count(b"/") + 1 if path else 0
        name = display_name(path.rpartition(b"/")[2]) + "/" if path else "."
        line = f"{tokens if counted else '-':>12,}" if counted else f"{'-':>12}"
        console.print(Text(f"{line}  {files:>8,}  {format_bytes(size):>10}  {'  ' * depth}{name}"), soft_wrap=True)


def print_ledger(console: Console, result: ScanResult) -> None:
    """Print what became of every path."""
    console.print()
    skipped = result.skipped
    reasons = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in skipped.items()) or "none"
    labelled_line(
        console,
        "ledger",
        f"{result.discovered:,} discovered = {len(result.paths):,} ingested + {len(result.skips):,} skipped "
        f"({reasons}); {result.directories:,} directories",
    )
    for skip in result.unreadable[:10]:
        labelled_line(console, "", f"{skip.outcome.label}: {display_name(skip.path) or '.'}  {skip.detail}", "red")
    if len(result.unreadable) > 10:
        labelled_line(console, "", f"and {len(result.unreadable) - 10} more; --jsonl lists all", "red")


def _context(console: Console, tokens: int, phases: Sequence[Phase], current_phase: int) -> None:
    fitting = [phase for phase in phases if tokens <= phase.token_limit]
    current = phases[current_phase]
    over = tokens - current.token_limit
    distance = f"{format_count(over)} tokens over" if over > 0 else f"{format_count(-over)} tokens free"
    smallest = f"fits phase {fitting[0].phase} ({fitting[0].name}) and up" if fitting else "fits no phase"
    text = f"{smallest}; current phase {current.phase} ({current.name}): {distance}"
    labelled_line(console, "context", text)


def print_throughput(console: Console, result: ScanResult) -> None:
    """Print what the run took and on what it worked."""
    totals, throughput = result.totals, result.throughput
    wall = throughput.wall_s
    rates = [f"{totals.files / wall:,.0f} files/s", f"{totals.bytes / wall / 1e6:,.0f} MB/s"]
    if totals.tokens is not None:
        rates.append(f"{totals.tokens / wall / 1e6:,.1f} Mtokens/s")
    labelled_line(console, "speed", f"{wall:.2f} s: " + ", ".join(rates))
    source = (
        f"{throughput.index_hits:,} files from the index, {format_bytes(throughput.bytes_read)} read"
        if throughput.index_hits
        else f"{format_bytes(throughput.bytes_read)} read, index {throughput.index_reason}"
    )
    if result.verify_failures is not None:
        source += f"; verified: {len(result.verify_failures):,} of {totals.files:,} files differ"
    deaths = f", {throughput.worker_deaths} workers died" if throughput.worker_deaths else ""
    labelled_line(
        console,
        "",
        f"{throughput.cpu_s:.2f} CPU s, {throughput.workers} worker{'s'[: throughput.workers != 1]}{deaths}, "
        f"device {throughput.device} ({throughput.device_reason}); {source}",
    )


def print_memory(console: Console, result: ScanResult) -> None:
    """Print memory by tier."""
    memory = result.memory
    for label, name, reading in (
        ("memory", "vram", memory.vram),
        ("", "shared", memory.shared),
        ("", "ram", memory.ram),
        ("", "nvme", memory.nvme),
        ("", "page cache", memory.page_cache),
    ):
        labelled_line(console, label, f"{name:<11} {_reading(name, reading)}")


def _reading(name: str, reading: TierReading) -> str:
    details = reading.details
    if name == "ram" and reading.peak_bytes is not None:
        uss = details["uss_bytes"]
        return f"{format_bytes(reading.peak_bytes)} peak PSS, {format_bytes(int(uss or 0))} USS, all processes"
    if name == "nvme" and reading.peak_bytes is not None:
        return f"{format_bytes(reading.peak_bytes)} written (index and output)"
    if name == "page cache" and details.get("sampled_bytes"):
        cached, sampled = int(details["sampled_cached_bytes"] or 0), int(details["sampled_bytes"] or 1)
        return f"{cached / sampled:.0%} of {format_bytes(sampled)} sampled was cached before reading"
    return f"- ({reading.reason})"
