"""Mends what a tree still has of a damaged context, and makes a context's file small again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from exosuit_cli.context.damages import CHUNK_SUMS, META, OTHER_TOKENS, any_text, bad_chunks, checked_files
from exosuit_cli.context.database import write_back
from exosuit_cli.context.rows import (
    SOURCE_COLUMNS,
    DamagedRow,
    change_generation,
    check_count,
    read_meta,
    source_of,
    sum_source,
)
from exosuit_cli.context.seal import row_seal
from exosuit_cli.context.transactions import snapshot, transaction
from exosuit_cli.tiers.frames import TRAINING_BYTES

if TYPE_CHECKING:
    import sqlite3

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.context.records import Source


def mark_damaged(context: ContextReader) -> int:
    """Make every damaged file one that the next load replaces, and delete damaged chunks; how many files those are.

    Until then the files stay damaged, for readers and for a check. The caller holds the writer's lock.
    """
    connection = context.connection
    with any_text(connection), transaction(connection):
        execute = connection.execute
        damaged = {*bad_chunks(context), *(row[0] for row in execute(OTHER_TOKENS))}
        files = {file.id for file, is_sound in checked_files(connection) if not is_sound}
        connection.executemany("DELETE FROM chunks WHERE id = ?", ((key,) for key in damaged))
        lost = execute(
            "SELECT DISTINCT file FROM spans WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.id = spans.chunk)"
        )
        files.update(row[0] for row in lost.fetchall())
        connection.executemany(
            "UPDATE files SET digest = x'', size = 0, lines = 0, tokens = 0, language = NULL, spans = 0, "
            "span_tokens = 0, seal = x'', below = NULL WHERE id = ?",
            ((number,) for number in files),
        )
        connection.executemany("DELETE FROM spans WHERE file = ?", ((number,) for number in files))
        execute("DELETE FROM files WHERE source NOT IN (SELECT id FROM sources)")  # of a load that did not end, too
        _delete_orphans(connection)
        if files:
            execute("DELETE FROM dictionaries WHERE codec NOT IN (SELECT codec FROM chunks)")
        execute("DELETE FROM totals")
        execute(f"INSERT INTO totals SELECT {CHUNK_SUMS} FROM chunks")  # noqa: S608
        execute("DELETE FROM meta WHERE key = 'loading'")
        for key in META:
            try:
                read_meta(connection, key)
            except DamagedRow:
                execute("DELETE FROM meta WHERE key = ?", (key,))
        marks = ", ".join("?" * len(META))
        execute(f"DELETE FROM meta WHERE key NOT IN ({marks})", META)  # noqa: S608
        execute("UPDATE sources SET tree_digest = NULL")
        change_generation(connection)
        _sum_sources(connection)
    return len(files)


def drop_marked(context: ContextReader) -> None:
    """Delete the files that `mark_damaged` left for a load, and that none replaced.

    The caller holds the writer's lock.
    """
    with transaction(context.connection):
        context.connection.execute("DELETE FROM files WHERE digest = x''")
        _delete_orphans(context.connection)
        change_generation(context.connection)
        _sum_sources(context.connection)


def _delete_orphans(connection: sqlite3.Connection) -> None:
    execute = connection.execute
    execute("DELETE FROM spans WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.id = spans.file)")
    execute("DELETE FROM chunks WHERE NOT EXISTS (SELECT 1 FROM spans WHERE spans.chunk = chunks.id)")
    execute("DELETE FROM vectors WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.id = vectors.chunk)")


def _sum_sources(connection: sqlite3.Connection) -> None:
    for (number,) in connection.execute("SELECT id FROM sources").fetchall():
        sum_source(connection, number)


def known_sources(connection: sqlite3.Connection) -> list[tuple[Source, bool]]:
    """The sources, and whether each row is what was written. Raises DamagedRow where one makes no sense."""
    found = []
    with any_text(connection), snapshot(connection):
        for *row, seal in connection.execute(f"SELECT {SOURCE_COLUMNS}, seal FROM sources ORDER BY id"):  # noqa: S608
            source = source_of(row)
            if source is None:
                raise DamagedRow(f"the row of the source {row[0]!r} cannot be read")
            found.append((source, row_seal(tuple(row)) == seal))
        check_count(connection, len(found))
    return found


def compact(context: ContextReader) -> tuple[int, int]:
    """Compress all chunks with a dictionary trained on a sample of them all, and give free pages back to the disk.

    Returns the bytes of the file before and after. The caller holds the writer's lock.
    """
    connection, table = context.connection, context.chunks
    before = context.stats().file_bytes
    with transaction(connection):
        connection.execute("DELETE FROM chunks WHERE NOT EXISTS (SELECT 1 FROM spans WHERE spans.chunk = chunks.id)")
        if table.train(_sample(context)):
            table.pack_again()
    connection.execute("PRAGMA temp_store = FILE")  # the copy that VACUUM makes is as large as the context
    connection.execute("VACUUM")
    connection.execute("PRAGMA temp_store = MEMORY")
    write_back(connection)
    return before, context.stats().file_bytes


def _sample(context: ContextReader) -> list[bytes]:
    """Texts of some `TRAINING_BYTES` from everywhere in the context; the same ones each time."""
    (highest,) = context.connection.execute("SELECT ifnull(max(number), 0) FROM chunks").fetchone()
    size = context.chunks.usage().data_bytes
    wanted = min(highest, int(highest * TRAINING_BYTES / size) + 1) if size else 0
    numbers = sorted(random.Random(0).sample(range(1, highest + 1), wanted))  # noqa: S311  (a sample)
    rows = (
        context.connection.execute("SELECT id FROM chunks WHERE number = ?", (number,)).fetchone() for number in numbers
    )
    return [text for text in context.chunks.get([row[0] for row in rows if row is not None]) if text is not None]
