"""A first load without the indexes of its two largest tables: made at the end, each takes one sort.

Digests come in no order, so that every key would go to another page of an index, and most pages would be read and
written again in every transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.context.schema import SCHEMA

if TYPE_CHECKING:
    import sqlite3

_INDEXES: Final = {
    name: next(line.rstrip(";") for line in SCHEMA.splitlines() if f"INDEX {name} ON" in line)
    for name in ("span_chunks", "chunk_ids")
}


def drop_indexes(connection: sqlite3.Connection) -> bool:
    """Drop the indexes of a context in which nothing was ever loaded, in the caller's transaction; else False.

    One with a source, even of no files, is whole for its readers meanwhile. One that an older exosuit has made keeps
    its own.
    """
    execute = connection.execute
    if any(execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in ("sources", "chunks", "spans")):  # noqa: S608
        return False
    if _held(connection) != set(_INDEXES):
        return False
    for name in _INDEXES:
        execute(f"DROP INDEX {name}")
    return True


def make_indexes(connection: sqlite3.Connection) -> None:
    """Make the indexes that are missing, in the caller's transaction."""
    held = _held(connection)
    for name, sql in _INDEXES.items():
        if name not in held and not (name == "chunk_ids" and _has_own(connection)):
            connection.execute(sql)


def tables_while_loading(tables: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """What `sqlite_master` has of these tables while a first load is under way, or where one was ended early."""
    return [row for row in tables if row[1] not in _INDEXES]


def _held(connection: sqlite3.Connection) -> set[str]:
    names = ", ".join("?" * len(_INDEXES))
    rows = connection.execute(
        f"SELECT name FROM sqlite_master WHERE type = 'index' AND name IN ({names})",  # noqa: S608
        tuple(_INDEXES),
    )
    return {row[0] for row in rows}


def _has_own(connection: sqlite3.Connection) -> bool:
    """Whether the index of ids is part of the table, as it was before version 3."""
    row = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_autoindex_chunks_1'").fetchone()
    return row is not None
