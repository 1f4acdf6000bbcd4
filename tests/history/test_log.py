"""Commits and revisions beside what git says of them; repositories that lead elsewhere are refused."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from git_repositories import commit_files, git

from exosuit_cli.history import HistoryError, NoRepository, commits
from exosuit_cli.history.references import names, resolve
from exosuit_cli.history.repository import open_history

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten commits with a merge, a rename, a deletion, names that are not UTF-8; partly packed."""
    top = tmp_path_factory.mktemp("log")
    git(top, "init", "-q")
    odd = os.fsdecode(b"src/\xff.txt")
    commit_files(top, {"a.txt": b"one\n", "src/b.py": b"x = 1\n" * 20, "src/deep/c": b"c"}, "first", 1000)
    commit_files(top, {"a.txt": b"two\n"}, "second\n\nwith a body", 2000)
    git(top, "tag", "-a", "v1", "-m", "release", at=2000)
    git(top, "checkout", "-q", "-b", "topic/one")
    commit_files(top, {"src/deep/c": b"cc", odd: b"odd"}, "on a branch", 3000)
    git(top, "gc", "-q")
    git(top, "checkout", "-q", "main")
    commit_files(top, {"src/b.py": None, "src/moved.py": b"x = 1\n" * 20}, "rename", 4000)
    git(top, "merge", "-q", "--no-ff", "-m", "merge", "topic/one", at=5000)
    commit_files(top, {"src/deep/c": None, "a.txt": b"3"}, "delete", 6000)
    commit_files(top, {}, "nothing", 7000)
    return top


def _by_git(top: Path, below: str = "") -> list[tuple[str, int, list[str]]]:
    printed = git(top, "log", "--no-merges", "--no-renames", "--name-only", "-z", "--format=%x01%H %ct", "--date-order")
    found = []
    for record in printed.split("\x01")[1:]:
        head, _, rest = record.partition("\0")
        name, time = head.split()
        paths = sorted(path.strip("\n") for path in rest.split("\0") if path.strip("\n"))
        paths = [path.removeprefix(below) for path in paths if path.startswith(below)]
        if paths:
            found.append((name, int(time), paths))
    return found


@pytest.mark.parametrize("below", ["", "src/", "src/deep/"])
def test_commits_are_those_of_git(repository: Path, below: str) -> None:
    found = list(commits(repository / below))
    assert [(each.id, each.time, [os.fsdecode(path) for path in each.paths]) for each in found] == _by_git(
        repository, below
    )
    assert any(each.message == b"second\n\nwith a body\n" for each in found) == (below == "")


def test_a_limit_is_of_commits_that_are_no_merges(repository: Path) -> None:
    assert [each.message for each in commits(repository, limit=3)] == [b"delete\n", b"rename\n"]


