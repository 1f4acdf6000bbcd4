"""What a hostile tree makes `.git` and its files name is neither read into a message nor into a rule."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "[root:x:0:0:very-private-words\n[second line of it\n"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file outside of the tree whose lines would be bad patterns."""
    place = tmp_path / "elsewhere"
    (place / "info").mkdir(parents=True)
    (place / "secret").write_text(SECRET)
    (place / "info" / "exclude").write_text(SECRET + "*.py\n")
    return place


def _link_marker(tree: Path, place: Path) -> None:
    (tree / ".git").symlink_to(place / "secret")


def _link_directory(tree: Path, place: Path) -> None:
    (tree / ".git").symlink_to(place)


def _name_directory(tree: Path, place: Path) -> None:
    (tree / ".git").write_text(f"gitdir: {place}\n")


def _name_file(tree: Path, place: Path) -> None:
    (tree / ".git").write_text(f"gitdir: {place / 'secret'}\n")


def _hold_secret(tree: Path, place: Path) -> None:
    (tree / ".git").write_text(SECRET)


def _link_info(tree: Path, place: Path) -> None:
    subprocess.run(["git", "init", "-q", tree], check=True)
    (tree / ".git" / "info").rename(tree / ".git" / "kept")
    (tree / ".git" / "info").symlink_to(place / "info")


def _link_exclude(tree: Path, place: Path) -> None:
    subprocess.run(["git", "init", "-q", tree], check=True)
    (tree / ".git" / "info" / "exclude").unlink()
    (tree / ".git" / "info" / "exclude").symlink_to(place / "secret")


def _link_common(tree: Path, place: Path) -> None:
    (tree / "own").mkdir()
    (tree / "own" / "HEAD").write_text("ref: refs/heads/main\n")
    (tree / "own" / "commondir").symlink_to(place / "secret")
    (tree / ".git").write_text("gitdir: own\n")


def _name_common(tree: Path, place: Path) -> None:
    (tree / "own").mkdir()
    (tree / "own" / "HEAD").write_text("ref: refs/heads/main\n")
    (tree / "own" / "commondir").write_text(str(place))
    (tree / ".git").write_text("gitdir: own\n")


def _link_ignore(tree: Path, place: Path) -> None:
    (tree / ".gitignore").symlink_to(place / "secret")


def _link_process(tree: Path, place: Path) -> None:
    (tree / ".git").symlink_to(f"/proc/{os.getpid()}/environ")


@pytest.mark.parametrize(
    "plant",
    [
        _link_marker, _link_directory, _name_directory, _name_file, _hold_secret, _link_info, _link_exclude,
        _link_common, _name_common, _link_ignore, _link_process,
    ],
)  # fmt: skip
@pytest.mark.usefixtures("git")
def test_nothing_of_the_other_place_is_shown_or_applied(
    plant: Callable[[Path, Path], None], run: Any, tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERY_PRIVATE", "very-private-words")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "kept.py").write_text("x = 1\n")
    plant(tree, secret)
    for arguments in ((), ("--json",), ("--jsonl",)):
        done = run("scan", tree, *arguments, "--no-index")
        assert done.returncode == 0, done.stderr.decode()
        assert b"private" not in done.stdout + done.stderr
        assert b"second line" not in done.stdout + done.stderr
    [record] = [json.loads(line) for line in done.stdout.splitlines() if b'"kept.py"' in line]
    assert "skipped" not in record


@pytest.mark.usefixtures("git")
def test_an_endless_marker_is_read_to_a_bound(run: Any, tmp_path: Path) -> None:
    (tmp_path / "kept.py").write_text("x = 1\n")
    with (tmp_path / ".git").open("wb") as file:
        file.write(b"gitdir: ")
        file.truncate(1 << 40)
    done = run("scan", tmp_path, "--json", "--no-index")
    assert done.returncode == 0
    assert json.loads(done.stdout)["totals"]["files"] == 1


def test_a_chain_of_long_ignore_files_has_one_limit(run: Any, tmp_path: Path) -> None:
    """Rules in force together are bounded, whatever the number of files that they come from."""
    place = tmp_path
    for depth in range(8):
        (place / ".gitignore").write_text("".join(f"name{depth}-{number}\n" for number in range(60_000)))
        place = place / f"d{depth}"
        place.mkdir()
    (place / "kept").write_text("x")
    (place / "name7-59999").write_text("x")
    done = run("scan", tmp_path, "--json", "--no-index")
    document = json.loads(done.stdout)
    assert document["memory"]["ram"]["peak_bytes"] < 1 << 30
    assert any("250000 rules" in problem["why"] or "rules" in problem["why"] for problem in document["ignore_problems"])
    assert document["totals"]["files"] == 8 + 2  # the last list found no room, so its rule hides nothing


def test_a_configuration_that_fans_out_is_read_to_a_bound(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "none"))
    names = [f"inc{number}" for number in range(9)]
    body = "[include]\n" + "".join(f"path = {name}\n" for name in names)
    for name in (".gitconfig", *names):
        (home / name).write_text(body)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "kept").write_text("x")
    done = run("scan", tmp_path / "tree", "--json", "--no-index")
    assert done.returncode == 0
    problems = json.loads(done.stdout)["ignore_problems"]
    assert any("over 100 configuration files" in problem["why"] for problem in problems)
    assert done.stderr.count(b"\n") < 60


def test_a_configuration_of_very_many_lines_is_read_to_a_bound(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "none"))
    (home / ".gitconfig").write_text("[include]\npath = more\n" + "[s]\n" * 150_000)
    (home / "more").write_text("[core]\nexcludesFile = ~/ignore\n" + "[s]\nx = 1\n" * 50_000)
    (home / "ignore").write_text("hidden\n")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "hidden").write_text("x")
    done = run("scan", tmp_path / "tree", "--json", "--no-index", "--no-tokens")
    document = json.loads(done.stdout)
    assert [problem["why"] for problem in document["ignore_problems"]] == [
        "not applied: over 1048576 bytes of configuration"
    ]
    assert document["totals"]["files"] == 1


def test_names_are_not_raced_out_of_the_tree(run: Any, tmp_path: Path) -> None:
    """While another process swaps a parent directory for a link, a named file is its own or skipped."""
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "f").write_text("inside")
    (tmp_path / "outside" / "b").mkdir(parents=True)
    (tmp_path / "outside" / "b" / "f").write_text("outside, which is longer")
    (tree / "link").symlink_to("../outside")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(tree / "a", tree / "kept")
            os.rename(tree / "link", tree / "a")
            os.rename(tree / "a", tree / "link")
            os.rename(tree / "kept", tree / "a")

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(12):
            done = run("scan", tree, "--stdin0", "--jsonl", "--no-index", input=b"a/b/f\0")
            for line in done.stdout.splitlines():
                record = json.loads(line)
                assert record.get("size", 6) == 6, record
    finally:
        stop.set()
        swapper.join()
