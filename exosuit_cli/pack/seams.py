"""Exact counts of a text between two others, from the count of the text alone.

Tokens add up across a cut at a safe place (`tokens.boundaries`). So of the text only its ends, up to the first and from
the last of its safe places, are counted once more: alone, and with what is beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.tokens.boundaries import first_boundary, last_boundary

if TYPE_CHECKING:
    from exosuit_cli.model.protocols import TokenCounter


def tokens_between(counter: TokenCounter, before: bytes, text: bytes, after: bytes, tokens: int) -> int:
    """The exact tokens of `before + text + after`, where `text` alone has so many."""
    first = first_boundary(text, 0, len(text))
    if first < 0:
        return counter.count(before + text + after)
    last = last_boundary(text, 0, len(text))
    begin, end = text[:first], text[last:]
    with_before, begins, with_after, ends = counter.count_batch([before + begin, begin, end + after, end])
    return tokens + with_before - begins + with_after - ends
