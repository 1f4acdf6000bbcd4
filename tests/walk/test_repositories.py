"""Tracked files are never ignored, rules end at nested repositories, linked work trees count once: as in git."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.model.records import Outcome
from exosuit_cli.walk import TreeWalk

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle")


def git(top: Path, *arguments: object) -> bytes:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "protocol.file.allow=always"]
    command = ["git", *identity, "-C", top, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def repository(top: Path) -> Path:
    top.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", top], check=True)
    return top


def write(top: Path, **files: str) -> None:
    for name, content in files.items():
        path = top / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def walked(top: Path, **options: bool) -> tuple[set[bytes], dict[bytes, Outcome]]:
    """The files that a walk takes, and its skips."""
    walk = TreeWalk(os.fsencode(top.resolve()), [b""], WalkOptions(**options))
    files: set[bytes] = set()
    skips: dict[bytes, Outcome] = {}
    for listing, _ in walk:
        prefix = listing.directory.path + b"/" if listing.directory.path else b""
        files.update(prefix + name for name in listing.names)
        skips.update((skip.path, skip.outcome) for skip in listing.skips)
    assert not walk.problems
    return files, skips


def listed(top: Path, *arguments: str) -> set[bytes]:
    return set(git(top, "ls-files", "-z", *arguments).split(b"\0")) - {b""}


@pytest.mark.parametrize("seed", range(40))
def test_takes_what_git_lists(tmp_path: Path, seed: int) -> None:
    """Tracked files, and others that no rule hides, of random trees under random rules, some added by force."""
    source = random.Random(seed)
    top = repository(tmp_path / "r")
    names = ["a", "b", "build", "lib", "x.o", "y.c"]
    files = {"/".join(source.choice(names) for _ in range(source.randint(1, 4))) for _ in range(40)}
    made = []
    for name in sorted(files):
        path = top / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
        except OSError:
            continue  # a name is a file here and a directory there
        made.append(name)
    rules = ["*.o", "build/", "/lib", "a/b", "!y.c", "**/build/x.o", "lib/*", "!lib/a/", "b"]
    for place in (top, *(path for path in sorted(top.rglob("*")) if path.is_dir() and ".git" not in path.parts)):
        if place == top or source.random() < 0.2:
            (place / ".gitignore").write_text("\n".join(source.sample(rules, source.randint(1, 4))) + "\n")
    for name in source.sample(made, min(len(made), 12)):
        if source.random() < 0.5:
            git(top, "add", "-f", name)
    found, skips = walked(top)
    assert found == listed(top, "-c", "-o", "--exclude-standard")
    assert all(outcome in (Outcome.IGNORED, Outcome.VERSION_CONTROL) for outcome in skips.values())


def test_a_rule_hides_what_is_untracked_beside_a_tracked_file(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    write(top, build__kept="x", build__deep__kept="x", build__left="x", build__other__left="x")
    (top / ".gitignore").write_text("build/\n")
    git(top, "add", "-f", "build/kept", "build/deep/kept")
    found, skips = walked(top)
    assert found == {b".gitignore", b"build/kept", b"build/deep/kept"}
    assert skips[b"build/left"] is skips[b"build/other"] is Outcome.IGNORED
    assert found == listed(top, "-c", "-o", "--exclude-standard")


def test_outer_rules_do_not_reach_into_a_submodule(tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner")
    write(inner, lib__code="x", build__code="x", note="x")
    git(inner, "add", "-f", ".")
    git(inner, "commit", "-q", "-m", "one")
    outer = repository(tmp_path / "outer")
    (outer / ".gitignore").write_text("lib/\nbuild/\nnote\n*.tmp\n")
    git(outer, "submodule", "--quiet", "add", "-f", inner, "lib/inner")
    git(outer, "add", ".")
    write(outer, lib__untracked="x")
    write(outer / "lib" / "inner", kept="x", gone="x", other__gone="x")
    (outer / ".git" / "modules" / "lib" / "inner" / "info").mkdir(exist_ok=True)
    (outer / ".git" / "modules" / "lib" / "inner" / "info" / "exclude").write_text("gone\n")
    (outer / "lib" / "inner" / "loose.tmp").write_text("x")
    found, skips = walked(outer)
    tracked = listed(outer, "--recurse-submodules")
    assert tracked == {
        b".gitignore", b".gitmodules", b"lib/inner/lib/code", b"lib/inner/build/code", b"lib/inner/note",
    }  # fmt: skip
    others = {b"lib/inner/" + path for path in listed(outer / "lib" / "inner", "-o", "--exclude-standard")}
    assert found == tracked | others
    assert others == {b"lib/inner/kept", b"lib/inner/loose.tmp"}
    assert skips[b"lib/untracked"] is skips[b"lib/inner/gone"] is Outcome.IGNORED


def test_rules_end_at_a_nested_repository(tmp_path: Path) -> None:
    outer = repository(tmp_path / "outer")
    (outer / ".gitignore").write_text("*.log\n")
    inner = repository(outer / "inner")
    write(inner, kept="x")
    (inner / "a.log").write_text("x")
    (inner / "b.out").write_text("x")
    (inner / ".gitignore").write_text("*.out\n")
    (outer / "c.log").write_text("x")
    (outer / "d.out").write_text("x")
    found, _ = walked(outer)
    inside = {b"inner/" + path for path in listed(inner, "-c", "-o", "--exclude-standard")}
    assert inside == {b"inner/.gitignore", b"inner/kept", b"inner/a.log"}
    assert found == {b".gitignore", b"d.out"} | inside


def test_a_directory_called_git_is_no_repository(tmp_path: Path) -> None:
    outer = repository(tmp_path / "outer")
    (outer / ".gitignore").write_text("*.log\n")
    (outer / "inner" / ".git").mkdir(parents=True)
    (outer / "inner" / "a.log").write_text("x")
    (outer / "inner" / "kept").write_text("x")
    assert walked(outer)[0] == listed(outer, "-c", "-o", "--exclude-standard") == {b".gitignore", b"inner/kept"}


def test_linked_work_trees_of_the_same_repository_are_left_out(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    write(top, kept="x")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "one")
    git(top, "worktree", "add", "-q", ".trees/one", "-b", "one")
    other = repository(tmp_path / "other")
    git(other, "commit", "-q", "--allow-empty", "-m", "one")
    git(other, "worktree", "add", "-q", top / "foreign", "-b", "two")
    write(top / "foreign", theirs="x")
    found, skips = walked(top)
    assert found == {b"kept", b"foreign/theirs"}
    assert skips[b".trees/one"] is Outcome.LINKED_WORKTREE
    assert b".trees/one/kept" in walked(top, ignore=False)[0]
    assert walked(top / ".trees" / "one")[0] == {b"kept"}  # asked for, it is walked


@pytest.mark.parametrize("change", ["track", "untrack", "exclude", "nest"])
def test_an_incremental_scan_sees_what_changed_in_a_git_directory(run: object, tmp_path: Path, change: str) -> None:
    """The same paths with the index as without, after a change that touches no directory of the tree."""
    top = repository(tmp_path / "r")
    write(top, build__a="x", build__b="x", src__c="x")
    (top / ".gitignore").write_text("build/\n")
    git(top, "add", "-f", "build/a")
    inner = repository(top / "inner")
    write(inner, d="x")
    for path in sorted(top.rglob("*")):
        os.utime(path, (1_600_000_000, 1_600_000_000), follow_symlinks=False)
    _sleep_past_the_racy_rule()
    for _ in range(2):
        _paths(run, top)
    if change == "track":
        git(top, "add", "-f", "build/b")
    elif change == "untrack":
        git(top, "rm", "-q", "--cached", "build/a")
    elif change == "exclude":
        (inner / ".git" / "info" / "exclude").write_text("d\n")
    else:
        subprocess.run(["git", "init", "-q", top / "src"], check=True)
    assert _paths(run, top) == _paths(run, top, "--no-index")


def _sleep_past_the_racy_rule() -> None:
    import time

    time.sleep(0.2)


def _paths(run: object, top: Path, *options: str) -> bytes:
    done = run("scan", top, "--jsonl", "--no-tokens", *options)  # type: ignore[operator]
    assert done.returncode == 0, done.stderr.decode()
    return bytes(done.stdout)
