"""Names are bytes. These are the only ways to show one to a person or to write one into text."""

from __future__ import annotations

import base64
import json
import re
from typing import Final

_NOT_ASCII_TEXT: Final = re.compile(r"[^\n -~]")


def display_name(name: bytes | str) -> str:
    r"""The name for a terminal: every character that is not printable, and every undecodable byte, escaped.

    Line breaks become \n, escape sequences \x1b..., direction overrides \u202e; nothing in it can act on a terminal.
    The name is never cut.
    """
    text = name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def display_json(text: str) -> str:
    r"""The same JSON for a terminal: every character that is not printable is written as \uXXXX, and lines stay.

    What a JSON writer leaves as it is may act on a terminal: DEL, the C1 controls, direction overrides.
    """
    return _NOT_ASCII_TEXT.sub(
        lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1],
        text,
    )


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that surrogateescape carried
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def text_name(name: bytes) -> tuple[str, str | None]:
    """The name as text for JSON, and the exact bytes in base64 where the text is lossy (undecodable bytes escaped)."""
    try:
        return name.decode("utf-8"), None
    except UnicodeDecodeError:
        return name.decode("utf-8", "backslashreplace"), base64.b64encode(name).decode("ascii")


def display_text(text: bytes) -> str:
    """A text for a terminal: its lines and tabs as they are, everything else as `display_name` shows it."""
    return "".join(
        character if character in "\n\t" or character.isprintable() else _escape(character)
        for character in text.decode("utf-8", "surrogateescape")
    )
