"""Lines of a report, and their way to a pipe or a file. Only a terminal needs rich, which is slow to import."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final, Protocol

from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

_LABEL: Final = 12
"""Columns of a label."""
_NUMBER: Final = lazy_pattern(r"(?<=[0-9]%) (?=\w)|(?<=[0-9]) (?=\w)")
"""The blank between a number and the word that it counts."""
_NO_BREAK: Final = "\u00a0"
_ASKED_BY: Final = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "JUPYTER_COLUMNS", "JUPYTER_LINES")
"""Variables by which a user has rich take a pipe for a terminal, or the other way round."""
_WIDTH: Final = 80
"""Columns where nothing says how many there are."""


class Line:
    """A line in parts: texts, each with a style or without one, and texts that rich has coloured."""

    def __init__(self, *parts: str | Text | tuple[str, str]) -> None:
        self.parts: Final = parts

    def __str__(self) -> str:
        return "".join(part[0] if isinstance(part, tuple) else str(part) for part in self.parts)


class Console(Protocol):
    """What lines are printed on: rich's console, or `PlainConsole`."""

    @property
    def width(self) -> int:
        """Columns of a line."""
        ...

    def print(self, *objects: Any, soft_wrap: bool | None = None) -> None:
        """Print a line; nothing in it acts on a terminal."""
        ...


class PlainConsole:
    """Prints on stdout without colours, what rich would print there."""

    @property
    def width(self) -> int:
        """Columns of the terminal that is near, or those that the environment says."""
        columns = os.environ.get("COLUMNS", "")
        if columns.isascii() and columns.isdigit():
            return int(columns[:6]) or _WIDTH
        return next(_widths(), 0) or _WIDTH

    def print(self, *objects: Any, soft_wrap: bool | None = None) -> None:  # noqa: ARG002  (no line is broken)
        """See `Console`."""
        sys.stdout.write(" ".join(display_name(str(each)) for each in objects) + "\n")


def open_lines() -> Console:
    """What a report is printed on that is lines only: stdout, in colours where it is a terminal."""
    if not sys.stdout.isatty() and not any(name in os.environ for name in _ASKED_BY):
        return PlainConsole()
    from exosuit_cli.report.console import open_console

    return open_console()


def labelled_line(console: Console, label: str, text: str, style: str = "") -> None:
    """Print one line, its label in a column of its own. It is never broken, so that a path in it stays whole."""
    console.print(Line((f"{label:<{_LABEL}}", "bold"), (text, style)), soft_wrap=True)


def labelled_phrases(console: Console, label: str, *phrases: str, gap: str = " ", style: str = "") -> None:
    """Print phrases after a label, on as many lines as they need. Lines break between phrases.

    A phrase that is longer than a line breaks between words. A number stays with the word behind it, its unit, as long
    as both fit in a line.
    """
    width = max(console.width - _LABEL, 1)
    lines: list[str] = []
    for phrase in map(display_name, phrases):
        if lines and len(lines[-1]) + len(gap) + len(phrase) <= width:
            lines[-1] += gap + phrase
        else:
            lines += _broken(phrase, width)
    for line in lines:
        labelled_line(console, label, line, style)
        label = ""


def _broken(phrase: str, width: int) -> list[str]:
    """A phrase in lines; none for a phrase of blanks."""
    if len(phrase) <= width:
        return [phrase.strip(" ")] if phrase.strip(" ") else []
    import textwrap

    whole = _NUMBER.sub(_NO_BREAK, phrase)
    broken = textwrap.wrap(whole, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_NO_BREAK, " ") for line in broken]


def _widths() -> Iterator[int]:
    """The columns of the terminals among the standard streams."""
    for descriptor in range(3):
        try:
            yield os.get_terminal_size(descriptor).columns
        except (OSError, ValueError):
            continue
