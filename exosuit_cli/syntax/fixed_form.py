"""Fortran in fixed form as the same text in free form, byte for byte in its place: the grammar knows free form only.

In fixed form a first character of `C`, `c`, `*`, `d` or `D` makes a line a comment, and a sixth one that is neither a
blank nor `0` goes on with the line before (ISO/IEC 1539-1, 6.3.3). Old texts number their cards from column 73 on. A
text where some line begins with another letter, or has one in columns 2 to 5, most likely is in free form, whatever its
name says.
"""

from __future__ import annotations

import re
from typing import Final

_COMMENT: Final = re.compile(rb"[cC*dD!]|[ \t\r]*(?:!|#|$)")
_CONTINUATION: Final = re.compile(rb"     [^ 0\t\r]|\t[1-9]")
_FREE: Final = re.compile(rb"^(?:[ABE-Zabe-z]| {1,4}[A-Za-z])", re.MULTILINE)
_CARD: Final = re.compile(rb"(?P<statement>[^\r]{72})(?P<number>[A-Z ]{0,4}\d{2,8}) *(?P<end>\r?)")
_REMARK: Final = re.compile(rb"(?:[^!'\"]|'[^']*'|\"[^\"]*\")*")


def forms(data: bytes) -> list[bytes]:
    """What the grammar may read a text as, the likelier first: the text itself, and from fixed form."""
    both = [as_free_form(data), data]
    return both[::-1] if _FREE.search(data) else both


def as_free_form(data: bytes) -> bytes:
    """A text of the same length, where comments begin with `!` and a statement is on one line.

    Line ends within a statement become blanks, as do the comments there, and the numbers of cards.
    """
    lines = [_without_number(line) for line in data.split(b"\n")]
    statement = -1
    ends = [b"\n"] * len(lines)
    for place, line in enumerate(lines):
        if _CONTINUATION.match(line) and statement >= 0:
            lines[statement] = _without_remark(lines[statement])
            for between in range(statement + 1, place):
                lines[between] = b" " * len(lines[between])
            ends[statement:place] = [b" "] * (place - statement)
            head = 6 if line[:1] == b" " else 2
            lines[place] = b" " * head + line[head:]
            statement = place
        elif not _COMMENT.match(line):
            statement = place
        elif line[:1] in (b"c", b"C", b"*", b"d", b"D"):
            lines[place] = b"!" + line[1:]
    parts = [part for pair in zip(lines, ends, strict=True) for part in pair]
    return b"".join(parts[:-1])


def _without_number(line: bytes) -> bytes:
    card = _CARD.fullmatch(line)
    return card["statement"] + b" " * len(line[72:].rstrip(b"\r")) + card["end"] if card is not None else line


def _without_remark(line: bytes) -> bytes:
    found = _REMARK.match(line)
    end = found.end() if found is not None else len(line)
    line = line[:-1] + b" " if line.endswith(b"\r") else line
    return line if line[end : end + 1] != b"!" else line[:end] + b" " * (len(line) - end)
