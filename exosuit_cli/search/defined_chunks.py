"""The chunks that hold the definition that a question asks for by its name and kind."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.search.asked_definition import FUNCTIONS, GROUP_OF, MACROS, VALUES
from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.search.definitions import definition_at, definitions_in, indentation, is_declaration
from exosuit_cli.search.kinds import CODE
from exosuit_cli.search.lexical import SEGMENT_BITS
from exosuit_cli.search.outline import last_part
from exosuit_cli.search.qualified import defining_chunks, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.asked_definition import AskedDefinition
    from exosuit_cli.search.lexical import Candidates
    from exosuit_cli.search.path_facts import PathFacts
    from exosuit_cli.search.segment import Segment

_MOST_CHUNKS: Final = 64
_LONGEST: Final = 400
"""Characters of a line that are looked at."""
_IN_SEGMENT: Final = (1 << SEGMENT_BITS) - 1
_SAME_CASE: Final = 4
_SAME_WORD, _SAME_GROUP = 2, 1
_DEFINED_WORDS: Final = lazy_pattern(r"[#\w!]+")
_STATEMENTS: Final = frozenset({
    "return", "if", "for", "while", "switch", "case", "else", "elif", "in", "not", "and", "or", "del", "yield", "await",
    "raise", "throw", "assert",
})  # fmt: skip
_VALUE: Final = r"^(?P<before>[\w:<>,*&\[\].() ]*[\s*&)])?{name}\s*(?:\[[^\]=]*\]\s*)*(?::(?![:=])[^=]*)?:?=(?![=>~])"
_OF_TYPE: Final = lazy_pattern(r"\s*(?:\w+\s+)*(?:struct|union|enum)\s+\w+[\s*&]+(?P<name>\w+)\s*[(=\[]")


def defined_chunks(
    asked: AskedDefinition,
    candidates: Candidates,
    facts: Sequence[PathFacts],
    segments: Sequence[Segment],
    context: ContextReader,
    spread: float,
) -> Mapping[int, float]:
    """The chunks that define what is asked for, and by how much they are lifted.

    The very name and the very keyword lead, then a keyword like it, then the name in other case. One step is worth
    `spread`, more than two files' scores differ by; tests, examples and heads without a body come after the others.
    """
    defining = defining_chunks(candidates, segments, asked.name)
    scores = candidates.scores["definitions"][candidates.file_of_chunk[defining]]
    defining = defining[np.argsort(-scores, kind="stable")[:_MOST_CHUNKS]]
    found: dict[int, float] = {}
    for place, text in texts_of(candidates, segments, context, defining.tolist()).items():
        file = int(candidates.file_of_chunk[place])
        number = int(candidates.files[file])
        segment = segments[number >> SEGMENT_BITS]
        if segment.value("kind", number & _IN_SEGMENT) != CODE:
            continue
        steps = max(_steps(asked, lines_of(text), segment.language(number & _IN_SEGMENT)), default=0)
        if steps:
            found[place] = spread * (2 * steps - any(facts[file].flags))
    return found


@lru_cache(maxsize=16)
def _word(asked: AskedDefinition) -> re.Pattern[str]:
    """The name as a word; a name alone is meant as it is written."""
    return re.compile(rf"(?<![\w$]){re.escape(asked.name)}(?![\w$])", re.IGNORECASE if asked.keyword else 0)


def _steps(asked: AskedDefinition, lines: Sequence[str], language: str | None) -> Iterator[int]:
    """How well each definition of the name among lines is what is asked for; none of another kind."""
    is_value = re.compile(_VALUE.format(name=re.escape(asked.name)))
    word = _word(asked)
    here = [place for place, line in enumerate(lines) if word.search(line, 0, _LONGEST)]
    heads = [each for place in here if (each := definition_at(lines[place], place, language)) is not None]
    heads = [each for each in heads if word.fullmatch(last_part(each.name)) and not is_declaration(each, language)]
    if heads and language == "Python":  # not those within a documentation text
        heads = [each for each in definitions_in(lines, 0, language) if each in heads]
    for each in heads:
        name = last_part(each.name)
        kind = _kind_steps(asked.keyword, each.text[:_LONGEST], name)
        if kind:
            yield kind + _SAME_CASE * (name == asked.name)
    if asked.keyword is None or GROUP_OF[asked.keyword] in (VALUES, MACROS):
        for place in here:
            value = is_value.match(lines[place][:_LONGEST])
            words = _DEFINED_WORDS.findall(value["before"] or "") if value is not None else []
            is_named = value is not None and (words or not indentation(lines[place]) or asked.name.isupper())
            if is_named and _STATEMENTS.isdisjoint(words):
                at_edge = words or not indentation(lines[place])
                yield _SAME_CASE + (_SAME_WORD if at_edge else _SAME_GROUP)


def _kind_steps(keyword: str | None, head: str, name: str) -> int:
    """How well the head of a definition is of the kind that a keyword says; 0: it is of another one."""
    if keyword is None:
        return _SAME_WORD
    before, _, after = head.partition(name)
    words = {word for word in _DEFINED_WORDS.findall(before) if word in GROUP_OF}
    words |= {"#define"} if re.match(r"\s*#\s*define\b", head) else set()
    words |= {word for word in _DEFINED_WORDS.findall(after)[:1] if word in GROUP_OF and "type" in words}
    is_typed = _OF_TYPE.match(head)
    if is_typed is not None and is_typed["name"] == name:
        words = set()
    groups = {GROUP_OF[word] for word in words}
    if not words or groups == {VALUES}:
        groups |= {FUNCTIONS}  # `int f(`, `const f = () =>`
    if keyword in words:
        return _SAME_WORD
    return _SAME_GROUP if GROUP_OF[keyword] in groups else 0
