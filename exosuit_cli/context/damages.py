"""Looks a context over: what in it is not what its digests, seals and sums say."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.context.first_load import tables_while_loading
from exosuit_cli.context.records import CheckResult, Damage
from exosuit_cli.context.rows import (
    FILE_COLUMNS,
    FILE_SUMS,
    SOURCE_COLUMNS,
    DamagedRow,
    as_path,
    check_count,
    file_as_is,
    read_meta,
    source_of,
)
from exosuit_cli.context.schema import SCHEMA, SCHEMA_2
from exosuit_cli.context.seal import file_seal, row_seal, spans_seal
from exosuit_cli.context.transactions import snapshot
from exosuit_cli.context.working import ON_FULL, Candidate, place
from exosuit_cli.ingest.tree_digest import tree_digest
from exosuit_cli.model.records import ROW
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.context.records import Source, StoredFile

STRUCTURE: Final = "database"
"""The subject of damages that concern SQLite's own structure, which no change of rows mends."""
_READ_ROWS: Final = 1000
_DIGEST_BYTES: Final = 32
_SOUND: Final = "ok"
META: Final = ("encoding", "generation", "limit", "loading", "on_full", "sources", "vectors")
CHUNK_SUMS: Final = "count(*), ifnull(sum(tokens), 0), ifnull(sum(size), 0), ifnull(sum(length(data)), 0)"
OTHER_TOKENS: Final = (
    "SELECT chunks.id FROM chunks WHERE EXISTS "
    "(SELECT 1 FROM spans WHERE spans.chunk = chunks.id AND spans.tokens IS NOT chunks.tokens)"
)

_IS_FIRST_LOAD: Final = (
    "SELECT NOT EXISTS (SELECT 1 FROM sources) AND EXISTS (SELECT 1 FROM meta WHERE key = 'loading')"
)


def check(context: ContextReader) -> CheckResult:
    """Read everything that a context holds and compare it with its digests, seals and sums.

    One snapshot is looked at, whatever is loaded meanwhile. Raises CheckFailed where nothing can be read.
    """
    connection = context.connection
    with snapshot(connection), any_text(connection):
        damages = [Damage(STRUCTURE, problem) for problem in _integrity(connection)]
        damages += _damaged_meta(connection)
        damages += _damaged_chunks(context)
        found, files = _damaged_files(connection)
        damages += found
        damages += _damaged_sources(connection)
        damages += _wrong_totals(connection)
        damages += _wrong_places(connection)
        (chunks,) = connection.execute("SELECT count(*) FROM chunks").fetchone()
        return CheckResult(context.name, files, chunks, tuple(damages))


