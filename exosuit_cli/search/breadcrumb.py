"""What encloses a chunk: the lines that define it, from the texts before it in its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.definitions import Enclosing, definitions_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.context.records import StoredChunk
    from exosuit_cli.search.definitions import Definition

_READ_CHUNKS: Final = 8
"""Chunks before this one that are read at once: what encloses a chunk mostly begins near."""
_MOST_CHUNKS: Final = 512
"""Chunks before this one that are looked at; what encloses it from further away is not named."""
_LONGEST_LINE: Final = 300
"""Characters of a line that is shown; a longer one defines nothing that a reader would know by it."""


@dataclass(frozen=True, slots=True)
class Breadcrumb:
    """What encloses a chunk, the outermost first, and the first definition in the chunk itself."""

    enclosing: tuple[Definition, ...]
    first: Definition | None

    @property
    def symbol(self) -> str | None:
        """The names of all that encloses the chunk, and of what it defines first, as `Class.method`."""
        names = [each.name for each in self.enclosing]
        if self.first is not None and (not names or self.first.level > self.enclosing[-1].level):
            names.append(self.first.name)
        return ".".join(names) or None


def breadcrumb_of(context: ContextReader, spans: Sequence[StoredChunk], place: int, text: bytes) -> Breadcrumb:
    """The breadcrumb of the chunk at `place` among the spans of its file, whose text is `text`.

    A chunk before it that is damaged is passed over.
    """
    span = spans[place]
    lines = lines_of(text)
    enclosing = Enclosing(lines, span.language)
    end, stop = place, max(place - _MOST_CHUNKS, 0)
    while end > stop and not enclosing.is_done:
        start = max(end - _READ_CHUNKS, stop)
        texts = context.get_many([each.id for each in spans[start:end]])
        for before, content in zip(reversed(spans[start:end]), reversed(texts), strict=True):
            if content is not None:
                _take(enclosing, lines_of(content), before.start_line, span.start_line)
        end = start
    first = next(iter(definitions_in(lines, span.start_line, span.language)), None)
    found = tuple(each for each in enclosing.found if len(each.text) <= _LONGEST_LINE)
    return Breadcrumb(found, first)


def lines_of(text: bytes) -> list[str]:
    """The lines of a text without their ends; a byte that is not UTF-8 becomes U+FFFD."""
    lines = text.decode("utf-8", "replace").split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _take(enclosing: Enclosing, lines: Sequence[str], first_line: int, before: int) -> None:
    """The lines of a chunk from its last one back; those of an overlap are in the next chunk as well."""
    for place in range(min(len(lines), before - first_line) - 1, -1, -1):
        enclosing.take(lines[place], first_line + place)
