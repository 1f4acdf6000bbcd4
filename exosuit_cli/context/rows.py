"""How paths and records stand in the rows of a context's tables."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.records import Source, StoredFile
from exosuit_cli.context.seal import row_seal
from exosuit_cli.context.transactions import snapshot

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

SOURCE_COLUMNS: Final = (
    "id, root, name, given, key, tree_digest, files, bytes, lines, tokens, spans, span_tokens, loaded_ns"
)
FILE_COLUMNS: Final = "id, source, path, digest, size, lines, tokens, language, spans, span_tokens, below"
FILE_SUMS: Final = (
    "count(*), ifnull(sum(size), 0), ifnull(sum(lines), 0), ifnull(sum(tokens), 0), ifnull(sum(spans), 0), "
    "ifnull(sum(span_tokens), 0)"
)
"""What `sources` holds of the files of each: files, bytes, lines, tokens, spans, span_tokens."""

GENERATION: Final = "generation"
"""The key of meta that says which state of the files this is."""

_PATH: Final = str | bytes
_NUMBER: Final = int | None
_TEXT: Final = str | None
_SOURCE_TYPES: Final = (int, _PATH, str, str, str, _TEXT, int, int, int, int, int, int, int)
_FILE_TYPES: Final = (int, int, _PATH, bytes, int, _NUMBER, _NUMBER, _TEXT, int, int, _TEXT)


class DamagedRow(Exception):
    """A row is not what was written; the argument names it."""


def as_column(path: bytes) -> str | bytes:
    """A path as it is stored: text where it is UTF-8, so that people can read it, else a blob.

    Each kind sorts by its bytes, and SQLite puts every text before every blob.
    """
    try:
        return path.decode()
    except UnicodeDecodeError:
        return path


def as_path(column: object) -> bytes:
    """A path as it was before `as_column`; what a damaged row has in its place, as text."""
    if isinstance(column, bytes):
        return column
    return str(column).encode("utf-8", "surrogateescape")


def next_number(connection: sqlite3.Connection, table: str) -> int:
    """The next free id of a table that numbers its rows."""
    (highest,) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()  # noqa: S608  (the names are ours)
    return int(highest or 0) + 1


def read_sources(connection: sqlite3.Connection) -> list[Source]:
    """The sources in their order. Raises DamagedRow."""
    found = []
    with snapshot(connection):
        for *row, seal in connection.execute(f"SELECT {SOURCE_COLUMNS}, seal FROM sources ORDER BY id").fetchall():  # noqa: S608
            source = source_of(row) if row_seal(tuple(row)) == seal else None
            if source is None:
                raise DamagedRow(f"the row of the source {row[0]!r} is not what was written")
            found.append(source)
        check_count(connection, len(found))
    return found


def check_count(connection: sqlite3.Connection, found: int) -> None:
    """Raise DamagedRow where there are not as many sources as were written."""
    written = read_meta(connection, "sources")
    if (written or 0) != found:
        raise DamagedRow(f"it has {found} of {written} sources")


def count_sources(connection: sqlite3.Connection) -> None:
    """Write how many sources there are, after a change of them."""
    (count,) = connection.execute("SELECT count(*) FROM sources").fetchone()
    write_meta(connection, "sources", count)


def source_of(row: list[object]) -> Source | None:
    """The source in a row of `SOURCE_COLUMNS`; None where a value is not of its type."""
    if not all(map(isinstance, row, _SOURCE_TYPES)):
        return None
    number, root, name, given, *others = row
    try:
        options = json.loads(str(given))
    except ValueError:
        return None
    if not isinstance(options, dict):
        return None
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    return Source(number, as_path(root), name, options, *others)  # type: ignore[arg-type]


def sum_source(connection: sqlite3.Connection, number: int, sums: Sequence[int] | None = None) -> None:
    """Write the sums over a source's files into its row, those given where they are known, and seal it."""
    execute = connection.execute
    if sums is None:
        sums = execute(f"SELECT {FILE_SUMS} FROM files WHERE source = ?", (number,)).fetchone()  # noqa: S608
    columns = "files = ?, bytes = ?, lines = ?, tokens = ?, spans = ?, span_tokens = ?"
    execute(f"UPDATE sources SET {columns} WHERE id = ?", (*sums, number))  # noqa: S608
    row = execute(f"SELECT {SOURCE_COLUMNS} FROM sources WHERE id = ?", (number,)).fetchone()  # noqa: S608
    execute("UPDATE sources SET seal = ? WHERE id = ?", (row_seal(row), number))


def read_meta(connection: sqlite3.Connection, key: str) -> object:
    """What concerns the whole context under this key; None where nothing does. Raises DamagedRow."""
    row = connection.execute("SELECT value, seal FROM meta WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row_seal((key, row[0])) != row[1]:
        raise DamagedRow(f"the row {key!r} of the table meta is not what was written")
    value: object = row[0]
    return value


def write_meta(connection: sqlite3.Connection, key: str, value: str | int | None) -> None:
    """Write what concerns the whole context under this key."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (key, value, row_seal((key, value))))


def read_generation(connection: sqlite3.Connection) -> str | None:
    """What every change of the files gives another value; None in a context that an older exosuit changed last."""
    found = read_meta(connection, GENERATION)
    return found if isinstance(found, str) else None


def change_generation(connection: sqlite3.Connection) -> None:
    """Say that the files have changed: 16 random bytes in hex, in the caller's transaction."""
    write_meta(connection, GENERATION, os.urandom(16).hex())


def file_of(row: tuple[object, ...]) -> StoredFile:
    """The file in a row of `FILE_COLUMNS`. Raises DamagedRow where a value is not of its type."""
    if not all(map(isinstance, row, _FILE_TYPES)):
        raise DamagedRow(f"the row of the file {row[0]!r} is not what was written")
    return file_as_is(row)


def file_as_is(row: tuple[object, ...]) -> StoredFile:
    """The file in a row of `FILE_COLUMNS`, whose values may be of any type."""
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
