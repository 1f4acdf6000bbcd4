"""Terms of an index that are close to those of a question, for one that nothing matches."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.search.segment import Segment

_MOST: Final = 5
_MOST_COMPARED: Final = 2000
_LENGTHS: Final = 2
_CLOSE: Final = 0.75


def near_terms(segments: Sequence[Segment], terms: Sequence[str]) -> tuple[str, ...]:
    """At most five terms that texts have and that are close to these; those of the longest terms first."""
    found: dict[str, None] = {}
    for term in sorted(terms, key=len, reverse=True)[:_MOST]:
        raw = term.encode()
        if not raw:
            continue
        known: dict[str, None] = {}
        for segment in segments:
            starts = segment.column("term_start").astype(np.int64)
            lengths = np.diff(starts)
            text = segment.column("term_text")
            close = np.flatnonzero((abs(lengths - len(raw)) <= _LENGTHS) & (lengths > 0))
            close = close[text[starts[close]] == raw[0]]
            known.update(dict.fromkeys(map(segment.term, close[:_MOST_COMPARED].tolist())))
        found.update(dict.fromkeys(difflib.get_close_matches(term, known, _MOST, _CLOSE)))
    return tuple(found)[:_MOST]
