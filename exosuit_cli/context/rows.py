"""How paths and records stand in the rows of a context's tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from exosuit_cli.context.records import Source, StoredFile

if TYPE_CHECKING:
    import sqlite3

SOURCE_COLUMNS = "id, root, name, given, key, tree_digest, files, bytes, lines, tokens, spans, span_tokens, loaded_ns"
FILE_COLUMNS = "id, source, path, digest, size, lines, tokens, language, spans, span_tokens, below"


def as_column(path: bytes) -> str | bytes:
    """A path as it is stored: text where it is UTF-8, so that people can read it. Both kinds sort by their bytes."""
    try:
        return path.decode()
    except UnicodeDecodeError:
        return path


def as_path(column: str | bytes) -> bytes:
    """A path as it was before `as_column`."""
    return column.encode() if isinstance(column, str) else column


def next_number(connection: sqlite3.Connection, table: str) -> int:
    """The next free id of a table that numbers its rows."""
    (highest,) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()  # noqa: S608  (the names are ours)
    return int(highest or 0) + 1


def read_sources(connection: sqlite3.Connection) -> list[Source]:
    """The sources in their order."""
    rows = connection.execute(f"SELECT {SOURCE_COLUMNS} FROM sources ORDER BY id")  # noqa: S608
    return [Source(row[0], as_path(row[1]), row[2], json.loads(row[3]), *row[4:]) for row in rows]


def file_of(row: tuple[object, ...]) -> StoredFile:
    """The file in a row of `FILE_COLUMNS`."""
    number, source, path, *others = row
    return StoredFile(number, source, as_path(path), *others)  # type: ignore[arg-type]


def staged_row(file: StoredFile, executable: int, seal: bytes | None) -> tuple[object, ...]:
    """The row of `files` that holds a file, but for `below`."""
    return (
        file.id,
        file.source,
        as_column(file.path),
        file.digest,
        executable,
        file.size,
        file.lines,
        file.tokens,
        file.language,
        file.spans,
        file.span_tokens,
        seal,
    )
