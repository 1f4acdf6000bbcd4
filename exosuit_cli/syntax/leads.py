"""What belongs to the definition that follows it: a comment across a blank line, a statement that is an attribute."""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.syntax.grammars import ATTRIBUTE, LEAD

_DOCUMENT: Final = b"/**"
_ELIXIR: Final = re.compile(
    rb"@(?:(?P<text>doc|typedoc)|spec|impl|deprecated|since|tag|dialyzer|decorate|requirements)\b"
)


def is_document(data: bytes, start: int) -> bool:
    """Whether a comment that begins at `start` documents what follows it, also across a blank line: `/** ... */`."""
    return data.startswith(_DOCUMENT, start)


def lead_role(data: bytes, start: int, role: int) -> int:
    """The role of an Elixir expression with `@` at `start`: that of a comment for a text, else that of an attribute.

    No lead is what has a value of its own: `@timeout 5_000`.
    """
    found = _ELIXIR.match(data, start)
    if found is None:
        return role & ~(LEAD | ATTRIBUTE)
    return role & ~ATTRIBUTE | LEAD if found["text"] else role | LEAD | ATTRIBUTE
