"""What a question in prose is about: its first words, up to the first preposition.

English names the thing first and then what it is for or in: `cookie store for Plug.Session` asks for the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.search.stop_words import EMPTY_WORDS, VAGUE_WORDS
from exosuit_cli.search.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST: Final = 2
_LONGEST: Final = 2_000
"""Characters of a question that are looked at."""
_WORD: Final = lazy_pattern(r"[^\x00-/:-@\[-^`{-\x7f]+")  # as in path_facts
_AFTER: Final = """
    for in of from to with on via by as into onto at after between using when during through without under over that
    which before across inside within against while until per if based
"""
_ENDS_SUBJECT: Final = frozenset(_AFTER.split())


@dataclass(frozen=True, slots=True)
class Subject:
    """Terms of what a question is about: `head` of the words before the first preposition, `first` of the first two."""

    head: frozenset[str] = frozenset()
    first: frozenset[str] = frozenset()


def subject_of(text: str, terms: Sequence[str]) -> Subject:
    """The subject of a question in prose, of the terms that are looked for."""
    wanted = set(terms)
    head: set[str] = set()
    first: set[str] = set()
    words, is_in_head = 0, True
    for match in _WORD.finditer(text[:_LONGEST]):
        low = match.group().lower()
        if words and low in _ENDS_SUBJECT:
            is_in_head = False
        if low in EMPTY_WORDS or low in VAGUE_WORDS:
            continue
        found = wanted.intersection(terms_of(match.group()))
        first |= found if words < _FIRST else set()
        head |= found if is_in_head else set()
        words += 1
        if words >= _FIRST and not is_in_head:
            break
    return Subject(frozenset(head), frozenset(first))
