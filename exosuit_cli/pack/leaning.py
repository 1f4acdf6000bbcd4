"""What pieces of files lean on: the lines that enclose them, imports of their files, definitions of what they use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.languages.modes import PROGRAMMING
from exosuit_cli.pack.imports import imports_used
from exosuit_cli.search.definitions import Enclosing, definitions_in, is_comment
from exosuit_cli.search.lookups import used_by
from exosuit_cli.search.path_facts import is_test

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.pack.source_text import SourceText, SourceTexts
    from exosuit_cli.search.related_chunks import Spot
    from exosuit_cli.search.searcher import Searcher

_WORD: Final = re.compile(r"[^\W\d]\w+")
_MOST_LINES: Final = 60
"""Lines of a definition that a piece leans on; of a longer one the first lines are taken, up to its signature's end."""
_SIGNATURE_LINES: Final = 16
_MOST_BEFORE: Final = 5_000
"""Lines before a chunk that are looked at for what encloses it."""
_LONGEST_LINE: Final = 300
"""Characters of a line that is shown; a longer one defines nothing that a reader would know by it."""
_MOST_ABOVE: Final = 20
"""Lines of comments and decorators above a definition."""
_DECORATOR: Final = re.compile(r"\s*(?:@\w|#\[|\[\w)")


class Span(NamedTuple):
    """Bytes of a file, by the context's number of the file, and why they are wanted."""

    file: int
    start: int
    end: int
    why: str


def enclosing_lines(source: SourceText, ordinal: int) -> Iterator[Span]:
    """The lines that define what a chunk lies in, the outermost first."""
    start, end = source.spans[ordinal]
    first = source.line_at(start)
    enclosing = Enclosing(source.lines_in(start, end), source.file.language)
    for number in range(first - 1, max(first - _MOST_BEFORE, 0), -1):
        if enclosing.is_done:
            break
        enclosing.take(source.line(number), number)
    for each in enclosing.found:
        if len(each.text) <= _LONGEST_LINE:
            yield Span(source.file.id, *source.span_of(each.line, signature_end(source, each.line)), "encloses")


def imports_of(source: SourceText, spans: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """The imports of a file that bring in what its pieces use."""
    words = frozenset(word for start, end in spans for word in _WORD.findall(source.text[start:end].decode()))
    for first, last in imports_used(source.line_texts, words):
        yield Span(source.file.id, *source.span_of(first, last), "imports")


def definitions_used(
    searcher: Searcher,
    texts: SourceTexts,
    source: SourceText,
    spans: Sequence[tuple[int, int]],
    known: dict[tuple[Spot, str], tuple[int, str] | None],
) -> Iterator[tuple[Span, Span]]:
    """The definitions of what the pieces of a file use, the most related first: whole, and its signature alone."""
    text = b"\n".join(source.text[start:end] for start, end in spans)
    own = {
        each.name.replace("::", ".").rpartition(".")[2]
        for start, end in spans
        for each in definitions_in(source.lines_in(start, end), 1, source.file.language)
    }
    for relation in used_by(searcher, source.file, text, own, known):
        other = texts.of(relation.file)
        if other is None or not 1 <= relation.line <= other.lines or other.language not in PROGRAMMING:
            continue
        if is_test(other.file.path) and not is_test(source.file.path):
            continue
        first, last, head = extent(other, relation.line)
        why = f"defines {relation.name}"
        number = other.file.id
        yield Span(number, *other.span_of(first, last), why), Span(number, *other.span_of(first, head), why)


def extent(source: SourceText, line: int) -> tuple[int, int, int]:
    """The first and the last line of what a line defines, and the last line of its signature.

    It goes on to the next definition that is not within it. Comments and decorators right above belong to it.
    """
    below = source.line_texts[line - 1 : line + _MOST_LINES]
    level = next((each.level for each in definitions_in(below[:1], line, source.file.language)), 0)
    after = (each for each in definitions_in(below[1:], 1, source.file.language) if each.level <= level)
    count = next((each.line for each in after), len(below))
    head = signature_end(source, line)
    if count > _MOST_LINES:
        count = head - line + 1
    while count > 1 and _is_between(below[count - 1]):
        count -= 1
    first = line
    while line - first < _MOST_ABOVE and first > 1 and _is_above(source.line(first - 1)):
        first -= 1
    return first, line + count - 1, head


def signature_end(source: SourceText, line: int) -> int:
    """The last line of the signature that begins in a line: where its brackets close, if that is near."""
    end, is_open = line, _opened(source.line(line))
    while is_open > 0 and end < min(source.lines, line + _SIGNATURE_LINES):
        end += 1
        is_open += _opened(source.line(end))
    return end if is_open <= 0 else line


def _opened(text: str) -> int:
    return text.count("(") - text.count(")")


def _is_between(text: str) -> bool:
    """Whether a line at the end of a definition belongs to what comes after it."""
    return not text.strip() or _is_above(text)


def _is_above(text: str) -> bool:
    """Whether a line belongs to the definition below it."""
    return is_comment(text) or _DECORATOR.match(text) is not None
