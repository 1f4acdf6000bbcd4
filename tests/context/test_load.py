"""What a load keeps is the tree: its bytes, the chunks that `exosuit chunk` cuts, the tokens that a scan counts."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from blake3 import blake3

from exosuit_cli.chunk.options import SEGMENT_BYTES
from exosuit_cli.commands.context import export_chunks, read_file
from exosuit_cli.context import Context
from exosuit_cli.context.database import OtherSources
from exosuit_cli.context.names import context_path
from exosuit_cli.ingest import scan
from exosuit_cli.report.context.jsonl import write_chunks
from exosuit_cli.tiers.frames import FIRST_DICTIONARY

from .stores import HOSTILE, ONE_PROCESS, dump, functions, left_over, load, problems, source, text_of, write_bytes

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    RunExosuit = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    write_bytes(root, HOSTILE)
    os.link(root / "a.py", root / "linked.py")
    (root / "linked").symlink_to("sub")
    (root / "a.py").chmod(0o755)
    return root


def exported(name: str, path: Path, *, text: bool = True) -> list[dict[str, Any]]:
    with open(path, "wb") as file:
        write_chunks(file, export_chunks(name, working=False), text=text)
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def is_utf8(path: bytes) -> bool:
    return path.decode(errors="replace").encode() == path


def test_every_text_file_is_given_back_as_it_is(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("c", source(tree))
    monkeypatch.chdir(tree.parent)
    for name, content in HOSTILE.items():
        if name != b"binary.bin":
            assert b"".join(read_file("c", os.fsdecode(name))) == content, name
            assert b"".join(read_file("c", os.fsdecode(b"tree/" + name))) == content, name
            assert b"".join(read_file("c", str(tree / os.fsdecode(name)))) == content, name
    assert problems("c") == []
    assert left_over("c") == {}


def test_an_export_has_the_records_of_chunk(tree: Path, tmp_path: Path, run: RunExosuit) -> None:
    load("c", source(tree))
    done = run("chunk", tree, "-o", tmp_path / "chunk.jsonl")
    assert done.returncode == 0, done.stderr
    cut = [json.loads(line) for line in (tmp_path / "chunk.jsonl").read_bytes().splitlines()]
    found = exported("c", tmp_path / "context.jsonl")
    fields = ("id", "path", "path_b64", "start_byte", "end_byte", "start_line", "end_line", "tokens", "language")
    names = (*fields, "boundary", "symbol", "flags", "previous", "next")

    def key(record: dict[str, Any]) -> tuple[object, ...]:
        return tuple(record.get(name) for name in names)

    assert sorted(map(key, found), key=repr) == sorted(map(key, cut), key=repr)
    kept = {frozenset(record) - {"symbols", "guessed"} for record in cut}  # a context does not keep these
    assert {frozenset(record) for record in found} == kept
    texts = {record["id"]: record["text"] for record in cut if record["text"] is not None}
    assert {record["id"]: record["text"] for record in found if record["text"] is not None} == texts
    assert all((record["text"] is None) == (record["duplicate_of"] is not None) for record in found)
    assert all("text" not in record for record in exported("c", tmp_path / "context.jsonl", text=False))


def test_files_and_sums_are_those_of_a_scan(tree: Path) -> None:
    load("c", source(tree))
    result = scan(tree, ONE_PROCESS)
    held = dump("c")
    (found,) = held["sources"]
    totals = result.totals
    assert found[4:9] == (result.tree_digest, totals.files, totals.bytes, totals.lines, totals.tokens)
    rows = dict(zip(result.paths, result.rows, strict=True))
    for _, path, digest, executable, size, lines, tokens, *_ in held["files"]:
        row = rows.pop(path)
        assert (digest, size) == (bytes(row["digest"])[:32], row["size"])
        assert executable == row["executable"]
        assert (lines, tokens) == ((None, None) if row["lines"] < 0 else (row["lines"], row["tokens"]))
    assert not rows


def test_every_chunk_has_the_digest_of_its_id_and_is_found_by_it(tree: Path) -> None:
    load("c", source(tree))
    with Context.open("c", read_only=True) as context:
        chunks = list(context.iterate())
        assert chunks
        for chunk in chunks:
            assert chunk.text is not None
            assert blake3(chunk.text).digest(16) == chunk.id
            assert context.get(chunk.id) == context.get(chunk.id.hex()) == chunk.text
            assert replace(chunk, text=None) in context.places(chunk.id)
        assert context.get_many([each.id for each in chunks]) == [each.text for each in chunks]
        assert context.get_many([b"\0" * 16]) == [None]
        assert len({each.id for each in chunks}) == context.stats().chunks < len(chunks)
        assert sorted(chunks, key=lambda each: (not is_utf8(each.path), each.path, each.start_byte)) == chunks


def test_a_file_of_several_segments(tmp_path: Path) -> None:
    line = "é, a line of words\n".encode() * 100
    large = b"".join(b"%d\n" % number + line for number in range(SEGMENT_BYTES // len(line) + 10))
    write_bytes(tmp_path / "tree", {b"large.txt": large, b"small.txt": line})
    load("c", source(tmp_path / "tree"))
    assert text_of("c", b"large.txt") == large
    assert problems("c") == []


def test_enough_text_trains_a_dictionary_that_changes_nothing_that_is_read(tmp_path: Path) -> None:
    few = {b"%d.py" % number: functions(20, f"_{number}") for number in range(10)}
    many = {b"m/%d.py" % number: functions(60, f"_m{number}") for number in range(200)}
    write_bytes(tmp_path / "tree", few)
    load("c", source(tmp_path / "tree"))
    write_bytes(tmp_path / "tree", many)
    load("c", source(tmp_path / "tree"))
    load("fresh", source(tmp_path / "tree"))
    assert dump("c") == dump("fresh")
    with Context.open("fresh") as context:
        codecs = context.connection.execute("SELECT DISTINCT codec FROM chunks").fetchall()
        assert codecs == [(FIRST_DICTIONARY,)]
        before, after = context.compact()
        assert after <= before
        assert context.chunks.damaged == 0
    assert dump("c") == dump("fresh")
    assert problems("fresh") == []


def test_several_sources_begin_their_paths_with_their_names(tmp_path: Path) -> None:
    write_bytes(tmp_path / "one", {b"a.txt": b"one\n", b"same": b"the same\n" * 20})
    write_bytes(tmp_path / "two" / "one", {b"a.txt": b"two\n", b"same": b"the same\n" * 20})
    load("c", source(tmp_path / "one"))
    assert text_of("c", b"a.txt") == b"one\n"
    load("c", source(tmp_path / "two" / "one"))
    assert text_of("c", b"one/a.txt") == b"one\n"
    assert text_of("c", b"one-2/a.txt") == b"two\n"
    with Context.open("c") as context:
        assert context.stats().chunks == 3
        context.forget("one")
    assert text_of("c", b"a.txt") == b"two\n"
    assert left_over("c") == {}
    assert problems("c") == []


def test_a_load_that_adds_no_source_refuses_another_one(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a" / "tree", {b"a.py": b"x = 1\n"})
    write_bytes(tmp_path / "b" / "tree", {b"b.py": b"y = 1\n"})
    with Context.open("tree", create=True) as context:
        assert context.load([source(tmp_path / "a" / "tree")], adds=False).sources[0].loaded == 1
        before = dump("tree")
        with pytest.raises(OtherSources, match="'tree' has other sources"):
            context.load([source(tmp_path / "b" / "tree")], adds=False)
        assert dump("tree") == before
        assert context.load([source(tmp_path / "a" / "tree")], adds=False).sources[0].unchanged == 1


def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    write_bytes(tmp_path, {b"d/a.py": functions(5), b"d/b.py": b"other\n"})
    load("c", source(tmp_path / "d" / "a.py"))
    assert [each[1] for each in dump("c")["files"]] == [b"a.py"]
    write_bytes(tmp_path, {b"d/a.py": functions(6)})
    load("c", source(tmp_path / "d" / "a.py"))
    assert text_of("c", b"a.py") == functions(6)
    load("fresh", source(tmp_path / "d" / "a.py"))
    assert dump("c") == dump("fresh")


def test_worker_processes_change_nothing(tree: Path) -> None:
    load("one", source(tree))
    load("two", source(tree, options=replace(ONE_PROCESS, workers=2, batch_files=3)))
    assert dump("one") == dump("two")


def test_an_empty_tree(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    load("c", source(tmp_path / "tree"))
    assert dump("c")["files"] == []
    assert problems("c") == []
    write_bytes(tmp_path / "tree", {b"a": b"a\n"})
    load("c", source(tmp_path / "tree"))
    assert text_of("c", b"a") == b"a\n"


def test_a_context_of_the_first_version_goes_on_as_one_of_this(tmp_path: Path) -> None:
    write_bytes(tmp_path / "tree", {b"a.py": functions(30)})
    load("n", source(tmp_path / "tree"))
    with closing(sqlite3.connect(context_path("n"))) as connection:
        connection.execute("CREATE TRIGGER chunk_came AFTER INSERT ON chunks BEGIN UPDATE totals SET chunks = 900; END")
        connection.execute("PRAGMA user_version = 1")
    write_bytes(tmp_path / "tree", {b"b.py": functions(30, "_other")})
    load("n", source(tmp_path / "tree"))
    load("new", source(tmp_path / "tree"))
    assert dump("n") == dump("new")
    assert not problems("n")
