"""A context as JSON lines, one a chunk, as `exosuit chunk` writes them, without `symbols` (`chunk.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import orjson

from exosuit_cli.report.context.document import chunk_record, named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exosuit_cli.context.records import StoredChunk


def write_chunks(file: BinaryIO, chunks: Iterable[StoredChunk], *, text: bool) -> int:
    """Write every chunk that has its text; how many. Memory: some 150 bytes a chunk, to know repeated ones."""
    first: dict[bytes, tuple[bytes, int]] = {}
    written = 0
    for chunk in chunks:
        if chunk.text is None:
            continue
        place = (chunk.path, chunk.start_byte)
        known = first.setdefault(chunk.id, place)
        record = chunk_record(chunk)
        content = record.pop("text")
        record["duplicate_of"] = None if known == place else {**named("path", known[0]), "start_byte": known[1]}
        if text:
            record["text"] = content if known == place else None
        file.write(orjson.dumps(record) + b"\n")
        written += 1
    return written
