"""Chunks as JSON lines (`schemas/chunk.schema.json`). Workers render them; one process orders and writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import orjson

from exosuit_cli.chunk.flag_kinds import FLAG_NAMES
from exosuit_cli.chunk.records import Boundary
from exosuit_cli.chunk.symbols import SymbolKind
from exosuit_cli.system.names import text_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.chunk.batch import ChunkBatch
    from exosuit_cli.chunk.records import FileChunks

_LABELS = [boundary.label for boundary in Boundary]
_FLAGS = [orjson.dumps(names).decode() for names in FLAG_NAMES]
_KINDS = [kind.label for kind in SymbolKind]


class JsonlRenderer:
    """Renders each chunk as one line of UTF-8 JSON; the head ends where the value of `duplicate_of` begins."""

    def __init__(self, *, with_text: bool) -> None:
        self.with_text = with_text

    def render(
        self, path: bytes, language: str, data: memoryview, offset: int, chunks: FileChunks
    ) -> list[tuple[bytes, bytes]]:
        """See `Renderer`; undecodable parts of a text become U+FFFD."""
        name, exact = text_name(path)
        path_json = orjson.dumps(name).decode()
        if exact is not None:
            path_json += f',"path_b64":"{exact}"'
        language_json = orjson.dumps(language or None).decode()
        digits = chunks.ids.tobytes().hex()
        lines = []
        symbols = _symbols(chunks)
        ids = [f'"{digits[start : start + 32]}"' for start in range(0, len(digits), 32)]
        around = [_quoted(chunks.before), *ids, _quoted(chunks.after)]
        flags = chunks.flags.tolist() if chunks.flags is not None else [0] * len(ids)
        guessed = ',"guessed":true' if chunks.is_guessed else ',"guessed":false'
        contexts = _contexts(chunks)
        rows = zip(
            chunks.starts.tolist(),
            chunks.ends.tolist(),
            chunks.start_lines.tolist(),
            chunks.end_lines.tolist(),
            chunks.tokens.tolist(),
            chunks.boundaries.tolist(),
            chunks.text_spans(),
            strict=True,
        )
        for position, (start, end, start_line, end_line, tokens, boundary, span) in enumerate(rows):
            symbol = orjson.dumps(chunks.symbols[position]).decode() if chunks.symbols else "null"
            head = (
                f'{{"id":{ids[position]},"path":{path_json},'
                f'"start_byte":{start},"end_byte":{end},"start_line":{start_line},"end_line":{end_line},'
                f'"tokens":{tokens},"language":{language_json},"boundary":"{_LABELS[boundary]}",'
                f'"symbol":{symbol},"symbols":{symbols.get(position, "[]")}{guessed},'
                f'"flags":{_FLAGS[flags[position]]},"previous":{around[position]},"next":{around[position + 2]},'
                f'{contexts[position] if contexts else ""}"duplicate_of":'
            )
            if self.with_text:
                content = str(data[offset + span[0] : offset + span[1]], "utf-8", "replace")
                text = orjson.dumps(chunks.before_text(position) + content if contexts else content)
                lines.append((head.encode(), b'null,"text":' + text + b"}\n"))
            else:
                lines.append((head.encode(), b"null}\n"))
        return lines


def _contexts(chunks: FileChunks) -> list[str]:
    """The fields of the context of each chunk, as JSON; empty where nobody asked for them."""
    contexts = chunks.contexts
    if contexts is None:
        return []
    rows = zip(contexts.texts, contexts.tokens.tolist(), contexts.in_text.tolist(), strict=True)
    return [
        f'"context":{orjson.dumps(text).decode()},"context_tokens":{tokens},'
        f'"context_in_text":{"true" if in_text else "false"},'
        for text, tokens, in_text in rows
    ]


def _quoted(identity: bytes) -> str:
    return f'"{identity.hex()}"' if identity else "null"


def _symbols(chunks: FileChunks) -> dict[int, str]:
    """The definitions that begin in each chunk that has some, as JSON."""
    defined = chunks.defined
    found: dict[int, list[dict[str, str | int]]] = {}
    rows = zip(defined.chunks.tolist(), defined.names, defined.kinds.tolist(), defined.lines.tolist(), strict=True)
    for chunk, name, kind, line in rows:
        found.setdefault(chunk, []).append({"name": name, "kind": _KINDS[kind], "line": line})
    return {chunk: orjson.dumps(symbols).decode() for chunk, symbols in found.items()}


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
