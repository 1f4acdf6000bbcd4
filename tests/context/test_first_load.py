"""A first load makes two indexes at its end: what is in the context is what it would be with them from the start."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.commands.context import run_load
from exosuit_cli.commands.context_request import load_request
from exosuit_cli.context import Context, context_names
from exosuit_cli.context.database import ContextInUse, writer_lock
from exosuit_cli.context.names import context_path
from exosuit_cli.context.schema import SCHEMA, SCHEMA_2, VERSION
from exosuit_cli.context.staging import Staging

from .stores import HOSTILE, dump, functions, left_over, load, problems, source, write_bytes

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
    assert problems("killed") == []
    load("killed", source(tmp_path / "tree"))
    assert indexes("killed") == ["chunk_ids", "span_chunks"]
    assert problems("killed") == problems("whole") == []
    assert dump("killed") == dump("whole")


KILLED = """
import os, signal, sys
from dataclasses import replace
from exosuit_cli.commands.context import run_load
from exosuit_cli.commands.context_request import load_request
from exosuit_cli.context import collector, context
from exosuit_cli.tiers.nvme import NvmeTier

where, count = sys.argv[2], int(sys.argv[3])
collector.COMMIT_BYTES = collector.TRAINING_BYTES = 1 << 10
puts = []
put_many = NvmeTier.put_many

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def put_and_count(*arguments):
    put_many(*arguments)
    puts.append(1)
    if len(puts) == count:
        die()

if where == "indexes":
    context.make_indexes = die
else:
    NvmeTier.put_many = put_and_count
request = load_request([sys.argv[1]], {"workers": 1})
(source,) = request.sources
run_load(replace(request, sources=(replace(source, options=replace(source.options, batch_files=3)),)))
"""


@pytest.mark.parametrize(("where", "count"), [("put", 1), ("put", 4), ("indexes", 0)])
def test_a_load_after_a_killed_first_one_takes_its_name_and_is_a_clean_one(
    tmp_path: Path, where: str, count: int
) -> None:
    twice = functions(12, "f")
    tree = tmp_path / "tree"
    write_bytes(tree, {**HOSTILE, b"one.py": twice, b"two.py": twice})
    done = subprocess.run([sys.executable, "-c", KILLED, tree, where, str(count)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert context_names() == ["tree"]
    with contextlib.closing(sqlite3.connect(context_path("tree"))) as connection:
        (staged,) = connection.execute("SELECT count(*) FROM chunks").fetchone()
    assert (staged > 0) == (count != 1), "what was committed before the kill"
    assert (indexes("tree") == []) == (staged > 0)
    outcome = run_load(load_request([str(tree)], {"workers": 1}))
    assert outcome.result.name == "tree"
    assert context_names() == ["tree"]
    run_load(load_request([str(tree)], {"name": "clean", "workers": 1}))
    assert indexes("tree") == indexes("clean") == ["chunk_ids", "span_chunks"]
    assert left_over("tree") == {}
    assert problems("tree") == []
    assert dump("tree") == dump("clean")


def test_a_first_load_leaves_a_name_to_the_process_that_is_loading_it(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a" / "tree", HOSTILE)
    request = load_request([str(tmp_path / "a" / "tree")], {"workers": 1})
    with Context.open("tree", create=True), writer_lock(context_path("tree"), "tree"):
        assert request.name == "tree"
        assert run_load(request).result.name == "tree-2"
    assert context_names() == ["tree", "tree-2"]
    (root,) = (each.root for each in request.sources)
    in_use = pytest.raises(ContextInUse, match=f"by another writer .process {os.getpid()}.; try again")
    with writer_lock(context_path("tree"), "tree", [b"/elsewhere", root]), in_use:
        run_load(request)
    assert context_names() == ["tree", "tree-2"], "the same tree is loaded once, whoever comes second"
    write_bytes(tmp_path / "b" / "tree", HOSTILE)
    assert load_request([str(tmp_path / "b" / "tree")], {}).name == "tree", "its load has ended without a source"


def test_a_refresh_of_a_source_without_text_is_never_without_indexes(tmp_path: Path) -> None:
    """Readers of what is loaded already, and a check, see all of it whenever the refresh is killed."""
    write_bytes(tmp_path / "tree", {b"empty.py": b""})
    load("c", source(tmp_path / "tree"))
    with Context.open("c") as context:
        begin = Staging(context.connection, context.chunks)
        begin()
        context.connection.execute("COMMIT")
    assert indexes("c") == ["chunk_ids", "span_chunks"]
    assert problems("c") == []


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
