"""Code for a person at a terminal: numbered lines, in colour where there is colour, and nothing that acts on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.report.lines import Line, PlainConsole
from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from exosuit_cli.report.lines import Console
    from exosuit_cli.search.definitions import Definition

_TAB: Final = 4
_LEXERS: Final = {
    "C++": "cpp", "C#": "csharp", "F#": "fsharp", "Objective-C": "objc", "Shell": "bash", "Vue": "html",
    "JSON with Comments": "json", "Batchfile": "bat", "Emacs Lisp": "elisp", "TSX": "tsx",
    "Protocol Buffer": "protobuf",
}  # fmt: skip
"""What pygments calls languages whose name there is not their own in lower case."""


def print_code(
    console: Console, text: bytes, first_line: int, language: str | None, enclosing: Sequence[Definition] = ()
) -> None:
    """Print the lines of a text with their numbers, after the lines that enclose it."""
    lines = [display_name(line.expandtabs(_TAB)) for line in lines_of(text.rstrip() or text)]
    above = [(each.line, display_name(each.text.expandtabs(_TAB))) for each in enclosing]
    width = max(len(str(first_line + max(len(lines) - 1, 0))), 4)
    for number, line in above:
        console.print(Line((f"{number:>{width}}  {line}", "dim")), soft_wrap=True)
    if above and above[-1][0] + 1 < first_line:
        console.print(Line((f"{'...':>{width}}", "dim")))
    for number, code in enumerate(_coloured(console, lines, language), first_line):
        gap = "  " if str(code) else ""
        console.print(Line((f"{number:>{width}}{gap}", "dim"), code), soft_wrap=True)


def _coloured(console: Console, lines: Sequence[str], language: str | None) -> Sequence[str | Text]:
    """The lines in the colours of their language, which nothing but a terminal with colours needs."""
    if isinstance(console, PlainConsole) or language is None:
        return lines
    from rich.console import Console as RichConsole

    if not isinstance(console, RichConsole) or not console.is_terminal or console.no_color or not console.color_system:
        return lines
    from pygments.util import ClassNotFound  # type: ignore[import-untyped, unused-ignore]
    from rich.syntax import Syntax

    lexer = _LEXERS.get(language, language.lower().replace(" ", "-"))
    try:
        coloured = Syntax("", lexer, theme="ansi_dark", background_color="default").highlight("\n".join(lines))
    except ClassNotFound:
        return lines
    found = list(coloured.split("\n", allow_blank=True))
    return found[: len(lines)]
