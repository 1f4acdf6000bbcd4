"""The scan report for a person at a terminal."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from exosuit_cli.model.records import Kind, Outcome
from exosuit_cli.model.units import counted, format_bytes, format_count
from exosuit_cli.remote.origins import origin_of
from exosuit_cli.report.console import labelled_line, labelled_phrases, plain_table, print_table
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from exosuit_cli.config.schema import Phase
    from exosuit_cli.device import DeviceTotals
    from exosuit_cli.ingest import ScanResult
    from exosuit_cli.system.memory import TierReading

LANGUAGES_SHOWN = 12
OWN_SHOWN = 3
SHORTEST_STAGE = 0.005
"""Seconds of a stage that is shown."""


def print_scan(
    console: Console, result: ScanResult, phases: Sequence[Phase], current_phase: int | None, *, top: int, tree: bool
) -> None:
    """Print the whole report. Paths are never cut: they come last in their row and may run over the edge."""
    _headline(console, result)
    if len(result.paths) == 1:
        _only_file(console, result)
    elif result.paths:
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


def _tokens(tokens: int | None) -> str:
    return "-" if tokens is None else f"{tokens:,}"


def _headline(console: Console, result: ScanResult) -> None:
    totals = result.totals
    # One file is its own title; what lies in a directory has that of the directory.
    title = os.path.join(result.base, result.roots[0]) if len(result.roots) == 1 and result.roots[0] else result.base
    shown = origin_of(result.base) or title
    labelled_line(console, "scan", display_name(shown) + (f"  (partial: {result.partial})" if result.partial else ""))
    phrases = [counted(totals.files, "file"), format_bytes(totals.bytes), counted(totals.lines, "line")]
    if totals.tokens is not None:
        estimated = f", {counted(totals.estimated_files, 'file')} estimated" if totals.estimated_files else ""
        phrases.append(f"{counted(totals.tokens, 'token')} ({result.encoding}){estimated}")
    labelled_phrases(console, "total", *phrases, gap="  ")
    labelled_line(console, "tree", result.tree_digest)


def _only_file(console: Console, result: ScanResult) -> None:
    """Print what the tables would say of a single file."""
    (language,) = result.languages()
    kind = "binary" if language.kind is Kind.BINARY else language.language or "other text"
    labelled_line(console, "file", f"{display_name(result.paths[0])}  ({kind})")


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
    console.print()
    print_table(console, table)
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
    if not duplicates.groups:
        return
    console.print()
    saved = "" if duplicates.tokens_saved is None else f" and {counted(duplicates.tokens_saved, 'token')}"
    labelled_phrases(
        console,
        "duplicates",
        f"{counted(len(duplicates.groups), 'group')}, {counted(duplicates.redundant_files, 'redundant file')};",
        f"keeping one of each saves {format_bytes(duplicates.bytes_saved)}{saved}",
    )
    for group in duplicates.groups[: min(top, 3)]:
        first = display_name(result.paths[group.members[0]])
        text = f"{'':12}{len(group.members)} x {format_bytes(group.size)}  {first}"
        console.print(Text(text, style="dim"), soft_wrap=True)


def _tree(console: Console, result: ScanResult) -> None:
    console.print()
    console.print(Text(f"{'tokens':>12}  {'files':>8}  {'size':>10}  directory", style="bold"), soft_wrap=True)
    counted = result.encoding is not None
    for path, files, size, tokens in result.directory_totals():
        depth = path.count(b"/") + 1 if path else 0
        name = display_name(path.rpartition(b"/")[2]) + "/" if path else "."
        line = f"{tokens if counted else '-':>12,}" if counted else f"{'-':>12}"
        console.print(Text(f"{line}  {files:>8,}  {format_bytes(size):>10}  {'  ' * depth}{name}"), soft_wrap=True)


def print_ledger(console: Console, result: ScanResult, *, lists_all: str = "--jsonl") -> None:
    """Print what became of every path; `lists_all` is the option that lists all paths that could not be read."""
    console.print()
    skipped = result.skipped
    reasons = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in skipped.items()) or "none"
    labelled_phrases(
        console,
        "ledger",
        f"{result.discovered:,} discovered = {len(result.paths):,} ingested + {len(result.skips):,} skipped",
        f"({reasons});",
        counted(result.directories, "directory", "directories"),
    )
    marked = result.marked
    for skip in marked[:OWN_SHOWN]:
        labelled_line(console, "", f"own output: {display_name(skip.path)}", "dim")
    if len(marked) > OWN_SHOWN:
        labelled_line(console, "", f"and {len(marked) - OWN_SHOWN} more; {lists_all} lists all", "dim")
    left_out = Counter(skip.detail for skip in result.skips if skip.outcome is Outcome.DEFAULT_IGNORED)
    if left_out:
        kinds = [f"{kind} {count:,}" for kind, count in left_out.most_common()]
        phrases = [f"{kind}," for kind in kinds[:-1]] + [f"{kinds[-1]};"]
        labelled_phrases(console, "", "left out by default:", *phrases, "--no-default-ignore takes them")
    for skip in result.unreadable[:10]:
        reason = f"{skip.outcome.label}: {display_name(skip.path) or '.'}  {skip.detail}"
        labelled_line(console, "", reason.rstrip(), "red")
    if len(result.unreadable) > 10:
        labelled_line(console, "", f"and {len(result.unreadable) - 10} more; {lists_all} lists all", "red")


def _context(console: Console, tokens: int, phases: Sequence[Phase], current_phase: int | None) -> None:
    fitting = [phase for phase in phases if tokens <= phase.token_limit]
    smallest = f"fits phase {fitting[0].phase} ({fitting[0].name}) and up" if fitting else "fits no phase"
    if current_phase is None:
        labelled_phrases(console, "context", smallest)
        return
    current = phases[current_phase]
    over = tokens - current.token_limit
    distance = f"{format_count(over)} tokens over" if over > 0 else f"{format_count(-over)} tokens free"
    labelled_phrases(console, "context", f"{smallest};", f"current phase {current.phase} ({current.name}): {distance}")


def print_throughput(console: Console, result: ScanResult, *, detailed: bool = True) -> None:
    """Print how long the run took and, in detail, what it worked on."""
    totals, throughput = result.totals, result.throughput
    wall = throughput.wall_s
    files = totals.files / wall
    rates = [f"{files:,.{0 if files >= 10 else 1}f} files/s"]
    if throughput.idle_reason is not None and throughput.index_hits:
        rates[0] += " from the index, nothing was read"
    if throughput.bytes_per_s is not None:
        rates.append(_rate(throughput.bytes_per_s, "B/s", 0))
    if throughput.tokens_per_s is not None:
        rates.append(_rate(throughput.tokens_per_s, "tokens/s", 1))
    deaths = f"{counted(throughput.worker_deaths, 'worker')} died" if throughput.worker_deaths else ""
    if deaths and not detailed:
        rates.append(deaths)
    labelled_phrases(console, "speed", f"{wall:.2f} s: " + ", ".join(rates))
    if not detailed:
        return
    source = (
        f"{counted(throughput.index_hits, 'file')} from the index, {format_bytes(throughput.bytes_read)} read"
        if throughput.index_hits
        else f"{format_bytes(throughput.bytes_read)} read, index {throughput.index_reason}"
    )
    if result.verify_failures is not None:
        source += f"; verified: {len(result.verify_failures):,} of {counted(totals.files, 'file')} differ"
    labelled_phrases(
        console,
        "",
        f"{throughput.cpu_s:.2f} CPU s, {counted(throughput.workers, 'worker')}{', ' + deaths if deaths else ''},",
        f"device {throughput.device} ({throughput.device_reason});",
        source,
    )
    stages = [f"{name} {seconds:.2f} s" for name, seconds in throughput.stages.items() if seconds >= SHORTEST_STAGE]
    if stages:
        labelled_phrases(console, "stages", *(f"{stage}," for stage in stages[:-1]), f"{stages[-1]}; all processes")
    if throughput.device_totals is not None:
        labelled_phrases(console, "device", *_device_work(throughput.device_totals))


def _rate(per_second: float, unit: str, decimals: int) -> str:
    """A rate in millions, or in thousands where that says more: `296 MB/s`, `0.8 Mtokens/s`, `4.2 ktokens/s`."""
    scaled = f"{per_second / 1e6:,.{decimals}f}"
    return f"{scaled} M{unit}" if float(scaled.replace(",", "")) else f"{per_second / 1e3:,.1f} k{unit}"


def _device_work(totals: DeviceTotals) -> Iterator[str]:
    """What a CUDA device did, by its own clock."""
    yield f"{counted(totals.slabs, 'slab')}, {format_bytes(totals.bytes_in)} in"
    if totals.copy_in_seconds:
        achieved = totals.bytes_in / totals.copy_in_seconds
        peak = totals.peak_copy_bytes_per_s
        share = f" ({achieved / peak:.0%} of its measured peak)" if peak else ""
        yield f"at {achieved / 1e9:.1f} GB/s{share},"
    yield f"{format_bytes(totals.bytes_out)} out;"
    yield f"kernels {totals.kernel_seconds:.3f} s, copies {totals.copy_in_seconds + totals.copy_out_seconds:.3f} s"
    if totals.chunk_ids:
        yield counted(totals.chunk_ids, "chunk id")
    if totals.cpu_files:
        yield f"{counted(totals.cpu_files, 'file')} ({format_bytes(totals.cpu_bytes)}) on the CPU: larger than a slab"
    if totals.cpu_line_slabs:
        yield f"lines of {counted(totals.cpu_line_slabs, 'slab')} on the CPU: too many"
    if totals.halved_slabs:
        yield f"{counted(totals.halved_slabs, 'slab')} halved for want of memory"


def print_memory(console: Console, result: ScanResult) -> None:
    """Print memory by tier. A tier that was not used is left out; without a device the line before says why."""
    memory = result.memory
    tiers = (
        ("vram", memory.vram, result.throughput.device_totals is not None),
        ("shared", memory.shared, result.throughput.device_totals is not None),
        ("ram", memory.ram, True),
        ("nvme", memory.nvme, bool(memory.nvme.peak_bytes)),
        ("page cache", memory.page_cache, bool(memory.page_cache.details.get("sampled_bytes"))),
    )
    label = "memory"
    for name, reading, was_used in tiers:
        if was_used:
            labelled_phrases(console, label, f"{name:<11} {_reading(name, reading)}")
            label = ""


def _reading(name: str, reading: TierReading) -> str:
    details = reading.details
    if name == "ram" and reading.peak_bytes is not None:
        uss = details["uss_bytes"]
        return f"{format_bytes(reading.peak_bytes)} peak PSS, {format_bytes(int(uss or 0))} USS, all processes"
    if name == "vram" and reading.peak_bytes is not None:
        used, card = details["card_used_bytes"], details["card_bytes"]
        beside = f"; {format_bytes(int(used))} of {format_bytes(int(card))} in use by all" if used and card else ""
        return f"{format_bytes(reading.peak_bytes)} peak of the pool{beside}"
    if name == "shared" and reading.peak_bytes is not None:
        return f"{format_bytes(reading.peak_bytes)} pinned"
    if name == "nvme" and reading.peak_bytes is not None:
        return f"{format_bytes(reading.peak_bytes)} written (index and output)"
    if name == "page cache" and details.get("sampled_bytes"):
        cached, sampled = int(details["sampled_cached_bytes"] or 0), int(details["sampled_bytes"] or 1)
        return f"{cached / sampled:.0%} of {format_bytes(sampled)} sampled was cached before reading"
    return f"- ({reading.reason})"
