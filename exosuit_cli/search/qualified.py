"""The definition of a qualified name: `push` in `AppContext`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.search.definitions import Enclosing, definitions_in
from exosuit_cli.search.lexical import SEGMENT_BITS
from exosuit_cli.search.outline import last_part
from exosuit_cli.search.segment import term_hashes
from exosuit_cli.search.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.definitions import Definition
    from exosuit_cli.search.lexical import Candidates
    from exosuit_cli.search.path_facts import PathFacts
    from exosuit_cli.search.question import Question
    from exosuit_cli.search.segment import Segment

_OF_MEMBER, _OF_MODULE, _OF_FILE = 12.0, 6.0, 4.0
_ASIDE: Final = 0.5
"""What a lift is worth in a test, an example or a declaration."""
_MOST_CHUNKS: Final = 64
_MOST_WALKS: Final = 32
"""Definitions whose enclosing ones are looked for."""
_LONGEST: Final = 400
"""Characters of a line that are looked at."""
_CHUNKS_BEFORE: Final = 256
_READ_CHUNKS: Final = 16
_IN_SEGMENT: Final = (1 << SEGMENT_BITS) - 1


def qualified_chunks(
    question: Question,
    candidates: Candidates,
    facts: Sequence[PathFacts],
    segments: Sequence[Segment],
    context: ContextReader,
) -> Mapping[int, float]:
    """The chunks that define the last part of a qualified name, and by how much they are lifted.

    Most where its qualifier encloses the definition; less where the file or a directory of it is called so; least where
    the file defines the qualifier.
    """
    name, qualifier = question.names[-1], question.qualifier or ""
    defining = defining_chunks(candidates, segments, name)
    scores = candidates.scores["definitions"][candidates.file_of_chunk[defining]]
    defining = defining[np.argsort(-scores, kind="stable")[:_MOST_CHUNKS]]
    files = set(candidates.file_of_chunk[defining_chunks(candidates, segments, qualifier)].tolist())
    lifts = {}
    walks = 0
    for place, text in texts_of(candidates, segments, context, defining.tolist()).items():
        file = int(candidates.file_of_chunk[place])
        number = int(candidates.chunks[place])
        segment = segments[number >> SEGMENT_BITS]
        language = segment.language(int(candidates.files[file]) & _IN_SEGMENT)
        line = int(segment.column("start_line")[number & _IN_SEGMENT])
        lines = lines_of(text)
        is_near, is_module = file in files, qualifier.lower() in facts[file].parts
        worth = -1.0
        for each in definitions_in(lines, line, language):
            if last_part(each.name).lower() != name.lower():
                continue
            worth = max(worth, _worth(each, qualifier, is_near=is_near, is_module=is_module))
            if is_near and worth < _OF_MEMBER and walks < _MOST_WALKS:
                walks += 1
                enclosing = Enclosing(lines[each.line - line :], language)
                for at in range(each.line - line - 1, -1, -1):
                    enclosing.take(lines[at], line + at)
                _take_before(enclosing, candidates, segments, context, place)
                if any(last_part(outer.name).lower() == qualifier.lower() for outer in enclosing.found):
                    worth = _OF_MEMBER
        if worth > 0:
            lifts[place] = worth * (_ASIDE if any(facts[file].flags) else 1)
    return lifts


def _worth(definition: Definition, qualifier: str, *, is_near: bool, is_module: bool) -> float:
    """By how much a definition is lifted, by its line and its file; in a module, what is in nothing else is meant."""
    if says_owner(definition, qualifier):
        return _OF_MEMBER
    if is_module and not definition.level:
        return _OF_MODULE
    return _OF_FILE if is_near else 0.0


def says_owner(definition: Definition, qualifier: str) -> bool:
    """Whether a definition itself says whose it is: `Context::invoke(`, `func (c *Context) Invoke(`."""
    head = rf"\b{re.escape(qualifier)}(?:[<\[]\S*[>\]])?(?:::|\.|\))\s*{re.escape(last_part(definition.name))}\b"
    return re.search(head, definition.text[:_LONGEST], re.IGNORECASE) is not None


def _take_before(
    enclosing: Enclosing,
    candidates: Candidates,
    segments: Sequence[Segment],
    context: ContextReader,
    place: int,
) -> None:
    """Look at the chunks before one in its file, from the last one back."""
    first = int(np.searchsorted(candidates.file_of_chunk, candidates.file_of_chunk[place]))
    end, stop = place, max(first, place - _CHUNKS_BEFORE)
    while end > stop and not enclosing.is_done:
        start = max(end - _READ_CHUNKS, stop)
        before = texts_of(candidates, segments, context, range(start, end))
        for each, text in reversed(before.items()):
            number = int(candidates.chunks[each])
            line = int(segments[number >> SEGMENT_BITS].column("start_line")[number & _IN_SEGMENT])
            lines = lines_of(text)
            for at in range(len(lines) - 1, -1, -1):
                enclosing.take(lines[at], line + at)
        end = start


def defining_chunks(candidates: Candidates, segments: Sequence[Segment], name: str) -> npt.NDArray[np.int64]:
    """The places among the candidates' chunks of those that define a name."""
    term = next(iter(reversed(terms_of(name))), "")
    hashes = term_hashes([term])
    found = [np.zeros(0, np.int64)]
    for number, segment in enumerate(segments):
        (place,) = segment.terms([term], hashes)
        if place >= 0:
            defines = np.zeros(segment.chunks, np.bool_)
            defines[segment.postings("definitions", place).places] = True
            here = np.flatnonzero(candidates.chunks >> SEGMENT_BITS == number)
            found.append(here[defines[candidates.chunks[here] & _IN_SEGMENT]])
    return np.concatenate(found)


def texts_of(
    candidates: Candidates, segments: Sequence[Segment], context: ContextReader, places: Sequence[int]
) -> dict[int, bytes]:
    """The texts of chunks by their places among the candidates' chunks; not those that are damaged."""
    numbers = candidates.chunks[np.array(places, np.int64)].tolist()
    texts = context.get_many([segments[each >> SEGMENT_BITS].chunk_id(each & _IN_SEGMENT) for each in numbers])
    return {place: text for place, text in zip(places, texts, strict=True) if text is not None}
