"""Tables on a terminal: what does not fit follows, and every part has its header."""

from __future__ import annotations

import io

from rich.console import Console

from exosuit_cli.report.console import plain_table, print_table


def test_every_part_of_a_wide_table_has_its_header() -> None:
    table = plain_table("stage", "busy", "rate busy", "longest")
    table.add_row("tokens", "12.0 ms", "1.23 GB/s", "5 ms")
    table.add_row("walk", "1.0 ms", "-", "5 ms")
    text = io.StringIO()
    print_table(Console(file=text, width=30, force_terminal=True, color_system=None, highlight=False), table)
    lines = [line.split() for line in text.getvalue().splitlines() if "─" not in line]
    assert lines == [
        ["stage", "busy", "rate", "busy"],
        ["tokens", "12.0", "ms", "1.23", "GB/s"],
        ["walk", "1.0", "ms", "-"],
        ["stage", "longest"],
        ["tokens", "5", "ms"],
        ["walk", "5", "ms"],
    ]
    assert all(len(line) <= 30 for line in text.getvalue().splitlines())
