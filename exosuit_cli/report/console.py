"""The parts of every report on a terminal: the console, labelled lines, tables that are never cut."""

from __future__ import annotations

import textwrap
from typing import Any

from rich import box
from rich.console import Console
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from exosuit_cli.system.names import display_name

WIDEST_TABLE = 500
"""Columns that a table may take; more than the widest row needs."""
_LABEL = 12
"""Columns of a label."""


class _Console(Console):
    def print(self, *objects: Any, **options: Any) -> None:
        """Print, and escape every character of a text that could act on the terminal."""
        super().print(*[self._shown(each) if isinstance(each, Text) else each for each in objects], **options)

    def _shown(self, text: Text) -> Text:
        if text.plain.isprintable():
            return text
        segments = text.render(self, end="")
        return Text.assemble(*[(display_name(segment.text), segment.style or "") for segment in segments])

    def on_broken_pipe(self) -> None:
        """Raise the error, which the border of the command handles; rich would exit with 1."""
        raise  # the BrokenPipeError that rich is handling when it calls this


def open_console() -> Console:
    """The console that reports are printed on; nothing in a text is markup."""
    return _Console(highlight=False, emoji=False, markup=False)


def labelled_line(console: Console, label: str, text: str, style: str = "") -> None:
    """Print one line, its label in a column of its own. It is never broken, so that a path in it stays whole."""
    console.print(Text.assemble((f"{label:<{_LABEL}}", "bold"), (text, style)), soft_wrap=True)


def labelled_phrases(console: Console, label: str, *phrases: str, gap: str = " ") -> None:
    """Print phrases after a label, on as many lines as they need. Lines break between phrases.

    A phrase that is longer than a line breaks between words. Words and numbers never break.
    """
    width = max(console.width - _LABEL, 1)
    lines: list[str] = []
    for phrase in map(display_name, phrases):
        if lines and len(lines[-1]) + len(gap) + len(phrase) <= width:
            lines[-1] += gap + phrase
        else:
            lines += textwrap.wrap(phrase, width, break_long_words=False, break_on_hyphens=False)
    for line in lines:
        labelled_line(console, label, line)
        label = ""


def print_table(console: Console, table: Table) -> None:
    """Print a table in its full width on any terminal, so that no number is cut. Lines have no blanks at their ends."""
    for line in console.render_lines(table, console.options.update(width=WIDEST_TABLE), pad=False):
        while line and not line[-1].text.strip():
            line.pop()
        if line:
            line[-1] = Segment(line[-1].text.rstrip(), line[-1].style)
        console.print(Text.assemble(*[(segment.text, segment.style or "") for segment in line]), soft_wrap=True)


def plain_table(*columns: str) -> Table:
    """A plain table: the first column is aligned left, the others right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 else "right", no_wrap=True)
    return table
