"""Rows of files that one scan leaves out are there for the next one."""

from __future__ import annotations

import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from trees import write

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.index.kept import MOST_AGE
from exosuit_cli.index.path import index_path
from exosuit_cli.index.storage import FINE_SLACK_NS, load_index
from exosuit_cli.ingest import ScanOptions, scan, scan_names
from exosuit_cli.system.stop import StopRequest
from exosuit_cli.walk.roots import resolve_roots

from .test_index import header_of

OPTIONS = ScanOptions(encoding=None)
ALL = replace(OPTIONS, walk=WalkOptions(ignore=False))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {".gitignore": b"build/\n", ".hidden": b"h", "a.py": b"aaa", "b/c.py": b"ccc", "b/d.txt": b"dd dd dd dd"}
    write(tmp_path / "tree", {**files, "build/x.py": b"xxx", "build/deep/y.o": b"yyy"})
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    return tmp_path / "tree"


def kept_paths(tree: Path) -> set[bytes]:
    path = index_path(resolve_roots([tree]), "blake3", None)
    header = header_of(path)
    kept = load_index(path, header["content_key"], header["walk_key"]).kept
    return {os.path.join(directory, name) for directory, group in kept.groups.items() for name in group.names}


def bytes_read(tree: Path, options: ScanOptions) -> int:
    result = scan(tree, options)
    assert result.throughput.index_hits + result.throughput.bytes_read > 0
    return result.throughput.bytes_read


@pytest.mark.parametrize(
    "selected",
    [
        replace(OPTIONS, walk=WalkOptions(include=("*.py",))),
        replace(OPTIONS, walk=WalkOptions(include=("/b",))),
        replace(OPTIONS, walk=WalkOptions(exclude=("*.py",))),
        replace(OPTIONS, walk=WalkOptions(exclude=("b",))),
        replace(OPTIONS, walk=WalkOptions(hidden=False)),
        replace(OPTIONS, max_file_size=5),
        ALL,
    ],
)
@pytest.mark.parametrize("whole", [OPTIONS, ALL])
def test_a_scan_after_another_selection_reads_nothing_again(
    tree: Path, whole: ScanOptions, selected: ScanOptions
) -> None:
    scan(tree, whole)
    scan(tree, selected)
    assert bytes_read(tree, whole) == 0
    assert bytes_read(tree, selected) == 0


def test_what_changed_while_it_was_left_out_is_read(tree: Path) -> None:
    scan(tree, ALL)
    scan(tree, OPTIONS)
    (tree / "build" / "x.py").write_bytes(b"other")
    again = scan(tree, ALL)
    assert again.throughput.bytes_read == len(b"other")
    assert again.paths == scan(tree, replace(ALL, use_index=False)).paths


def test_a_file_that_is_gone_is_forgotten_where_a_walk_looked(tree: Path) -> None:
    scan(tree, OPTIONS)
    only_python = replace(OPTIONS, walk=WalkOptions(include=("*.py",)))
    scan(tree, only_python)
    assert kept_paths(tree) == {b".gitignore", b".hidden", b"b/d.txt"}
    (tree / ".hidden").unlink()
    (tree / "b" / "d.txt").unlink()
    (tree / "b" / "d.txt").mkdir()
    scan(tree, only_python)
    assert kept_paths(tree) == {b".gitignore"}


def test_a_directory_that_is_gone_is_forgotten(tree: Path) -> None:
    scan(tree, ALL)
    scan(tree, OPTIONS)
    assert kept_paths(tree) == {b"build/x.py", b"build/deep/y.o"}
    shutil.rmtree(tree / "build")
    scan(tree, OPTIONS)
    assert kept_paths(tree) == set()


def test_where_no_walk_looks_rows_are_kept_for_some_scans(tree: Path) -> None:
    scan(tree, ALL)
    for number in range(MOST_AGE):
        (tree / "a.py").write_bytes(b"x" * number)  # an unchanged index would not be written
        scan(tree, OPTIONS)
        assert kept_paths(tree) == {b"build/x.py", b"build/deep/y.o"}
    (tree / "a.py").write_bytes(b"once more")
    scan(tree, OPTIONS)
    assert kept_paths(tree) == set()


def test_lists_of_names_share_their_rows(tree: Path) -> None:
    names = [b"a.py", b"b/c.py", b"b/d.txt"]
    scan_names(tree, names, OPTIONS)
    assert scan_names(tree, names[:1], OPTIONS).throughput.bytes_read == 0
    (tree / "new").write_bytes(b"new")
    more = scan_names(tree, [*names, b"new"], OPTIONS)
    assert (more.throughput.index_hits, more.throughput.bytes_read) == (3, 3)
    assert more.paths == [b"a.py", b"b/c.py", b"b/d.txt", b"new"]


def test_an_interrupted_scan_leaves_the_index_as_it_was(tree: Path) -> None:
    scan(tree, ALL)
    index = Path(index_path(resolve_roots([tree]), "blake3", None))
    before = index.read_bytes()
    stop = StopRequest()
    stop.signal = signal.SIGINT
    assert scan(tree, replace(OPTIONS, walk=WalkOptions(include=("a.py",))), stop=stop).partial == "SIGINT"
    assert index.read_bytes() == before
