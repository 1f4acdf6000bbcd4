"""The report of `exosuit pack` for a person at a terminal."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from exosuit_cli.model.units import counted, format_bytes
from exosuit_cli.pack.detail import Detail
from exosuit_cli.remote.origins import origin_of
from exosuit_cli.report.console import labelled_line, labelled_phrases, plain_table, print_table
from exosuit_cli.report.scan.terminal import print_ledger, print_throughput
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from rich.console import Console

    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.result import PackResult
    from exosuit_cli.pack.shown_changes import ShownChanges

_PLACES_SHOWN = 10
_ROWS = 10
WORDS = {
    Detail.FULL: "in full",
    Detail.PIECES: "in pieces",
    Detail.SIGNATURES: "as signatures",
    Detail.OUTLINE: "as outlines",
    Detail.PATH: "by path only",
    Detail.LEFT_OUT: "left out",
}


def print_pack(console: Console, result: PackResult, options: PackOptions, *, detailed: bool = False) -> None:
    """Print what a pack holds; in detail, also its largest directories and files, its ledger and its work."""
    scanned = result.scan
    partial = f"  (partial: {scanned.partial})" if scanned.partial else ""
    labelled_line(console, "pack", display_name(origin_of(scanned.base) or scanned.base) + partial)
    of_budget = f" of {options.budget:,}" if options.budget else ""
    labelled_phrases(
        console,
        "total",
        f"{result.tokens:,}{of_budget} tokens ({options.encoding})",
        format_bytes(result.bytes),
        *([] if len(result.parts) < 2 else [f"in {len(result.parts):,} parts"]),
        gap="  ",
    )
    held = ", ".join(f"{count:,} {WORDS[detail]}" for detail, count in result.details.items())
    labelled_phrases(console, "files", f"{counted(len(result.files), 'text file')}:", held or "none")
    neighbours = sum(file.is_neighbour for file in result.files)
    if neighbours:
        labelled_phrases(console, "", f"{neighbours:,} of them unchanged: neighbours of the changes")
    if result.changes is not None:
        print_changes(console, result.changes)
    if result.binary:
        labelled_phrases(console, "", f"{counted(len(result.binary), 'binary file')} left out")
    for part in result.parts:
        if part.name is not None:
            labelled_line(console, "written", f"{display_name(part.name)}  {part.tokens:,} tokens")
    _secrets(console, result, options)
    if detailed:
        if result.files:
            _directories(console, result)
            _largest(console, result)
        print_ledger(console, scanned, lists_all="--stats --json")
        print_throughput(console, scanned, detailed=True)


def _secrets(console: Console, result: PackResult, options: PackOptions) -> None:
    if not result.secrets:
        return
    done = "redacted" if options.secrets == "redact" else "found"
    labelled_phrases(console, "secrets", f"{counted(result.secrets, 'secret')} {done}")
    places = [
        f"{display_name(file.path)}:{secret.line}: {secret.kind}"
        for file in result.files
        if file.remarks is not None
        for secret in file.remarks.secrets
    ]
    for place in places[:_PLACES_SHOWN]:
        labelled_line(console, "", place)
    if len(places) > _PLACES_SHOWN:
        labelled_line(console, "", f"{len(places) - _PLACES_SHOWN:,} more; --json lists them all")


def _directories(console: Console, result: PackResult) -> None:
    sums: defaultdict[bytes, list[int]] = defaultdict(lambda: [0, 0])
    for file in result.files:
        directory = file.path.rpartition(b"/")[0]
        sums[directory][0] += 1
        sums[directory][1] += file.tokens
    table = plain_table("directory", "files", "tokens", "share")
    for directory, (files, tokens) in sorted(sums.items(), key=lambda item: (-item[1][1], item[0]))[:_ROWS]:
        share = tokens / result.tokens if result.tokens else 0
        table.add_row(display_name(directory) or ".", f"{files:,}", f"{tokens:,}", f"{share:.1%}")
    console.print()
    print_table(console, table)


def _largest(console: Console, result: PackResult) -> None:
    table = plain_table("largest in the pack", "detail", "tokens", "of file")
    for file in sorted(result.files, key=lambda file: (-file.tokens, file.path))[:_ROWS]:
        table.add_row(display_name(file.path), file.detail.label, f"{file.tokens:,}", f"{file.file_tokens:,}")
    console.print()
    print_table(console, table)
    console.print()


def print_changes(console: Console, shown: ShownChanges) -> None:
    """Print how much has changed since which commit."""
    said = [f"{count:,} {status}" for status, count in shown.changes.counts.items()]
    since = f"since {display_name(shown.changes.revision)} ({shown.changes.commit[:12]}):"
    labelled_phrases(console, "changes", since, ", ".join(said) or "none")
    if shown.left_out:
        labelled_phrases(console, "", f"the hunks of {counted(shown.left_out, 'file')} left out")
