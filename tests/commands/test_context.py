"""What the commands of `context` accept and refuse, and what a limit leaves in the working context."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from trees import write

from exosuit_cli.commands.context import (
    context_stats,
    drop,
    export_chunks,
    find_chunk,
    find_context,
    forget_source,
    list_contexts,
    read_file,
    run_load,
)
from exosuit_cli.commands.context_request import load_request
from exosuit_cli.context import Context, context_names
from exosuit_cli.context.names import context_path, suggested_name
from exosuit_cli.model.errors import CheckFailed, ExosuitError, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = {
    "a.py": b"def a():\n    return 1\n",
    "again.py": b"def a():\n    return 1\n",
    "b.md": b"# B\n\nSome words about it.\n",
    "data.json": b'{"a": [1, 2, 3]}\n',
    "dist/made.js": b"made();\n",
    "package-lock.json": b'{"lock": true}\n',
    "tests/test_a.py": b"def test_a():\n    assert True\n",
    "vendor/lib.c": b"int lib(void);\n",
    "z.py": b"def z():\n    return 26\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path / "tree", FILES)
    return tmp_path / "tree"


def load(*paths: Path, limit: int | None = None, **given: Any) -> Any:
    request = load_request([str(path) for path in paths], given)
    return run_load(replace(request, limit=limit))


def below(name: str) -> dict[str, str | None]:
    with Context.open(name, read_only=True) as context:
        return {os.fsdecode(file.path): file.below for file in context.files()}


def tokens_of(name: str) -> dict[str, int]:
    with Context.open(name, read_only=True) as context:
        return {os.fsdecode(file.path): file.span_tokens for file in context.files()}


# Names


@pytest.mark.parametrize("name", ["a/b", "..", ".", "", "-x", ".hidden", "x" * 65, "a b", "a\n", "x.db", "é", "a\0b"])
def test_a_name_that_is_not_accepted(tree: Path, name: str) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: load(tree, name=name),
        lambda: drop(name),
        lambda: context_stats(name),
        lambda: Context.open(name, create=True),
    ]
    for attempt in attempts:
        with pytest.raises(UsageError):
            attempt()
    assert context_names() == []


def test_an_unknown_context_and_what_was_meant(tree: Path) -> None:
    with pytest.raises(UsageError, match="there is no context 'projct'; `exosuit context list`"):
        context_stats("projct")
    load(tree, name="project")
    for attempt in (context_stats, drop, lambda name: forget_source(name, "x")):
        with pytest.raises(UsageError, match="there is no context 'projct'; did you mean project"):
            attempt("projct")
    with pytest.raises(UsageError, match="no source 'x'"):
        forget_source("project", "x")


def test_which_context_is_meant(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no context yet"):
        find_context(None)
    load(tree)
    assert find_context(None) == "tree"
    write(tmp_path / "other", FILES)
    load(tmp_path / "other")
    with pytest.raises(UsageError, match="which context is meant"):
        find_context(None)
    monkeypatch.chdir(tree / "tests")
    assert find_context(None) == "tree"
    load(tree, name="twin")
    with pytest.raises(UsageError, match="--name tree or twin"):
        find_context(None)


def test_names_that_are_made_are_accepted(tmp_path: Path) -> None:
    for base in ("tree", "-", "...", "a b", "é", "x.db", "y.lock", "n" * 200, "bad\udcff", "1"):
        name = suggested_name(os.fsencode(tmp_path / base))
        assert context_path(name)
    write(tmp_path / "a b" / "c", FILES)
    write(tmp_path / "d" / "c", FILES)
    assert load(tmp_path / "a b" / "c").result.name == "c"
    assert load(tmp_path / "d" / "c").result.name == "c-2"
    assert load(tmp_path / "a b" / "c").result.name == "c"


# What is loaded


def test_a_path_that_is_not_there_leaves_no_context(tmp_path: Path, tree: Path) -> None:
    with pytest.raises(ExosuitError):
        load(tmp_path / "nothing")
    assert context_names() == []
    load(tree)
    before = list(export_chunks("tree", working=False))
    with pytest.raises(ExosuitError):
        load(tree, tmp_path / "nothing", name="tree")
    assert list(export_chunks("tree", working=False)) == before


def test_a_load_without_paths_uses_the_options_again(tree: Path) -> None:
    load(tree, max_tokens=16, include=("*.py",))
    first = list(export_chunks("tree", working=False))
    assert {chunk.path for chunk in first} == {b"a.py", b"again.py", b"tests/test_a.py", b"z.py"}
    write(tree, {"new.md": b"# New\n"})
    (source,) = load().result.sources
    assert (source.loaded, source.removed) == (0, 0)
    assert list(export_chunks("tree", working=False)) == first


def test_no_paths_and_no_sources(tree: Path) -> None:
    with pytest.raises(UsageError, match="no context yet"):
        load()
    Context.open("empty", create=True).close()
    with pytest.raises(UsageError, match="has no sources"):
        load(name="empty")
    assert context_stats("empty").sources == ()
    assert list(export_chunks("empty", working=False)) == []
    drop("empty")
    assert context_names() == []


# The limit


def test_the_limit_is_exact(tree: Path) -> None:
    load(tree)
    total = sum(tokens_of("tree").values())
    for on_full in ("demote", "prune", "stop"):
        load(tree, limit=total, on_full=on_full)
        assert set(below("tree").values()) == {None}
        assert context_stats("tree").working.tokens == total
    for on_full in ("demote", "prune"):
        load(tree, limit=total - 1, on_full=on_full)
        working = context_stats("tree").working
        assert working.tokens <= total - 1
        assert working.tokens + sum(each.tokens for each in working.below) == total
        assert list(below("tree").values()).count(None) == len(FILES) - 1
        assert len(list(export_chunks("tree", working=True))) == len(FILES) - 1
    load(tree, limit=0)
    assert context_stats("tree").working.tokens == 0
    load(tree)
    assert set(below("tree").values()) == {None}


def test_stop_changes_nothing(tree: Path) -> None:
    load(tree)
    total = sum(tokens_of("tree").values())
    load(tree, limit=total, on_full="stop")
    before = below("tree"), context_stats("tree")
    write(tree, {"more.py": b"more = 1\n"})
    with pytest.raises(CheckFailed, match=r"over the limit of .*; nothing was changed"):
        load(tree, limit=total, on_full="stop")
    assert (below("tree"), context_stats("tree")) == before
    with pytest.raises(CheckFailed):
        load(tree, limit=1, on_full="stop", name="new")
    assert context_names() == ["tree"]


def test_prune_leaves_the_least_relevant_below_first(tree: Path) -> None:
    order = [
        ("again.py", "repeated"),
        ("dist/made.js", "generated"),
        ("vendor/lib.c", "vendored"),
        ("package-lock.json", "lock file"),
        ("tests/test_a.py", "test, over the limit"),
        ("data.json", "data, over the limit"),
        ("b.md", "document, over the limit"),
        ("z.py", "over the limit"),
        ("a.py", "over the limit"),
    ]
    load(tree)
    sizes = tokens_of("tree")
    left = sum(sizes.values())
    gone: dict[str, str] = {}
    for path, reason in order:
        left -= sizes[path]
        gone[path] = reason
        load(tree, limit=left, on_full="prune")
        found = below("tree")
        assert all(found[each] is None for each in FILES if each not in gone)
        assert found[path] == reason


def test_demote_keeps_the_first_files(tree: Path) -> None:
    load(tree)
    sizes = tokens_of("tree")
    load(tree, limit=sizes["a.py"] + sizes["again.py"])
    assert [path for path, reason in below("tree").items() if reason is None] == ["a.py", "again.py"]


# Reading


def test_ids_by_their_first_digits(tree: Path) -> None:
    load(tree)
    chunks = list(export_chunks("tree", working=False))
    found = find_chunk("tree", chunks[0].id.hex()[:6].upper())
    assert found.text == FILES["a.py"]
    assert [place.path for place in found.places] == [b"a.py", b"again.py"]
    for prefix in ("", "abc", "xyz1", "0x1234", "g" * 32, "0" * 33, "12 4", "-1234", "\u0661234"):
        with pytest.raises(UsageError, match="is no id of a chunk"):
            find_chunk("tree", prefix)
    with pytest.raises(UsageError, match="has no chunk whose id begins with"):
        find_chunk("tree", "0" * 32)
    connection = sqlite3.connect(context_path("tree"))
    (first,) = connection.execute("SELECT id FROM chunks LIMIT 1").fetchone()
    connection.execute("INSERT INTO chunks VALUES (900, ?, 1, 1, 0, x'00')", (first[:8] + bytes(8),))
    connection.commit()
    connection.close()
    with pytest.raises(UsageError, match="stands for several chunks"):
        find_chunk("tree", first.hex()[:8])


def test_paths_that_are_not_text_of_the_context(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tree, {"binary": b"\0" * 10, "empty": b""})
    load(tree)
    monkeypatch.chdir(tree / "tests")
    assert b"".join(read_file("tree", "test_a.py")) == FILES["tests/test_a.py"]
    assert b"".join(read_file("tree", "../a.py")) == FILES["a.py"]
    assert b"".join(read_file("tree", "empty")) == b""
    with pytest.raises(UsageError, match="is binary"):
        list(read_file("tree", "binary"))
    for path in ("nothing", "", ".", "..", "/", "tests", "/etc/passwd", "x" * 5000):
        with pytest.raises(UsageError, match="has no file"):
            list(read_file("tree", path))
    write(tmp_path / "other", FILES)
    load(tree, tmp_path / "other", name="both")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"several sources have a file 'a\.py'"):
        list(read_file("both", "a.py"))
    assert b"".join(read_file("both", "other/a.py")) == FILES["a.py"]


# What lies in the place of a database


@pytest.mark.parametrize("kind", ["directory", "fifo", "link", "dead link", "socket"])
def test_something_else_in_the_place_of_a_database(tree: Path, tmp_path: Path, kind: str) -> None:
    path = context_path("c", create=True)
    if kind == "directory":
        os.mkdir(path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, 0o140600)
    else:
        load(tree, name="real")
        os.symlink(context_path("real") if kind == "link" else tmp_path / "nothing", path)
    for attempt in (context_stats, lambda name: load(tree, name=name)):
        with pytest.raises(UsageError, match="not a regular file"):
            attempt("c")
    listed = {each[0]: each[1] for each in list_contexts() if isinstance(each, tuple)}
    assert "not a regular file" in listed["c"]
    assert not (tmp_path / "nothing").exists()


def test_an_empty_file_is_a_context_whose_first_load_did_not_end(tree: Path) -> None:
    Path(context_path("c", create=True)).touch()
    with pytest.raises(UsageError, match="its first load did not end"):
        context_stats("c")
    load(tree, name="c")
    assert context_stats("c").sources[0].files == len(FILES)


def test_a_link_in_the_place_of_the_lock(tree: Path, tmp_path: Path) -> None:
    load(tree)
    os.unlink(context_path("tree") + ".lock")
    os.symlink(tmp_path / "planted", context_path("tree") + ".lock")
    with pytest.raises(OutputError):
        load(tree)
    assert not (tmp_path / "planted").exists()


def test_a_state_directory_whose_name_is_not_utf8(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "st\udcffate?#%41"))
    load(tree)
    assert b"".join(read_file("tree", "a.py")) == FILES["a.py"]
    assert os.listdir(os.fsencode(tmp_path) + b"/st\xffate?#%41/exosuit/contexts")
    drop("tree")
    assert context_names() == []


def test_a_contexts_directory_that_is_a_file(tree: Path) -> None:
    directory = Path(os.path.dirname(context_path("c")))
    directory.parent.mkdir(parents=True)
    directory.touch()
    for attempt in (lambda: load(tree), lambda: context_stats("c"), lambda: list(list_contexts())):
        with pytest.raises(UsageError):
            attempt()
