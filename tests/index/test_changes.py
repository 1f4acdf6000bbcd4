"""What is unchanged of an index: exactly what is as it was, and was not young."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from trees import write

from exosuit_cli.index.changes import find_unchanged
from exosuit_cli.index.path import index_path
from exosuit_cli.index.storage import FINE_SLACK_NS, load_index
from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.walk.roots import resolve_roots

from .test_index import header_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.index.index import Index


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with an index of it, made when nothing in it was young."""
    base = tmp_path / "tree"
    write(base, {"a": b"one", "b/c": b"two", "b/.gitignore": b"x", "d/e/f": b"three", "d/g": b""})
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    scan(base, ScanOptions(encoding=None))
    return base


def index_of(tree: Path) -> Index:
    path = index_path(resolve_roots([tree]), "blake3", None)
    header = header_of(path)
    return load_index(path, header["content_key"], header["walk_key"])


def unchanged(tree: Path, *, follow: bool = False) -> tuple[set[str], set[str]]:
    """The directories and the files that are unchanged."""
    index = index_of(tree)
    found = find_unchanged(index, os.fsencode(tree), follow=follow, processes=2)
    assert found.is_everything() == (found.directories.all() and found.files.all())
    paths = [os.path.join(listing.directory.path, name) for listing in index.listings for name in listing.names]
    return (
        {
            os.fsdecode(listing.directory.path)
            for listing, is_unchanged in zip(index.listings, found.directories, strict=True)
            if is_unchanged
        },
        {os.fsdecode(path) for path, is_same in zip(paths, found.files, strict=True) if is_same},
    )


DIRECTORIES = {"", "b", "d", "d/e"}
FILES = {"a", "b/c", "b/.gitignore", "d/e/f", "d/g"}


def test_an_unchanged_tree_is_found_unchanged(tree: Path) -> None:
    assert unchanged(tree) == (DIRECTORIES, FILES)
    assert unchanged(tree, follow=True) == (DIRECTORIES, FILES)


def _write_with_the_old_times(path: Path) -> None:
    before = path.stat()
    path.write_bytes(bytes(reversed(path.read_bytes())))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace_by_a_copy(path: Path) -> None:
    shutil.copy2(path, path.with_name("copy"))
    path.with_name("copy").rename(path)


@pytest.mark.parametrize(
    ("change", "directories", "files"),
    [
        (lambda base: (base / "a").write_bytes(b"new"), set(), {"a"}),
        (lambda base: _write_with_the_old_times(base / "a"), set(), {"a"}),
        (lambda base: (base / "a").chmod(0o755), set(), {"a"}),
        (lambda base: os.utime(base / "a", ns=(0, 0)), set(), {"a"}),
        (lambda base: _replace_by_a_copy(base / "b" / "c"), {"b"}, {"b/c"}),
        (lambda base: (base / "d" / "g").unlink(), {"d"}, {"d/g"}),
        (lambda base: (base / "d" / "new").touch(), {"d"}, set()),
        (lambda base: (base / "d" / "e").rename(base / "d" / "h"), {"d", "d/e"}, {"d/e/f"}),
        (lambda base: shutil.rmtree(base / "d"), {"", "d", "d/e"}, {"d/e/f", "d/g"}),
        (lambda base: (base / "b" / ".gitignore").write_bytes(b"y"), {"b"}, {"b/.gitignore"}),
        (lambda base: ((base / "d" / "g").unlink(), (base / "d" / "g").symlink_to("../a")), {"d"}, {"d/g"}),
        (lambda base: ((base / "d" / "g").unlink(), (base / "d" / "g").mkdir()), {"d"}, {"d/g"}),
    ],
)
def test_what_changed_does_not_stand(
    tree: Path, change: Callable[[Path], object], directories: set[str], files: set[str]
) -> None:
    change(tree)
    assert unchanged(tree) == (DIRECTORIES - directories, FILES - files)


def test_what_was_young_does_not_stand(tree: Path) -> None:
    (tree / "d" / "g").write_bytes(b"young")
    (tree / "b" / "new").touch()
    scan(tree, ScanOptions(encoding=None))
    assert unchanged(tree) == (DIRECTORIES - {"b"}, FILES - {"d/g"})


def test_a_directory_behind_a_link_is_changed(tree: Path) -> None:
    (tree / "d").rename(tree / "elsewhere")
    (tree / "d").symlink_to("elsewhere")
    assert not {"d", "d/g"} & set.union(*unchanged(tree))


SHARED = """
import os, sys
from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.index.path import index_path
from exosuit_cli.index.storage import load_index
from exosuit_cli.index.changes import SHARE_FILES, find_unchanged
from exosuit_cli.walk.roots import resolve_roots
from exosuit_cli.system.forked import start_method
base, content_key, walk_key = sys.argv[1:]
index = load_index(index_path(resolve_roots([base]), "blake3", None), content_key, walk_key)
assert start_method() == "fork" and len(index.rows) > 2 * SHARE_FILES
one, two, nine = (find_unchanged(index, os.fsencode(base), follow=False, processes=count) for count in (1, 2, 9))
for other in (two, nine):
    assert (one.directories == other.directories).all() and (one.files == other.files).all()
print(int((~one.files).sum()), int((~one.directories).sum()))
"""


def test_shares_of_processes_are_the_whole(tmp_path: Path) -> None:
    base = tmp_path / "tree"
    for directory in range(30):
        (base / f"d{directory}").mkdir(parents=True)
        for number in range(150):
            (base / f"d{directory}" / str(number)).touch()
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    scan(base, ScanOptions(encoding=None))
    for directory in (0, 14, 15, 29):
        (base / f"d{directory}" / "7").write_bytes(b"changed")
        (base / f"d{directory}" / "8").unlink()
    header = header_of(index_path(resolve_roots([base]), "blake3", None))
    done = subprocess.run(
        [sys.executable, "-c", SHARED, base, header["content_key"], header["walk_key"]],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("8 4\n", "")


def test_an_empty_index(tmp_path: Path) -> None:
    scan(tmp_path, ScanOptions(encoding=None))
    index = index_of(tmp_path)
    found = find_unchanged(index, os.fsencode(tmp_path), follow=False, processes=2)
    assert (len(found.directories), len(found.files)) == (1, 0)
