"""The parts of every report on a terminal: the console, lines, tables that are never cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from exosuit_cli.report.lines import Line
from exosuit_cli.report.lines import labelled_line as labelled_line
from exosuit_cli.report.lines import labelled_phrases as labelled_phrases
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDEST_TABLE = 500
"""Columns that a table may take; more than the widest row needs."""
_GAP = 3
"""Columns between two columns of a table."""


class _Console(Console):
    def print(self, *objects: Any, **options: Any) -> None:
        """Print, and escape every character of a text that could act on the terminal."""
        objects = tuple(Text.assemble(*each.parts) if isinstance(each, Line) else each for each in objects)
        if options == {"soft_wrap": True} and self._is_written_as_it_is(*objects):
            self.file.write(f"{objects[0]}\n")
            return
        super().print(*[self._shown(each) if isinstance(each, Text) else each for each in objects], **options)

    def _is_written_as_it_is(self, text: Any = None, *others: Any) -> bool:
        """Whether these objects are one line without colours: laying it out would change nothing, and takes longest."""
        is_line = isinstance(text, Text) and not others and text.plain.isprintable() and text.end == "\n"
        return is_line and self.color_system is None and not (self.is_terminal or self.record or self._buffer_index)

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


def print_table(console: Console, table: Table) -> None:
    """Print a table so that no number is cut or broken. Lines have no blanks at their ends.

    On a terminal that is too narrow, the columns that do not fit follow in a further table, which begins with the first
    column again.
    """
    for part in _parts(table, console.width) if console.is_terminal else [table]:
        _print_whole(console, part)


def _parts(table: Table, width: int) -> Iterator[Table]:
    """The table, as one that fits into the width or as several."""
    cells = [[str(cell) for cell in (column.header, *column.cells)] for column in table.columns]
    widths = [max(map(cell_len, column)) for column in cells]
    if sum(widths) + _GAP * (len(widths) - 1) <= width:
        yield table
        return
    taken = 1
    while taken < len(widths):
        columns = [0, taken]
        taken += 1
        while taken < len(widths) and sum(widths[c] + _GAP for c in (*columns, taken)) - _GAP <= width:
            columns.append(taken)
            taken += 1
        part = plain_table(*(cells[column][0] for column in columns))
        for shown, column in zip(part.columns, columns, strict=True):
            shown.justify = table.columns[column].justify
        for row in zip(*(cells[column][1:] for column in columns), strict=True):
            part.add_row(*row)
        yield part


def _print_whole(console: Console, table: Table) -> None:
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
