"""Where a chunk is, in words: its path, then the headings or the first lines of the definitions around it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.names import display_name
from exosuit_cli.tokens.boundaries import SAFE_PAIRS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.chunk.records import FileChunks
    from exosuit_cli.model.protocols import TokenCounter

_LONGEST_LINE: Final = 300
"""Bytes of a line that is shown; a longer one defines nothing that a reader would know by it."""
_LONGEST_PATH: Final = 200
"""Characters of a path that are shown, the last ones."""
_NEWLINE: Final = ord("\n") << 8


@dataclass(frozen=True, slots=True)
class Contexts:
    """The context of each of n chunks, "" where there is none, and int64[n], its tokens by itself.

    `in_text` is bool[n]: whether the emitted text begins with it. Where it does not, they exceed a cap together.
    """

    texts: list[str]
    tokens: npt.NDArray[np.int64]
    in_text: npt.NDArray[np.bool_]


def with_contexts(
    chunks: FileChunks, path: bytes, data: memoryview, offset: int, counter: TokenCounter, options: ChunkOptions
) -> FileChunks:
    """The chunks with their contexts; `tokens` are those of both as one text, where they fit the caps of `options`.

    The text's byte 0 is `data[offset]`. `path` may be empty.
    """
    count = len(chunks)
    writer = _Writer(chunks, _shown(path), data, offset, counter, options.context_room)
    texts: list[str] = []
    sizes: list[int] = []
    tokens = chunks.tokens.copy()
    in_text = np.zeros(count, np.bool_)
    spans = list(chunks.text_spans())
    for position, places in enumerate(enclosing(chunks)):
        text, size = writer.context(places)
        texts.append(text)
        sizes.append(size)
        if not text:
            continue
        start, end = spans[position]
        both = _both(text, size, bytes(data[offset + start : offset + end]), int(tokens[position]), counter, options)
        if both is not None:
            tokens[position], in_text[position] = both, True
    return replace(chunks, tokens=tokens, contexts=Contexts(texts, np.array(sizes, np.int64), in_text))


def join_contexts(parts: Sequence[Contexts]) -> Contexts:
    """The contexts of texts one after the other."""
    return Contexts(
        [text for part in parts for text in part.texts],
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([part.in_text for part in parts]),
    )


def enclosing(chunks: FileChunks) -> list[list[int]]:
    """The definitions that each chunk lies within, as positions in `chunks.defined`, the outermost first.

    They begin before the chunk, and their names begin the path of its symbol.
    """
    names, lines = chunks.defined.names, chunks.defined.lines.tolist()
    latest: dict[str, int] = {}
    found: list[list[int]] = []
    following = 0
    for symbol, first, last in zip(
        chunks.symbols or [None] * len(chunks), chunks.start_lines.tolist(), chunks.end_lines.tolist(), strict=True
    ):
        while following < len(lines) and lines[following] < first:
            latest[names[following]] = following
            following += 1
        around: list[int] = []
        begun = following
        own = set()
        while symbol and begun < len(lines) and lines[begun] <= last:
            own.add(names[begun])
            begun += 1
        path = symbol or ""
        while path:
            if path in latest and path not in own:
                around.append(latest[path])
            path = path[: max(path.rfind("."), path.rfind(" > "), 0)]
        found.append(around[::-1])
    return found


class _Writer:
    """Writes the contexts of one text's chunks; those within the same definitions have the same."""

    def __init__(
        self, chunks: FileChunks, path: str, data: memoryview, offset: int, counter: TokenCounter, room: int
    ) -> None:
        self._chunks = chunks
        self._path = path
        self._data = data
        self._offset = offset
        self._counter = counter
        self._room = room
        self._known: dict[tuple[int, ...], tuple[str, int]] = {}

    def context(self, places: Sequence[int]) -> tuple[str, int]:
        """The context of what lies within these definitions, and its tokens."""
        key = tuple(places)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._written(key)
        return known

    def _written(self, places: tuple[int, ...]) -> tuple[str, int]:
        """The innermost lines that fit, below as much of the path as fits."""
        lines = [line for place in places if (line := self._line(place))]
        path = self._path
        while path or lines:
            text = "".join(f"{line}\n" for line in (path, *lines) if line)
            tokens = self._counter.count(text.encode())
            if tokens <= self._room:
                return text, tokens
            if len(lines) > 1:
                lines.pop(0)
            elif "/" in path.removeprefix(".../"):
                path = ".../" + path.removeprefix(".../").partition("/")[2]
            elif lines:
                lines.pop()
                path = self._path
            else:
                break
        return "", 0

    def _line(self, place: int) -> str:
        """The line of a definition; "" where it is too long."""
        defined, chunks = self._chunks.defined, self._chunks
        chunk = int(defined.chunks[place])
        starts = chunks.starts if chunks.text_starts is None else chunks.text_starts
        ends = chunks.ends if chunks.text_ends is None else chunks.text_ends
        text = bytes(self._data[self._offset + int(starts[chunk]) : self._offset + int(ends[chunk])])
        at = 0
        for _ in range(int(defined.lines[place]) - int(chunks.start_lines[chunk])):
            at = text.find(b"\n", at) + 1
        line = text[at : at + _LONGEST_LINE + 1].partition(b"\n")[0].rstrip()
        return line.decode("utf-8", "replace") if len(line) <= _LONGEST_LINE else ""


def _shown(path: bytes) -> str:
    """A path on one line, of a length that can be shown."""
    text = display_name(path)
    return text if len(text) <= _LONGEST_PATH else ".../" + text[-_LONGEST_PATH:].partition("/")[2]


def _both(
    context: str, size: int, text: bytes, tokens: int, counter: TokenCounter, options: ChunkOptions
) -> int | None:
    """The tokens of context and text as one text; None where they exceed a cap."""
    if options.max_chars and len(context) + len(text.decode("utf-8", "replace")) > options.max_chars:
        return None
    total = size + tokens if SAFE_PAIRS[_NEWLINE | text[0]] else counter.count(context.encode() + text)
    return total if total <= options.max_tokens else None
