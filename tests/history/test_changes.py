"""What differs from a commit, beside `git diff` and `git apply`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from git_repositories import commit_files, git

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.history import Changes, HistoryError, changed_since
from exosuit_cli.history.renames import renames

if TYPE_CHECKING:
    from pathlib import Path

_LINES = b"".join(b"line %d\n" % number for number in range(60))


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """One commit, and a work tree with a change of every kind after it."""
    top = tmp_path / "project"
    top.mkdir()
    git(top, "init", "-q")
    odd = os.fsdecode(b"src/\xff\n.txt")
    first = {
        "same.txt": b"same\n", "changed.txt": _LINES, "gone.txt": b"gone\n", "src/old_name.py": _LINES * 2,
        "src/copied.py": b"one\n" * 30, odd: b"odd\n", "binary": b"\0\1", "windows.txt": b"a\nb\n", "no_newline": b"x",
        "mixed.txt": b"a\nb\nc\n", "to_link": b"text\n", ".gitignore": b"ignored*\n", "kept.log": b"log\n",
        "windows_edited.txt": b"a\nb\nc\n", "large.txt": b"large\n" * 800_000,
    }  # fmt: skip
    commit_files(top, first, "first", 1000)
    (top / "changed.txt").write_bytes(_LINES.replace(b"line 7\n", b"line seven\n").replace(b"line 50\n", b""))
    (top / "gone.txt").unlink()
    (top / "src/old_name.py").rename(top / "src/new_name.py")
    (top / "src/new_name.py").write_bytes(_LINES * 2 + b"more\n")
    (top / "src/copied.py").rename(top / "src/moved.py")
    (top / odd).write_bytes(b"odder\n")
    (top / "binary").write_bytes(b"\0\2")
    (top / "windows.txt").write_bytes(b"a\r\nb\r\n")
    (top / "windows_edited.txt").write_bytes(b"a\r\nB\r\nc\r\n")
    (top / "no_newline").write_bytes(b"y")
    (top / "to_link").unlink()
    (top / "to_link").symlink_to("/etc/hostname")
    (top / "untracked.txt").write_bytes(b"new\n")
    (top / "ignored.txt").write_bytes(b"ignored\n")
    (top / "large.txt").write_bytes(b"Large\n" * 800_000)
    (top / "kept.log").unlink()
    git(top, "init", "-q", "nested")
    commit_files(top / "nested", {"file": b"of another repository\n"}, "nested", 1000)
    return top


def _by_path(changes: Changes) -> dict[bytes, tuple[str, bytes | None]]:
    return {change.path: (change.status, change.old_path) for change in changes.files}


def test_every_kind_of_change_is_told(edited: Path) -> None:
    expected: dict[bytes, tuple[str, bytes | None]] = {
        b"changed.txt": ("modified", None),
        b"gone.txt": ("deleted", None),
        b"kept.log": ("deleted", None),
        b"src/new_name.py": ("renamed", b"src/old_name.py"),
        b"src/moved.py": ("renamed", b"src/copied.py"),
        b"src/\xff\n.txt": ("modified", None),
        b"binary": ("modified", None),
        b"windows_edited.txt": ("modified", None),
        b"no_newline": ("modified", None),
        b"untracked.txt": ("added", None),
        b"large.txt": ("modified", None),
    }
    found = changed_since(edited, "HEAD")
    assert _by_path(found) == expected
    assert found.commit == git(edited, "rev-parse", "HEAD")
    below = changed_since(edited / "src", "HEAD")
    assert _by_path(below) == {
        path[4:]: (status, old and old[4:]) for path, (status, old) in expected.items() if path.startswith(b"src/")
    }
    assert _by_path(changed_since(edited, "HEAD", roots=(b"src",))).keys() == {
        path for path in expected if path.startswith(b"src/")
    }
    chosen = changed_since(edited, "HEAD", WalkOptions(exclude=("*.log", "src")))
    assert _by_path(chosen).keys() == {
        path for path in expected if not path.startswith(b"src/") and not path.endswith(b".log")
    }
    os.unlink(edited / ".git/index")
    assert _by_path(changed_since(edited, "HEAD")) == expected, "the index saves time and decides nothing"


def test_hunks_are_those_of_git(edited: Path) -> None:
    changes = {change.path: change.hunks for change in changed_since(edited, "HEAD", with_hunks=True).files}
    by_git = git(edited, "diff", "HEAD", "--", "changed.txt", "no_newline")
    for path in (b"changed.txt", b"no_newline"):
        assert changes[path].text.decode().rstrip("\n") in by_git
    assert (changes[b"changed.txt"].added, changes[b"changed.txt"].removed) == (1, 2)
    assert changes[b"windows_edited.txt"].text.endswith(b"@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n")
    assert changes[b"gone.txt"].text == b"--- a/gone.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n"
    assert changes[b"src/moved.py"].text == b""
    assert changes[b"src/new_name.py"].text.startswith(b"--- a/src/old_name.py\n+++ b/src/new_name.py\n@@ -118,3")
    assert b"+++ b/src/\\xff\\n.txt\n" in changes[b"src/\xff\n.txt"].text
    assert changes[b"binary"].why_none == "binary"
    assert changes[b"large.txt"].why_none == "larger than 4 MiB"


def test_nothing_differs_right_after_a_commit_or_in_a_sparse_checkout(edited: Path) -> None:
    git(edited, "add", "-A")
    git(edited, "commit", "-q", "-m", "second")
    assert changed_since(edited, "HEAD").files == ()
    assert len(changed_since(edited, "HEAD~1").files) == 12, "windows.txt has CRLF now; link and nested are no files"
    git(edited, "sparse-checkout", "set", "--no-cone", "/changed.txt", "/.gitignore")
    assert not (edited / "src/moved.py").exists()
    assert changed_since(edited, "HEAD").files == ()


def test_a_bare_repository_has_no_files(edited: Path) -> None:
    with pytest.raises(HistoryError, match="bare"):
        changed_since(edited / ".git", "HEAD")


def test_a_file_is_renamed_once_and_by_its_name_first() -> None:
    texts = {b"a/x": b"1\n2\n3\n", b"b/x": b"1\n2\n3\n", b"c/y": b"1\n2\n4\n"}
    found = renames({b"a/x": b"A"}, {b"c/y": b"C", b"b/x": b"A"}, texts.get, texts.get)
    assert found == {b"b/x": b"a/x"}
    assert renames({b"a/x": b"A"}, {b"c/y": b"C"}, texts.get, texts.get) == {b"c/y": b"a/x"}
    texts[b"c/y"] = b"9\n8\n4\n"
    assert renames({b"a/x": b"A"}, {b"c/y": b"C"}, texts.get, texts.get) == {}