def test_revisions_are_those_of_git(repository: Path) -> None:
    history = open_history(repository / "src")
    full = git(repository, "rev-parse", "HEAD~2")
    for revision in ("HEAD", "@", "HEAD~2", "HEAD~2^2", "HEAD^^", "v1", "v1^{}", "v1~1", "topic/one", full, full[:9],
                     "refs/heads/main", "heads/main", "tags/v1", f"v1-3-g{full[:8]}", full[:9].upper()):  # fmt: skip
        assert resolve(history, revision).hex() == git(repository, "rev-parse", f"{revision}^{{commit}}"), revision
    assert names(history) == ["main", "topic/one", "v1"]


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("topic/on", "'topic/one'"),
        ("one", "'topic/one'"),
        ("HEAD~40", "no such parent"),
        ("HEAD^3", "no such parent"),
        ("", "a revision is needed"),
        ("../../x", "not known"),
        ("main\0", "not known"),
        ("deadbeef", "HEAD is on branch 'main'"),
        ("HEAD^{tree}", "not known"),
    ],
)
def test_an_unknown_revision_is_one_clear_error(repository: Path, revision: str, said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        resolve(open_history(repository), revision)


def test_a_name_that_begins_two_objects_is_ambiguous(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    seen: dict[str, str] = {}
    for number in range(2000):
        name = hashlib.sha1(b"blob 4\0%04d" % number).hexdigest()
        if name[:4] in seen:
            break
        seen[name[:4]] = f"{number:04}"
    for content in (seen[name[:4]], f"{number:04}"):
        (tmp_path / "blob").write_text(content)
        line = git(tmp_path, "hash-object", "-w", "blob")
    commit_files(tmp_path, {"0000": b"x"}, "first", 1)
    with pytest.raises(HistoryError, match="ambiguous"):
        resolve(open_history(tmp_path), line[:4])
    with pytest.raises(HistoryError, match="is a blob, no commit"):
        resolve(open_history(tmp_path), line)


def test_shallow_bare_linked_and_nested_repositories(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "3", f"file://{repository}", "shallow")
    found = list(commits(tmp_path / "shallow"))
    assert [each.message for each in found] == [b"delete\n"], "nobody knows what the commit before it changed"
    with pytest.raises(HistoryError, match="shallow"):
        resolve(open_history(tmp_path / "shallow"), "HEAD~5")
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    assert list(commits(tmp_path / "bare.git")) == list(commits(repository))
    git(tmp_path, "clone", "-q", str(repository), "main")
    git(tmp_path / "main", "worktree", "add", "-q", "../linked", "-b", "other", "HEAD~1")
    assert list(commits(tmp_path / "linked" / "src")) == list(commits(repository / "src"))
    git(tmp_path / "main", "submodule", "--quiet", "add", str(repository), "nested")
    assert list(commits(tmp_path / "main" / "nested")) == list(commits(repository))


def test_no_repository_and_no_commit(tmp_path: Path) -> None:
    with pytest.raises(NoRepository, match="in no git repository"):
        commits(tmp_path)
    git(tmp_path, "init", "-q")
    assert list(commits(tmp_path)) == []
    with pytest.raises(HistoryError, match="no commit yet"):
        resolve(open_history(tmp_path), "HEAD~1")


def test_what_leads_to_another_repository_is_refused(repository: Path, tmp_path: Path) -> None:
    """A tree from elsewhere may name any repository of the machine: nothing of it may be read."""
    private = tmp_path / "private"
    git(tmp_path, "clone", "-q", str(repository), "private")

    pointed = tmp_path / "pointed"
    pointed.mkdir()
    (pointed / ".git").write_text(f"gitdir: {private}/.git\n")
    with pytest.raises(HistoryError, match="does not name it in turn"):
        commits(pointed)

    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").symlink_to(private / ".git")
    with pytest.raises(HistoryError, match="a link"):
        commits(linked)

    planted = tmp_path / "planted"
    inner = planted / "worktrees" / "x"
    inner.mkdir(parents=True)
    (planted / ".git").write_text(f"gitdir: {inner}\n")
    (inner / "gitdir").write_text(f"{planted}/.git\n")
    (inner / "commondir").write_text(f"{private}/.git\n")
    (inner / "HEAD").write_text("ref: refs/heads/main\n")
    with pytest.raises(HistoryError, match="does not name it in turn"):
        commits(planted)

    for name in ("objects", "objects/pack", "refs"):
        own = tmp_path / f"own-{name.replace('/', '-')}"
        git(tmp_path, "init", "-q", own.name)
        shutil.rmtree(own / ".git" / name)
        (own / ".git" / name).symlink_to(private / ".git" / name)
        if name == "refs":
            assert list(commits(own)) == []
        else:
            with pytest.raises(HistoryError, match="symbolic link"):
                commits(own)

    borrowing = tmp_path / "borrowing"
    git(tmp_path, "init", "-q", "borrowing")
    (borrowing / ".git/objects/info/alternates").write_text(f"{private}/.git/objects\n")
    (borrowing / ".git/refs/heads/main").write_text(git(private, "rev-parse", "HEAD") + "\n")
    assert list(commits(borrowing)) == [], "no object of another store is read"
    with pytest.raises(HistoryError, match="not in the repository"):
        resolve(open_history(borrowing), "HEAD")


def test_the_configuration_of_a_repository_is_never_read(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository), "x")
    seen = tmp_path / "seen"
    (tmp_path / "x/.git/config").write_text(
        f"[core]\n\tfsmonitor = touch {seen}\n\tworktree = /\n\tpager = touch {seen}\n\thooksPath = /\n[broken"
    )
    assert len(list(commits(tmp_path / "x"))) == 5
    assert not seen.exists()


def test_trees_without_an_end_and_damaged_objects_are_bounded(tmp_path: Path) -> None:
    """Ten trees of ten entries each, all the same one level below: ten billion paths."""
    git(tmp_path, "init", "-q")
    (tmp_path / "f").write_bytes(b"f")
    name, mode, kind = git(tmp_path, "hash-object", "-w", "f"), "100644", "blob"
    for _ in range(10):
        listing = "".join(f"{mode} {kind} {name}\t{letter}\n" for letter in "abcdefghij")
        (tmp_path / "tree").write_text(listing)
        with (tmp_path / "tree").open("rb") as file:
            made = subprocess.run(["git", "mktree"], cwd=tmp_path, stdin=file, capture_output=True, check=True)
        name, mode, kind = made.stdout.decode().strip(), "040000", "tree"
    bomb = git(tmp_path, "commit-tree", name, "-m", "bomb", at=1)
    git(tmp_path, "update-ref", "refs/heads/main", bomb)
    (found,) = commits(tmp_path)
    assert len(found.paths) == 10_000
    loose = tmp_path / ".git/objects" / name[:2] / name[2:]
    loose.chmod(0o600)
    loose.write_bytes(b"no object")
    assert list(commits(tmp_path)) == []