@contextlib.contextmanager
def any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Read text that is not UTF-8 too, as only damage leaves it, instead of failing."""
    before = connection.text_factory
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        connection.text_factory = before


def _integrity(connection: sqlite3.Connection) -> list[str]:
    found = [row[0] for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != _SOUND]
    sound = [_tables_of(schema) for schema in (SCHEMA, SCHEMA_2)]
    if connection.execute(_IS_FIRST_LOAD).fetchone() == (1,):
        sound.append(tables_while_loading(sound[0]))
    if _tables(connection) not in sound:
        found.append("its tables are not those of a context")
    return found


def _tables_of(schema: str) -> list[tuple[str, str, str]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(schema)
        return _tables(fresh)


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    return connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name"
    ).fetchall()


def _damaged_meta(connection: sqlite3.Connection) -> Iterator[Damage]:
    try:
        check_count(connection, connection.execute("SELECT count(*) FROM sources").fetchone()[0])
    except DamagedRow as error:
        yield Damage("sources", str(error))
    for key, value, seal in connection.execute("SELECT key, value, seal FROM meta").fetchall():
        if key not in META or row_seal((key, value)) != seal:
            yield Damage(f"meta {key}", "its row is not what was written")


def bad_chunks(context: ContextReader) -> Iterator[object]:
    """The ids of chunks whose texts are damaged, as they stand in the rows."""
    cursor = context.connection.execute("SELECT id, codec, data, size FROM chunks ORDER BY number")
    while rows := cursor.fetchmany(_READ_ROWS):
        for key, codec, data, size in rows:
            text = context.chunks.text_of(key, codec, data)
            if text is None or len(text) != size:
                yield key


def _damaged_chunks(context: ContextReader) -> list[Damage]:
    execute = context.connection.execute
    found = [Damage(f"chunk {_hex(key)}", "its text has another digest") for key in bad_chunks(context)]
    found += [Damage(f"chunk {_hex(row[0])}", "it has another count of tokens") for row in execute(OTHER_TOKENS)]
    missing = execute("SELECT DISTINCT chunk FROM spans WHERE chunk NOT IN (SELECT id FROM chunks) LIMIT 1000")
    return found + [Damage(f"chunk {_hex(row[0])}", "it is missing") for row in missing]


def _hex(key: object) -> str:
    return key.hex() if isinstance(key, bytes) else repr(key)


def checked_files(connection: sqlite3.Connection) -> Iterator[tuple[StoredFile, bool]]:
    """Every file, and whether its row and its spans are what its seal says."""
    cursor = connection.execute(f"SELECT {FILE_COLUMNS}, seal FROM files WHERE source >= 0 ORDER BY source, path")  # noqa: S608
    while rows := cursor.fetchmany(_READ_ROWS):
        for row in rows:
            file = file_as_is(row[:-1])
            spans = connection.execute(
                "SELECT chunk, tokens, start_byte, end_byte, start_line, end_line, boundary, symbol FROM spans "
                "WHERE file = ? ORDER BY ordinal",
                (file.id,),
            ).fetchall()
            yield file, row[-1] == file_seal(file, spans_seal(spans))


def _damaged_files(connection: sqlite3.Connection) -> tuple[list[Damage], int]:
    damages, files = [], 0
    for file, is_sound in checked_files(connection):
        files += 1
        if not is_sound:
            damages.append(Damage(f"file {display_name(file.path)}", "its rows are not what was written"))
    return damages, files


def _damaged_sources(connection: sqlite3.Connection) -> Iterator[Damage]:
    for *row, seal in connection.execute(f"SELECT {SOURCE_COLUMNS}, seal FROM sources ORDER BY id").fetchall():  # noqa: S608
        source = source_of(row)
        if source is None or row_seal(tuple(row)) != seal:
            yield Damage(f"source {row[2]!r}", "its row is not what was written")
            continue
        subject = f"source {source.name}"
        sums = connection.execute(f"SELECT {FILE_SUMS} FROM files WHERE source = ?", (source.id,)).fetchone()  # noqa: S608
        if sums != (source.files, source.bytes, source.lines, source.tokens, source.spans, source.span_tokens):
            yield Damage(subject, "its sums are not those of its files")
        if source.tree_digest is not None and _digest_of(connection, source) != source.tree_digest:
            yield Damage(subject, "its files do not give its tree digest")


def _digest_of(connection: sqlite3.Connection, source: Source) -> str | None:
    """The tree digest of a source's files; None where a digest is no BLAKE3."""
    files = sorted(
        (as_path(path), bool(executable), digest)
        for path, executable, digest in connection.execute(
            "SELECT path, executable, digest FROM files WHERE source = ?", (source.id,)
        )
    )
    if not all(isinstance(digest, bytes) and len(digest) == _DIGEST_BYTES for _, _, digest in files):
        return None
    rows = np.zeros(len(files), ROW)
    digests = b"".join(digest for _, _, digest in files)
    rows["digest"][:, :_DIGEST_BYTES] = np.frombuffer(digests, np.uint8).reshape(-1, _DIGEST_BYTES)
    rows["executable"] = [executable for _, executable, _ in files]
    return tree_digest([path for path, _, _ in files], rows, "blake3")


def _wrong_totals(connection: sqlite3.Connection) -> list[Damage]:
    kept = connection.execute("SELECT chunks, tokens, size, stored FROM totals").fetchall()
    real = connection.execute(f"SELECT {CHUNK_SUMS} FROM chunks").fetchall()  # noqa: S608
    return [] if kept == real else [Damage("totals", "they are not the sums over the chunks")]


def _wrong_places(connection: sqlite3.Connection) -> list[Damage]:
    """Whether each file is in the working context, or below it, as the limit says."""
    try:
        limit, on_full = read_meta(connection, "limit"), read_meta(connection, "on_full")
    except DamagedRow:
        return []  # named already
    is_loaded = connection.execute("SELECT count(*) FROM sources").fetchone() != (0,)
    if is_loaded and (on_full not in ON_FULL or not isinstance(limit, int | None)):
        return [Damage("meta", "it does not say how the working context was chosen")]
    rows = connection.execute(
        "SELECT id, path, digest, span_tokens, language, below FROM files WHERE source > 0 ORDER BY source, path"
    ).fetchall()
    if not all(isinstance(row[3], int) for row in rows):
        return []  # a file that is named already
    files = [Candidate(row[0], as_path(row[1]), *row[2:5]) for row in rows]
    below = {row[0]: row[5] for row in rows}
    wrong = sum(below[each.file] != each.below for each in place(files, limit, on_full))  # type: ignore[arg-type]
    return [Damage("working context", f"{wrong} files are not where the limit puts them")] if wrong else []
