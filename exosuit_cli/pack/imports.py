"""The imports of a file that bring in names which a text uses, in any language, by how their lines begin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STATEMENT: Final = re.compile(
    r"from\s+[\w.]+\s+import\b|import\s+(?:static\s+|type\s+)?[\w.*$]+(?:\s+as\s+\w+)?\s*(?:[,;({\\]|$|//|#)"
    r"|import\s*(?:[({*\"']|type\b|[\w$]+\s*(?:,|from\b|=)|\w+\s+\")|(?:pub(?:\([^)]*\))?\s+)?use\s+[\w:\\]+\s*[;:{(]"
    r"|(?:import|qualified|open|alias|load)\s+(?:qualified\s+)?[A-Z][\w.]*(?:\s|,|$|\()"
    r"|using\s+(?:static\s+|namespace\s+)?[\w.:=<> ]+;|use\s+[\w\\:]+[;, ]|require(?:_relative)?\s*[\"'(]"
    r"|#\s*(?:include|import)\b|@import\b|(?:const|let|var|local)\b.*\brequire\s*\(|export\b.*\bfrom\b"
)
"""How an import begins, at the left edge of its line."""
_QUOTES: Final = re.compile(r"\"\"\"|'''")
_INCLUDE: Final = re.compile(r'\s*#\s*(?:include|import)\s*[<"](?:.*/)?(?P<stem>[^/.>"]+)[^>"]*[>"]')
_WORD: Final = re.compile(r"[^\W\d]\w*")
_WORDS_OF_STATEMENTS: Final = frozenset({
    "from", "import", "as", "use", "using", "require", "require_relative", "const", "let", "var", "local", "alias",
    "open", "include", "load", "export", "type", "static", "pub", "crate", "self", "super", "mod", "default",
})  # fmt: skip
_MOST_LINES: Final = 400
"""Lines of a file that are looked at."""
_LONGEST: Final = 40
"""Lines of one statement."""


def imports_used(lines: Sequence[str], words: frozenset[str]) -> Iterator[tuple[int, int]]:
    """The first and the last line, from 1, of each import among these lines that brings in one of the words.

    Of an include, the name of the file is looked for in the words: `skbuff.h` is there for `sk_buff`.
    """
    joined: str | None = None
    place = 0
    is_quoted = False
    while place < min(len(lines), _MOST_LINES):
        line = lines[place]
        if len(_QUOTES.findall(line)) % 2:  # prose within may look like anything
            is_quoted = not is_quoted
        if is_quoted or not _STATEMENT.match(line):
            place += 1
            continue
        end = place + 1
        text = line
        while _is_open(text) and end < min(len(lines), place + _LONGEST):
            text += "\n" + lines[end]
            end += 1
        include = _INCLUDE.match(line)
        if include is not None:
            if joined is None:
                joined = "\n".join(words).replace("_", "").lower()
            if include["stem"].replace("_", "").lower() in joined:
                yield place + 1, end
        elif not words.isdisjoint(_brought_in(text)):
            yield place + 1, end
        place = end


def _is_open(text: str) -> bool:
    """Whether a statement goes on in the next line."""
    return text.endswith("\\") or any(text.count(a) > text.count(b) for a, b in ("()", "{}"))


def _brought_in(text: str) -> set[str]:
    """The names that a statement may bring in: its words, of `from x import y` those behind `import`."""
    if text.lstrip().startswith("from "):
        text = text.partition(" import")[2]
    return set(_WORD.findall(text)) - _WORDS_OF_STATEMENTS
