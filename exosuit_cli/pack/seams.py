"""Exact counts of a text between two others, from the count of the text alone.

Tokens add up across a cut at a safe place (`tokens.boundaries`). So of the text only its ends, up to the first and from
the last of its safe places, are counted once more: alone, and with what is beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exosuit_cli.tokens.boundaries import first_boundary, last_boundary

if TYPE_CHECKING:
    from collections.abc import Sequence


class Seams(NamedTuple):
    """What is to be counted of `before + text + after`, given the count of the text, or where that is None, with it."""

    texts: tuple[bytes, ...]
    known: int | None

    def tokens(self, counts: Sequence[int]) -> int:
        """The exact tokens of all, from the counts of `texts`."""
        if self.known is None:
            return counts[0]
        with_before, begins, with_after, ends = counts
        return self.known + with_before - begins + with_after - ends


def seams_of(before: bytes, text: bytes, after: bytes, tokens: int | None) -> Seams:
    """What to count for the tokens of `before + text + after`; `tokens` are those of the text, if counted."""
    first = first_boundary(text, 0, len(text)) if tokens is not None else -1
    if first < 0:
        return Seams((before + text + after,), None)
    last = last_boundary(text, 0, len(text))
    begin, end = text[:first], text[last:]
    return Seams((before + begin, begin, end + after, end), tokens)
