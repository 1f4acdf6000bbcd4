"""A context that was refreshed equals one that was loaded anew; what has not changed is neither read nor cut again."""

from __future__ import annotations

import os
import random
import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.context import Context, drop_context
from exosuit_cli.index.storage import FINE_SLACK_NS
from exosuit_cli.model.errors import UsageError

from .stores import ONE_PROCESS, dump, functions, left_over, load, problems, source, text_of, write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from exosuit_cli.context import SourceRequest
    from exosuit_cli.ingest.progress import Progress

NAMES = [b"a.py", b"b.md", b"d/c.c", b"d/e/f.txt", b"bad\xff", b"empty", b"d/bin"]
CONTENTS = [
    b"",
    b"x",
    b"words and words\n" * 40,
    b"# One\n\ntext\n\n# Two\n\nmore\n" * 20,
    functions(12),
    functions(12) + functions(1, "_more"),
    functions(1, "_more") + functions(12),
    b"\0binary" * 10,
    b"r\xe9sum\xe9\n" + b"ASCII\n" * 50,
]
CHOICES = [
    {},
    {"max_tokens": 64},
    {"overlap": 20},
    {"options": replace(ONE_PROCESS, walk=WalkOptions(include=("*.py", "d")))},
    {"options": replace(ONE_PROCESS, max_file_size=100)},
]


def settle() -> None:
    """Wait until what was just written is too old to be taken for racy."""
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)


def change(root: Path, choose: random.Random) -> None:
    """One edit of a tree."""
    path = os.path.join(os.fsencode(root), choose.choice(NAMES))
    kind = choose.choice(["write", "write", "write", "delete", "rename", "mode", "touch", "tree", "append"])
    if kind == "write":
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(choose.choice(CONTENTS))
    elif kind == "tree":
        shutil.rmtree(os.path.join(os.fsencode(root), b"d"), ignore_errors=True)
    elif os.path.exists(path):
        if kind == "delete":
            os.unlink(path)
        elif kind == "rename":
            to = os.path.join(os.fsencode(root), choose.choice(NAMES))
            os.makedirs(os.path.dirname(to), exist_ok=True)
            os.rename(path, to)
        elif kind == "mode":
            os.chmod(path, choose.choice([0o644, 0o755]))
        elif kind == "touch":
            os.utime(path)
        else:
            with open(path, "ab") as file:
                file.write(b"one more line\n")


@pytest.mark.parametrize("seed", range(4))
def test_a_refreshed_context_equals_a_fresh_one(tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)
    roots = [tmp_path / "one", tmp_path / "two"]
    for root in roots:
        root.mkdir()
        for _ in range(8):
            change(root, choose)
    choices = [dict(CHOICES[0]), dict(CHOICES[0])]
    limit = None
    for _ in range(5):
        for root in roots:
            for _ in range(choose.randrange(3)):
                change(root, choose)
        if choose.random() < 0.4:
            choices[choose.randrange(2)] = dict(choose.choice(CHOICES))
        if choose.random() < 0.4:
            limit = choose.choice([None, 0, 100, 500, 2000])
        on_full = choose.choice(["demote", "prune"])
        requests = [source(root, **chosen) for root, chosen in zip(roots, choices, strict=True)]
        load("c", *requests, limit=limit, on_full=on_full)
        load("fresh", *requests, limit=limit, on_full=on_full)
        assert dump("c") == dump("fresh")
        assert problems("c") == []
        assert left_over("c") == {}
        drop_context("fresh")


def test_an_unchanged_tree_is_neither_read_nor_cut(tmp_path: Path) -> None:
    write_bytes(tmp_path / "tree", {b"%d.py" % number: functions(3, f"_{number}") for number in range(20)})
    first = load("c", source(tmp_path / "tree"))
    settle()
    load("c", source(tmp_path / "tree"))  # the index now trusts what is old enough
    before = dump("c")
    (again,) = load("c", source(tmp_path / "tree")).sources
    assert (again.unchanged, again.loaded, again.removed, again.chunks, again.bytes_read) == (20, 0, 0, 0, 0)
    assert dump("c") == before
    assert first.sources[0].loaded == 20


