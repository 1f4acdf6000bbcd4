"""A context as JSON lines, one a chunk, as `exosuit chunk` writes them, but `symbols` (`chunk.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import orjson

from exosuit_cli.chunk.flag_kinds import FLAG_NAMES
from exosuit_cli.chunk.flags import flags_of_texts
from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.report.context.document import chunk_record, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from exosuit_cli.context.records import StoredChunk


def write_chunks(file: BinaryIO, chunks: Iterable[StoredChunk], *, text: bool) -> int:
    """Write every chunk that has its text; how many. The chunks of a file come one after the other.

    Memory: some 150 bytes a chunk, to know repeated ones, and the chunks of one file.
    """
    first: dict[bytes, tuple[bytes, int]] = {}
    written = 0
    for own in _by_file(chunks):
        flags = _flags(own)
        ids = [None, *(each.id.hex() for each in own), None]
        for position, chunk in enumerate(own):
            if chunk.text is None:
                continue
            place = (chunk.path, chunk.start_byte)
            known = first.setdefault(chunk.id, place)
            record = chunk_record(chunk)
            content = record.pop("text")
            record |= {"flags": FLAG_NAMES[flags[position]], "previous": ids[position], "next": ids[position + 2]}
            record["duplicate_of"] = None if known == place else {**named("path", known[0]), "start_byte": known[1]}
            if text:
                record["text"] = content if known == place else None
            file.write(orjson.dumps(record) + b"\n")
            written += 1
    return written


def _by_file(chunks: Iterable[StoredChunk]) -> Iterator[list[StoredChunk]]:
    """The chunks of each file; where an error ends them, those before it first."""
    own: list[StoredChunk] = []
    try:
        for chunk in chunks:
            if own and chunk.path != own[0].path:
                yield own
                own = []
            own.append(chunk)
    except ExosuitError:
        if own:
            yield own
        raise
    if own:
        yield own


def _flags(chunks: list[StoredChunk]) -> list[int]:
    """The flags of the chunks of a file, from their texts; a damaged one counts as empty."""
    lines = [(each.start_line, each.end_line) for each in chunks]
    texts = [each.text or b"" for each in chunks]
    tokens, symbols = [each.tokens for each in chunks], [each.symbol for each in chunks]
    return flags_of_texts(chunks[0].path, chunks[0].language or "", texts, lines, tokens, symbols)
