"""A load anew gives what a first load gives, reads and cuts everything, and keeps the old state until it ends."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from exosuit_cli.context import Context
from exosuit_cli.context.names import context_path
from exosuit_cli.ingest import scan
from exosuit_cli.model.errors import CheckFailed
from exosuit_cli.system.stop import StopRequest

from .stores import HOSTILE, ONE_PROCESS, dump, functions, left_over, load, problems, source, write_bytes
from .test_refresh import settle

if TYPE_CHECKING:
    from pathlib import Path

    from exosuit_cli.ingest.progress import Progress


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_bytes(tmp_path / "tree", HOSTILE)
    settle()
    return tmp_path / "tree"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    write_bytes(tmp_path / "other", {b"o.py": functions(9, "o"), b"sub/p.md": b"# P\n\nwords\n" * 20})
    return tmp_path / "other"


def journal_mode(name: str) -> str:
    with Context.open(name) as context:
        return str(context.connection.execute("PRAGMA journal_mode").fetchone()[0])


def test_everything_is_read_and_cut_and_the_context_is_the_same(tree: Path) -> None:
    first = load("c", source(tree))
    before, inode = dump("c"), os.stat(context_path("c")).st_ino
    assert load("c", source(tree)).throughput.bytes_read == 0
    anew = load("c", source(tree), anew=True)
    (done,) = anew.sources
    assert (done.loaded, done.unchanged, done.chunks) == (len(HOSTILE), 0, first.sources[0].chunks)
    assert anew.throughput.bytes_read == first.throughput.bytes_read > 0
    assert anew.throughput.index_hits == 0
    assert anew.throughput.index_reason == "not read: every file is read anew"
    assert os.stat(context_path("c")).st_ino != inode
    assert dump("c") == before
    assert problems("c") == []
    assert left_over("c") == {}
    assert journal_mode("c") == "wal"
    assert sorted(os.listdir(os.path.dirname(context_path("c")))) == ["c.db", "c.db.lock"]


def test_the_walk_learns_nothing_from_the_index_which_is_written(tree: Path) -> None:
    load("c", source(tree))
    load("c", source(tree), anew=True)
    assert scan(tree, ONE_PROCESS).throughput.index_hits == len(HOSTILE)


def test_the_context_that_loaded_goes_on_with_the_new_state(tree: Path) -> None:
    load("c", source(tree))
    (tree / "new.py").write_bytes(functions(3, "n"))
    with Context.open("c") as context:
        context.chunks.capacity_bytes = 1 << 40
        result = context.load([source(tree)], anew=True)
        assert result.working == context.working()
        assert b"new.py" in {file.path for file in context.files()}
        assert context.chunks.capacity_bytes == 1 << 40
        (tree / "newer.py").write_bytes(functions(3, "m"))
        assert context.load([source(tree)]).sources[0].loaded == 1
    assert problems("c") == []


def test_who_reads_meanwhile_sees_the_old_state_and_then_the_new_one(tree: Path) -> None:
    load("c", source(tree))
    inode = os.stat(context_path("c")).st_ino
    (tree / "new.py").write_bytes(functions(3, "n"))
    with Context.open("c", read_only=True) as reader:
        old = list(reader.iterate())
        iterator = reader.iterate()
        found = [next(iterator)]
        load("c", source(tree), anew=True)
        assert [*found, *iterator] == old
        assert b"new.py" in {chunk.path for chunk in reader.iterate()}
    assert os.stat(context_path("c")).st_ino == inode
    assert problems("c") == []
    assert left_over("c") == {}
    assert journal_mode("c") == "wal"


def test_several_sources_keep_their_names_and_their_order(tree: Path, other: Path) -> None:
    load("c", source(tree, "b"), source(other, "a"))
    before = dump("c")
    load("c", source(other), source(tree), anew=True)
    assert dump("c") == before


def test_a_source_that_is_not_named_stays(tree: Path, other: Path) -> None:
    load("c", source(tree), source(other))
    before = dump("c")
    result = load("c", source(other), anew=True)
    assert [(each.name, each.loaded, each.unchanged) for each in result.sources] == [("other", 2, 0)]
    assert result.throughput.index_hits == 0
    assert dump("c") == before
    assert left_over("c") == {}
    (other / "o.py").write_bytes(functions(2, "q"))
    load("c", source(other), anew=True)
    assert dump("c") != before
    assert problems("c") == []


def test_one_that_does_not_end_changes_nothing(tree: Path) -> None:
    load("c", source(tree))
    before = dump("c")
    (tree / "new.py").write_bytes(functions(3, "n"))
    stop = StopRequest()

    def interrupt(_: Progress) -> None:
        stop.signal = signal.SIGINT

    with Context.open("c") as context:
        result = context.load([source(tree)], anew=True, stop=stop, progress=interrupt)
        assert result.partial == "SIGINT"
        assert result.working == context.working() == before["sums"][4]
        with pytest.raises(CheckFailed, match="over the limit"):
            context.load([source(tree)], anew=True, on_full="stop", limit=10)
    assert dump("c") == before
    assert sorted(os.listdir(os.path.dirname(context_path("c")))) == ["c.db", "c.db.lock"]


def test_one_that_was_killed_before_its_file_took_the_place_is_loaded_as_ever(tree: Path) -> None:
    """At that moment the database has no log any more, and what was written beside it is still there."""
    load("c", source(tree))
    before = dump("c")
    path = context_path("c")
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    connection.close()
    os.mkdir(path + ".new")
    assert dump("c") == before
    load("c", source(tree))
    assert journal_mode("c") == "wal"
    load("c", source(tree), anew=True)
    assert dump("c") == before
    assert not os.path.exists(path + ".new")


def test_the_document_has_the_names_that_a_scan_has(tree: Path, other: Path, run: Any) -> None:
    schema = json.loads((resources.files("exosuit_cli.report") / "schemas" / "context.schema.json").read_text())

    def loaded(*arguments: object) -> dict[str, Any]:
        done = run("context", "load", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        Draft202012Validator(schema).validate(document)
        return document

    scanned = json.loads(run("scan", tree, "--json", "--tokens").stdout)
    for arguments in ((tree,), (tree, "--anew"), ("--anew", "--name", "tree")):
        document = loaded(*arguments)
        assert document["tree_digest"] == scanned["tree_digest"]
        assert document["totals"] == {name: scanned["totals"][name] for name in ("files", "bytes", "lines", "tokens")}
        assert document["chunks"]["chunks"] == document["context"]["sources"][0]["chunks"]
        assert document["throughput"].keys() - {"chunks_per_s"} == scanned["throughput"].keys() - {"device_work"}
        assert document["memory"].keys() == scanned["memory"].keys()
        assert document["memory"]["nvme"]["context_bytes"] == document["context"]["file_bytes"] > 0
        assert document["throughput"]["bytes_read"] == scanned["throughput"]["bytes_read"]
    refreshed = loaded(tree)
    assert refreshed["totals"] == document["totals"]
    assert (refreshed["chunks"]["chunks"], refreshed["throughput"]["rates_reason"] is None) == (0, False)
    both = loaded(tree, other, "--name", "tree")
    assert both["tree_digest"] is None
    assert both["totals"]["files"] == len(HOSTILE) + 2
