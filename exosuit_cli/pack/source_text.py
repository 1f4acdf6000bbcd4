"""The files of a context as a pack shows them: verified, secrets replaced, with the places of their chunks."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.blocks import Secret
from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.tokens.text import to_utf8

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.context.records import StoredChunk, StoredFile

LARGEST: Final = 16 << 20
"""Bytes of the largest file of which pieces are taken: all of it is read, since a secret may lie across chunks."""
_LONG_LINE: Final = 1000
"""Bytes of a line of which a chunk is shown alone. Chunks that end within a shorter line are shown with all of it."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """The text of a file, in UTF-8. Offsets are bytes of `text`; lines count from 1.

    `starts` has where each line starts, and the end of the text; `line_texts` has the lines without their ends.
    `chunks` are the context's, with offsets in `spans`.
    """

    file: StoredFile
    path: bytes
    text: bytes
    starts: tuple[int, ...]
    line_texts: tuple[str, ...]
    chunks: tuple[StoredChunk, ...]
    spans: tuple[tuple[int, int], ...]
    secrets: tuple[Secret, ...]

    @property
    def language(self) -> str:
        """The language, empty where it is not known."""
        return self.file.language or ""

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return len(self.starts) - 1

    def line_at(self, offset: int) -> int:
        """The line in which a byte stands."""
        return min(bisect_right(self.starts, offset), max(self.lines, 1))

    def span_of(self, first: int, last: int) -> tuple[int, int]:
        """The bytes of lines `first` to `last`."""
        return self.starts[max(first, 1) - 1], self.starts[min(last, self.lines)]

    def line(self, number: int) -> str:
        """A line without its end."""
        return self.line_texts[number - 1]

    def lines_in(self, start: int, end: int) -> tuple[str, ...]:
        """The lines that two offsets enclose, whole."""
        return self.line_texts[self.line_at(start) - 1 : self.line_at(max(end - 1, start))]

    def shown_span(self, ordinal: int) -> tuple[int, int]:
        """A chunk with the rest of its first and its last line, unless they are long; without blank lines around it."""
        start, end = self.spans[ordinal]
        if start >= end:
            return start, end
        first, last = self.line_at(start), self.line_at(end - 1)
        low, high = self.starts[first - 1], self.starts[last]
        if start - low < _LONG_LINE:
            while first < last and not self.text[low : self.starts[first]].strip():
                low, first = self.starts[first], first + 1
            start = low
        if high - end < _LONG_LINE:
            while last > first and not self.text[self.starts[last - 1] : high].strip():
                high, last = self.starts[last - 1], last - 1
            end = high
        return start, end


class SourceTexts:
    """Reads files of a context, each once. `shown` gives the path that is shown of a file."""

    def __init__(self, context: ContextReader, shown: Callable[[StoredFile], bytes], *, redacts: bool) -> None:
        self._context = context
        self._shown = shown
        self._redacts = redacts
        self._known: dict[int, SourceText | None] = {}
        self.damaged = 0
        """Files that could not be read whole."""

    def of(self, number: int) -> SourceText | None:
        """The text of a file by the context's number; None for one that is binary, too large, damaged or gone."""
        if number not in self._known:
            self._known[number] = self._read(number)
        return self._known[number]

    def _read(self, number: int) -> SourceText | None:
        file = self._context.file(number)
        if file is None or file.lines is None or file.size > LARGEST:
            return None
        chunks = tuple(self._context.read(file))
        parts: list[bytes] = []
        spans: list[tuple[int, int]] = []
        reached = end = 0
        for chunk in chunks:
            if chunk.text is None:
                self.damaged += 1
                return None
            # What an overlap repeats is there already.
            text = to_utf8(chunk.text[max(reached - chunk.start_byte, 0) :])
            parts.append(text)
            spans.append((end, end + len(text)))
            end += len(text)
            reached = max(reached, chunk.end_byte)
        if not chunks and file.spans:
            self.damaged += 1
            return None
        path = self._shown(file)
        text, spans, secrets = self._redacted(b"".join(parts), spans, path)
        return SourceText(file, path, text, line_starts(text), tuple(lines_of(text)), chunks, tuple(spans), secrets)

    def _redacted(
        self, text: bytes, spans: list[tuple[int, int]], path: bytes
    ) -> tuple[bytes, list[tuple[int, int]], tuple[Secret, ...]]:
        if not self._redacts:
            return text, spans, ()
        from exosuit_cli.pack.secrets import replacement, secret_spans

        secrets = secret_spans(text, path)
        if not secrets:
            return text, spans, ()
        parts: list[bytes] = []
        moved: list[tuple[int, int, int]] = []  # up to this byte of the text, from this one on, so much further
        found = []
        last = shift = 0
        for start, end, kind in secrets:
            put = replacement(text, start, end, kind)
            found.append(Secret(text.count(b"\n", 0, start) + 1, kind))
            parts += [text[last:start], put]
            moved.append((start, end, shift))
            shift += len(put) - (end - start)
            last = end

        def at(offset: int) -> int:
            for start, end, before in moved:
                if offset <= start:
                    return offset + before
                if offset < end:  # within a secret: where it begins
                    return start + before
            return offset + shift

        return b"".join([*parts, text[last:]]), [(at(start), at(end)) for start, end in spans], tuple(found)


def line_starts(text: bytes) -> tuple[int, ...]:
    """Where each line of a text starts, and the end of the text."""
    starts = [0]
    at = text.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find(b"\n", at + 1)
    if starts[-1] != len(text):
        starts.append(len(text))
    return tuple(starts)
