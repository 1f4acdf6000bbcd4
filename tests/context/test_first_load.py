"""A first load makes two indexes at its end: what is in the context is what it would be with them from the start."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.context import Context
from exosuit_cli.context.names import context_path
from exosuit_cli.context.schema import SCHEMA, SCHEMA_2, VERSION
from exosuit_cli.context.staging import Staging

from .stores import HOSTILE, dump, functions, load, problems, source, write_bytes

if TYPE_CHECKING:
    from pathlib import Path

_INDEXES = "SELECT name FROM sqlite_master WHERE type = 'index' AND name IN ('chunk_ids', 'span_chunks') ORDER BY name"


def indexes(name: str) -> list[str]:
    with contextlib.closing(sqlite3.connect(context_path(name))) as connection:
        return [row[0] for row in connection.execute(_INDEXES)]


def test_a_first_load_that_was_killed_leaves_indexes_to_the_next(tmp_path: Path) -> None:
    twice = functions(12, "f")
    write_bytes(tmp_path / "tree", {**HOSTILE, b"one.py": twice, b"two.py": twice})
    load("whole", source(tmp_path / "tree"))
    assert indexes("whole") == ["chunk_ids", "span_chunks"]
    with Context.open("killed", create=True) as context:
        begin = Staging(context.connection, context.chunks)
        begin()
        context.connection.execute("COMMIT")  # and no more: the process was killed
    assert indexes("killed") == []
    load("killed", source(tmp_path / "tree"))
    assert indexes("killed") == ["chunk_ids", "span_chunks"]
    assert problems("killed") == problems("whole") == []
    assert dump("killed") == dump("whole")


def test_a_context_of_the_version_before_keeps_its_tables(tmp_path: Path) -> None:
    write_bytes(tmp_path / "tree", HOSTILE)
    load("new", source(tmp_path / "tree"))
    load("old", source(tmp_path / "tree"))
    with contextlib.closing(sqlite3.connect(context_path("old"))) as connection:
        rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in ("chunks", "spans")}
        for name in rows:
            connection.execute(f"DROP TABLE {name}")
        for statement in SCHEMA_2.split(";\n"):
            if "TABLE chunks" in statement or "TABLE spans" in statement or "span_chunks" in statement:
                connection.execute(statement)
        for name, values in rows.items():
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(values[0]))})", values)
        for trigger in ("chunk_was_packed", "chunk_left"):
            start = SCHEMA.index(f"CREATE TRIGGER {trigger}")
            connection.execute(SCHEMA[start : SCHEMA.index("END;", start) + 3])
        connection.execute("PRAGMA user_version = 2")
        connection.commit()
    write_bytes(tmp_path / "tree", {b"more.py": functions(3, "g")})
    load("new", source(tmp_path / "tree"))
    load("old", source(tmp_path / "tree"))
    assert indexes("old") == ["span_chunks"]
    assert problems("old") == []
    assert dump("old") == dump("new")
    with contextlib.closing(sqlite3.connect(context_path("old"))) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_a_first_load_that_fails_leaves_the_indexes(tmp_path: Path) -> None:
    write_bytes(tmp_path / "tree", HOSTILE)
    with Context.open("c", create=True) as context:
        context.chunks.token_capacity = 1
        with pytest.raises(Exception, match="does not fit the persistent tier"):
            context.load([source(tmp_path / "tree")])
        assert context.chunks.seen is None
    assert indexes("c") == ["chunk_ids", "span_chunks"]
