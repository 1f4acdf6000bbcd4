"""What a change lies in: the smallest definition around it, whole or near, with the heads of what that is in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.pack.leaning import Span, signature_end
from exosuit_cli.pack.tree_texts import language_at
from exosuit_cli.search.definitions import definition_at
from exosuit_cli.search.outline import last_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.history import FileChange
    from exosuit_cli.pack.tree_texts import TreeText
    from exosuit_cli.search.definitions import Definition

CHANGED: Final = "changed"
NEAR: Final = 8
"""Lines before and after a place that are shown where the whole definition is not."""
_MOST_OUTER: Final = 60
"""Lines of a definition with others in it, as a class, that is shown whole around a line that is in none of those."""
_MADE_BY: Final = frozenset({"__init__", "__new__", "constructor", "initialize"})
_NAME: Final = re.compile(r"\s*(?:[a-z]+\s+){0,3}([^\W\d]\w{2,})\s*(?::[^=]+)?=(?![=>])")
"""What gives a value to a name: a constant, a field."""


class Around(NamedTuple):
    """What a place lies in: all of it, and what is near with the head; `name` is what is defined there, or None."""

    whole: tuple[Span, ...]
    near: tuple[Span, ...]
    name: str | None


def around_lines(text: TreeText, first: int, last: int, why: str) -> Iterator[Around]:
    """What the lines `first` to `last` lie in, definition by definition."""
    source = text.source
    last = min(last, source.lines)
    line = max(first, 1)
    while line <= last:
        found = text.around(line)
        if found and not _is_outer(text, found[-1]):
            inner, begins, ends = found[-1]
            stop = min(ends, last)
            heads = [_head(text, each, why="encloses") for each, _, _ in found[:-1]]
            whole = Span(source.file.id, *source.span_of(begins, ends), why)
            low, high = max(line - NEAR, begins), min(stop + NEAR, ends)
            near = Span(source.file.id, *source.span_of(low, high), why)
            own = [_head(text, inner, why="encloses")] if inner.line < low else []
            yield Around((*heads, whole), (*heads, *own, near), _name_of(found))
        else:
            stop = min(last, (text.first_after(line) or last + 1) - 1)
            low, high = _paragraph(text, line, stop, found[-1] if found else None)
            heads = [_head(text, each, why="encloses") for each, _, _ in found if each.line < low]
            block = (*heads, Span(source.file.id, *source.span_of(low, high), why))
            name = _NAME.match(source.line(line))
            yield Around(block, block, name[1] if name is not None else _name_of(found))
        line = stop + 1


def removed_names(change: FileChange) -> Iterator[str]:
    """The names whose definitions are among the lines that were removed."""
    language = language_at(change.path, b"") or None
    for line in change.hunks.text.splitlines():
        if line.startswith(b"-") and not line.startswith(b"--- "):
            found = definition_at(line[1:].decode("utf-8", "replace"), 1, language)
            if found is not None:
                yield last_part(found.name)


def _is_outer(text: TreeText, found: tuple[Definition, int, int]) -> bool:
    """Whether a definition is long and has others in it."""
    _, begins, ends = found
    return ends - begins >= _MOST_OUTER and text.has_others(begins, ends)


def _head(text: TreeText, definition: Definition, *, why: str) -> Span:
    source = text.source
    end = signature_end(source, definition.line)
    return Span(source.file.id, *source.span_of(definition.line, end), why)


def _paragraph(text: TreeText, first: int, last: int, outer: tuple[Definition, int, int] | None) -> tuple[int, int]:
    """Lines with those before and after them up to a blank one, at most `NEAR` on each side, within what is around."""
    lines = text.source.line_texts
    least, most = (outer[1], outer[2]) if outer is not None else (1, len(lines))
    low, high = first, last
    while low > max(least, first - NEAR) and lines[low - 2].strip():
        low -= 1
    while high < min(most, last + NEAR) and lines[high].strip():
        high += 1
    return low, high


def _name_of(found: list[tuple[Definition, int, int]]) -> str | None:
    """The name by which others use the innermost of these."""
    names = [last_part(each.name) for each, _, _ in found]
    if names and names[-1] in _MADE_BY:
        names.pop()
    return names[-1] if names else None
