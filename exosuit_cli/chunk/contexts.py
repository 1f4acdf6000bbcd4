"""Where a chunk is, in words: its path, then the headings or the first lines of the definitions around it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.documents.headings import MOST_LABELS, is_above_title
from exosuit_cli.structure.documents.marked_headings import marked_heading
from exosuit_cli.structure.symbols import SymbolKind
from exosuit_cli.system.names import display_name
from exosuit_cli.tokens.boundaries import SAFE_PAIRS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.chunk.records import FileChunks
    from exosuit_cli.model.protocols import TokenCounter

_LONGEST_LINE: Final = 300
"""Bytes of a line that is shown; a longer one defines nothing that a reader would know by it."""
_MOST_LINES: Final = 12
_LONGEST_HEAD: Final = 1200
"""Lines and bytes of a head that has brackets over several lines; of a longer one, the first line is shown."""
_MOST_LINES_A_TOKEN: Final = 4
"""Far more lines that are not blank than one token reaches into: encodings part texts behind the ends of lines."""
_HAVE_PARAMETERS: Final = frozenset({
    SymbolKind.FUNCTION, SymbolKind.METHOD, SymbolKind.CLASS, SymbolKind.STRUCT, SymbolKind.INTERFACE,
    SymbolKind.IMPLEMENTATION, SymbolKind.MACRO,
})  # fmt: skip
"""What may begin with a head of several lines."""
_LONGEST_PATH: Final = 200
"""Characters of a path that are shown, the last ones."""
_MOST_ABOVE: Final = 4 * _LONGEST_LINE
"""Bytes of labels above a heading and of the heading."""
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
    for position, (places, line) in enumerate(
        zip(enclosing(chunks, writer.writes), chunks.start_lines.tolist(), strict=True)
    ):
        text, size = writer.context(places, line)
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


def enclosing(chunks: FileChunks, writes: Callable[[int, str], bool]) -> list[list[int]]:
    """The definitions that each chunk lies within, as positions in `chunks.defined`, the outermost first.

    They begin before the chunk, and their names begin the path of its symbol. `writes(place, name)` says whether a
    definition's own line has the name before its own, as `res.status = function` has `res`: that does not enclose it.
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
        own: dict[str, int] = {}
        while symbol and begun < len(lines) and lines[begun] <= last:
            own.setdefault(names[begun], begun)
            begun += 1
        path = symbol or ""
        inner = -1
        while path:
            if path in own:
                inner = own[path]
            elif path in latest:
                if inner < 0 or not writes(inner, path):
                    around.append(latest[path])
                inner = latest[path]
            path = path[: max(path.rfind("."), path.rfind(" > "), 0)]
        found.append(around[::-1])
    return found


class _Writer:
    """Writes the contexts of one text's chunks; those within the same definitions have the same."""

    def __init__(
        self, chunks: FileChunks, path: str, data: memoryview, offset: int, counter: TokenCounter, room: int
    ) -> None:
        self._chunks = chunks
        self._names = chunks.defined.names
        self._path = path
        self._data = data
        self._offset = offset
        self._counter = counter
        self._room = room
        self._heads: dict[int, list[str]] = {}
        self._known: dict[tuple[tuple[int, bool], ...], tuple[str, int]] = {}

    def context(self, places: Sequence[int], first_line: int) -> tuple[str, int]:
        """The context of what lies within these definitions from a line on, and its tokens."""
        key = tuple((place, self._last_line(place) < first_line) for place in places)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._written(key)
        return known

    def writes(self, place: int, path: str) -> bool:
        """Whether the line of a definition has the last name of a path, which is around it, before its own name."""
        head = self._head(place)
        rest = re.split("[.:]+", self._names[place].removeprefix(f"{path}."))
        name = path.rpartition(".")[2]
        pattern = r"(?<!\w)" + "[.:]+".join(map(re.escape, (name, *rest)))
        return bool(head) and re.search(pattern, head[0]) is not None

    def _written(self, places: tuple[tuple[int, bool], ...]) -> tuple[str, int]:
        """The innermost heads that fit, below as much of the path as fits; of heads, all lines or the first."""
        places = places[-max(_MOST_LINES_A_TOKEN * self._room, 1) :]  # more do not fit
        lines = [head[0] for place, _ in places if (head := self._head(place))]
        heads = ["\n".join(head if whole else head[:1]) for place, whole in places if (head := self._head(place))]
        for shortened in range(len(heads)):  # the outer ones first
            some = [*lines[:shortened], *heads[shortened:]]
            if some == lines:
                break
            text = "".join(f"{line}\n" for line in (self._path, *some) if line)
            tokens = self._counter.count(text.encode())
            if tokens <= self._room:
                return text, tokens
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

    def _last_line(self, place: int) -> int:
        """The last line of a definition's head, from 1."""
        return int(self._chunks.defined.lines[place]) + max(len(self._head(place)) - 1, 0)

    def _head(self, place: int) -> list[str]:
        """The line of a definition, with those after it that its brackets take in; empty where it is too long."""
        known = self._heads.get(place)
        if known is None:
            known = self._heads[place] = self._read_head(place)
        return known

    def _read_head(self, place: int) -> list[str]:
        defined, chunks = self._chunks.defined, self._chunks
        chunk = int(defined.chunks[place])
        starts = chunks.starts if chunks.text_starts is None else chunks.text_starts
        ends = chunks.ends if chunks.text_ends is None else chunks.text_ends
        at = self._offset + int(starts[chunk])
        text = bytes(self._data[at : self._offset + min(int(ends[chunk]) + _LONGEST_HEAD, int(ends[-1]))])
        at = 0
        for _ in range(int(defined.lines[place]) - int(chunks.start_lines[chunk])):
            at = text.find(b"\n", at) + 1
        first = text[at : at + _LONGEST_LINE + 1].partition(b"\n")[0].rstrip()
        if defined.kinds[place] == SymbolKind.SECTION and is_above_title(first.strip()):
            rows = text[at : at + _MOST_ABOVE].split(b"\n", MOST_LABELS)[:MOST_LABELS]
            first = next((row.strip() for row in rows if not is_above_title(row.strip())), b"")
        if defined.kinds[place] == SymbolKind.SECTION and first.lstrip().startswith(b"<"):
            heading = marked_heading(text[at : at + _MOST_ABOVE].lstrip())
            first = heading[0].encode() if heading is not None else first
        if not first or len(first) > _LONGEST_LINE:
            return []
        lines = [first.decode("utf-8", "replace")]
        if int(defined.kinds[place]) not in _HAVE_PARAMETERS:
            return lines
        depth = _opened(first)
        rest = text[at : at + _LONGEST_HEAD].split(b"\n")[1:_MOST_LINES]
        while depth > 0 and rest:
            line = rest.pop(0).rstrip()
            lines.append(line.decode("utf-8", "replace"))
            depth += _opened(line)
        return lines if depth <= 0 else lines[:1]


def _opened(line: bytes) -> int:
    """How many more brackets a line opens than it closes."""
    return line.count(b"(") + line.count(b"[") - line.count(b")") - line.count(b"]")


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
