"""The headings of LaTeX and HTML: where each ends, its level, and its text without commands and tags."""

from __future__ import annotations

import re
from typing import Final

LATEX_LEVELS: Final = {
    b"part": 0,
    b"chapter": 1,
    b"section": 2,
    b"subsection": 3,
    b"subsubsection": 4,
    b"paragraph": 5,
    b"subparagraph": 6,
}
"""The levels of LaTeX's headings by their commands."""
_LATEX: Final = re.compile(rb"\\(part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)(?=\*?[ \t]*[\[{])")
_OPENING: Final = re.compile(rb"\*?[ \t]*(?:\[[^\[\]]{0,500}\][ \t]*(?:%[^\n]*)?\n?[ \t]*)?\{")
_BRACE: Final = re.compile(rb"\\.|[{}]", re.DOTALL)
_ASIDE: Final = re.compile(r"\\(?:label|index|footnote|cite|thanks)\*?\{[^{}]*\}")
_CHOICE: Final = re.compile(r"\\texorpdfstring[ \t]*\{(?:[^{}]|\{[^{}]*\})*\}[ \t]*\{([^{}]*)\}")
_FONT: Final = re.compile(
    r"\\(?:emph|text\w*|mbox|protect|ensuremath|(?:bf|it|tt|sc|rm)(?:series|shape|family)?)(?![a-z])[ \t]*"
)
_BREAK: Final = re.compile(r"\\\\(?:\[[^\[\]]*\])?")
_GROUP: Final = re.compile(r"(?<!\\)[{}]")
_ESCAPED: Final = re.compile(r"\\([&%$#_{}])")
_PAGE: Final = re.compile(rb"<h([1-6])(?=[\s>])[^<>]*>((?:[^<]|<(?!/h[1-6]))*)", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>?")
_MOST_CHARACTERS: Final = 80
FIRST_BYTES: Final = b"\\<"
"""What such headings begin with."""
LONGEST: Final = 500
"""Bytes of a heading of LaTeX or HTML."""


def heading_end(data: bytes, start: int) -> int:
    """The end of a heading of LaTeX, whose command ends at `start`; where its braces do not close, that of its line."""
    opening = _OPENING.match(data, start)
    if opening is not None:
        depth = 1
        for brace in _BRACE.finditer(data, opening.end(), opening.end() + LONGEST):
            depth += {b"{": 1, b"}": -1}.get(brace[0], 0)
            if not depth:
                return brace.end()
    end = data.find(b"\n", start)
    return end if end >= 0 else len(data)


def marked_heading(data: bytes) -> tuple[str, int] | None:
    """The text and the level of the heading of LaTeX or HTML that some bytes begin with; None for other bytes."""
    page = _PAGE.match(data)
    if page is not None:
        from html import unescape

        words = " ".join(unescape(_TAG.sub("", page[2].decode("utf-8", "replace"))).split())
        return words[:_MOST_CHARACTERS].rstrip(), int(page[1]) - 1
    found = _LATEX.match(data)
    if found is None:
        return None
    opening = _OPENING.match(data, found.end())
    start = opening.end() if opening is not None else found.end()
    text = data[start : heading_end(data, found.end())].decode("utf-8", "replace")
    text = text.removesuffix("}").replace("~", " ")
    if "\\" in text:
        text = _BREAK.sub(" ", _FONT.sub("", _CHOICE.sub(r"\1", _ASIDE.sub("", text))))
    return " ".join(_ESCAPED.sub(r"\1", _GROUP.sub("", text)).split()), LATEX_LEVELS[found[1]]
