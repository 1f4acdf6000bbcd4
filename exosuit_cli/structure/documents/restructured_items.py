"""The marks that the items of lists of reStructuredText begin with: bullets, numbers and the names of fields."""

from __future__ import annotations

import re
from typing import Final

_FIELD: Final = re.compile(rb":[^:\s](?:[^:\\]|\\.|:(?!\s))*:(?:\s|\Z)")
_BULLET: Final = re.compile(rb"[-*+](?:\s|\Z)")
_NUMBER: Final = re.compile(rb"(?:\(?(?:\d+|#)\)|(?:\d+|#)\.)(?:\s|\Z)")
_BEGINS_ITEM: Final = frozenset(b"-*+:(#0123456789")
_COLON: Final = ord(":")
DIGIT: Final = ord("0")
"""The mark of all items with a number."""


def item_mark(row: bytes) -> int:
    """The mark of the item that a line begins, without blanks around it: its first byte or `DIGIT`; 0 for none."""
    first = row[0] if row else 0
    if first not in _BEGINS_ITEM:
        return 0
    if first in b"-*+":
        return first if _BULLET.match(row) else 0
    if first == _COLON:
        return first if _FIELD.match(row) else 0
    return DIGIT if _NUMBER.match(row) else 0
