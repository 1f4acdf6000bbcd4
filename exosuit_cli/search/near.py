"""Words of an index that are close to those of a question, for one that nothing matches."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.search.splitter import split_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.segment import Segment

_MOST: Final = 5
_MOST_COMPARED: Final = 2000
_LENGTHS: Final = 2
_CLOSE: Final = 0.75
_WORD: Final = re.compile(rb"[\w\x80-\xff]+")


def near_words(segments: Sequence[Segment], terms: Sequence[str], context: ContextReader) -> tuple[str, ...]:
    """At most five words that texts have and that are close to these terms; those of the longest terms first.

    Texts are indexed by the stems of words. A stem that is close is shown as the shortest word of a text that has it.
    """
    found: dict[str, None] = {}
    for term in sorted(terms, key=len, reverse=True)[:_MOST]:
        known: dict[str, tuple[Segment, int]] = {}
        for segment in segments:
            for number in _alike(segment, term.encode()):
                known.setdefault(segment.term(number), (segment, number))
        for near in difflib.get_close_matches(term, known, _MOST, _CLOSE):
            found.setdefault(_word_of(near, *known[near], context))
    return tuple(found)[:_MOST]


def _alike(segment: Segment, term: bytes) -> list[int]:
    """The numbers of terms of about the same length and of the same first letter."""
    if not term:
        return []
    starts = segment.column("term_start").astype(np.int64)
    lengths = np.diff(starts)
    close = np.flatnonzero((abs(lengths - len(term)) <= _LENGTHS) & (lengths > 0))
    found: list[int] = close[segment.column("term_text")[starts[close]] == term[0]][:_MOST_COMPARED].tolist()
    return found


def _word_of(term: str, segment: Segment, number: int, context: ContextReader) -> str:
    """The shortest word with this term in the first text that has it; the term where no text does."""
    places = segment.postings("text", number).places[:1].tolist()
    texts = context.get_many([segment.chunk_id(place) for place in places])
    words = {word.lower() for text in texts for word in _WORD.findall(text or b"")}
    having = [word.decode("utf-8", "replace") for word in words if term in split_word(word)]
    return min(having, key=lambda word: (len(word), word), default=term)
