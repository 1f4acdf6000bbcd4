"""The code of a text: its lines without comments, string literals and imports, and the names that are called there.

One pattern for each style of comments, no parser: it may take a few words of a text for code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.search.reserved import reserved_words
from exosuit_cli.structure.styles import SLASH_STYLES, Style, style_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SHELLS: Final = frozenset({"Shell", "Bash", "Zsh", "Fish", "Tcsh", "Ksh", "Bats"})
"""Languages in which a name that begins a command is called."""
_TRIPLE: Final = r"[fFrRbBuU]{0,2}(?:\"\"\"(?:[^\"]|\"(?!\"\"))*(?:\"\"\"|\Z)|'''(?:[^']|'(?!''))*(?:'''|\Z))"
_DOUBLE: Final = r"(?:\b[fF][rR]?|\$)?\"(?:\\.|[^\"\\\n])*\""
_SINGLE: Final = r"(?<![\w\])])(?:[fF][rR]?)?'(?:\\.|[^'\\\n])*'"
_CHARACTER: Final = r"(?<!\w)'(?:\\[^'\n]{1,10}|[^'\\\n])'"
_BLOCK: Final = r"/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)"
_COMMENTS: Final = {
    Style.HASH: r"(?:(?<=\s)|(?<![^\n]))#[^\n]*",
    Style.SLASH: rf"//[^\n]*|{_BLOCK}",
    Style.SLASH_OPEN: rf"//[^\n]*|{_BLOCK}",
    Style.DASH: r"--[^\n]*|\{-(?:[^-]|-(?!\}))*(?:-\}|\Z)",
    Style.SEMICOLON: r";[^\n]*",
    Style.PERCENT: r"%[^\n]*",
    Style.BLOCK: rf"(?:--|//)[^\n]*|{_BLOCK}",
    Style.BLOCK_OPEN: rf"(?:--|(?<!\S)!(?!=))[^\n]*|{_BLOCK}",
    Style.ELEMENTS: rf"//[^\n]*|{_BLOCK}|<!--(?:[^-]|-(?!->))*(?:-->|\Z)",
}
_QUOTED: Final = {
    Style.HASH: f"{_TRIPLE}|{_DOUBLE}|{_SINGLE}",
    Style.SLASH: f"{_DOUBLE}|{_SINGLE}",
    Style.SLASH_OPEN: f"{_TRIPLE}|{_DOUBLE}|{_SINGLE}",
    Style.DASH: f"{_DOUBLE}|{_SINGLE}",
    Style.SEMICOLON: _DOUBLE,
    Style.PERCENT: _DOUBLE,
    Style.BLOCK: f"{_DOUBLE}|{_SINGLE}",
    Style.BLOCK_OPEN: f"{_DOUBLE}|{_SINGLE}",
    Style.ELEMENTS: f"{_TRIPLE}|{_DOUBLE}|{_SINGLE}",
}
_LITERALS: Final = {style: lazy_pattern(f"{_QUOTED[style]}|{_COMMENTS[style]}") for style in _COMMENTS}
_RUST: Final = lazy_pattern(f"{_DOUBLE}|{_CHARACTER}|{_COMMENTS[Style.SLASH]}")
_HOLE: Final = lazy_pattern(r"\{([^{}\n]*)\}")
_SUBSTITUTED: Final = lazy_pattern(r"\$\(([^()\n]*)\)|`([^`\n]*)`")
_IMPORT: Final = lazy_pattern(
    r"\s*(?:import\s|from\s+\S+\s+import\b|(?:pub(?:\([^)]*\))?\s+)?(?:use|extern\s+crate)\s+[\w:\\{*]|"
    r"using\s+(?:static\s+|namespace\s+)?[\w.:<>]+\s*[=;]|#\s*(?:include|import)\b|require(?:_relative|_once)?\b|"
    r"include(?:_once)?\s*[('\"]|package\s+[\w.]+\s*;?\s*$|export\s+(?:type\s+)?(?:\*|\{[^}]*(?:$|\}\s*from))|"
    r"(?:const|let|var|local)\s[^=]*=\s*require\b|(?:pub(?:\([^)]*\))?\s+)?mod\s+\w+\s*;|alias\s+[A-Z]|open\s+[A-Z]|"
    r"@import\b|source\s+\S+$)"
)
_CALL: Final = lazy_pattern(r"\b([^\W\d]\w{2,})(?:\s*!)?\s*\(|\b([^\W\d]\w{2,})!\s*[\[{]|\bnew\s+([^\W\d]\w{2,})")
COMMAND: Final = r"(?:^|[;|&({`!])[ \t]*(?:(?:then|do|else|if|elif|while|until|!)[ \t]+)*"
"""What stands before a command of a shell."""
_COMMAND: Final = lazy_pattern(rf"{COMMAND}([^\W\d][\w:.-]{{2,}})", re.MULTILINE)


def code_lines(lines: Sequence[str], language: str | None) -> list[str]:
    """The lines with blanks in place of comments, string literals and imports; of a language without code, as they are.

    What is computed within a string, as `{name}` of an f-string, is code. Lines that begin within a comment or a
    documentation text are taken for what they most likely are.
    """
    pattern = _pattern_of(language)
    if pattern is None or language is None:
        return list(lines)
    style = style_of(language)
    text = "\n".join(lines)
    start = _end_of_opened(text, style)
    is_shell = language in SHELLS

    def blank(found: re.Match[str]) -> str:
        shown = found[0]
        kept = ""
        if is_shell and shown[0] == '"':
            kept = "".join(f";{a or b}" for a, b in _SUBSTITUTED.findall(shown))
        elif shown[0] in "fF$":
            kept = " ".join(_HOLE.findall(shown))
        return kept + "\n" * shown.count("\n") or " "

    code = "\n" * text.count("\n", 0, start) + pattern.sub(blank, text[start:])
    return _without_imports(code.split("\n"))


def has_code(language: str | None) -> bool:
    """Whether texts of a language are code, and no prose or data."""
    return _pattern_of(language) is not None


def _pattern_of(language: str | None) -> re.Pattern[str] | None:
    """The pattern of comments and strings of a language."""
    if language is None or language in ("Text", "AsciiDoc", "Org"):
        return None
    return _RUST if language == "Rust" else _LITERALS.get(style_of(language))


def called_names(code: Sequence[str], language: str | None) -> set[str]:
    """The names of three letters and more that are called in lines of code; in a shell, those of commands."""
    text = "\n".join(code)
    found = {name for names in _CALL.findall(text) for name in names if name}
    if language in SHELLS:
        found |= set(_COMMAND.findall(text))
    return found - reserved_words(language)


def _end_of_opened(text: str, style: Style) -> int:
    """Where a comment or a documentation text ends that was open where the text begins; 0 where there was none."""
    if SLASH_STYLES[style]:
        closes, opens = text.find("*/"), text.find("/*")
        before = text[text.rfind("\n", 0, max(closes, 0)) + 1 : max(closes, 0)]
        is_open = closes >= 0 and not 0 <= opens <= closes and set("\"'").isdisjoint(before)
        return closes + 2 if is_open else 0
    if style == Style.HASH and text.count('"""') % 2:
        first = text.find('"""')
        before, _, own = text[:first].rpartition("\n")
        begins = own.strip() or not before.strip() or before.rstrip().endswith((":", "(", "=", ",", "[", "{"))
        return 0 if begins else first + 3
    return 0


def _without_imports(code: list[str]) -> list[str]:
    """The lines, with nothing in those of imports; an import goes on to the end of its brackets."""
    is_open = 0
    for place, line in enumerate(code):
        if is_open <= 0 and not _IMPORT.match(line):
            continue
        is_open = max(is_open, 0) + sum(map(line.count, "({[")) - sum(map(line.count, ")}]"))
        code[place] = ""
    return code