def test_only_what_changed_is_read_and_cut(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_bytes(tree, {b"%d.py" % number: functions(3, f"_{number}") for number in range(20)})
    load("c", source(tree))
    settle()
    load("c", source(tree))
    write_bytes(tree, {b"7.py": b"changed = 1\n", b"new.py": b"new = 1\n"})
    (tree / "3.py").unlink()
    os.utime(tree / "5.py")
    os.chmod(tree / "6.py", 0o755)
    (again,) = load("c", source(tree)).sources
    assert (again.loaded, again.unchanged, again.removed, again.chunks) == (2, 18, 1, 2)
    touched = (tree / "5.py").stat().st_size + (tree / "6.py").stat().st_size
    assert again.bytes_read <= touched + len(b"changed = 1\nnew = 1\n")
    assert text_of("c", b"7.py") == b"changed = 1\n"
    load("fresh", source(tree))
    assert dump("c") == dump("fresh")


def test_a_file_that_changes_between_the_scan_and_the_cut(tmp_path: Path) -> None:
    """The next load sees it, whatever this one made of it."""
    tree = tmp_path / "tree"
    write_bytes(tree, {b"a.py": functions(3), b"b.py": functions(4), b"c.py": functions(5)})
    load("c", source(tree))
    settle()
    load("c", source(tree))
    write_bytes(tree, {b"a.py": b"first = 1\n", b"b.py": b"first = 2\n"})
    done = False

    def progress(_: Progress) -> None:
        nonlocal done
        if not done:
            done = True
            write_bytes(tree, {b"a.py": b"second = 1\n"})
            (tree / "b.py").unlink()

    load("c", source(tree), progress=progress)
    assert done
    assert problems("c") == []
    load("c", source(tree))
    load("fresh", source(tree))
    assert dump("c") == dump("fresh")
    assert text_of("c", b"a.py") == b"second = 1\n"


def test_options_that_change_cut_anew(tmp_path: Path) -> None:
    write_bytes(tmp_path / "tree", {b"a.py": functions(40), b"b.txt": b"words\n" * 200})
    load("c", source(tmp_path / "tree"))
    few = dump("c")
    (done,) = load("c", source(tmp_path / "tree", max_tokens=32)).sources
    assert done.loaded == 2
    assert len(dump("c")["chunks"]) > len(few["chunks"])
    load("c", source(tmp_path / "tree"))
    assert dump("c") == few
    assert left_over("c") == {}


def test_another_encoding_needs_all_sources(tmp_path: Path) -> None:
    trees: list[SourceRequest] = []
    for name in ("one", "two"):
        write_bytes(tmp_path / name, {b"a.py": functions(10)})
        trees.append(source(tmp_path / name))
    load("c", *trees)
    others = [source(tmp_path / name, encoding="cl100k_base") for name in ("one", "two")]
    before = dump("c")
    with pytest.raises(UsageError, match="several encodings"):
        load("c", others[0])
    assert dump("c") == before
    load("c", *others)
    load("fresh", *others)
    assert dump("c") == dump("fresh")
    assert dump("c")["sums"][0] == "cl100k_base"


def test_a_source_that_is_loaded_alone_leaves_the_others(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_bytes(tmp_path / name, {b"a.py": functions(3, name), b"same.py": functions(6)})
    load("c", source(tmp_path / "one"), source(tmp_path / "two"))
    write_bytes(tmp_path / "one", {b"a.py": b"one = 1\n"})
    (tmp_path / "one" / "same.py").unlink()
    load("c", source(tmp_path / "one"))
    load("fresh", source(tmp_path / "one"), source(tmp_path / "two"))
    assert dump("c") == dump("fresh")
    assert left_over("c") == {}


def test_a_reader_goes_on_with_what_it_began(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_bytes(tree, {b"%02d.py" % number: functions(2, f"_{number}") for number in range(30)})
    load("c", source(tree))
    with Context.open("c", read_only=True) as context:
        expected = list(context.iterate())
        reading = context.iterate()
        found = [next(reading)]
        shutil.rmtree(tree)
        write_bytes(tree, {b"other.py": b"other = 1\n"})
        load("c", source(tree))
        found += reading
        assert found == expected
        assert [each.path for each in context.iterate()] == [b"other.py"]


def test_a_load_that_finds_nothing_changed_writes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    write_bytes(root, {b"a.py": functions(3), b"b.txt": b"words\n"})
    settle()
    load("n", source(root))
    with Context.open("n", create=True) as context, Context.open("n", read_only=True) as other:
        (before,) = other.connection.execute("PRAGMA data_version").fetchone()
        (again,) = context.load([source(root)]).sources
        assert (again.unchanged, again.loaded, again.removed) == (2, 0, 0)
        assert other.connection.execute("PRAGMA data_version").fetchone() == (before,)
        assert context.load([source(root)], limit=1).working.tokens == 0  # another limit is written down
        assert other.placing() == (1, "demote")
        assert context.load([source(root, name="other")], limit=1).working.limit == 1
        write_bytes(root, {b"b.txt": b"other words\n"})
        assert context.load([source(root)], limit=1).sources[0].loaded == 1
    assert not problems("n")


def test_files_that_change_in_place_are_replaced_or_go(tmp_path: Path) -> None:
    root, limited = tmp_path / "tree", replace(ONE_PROCESS, max_file_size=1000)
    write_bytes(root, {b"a.py": functions(3), b"d/b.txt": b"words\n", b"d/c.txt": b"more\n", b"e.txt": b"x" * 2000})
    settle()
    load("n", source(root, options=limited))
    settle()
    load("n", source(root, options=limited))
    for path, content in ((b"a.py", functions(4)), (b"d/b.txt", b"x" * 2000), (b"e.txt", b"short\n")):
        with open(os.path.join(os.fsencode(root), path), "r+b") as file:  # no directory changes
            file.write(content)
            file.truncate(len(content))
    (again,) = load("n", source(root, options=limited)).sources
    assert (again.files, again.unchanged, again.loaded, again.removed) == (3, 1, 2, 1)
    os.chmod(root / "d" / "c.txt", 0o755)
    assert load("n", source(root, options=limited)).sources[0].loaded == 0
    load("new", source(root, options=limited))
    assert dump("n") == dump("new")
    assert not problems("n")
