"""The report of `exosuit pack --query` for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.units import counted, format_bytes
from exosuit_cli.pack.query_pack import DEFAULT_BUDGET
from exosuit_cli.report.console import labelled_line, labelled_phrases, plain_table, print_table
from exosuit_cli.report.pack.terminal import WORDS, print_changes
from exosuit_cli.report.query.terminal import print_searched
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from rich.console import Console

    from exosuit_cli.commands.pack_query import QueryPackOutcome
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.query_result import QueriedFile

_NEXT: Final = 5
"""Answers that are named as left out; --stats names twice as many."""


def print_query_pack(
    console: Console, outcome: QueryPackOutcome, options: PackOptions, *, detailed: bool = False
) -> None:
    """Print what a pack holds, and what was left out next; in detail, also the lines of each file and their reasons."""
    result = outcome.result
    assert result is not None
    labelled_phrases(
        console,
        "pack",
        f"{result.part.tokens:,} of {options.budget or DEFAULT_BUDGET:,} tokens ({options.encoding})",
        format_bytes(result.part.bytes),
        gap="  ",
    )
    held = ", ".join(f"{count:,} {WORDS[detail]}" for detail, count in result.details.items())
    labelled_phrases(console, "files", counted(len(result.files), "file") + (":" if held else ""), held)
    labelled_line(console, "answers", f"{result.answers_in:,} of {result.answers:,} that were found")
    for number, each in enumerate(result.left_out[: 2 * _NEXT if detailed else _NEXT]):
        symbol = f"  {display_name(each.symbol)}" if each.symbol else ""
        place = f"{display_name(each.path)}:{each.first}-{each.last}"
        labelled_line(console, "" if number else "left out", f"{place}{symbol}  {each.tokens:,} tokens")
    if result.changes is not None:
        print_changes(console, result.changes)
    if result.secrets:
        labelled_line(console, "secrets", f"{counted(result.secrets, 'secret')} in these files")
    if result.part.name is not None:
        labelled_line(console, "written", display_name(result.part.name))
    print_searched(console, outcome.index, result.seconds, outcome.context)
    if detailed:
        table = plain_table("file", "detail", "tokens", "of file", "lines", "why")
        for file in result.files:
            lines = ", ".join(f"{each.first}-{each.last}" for each in file.shown)
            table.add_row(
                display_name(file.path),
                file.detail.label,
                f"{file.tokens:,}",
                f"{file.file_tokens:,}",
                lines,
                _why(file),
            )
        console.print()
        print_table(console, table)


def _why(file: QueriedFile) -> str:
    """Why a file is there, each reason once, the answers first."""
    return ", ".join(dict.fromkeys(each.why for each in file.reasons))
