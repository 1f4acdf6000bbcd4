"""Chunks as JSON lines (`schemas/chunk.schema.json`). Workers render them; one process orders and writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import orjson

from exosuit_cli.chunk.flag_kinds import FLAG_NAMES
from exosuit_cli.chunk.records import ID_BYTES
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.symbols import SymbolKind
from exosuit_cli.system.names import text_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.chunk.batch import ChunkBatch
    from exosuit_cli.chunk.records import FileChunks

_LABELS = [boundary.label for boundary in Boundary]
_KINDS = [kind.label for kind in SymbolKind]
_ID_DIGITS = 2 * ID_BYTES
_HEAD_END = b',"duplicate_of":'
"""A quote within a value is escaped: no value has this in it."""


class JsonlRenderer:
    """Renders each chunk as one line of UTF-8 JSON; the head ends where the value of `duplicate_of` begins."""

    def __init__(self, *, with_text: bool) -> None:
        self.with_text = with_text

    def render(
        self, path: bytes, language: str, data: memoryview, offset: int, chunks: FileChunks, flags: Sequence[int]
    ) -> tuple[list[bytes], list[int]]:
        """See `Renderer`; undecodable parts of a text become U+FFFD."""
        name, exact = text_name(path)
        place: str | orjson.Fragment = name
        if exact is not None:
            place = orjson.Fragment(orjson.dumps(name) + f',"path_b64":"{exact}"'.encode())
        digits = chunks.ids.tobytes().hex()
        ids = [digits[start : start + _ID_DIGITS] for start in range(0, len(digits), _ID_DIGITS)]
        symbols = _symbols(chunks)
        contexts = _contexts(chunks)
        rows = zip(
            ids,
            chunks.starts.tolist(),
            chunks.ends.tolist(),
            chunks.start_lines.tolist(),
            chunks.end_lines.tolist(),
            chunks.tokens.tolist(),
            chunks.boundaries.tolist(),
            chunks.symbols or [None] * len(ids),
            flags,
            [chunks.before.hex() or None, *ids],
            [*ids[1:], chunks.after.hex() or None],
            chunks.text_spans(),
            strict=False,
        )
        lines = []
        for position, row in enumerate(rows):
            identity, start, end, start_line, end_line, tokens, boundary, symbol, flag, previous, following, span = row
            record: dict[str, object] = {
                "id": identity,
                "path": place,
                "start_byte": start,
                "end_byte": end,
                "start_line": start_line,
                "end_line": end_line,
                "tokens": tokens,
                "language": language or None,
                "boundary": _LABELS[boundary],
                "symbol": symbol,
                "symbols": symbols.get(position, ()),
                "guessed": chunks.is_guessed,
                "flags": FLAG_NAMES[flag],
                "previous": previous,
                "next": following,
            }
            if contexts:
                record |= contexts[position]
            record["duplicate_of"] = None
            if self.with_text:
                content = str(data[offset + span[0] : offset + span[1]], "utf-8", "replace")
                record["text"] = chunks.before_text(position) + content if contexts else content
            lines.append(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
        return lines, [line.index(_HEAD_END) + len(_HEAD_END) for line in lines]


def _contexts(chunks: FileChunks) -> list[dict[str, object]]:
    """The fields of the context of each chunk; empty where nobody asked for them."""
    contexts = chunks.contexts
    if contexts is None:
        return []
    rows = zip(contexts.texts, contexts.tokens.tolist(), contexts.in_text.tolist(), strict=True)
    return [{"context": text, "context_tokens": tokens, "context_in_text": in_text} for text, tokens, in_text in rows]


def _symbols(chunks: FileChunks) -> dict[int, list[dict[str, str | int]]]:
    """The definitions that begin in each chunk that has some."""
    defined = chunks.defined
    found: dict[int, list[dict[str, str | int]]] = {}
    rows = zip(defined.chunks.tolist(), defined.names, defined.kinds.tolist(), defined.lines.tolist(), strict=True)
    for chunk, name, kind, line in rows:
        symbol: dict[str, str | int] = {"name": name, "kind": _KINDS[kind], "line": line}
        if chunk in found:
            found[chunk].append(symbol)
        else:
            found[chunk] = [symbol]
    return found


def place_record(path: bytes, start_byte: int) -> dict[str, str | int]:
    """The place of a chunk, for `duplicate_of`."""
    name, exact = text_name(path)
    return {"path": name, **({"path_b64": exact} if exact is not None else {}), "start_byte": start_byte}


class JsonlSink:
    """Writes rendered lines to a binary file; a repeated chunk names the first one and has no text."""

    def __init__(self, file: BinaryIO, renderer: JsonlRenderer) -> None:
        self._file = file
        self._end = b',"text":null}\n' if renderer.with_text else b"}\n"

    def write(self, batch: ChunkBatch, paths: Sequence[bytes], repeats: dict[int, tuple[bytes, int]]) -> None:  # noqa: ARG002  (the lines hold their paths)
        """See `ChunkSink`."""
        rendered = memoryview(batch.rendered)
        ends = batch.sizes.cumsum().tolist()
        written = 0
        for position in sorted(repeats):
            start = ends[position - 1] if position else 0
            head = start + int(batch.heads[position])
            self._file.write(rendered[written:head])
            self._file.write(orjson.dumps(place_record(*repeats[position])) + self._end)
            written = ends[position]
        self._file.write(rendered[written:])
