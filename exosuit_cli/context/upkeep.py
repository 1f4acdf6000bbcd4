"""Looks a context over, mends what a tree still has, and makes its file small again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.context.database import transaction
from exosuit_cli.context.records import CheckResult, Damage
from exosuit_cli.context.rows import FILE_COLUMNS, as_path, file_of, read_sources
from exosuit_cli.context.seal import file_seal, spans_seal
from exosuit_cli.ingest.result import tree_digest
from exosuit_cli.model.records import ROW
from exosuit_cli.system.names import display_name
from exosuit_cli.tiers.nvme import TRAINING_BYTES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from exosuit_cli.context.context import Context
    from exosuit_cli.context.records import StoredFile

_READ_ROWS: Final = 1000
_DIGEST_BYTES: Final = 32
_SOUND: Final = "ok"


def check(context: Context) -> CheckResult:
    """Read everything that a context holds and compare it with its digests, seals and sums.

    One snapshot is looked at, whatever is loaded meanwhile. Raises CheckFailed where nothing can be read.
    """
    connection = context.connection
    connection.execute("BEGIN")
    try:
        damages = [Damage("database", problem) for problem in _integrity(connection)]
        damages += _damaged_chunks(context)
        found, files = _damaged_files(connection)
        damages += found
        damages += _damaged_sources(connection)
        damages += _wrong_totals(connection)
        return CheckResult(context.name, files, len(context.chunks), tuple(damages))
    finally:
        connection.execute("ROLLBACK")


def forget_damaged(context: Context) -> int:
    """Delete every chunk and file that is damaged, so that the next load reads them again; how many files those were.

    The caller holds the writer's lock.
    """
    connection = context.connection
    damaged = set(_bad_chunks(context))
    files = {file.id for file, is_sound in _files(connection) if not is_sound}
    with transaction(connection):
        execute = connection.execute
        for key in damaged:
            execute("DELETE FROM chunks WHERE id = ?", (key,))
        lost = execute("SELECT DISTINCT file FROM spans WHERE chunk NOT IN (SELECT id FROM chunks)").fetchall()
        files |= {row[0] for row in lost}
        for number in files:
            execute("DELETE FROM spans WHERE file = ?", (number,))
            execute("DELETE FROM files WHERE id = ?", (number,))
        execute("DELETE FROM spans WHERE file NOT IN (SELECT id FROM files)")
        execute("DELETE FROM chunks WHERE id NOT IN (SELECT chunk FROM spans)")
        execute(
            "UPDATE totals SET chunks = (SELECT count(*) FROM chunks), "
            "tokens = (SELECT ifnull(sum(tokens), 0) FROM chunks), size = (SELECT ifnull(sum(size), 0) FROM chunks), "
            "stored = (SELECT ifnull(sum(length(data)), 0) FROM chunks)"
        )
        execute("UPDATE sources SET tree_digest = NULL")
    return len(files)


def compact(context: Context) -> tuple[int, int]:
    """Compress all chunks with a dictionary trained on a sample of them all, and give free pages back to the disk.

    Returns the bytes of the file before and after. The caller holds the writer's lock.
    """
    connection, table = context.connection, context.chunks
    before = context.stats().file_bytes
    with transaction(connection):
        connection.execute("DELETE FROM chunks WHERE id NOT IN (SELECT chunk FROM spans)")
        if table.train(_sample(context)):
            table.pack_again()
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return before, context.stats().file_bytes


def _sample(context: Context) -> list[bytes]:
    """Texts of some `TRAINING_BYTES` from everywhere in the context; the same ones each time."""
    (highest,) = context.connection.execute("SELECT ifnull(max(number), 0) FROM chunks").fetchone()
    size = context.chunks.usage().data_bytes
    wanted = min(highest, int(highest * TRAINING_BYTES / size) + 1) if size else 0
    numbers = sorted(random.Random(0).sample(range(1, highest + 1), wanted))  # noqa: S311  (a sample)
    rows = (
        context.connection.execute("SELECT id FROM chunks WHERE number = ?", (number,)).fetchone() for number in numbers
    )
    return [text for text in context.chunks.get([row[0] for row in rows if row is not None]) if text is not None]


def _integrity(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != _SOUND]


def _bad_chunks(context: Context) -> Iterator[object]:
    """The ids of chunks whose texts are damaged, as they stand in the rows."""
    cursor = context.connection.execute("SELECT id, codec, data FROM chunks ORDER BY number")
    while rows := cursor.fetchmany(_READ_ROWS):
        for key, codec, data in rows:
            if context.chunks.text_of(key, codec, data) is None:
                yield key


def _damaged_chunks(context: Context) -> list[Damage]:
    found = [Damage(f"chunk {_hex(key)}", "its text has another digest") for key in _bad_chunks(context)]
    missing = context.connection.execute(
        "SELECT DISTINCT chunk FROM spans WHERE chunk NOT IN (SELECT id FROM chunks) LIMIT 1000"
    )
    return found + [Damage(f"chunk {_hex(row[0])}", "it is missing") for row in missing]


def _hex(key: object) -> str:
    return key.hex() if isinstance(key, bytes) else repr(key)


def _files(connection: sqlite3.Connection) -> Iterator[tuple[StoredFile, bool]]:
    """Every file, and whether its row and its spans are what its seal says."""
    cursor = connection.execute(f"SELECT {FILE_COLUMNS}, seal FROM files WHERE source > 0 ORDER BY source, path")  # noqa: S608
    while rows := cursor.fetchmany(_READ_ROWS):
        for row in rows:
            file = file_of(row[:-1])
            spans = connection.execute(
                "SELECT chunk, tokens, start_byte, end_byte, start_line, end_line, boundary, symbol FROM spans "
                "WHERE file = ? ORDER BY ordinal",
                (file.id,),
            ).fetchall()
            yield file, row[-1] == file_seal(file, spans_seal(spans))


def _damaged_files(connection: sqlite3.Connection) -> tuple[list[Damage], int]:
    damages, files = [], 0
    for file, is_sound in _files(connection):
        files += 1
        if not is_sound:
            damages.append(Damage(f"file {display_name(file.path)}", "its rows are not what was written"))
    return damages, files


def _damaged_sources(connection: sqlite3.Connection) -> Iterator[Damage]:
    for source in read_sources(connection):
        subject = f"source {source.name}"
        sums = connection.execute(
            "SELECT count(*), ifnull(sum(size), 0), ifnull(sum(lines), 0), ifnull(sum(tokens), 0), "
            "ifnull(sum(spans), 0), ifnull(sum(span_tokens), 0) FROM files WHERE source = ?",
            (source.id,),
        ).fetchone()
        if sums != (source.files, source.bytes, source.lines, source.tokens, source.spans, source.span_tokens):
            yield Damage(subject, "its sums are not those of its files")
        if source.tree_digest is not None:
            files = sorted(
                (as_path(path), executable, digest)
                for path, executable, digest in connection.execute(
                    "SELECT path, executable, digest FROM files WHERE source = ?", (source.id,)
                )
            )
            if _digest_of(files) != source.tree_digest:
                yield Damage(subject, "its files do not give its tree digest")


def _digest_of(files: list[tuple[bytes, int, bytes]]) -> str | None:
    """The tree digest of files as (path, executable, digest), sorted; None where a digest is no BLAKE3."""
    rows = np.zeros(len(files), ROW)
    digests = b"".join(digest for _, _, digest in files)
    if len(digests) != _DIGEST_BYTES * len(files):
        return None
    rows["digest"][:, :_DIGEST_BYTES] = np.frombuffer(digests, np.uint8).reshape(-1, _DIGEST_BYTES)
    rows["executable"] = [bool(executable) for _, executable, _ in files]
    return tree_digest([path for path, _, _ in files], rows, "blake3")


def _wrong_totals(connection: sqlite3.Connection) -> list[Damage]:
    kept = connection.execute("SELECT chunks, tokens, size, stored FROM totals").fetchall()
    real = connection.execute(
        "SELECT count(*), ifnull(sum(tokens), 0), ifnull(sum(size), 0), ifnull(sum(length(data)), 0) FROM chunks"
    ).fetchall()
    return [] if kept == real else [Damage("totals", "they are not the sums over the chunks")]
