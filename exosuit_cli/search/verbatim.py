"""Chunks that have the words of a message as the question has them, one after another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.search.kinds import KINDS
from exosuit_cli.search.lexical import SEGMENT_BITS
from exosuit_cli.search.stop_words import EMPTY_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.lexical import Candidates
    from exosuit_cli.search.path_facts import PathFacts
    from exosuit_cli.search.question import Question
    from exosuit_cli.search.segment import Segment

_MOST_CHUNKS: Final = 64
_MOST_OF_ERROR: Final = 128
"""The name of an error is a word of many texts, which come before those that have the message alone."""
_LEAST: Final = 4
"""Words of a run that counts."""
_LEAST_OF_ERROR: Final = 3
_ASKS: Final = frozenset((
    "how", "what", "where", "which", "who", "why", "when", "does", "do", "can", "find", "show", "explain", "list",
))  # fmt: skip
"""What a sentence begins with that asks, and quotes nothing."""
_OF_WORD: Final = 1.5
_MOST: Final = 15.0
_BESIDE: Final = 0.4
"""What a run is worth in a text that is not code, in a test or in an example: they quote messages."""
_CODE: Final = KINDS.index("code")
_MOST_CHARACTERS: Final = 16_384
"""Of a chunk, no more is looked at."""
_ESCAPE: Final = re.compile(r"\\[nrt]|\\?\n")
_WORDS: Final = re.compile(r"\w+")
_IN_SEGMENT: Final = (1 << SEGMENT_BITS) - 1


def verbatim_chunks(
    question: Question,
    candidates: Candidates,
    facts: Sequence[PathFacts],
    segments: Sequence[Segment],
    context: ContextReader,
) -> Mapping[int, float]:
    """The chunks that have a run of the message's words, and by how much they are lifted: more for a longer run.

    Only the chunks that score best are read. Quotes, white space and the ends of lines between words do not count.
    """
    is_error = question.kind == "error"
    least, most = (_LEAST_OF_ERROR, _MOST_OF_ERROR) if is_error else (_LEAST, _MOST_CHUNKS)
    message = question.message
    if len(message) < least or (not is_error and message[0] in _ASKS):
        return {}
    if not is_error:
        least = max(least, (2 * len(message) + 2) // 3)  # a sentence shares some words with many texts, a message most
    text_scores = candidates.chunk_scores["text"]
    least_score = np.partition(text_scores, -most)[-most] if len(text_scores) > most else 0
    places = np.flatnonzero(text_scores >= least_score)  # large trees have a hundred thousand chunks to choose from
    places = places[np.argsort(-text_scores[places], kind="stable")[:most]]
    numbers = candidates.chunks[places].tolist()
    texts = context.get_many([segments[each >> SEGMENT_BITS].chunk_id(each & _IN_SEGMENT) for each in numbers])
    lifts = {}
    for place, number, text in zip(places.tolist(), numbers, texts, strict=True):
        run = longest_run(message, text, least) if text is not None else 0
        if run:
            file = int(candidates.file_of_chunk[place])
            segment = segments[number >> SEGMENT_BITS]
            kind = int(segment.column("kind")[int(candidates.files[file]) & _IN_SEGMENT])
            is_code = kind == _CODE and not any(facts[file].flags)
            lifts[place] = min(_OF_WORD * run, _MOST) * (1 if is_code else _BESIDE)
    return lifts


def longest_run(message: Sequence[str], text: bytes, least: int) -> int:
    """How many of a message's words, in lower case, a text has one after another; 0 for fewer than `least`.

    A run of words of grammar does not count.
    """
    text = text[:_MOST_CHARACTERS]
    raw = text.lower()
    is_there = "".join("x" if not word.isascii() or word.encode() in raw else " " for word in message)
    if "x" * least not in is_there:
        return 0  # most texts, and it takes a fiftieth of the time
    low = _ESCAPE.sub(" ", text.decode("utf-8", "replace")).lower()
    joined = f" {' '.join(_WORDS.findall(low))} "
    longest = 0
    said = 2 if least > _LEAST_OF_ERROR else 1
    for first in range(len(message) - least + 1):
        length = max(least, longest + 1)
        while first + length <= len(message) and f" {' '.join(message[first : first + length])} " in joined:
            if sum(word not in EMPTY_WORDS for word in message[first : first + length]) >= said:
                longest = length
            length += 1
    return longest
