"""The tracked files of a repository are those that git lists."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.walk.git_index import IndexDamaged, Tracked, parse_index, read_tracked

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle")


def git(top: Path, *arguments: str) -> bytes:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *identity, "-C", top, *arguments], capture_output=True, check=True)
    return done.stdout


def repository(top: Path, *options: str) -> Path:
    top.mkdir()
    subprocess.run(["git", "init", "-q", *options, top], check=True)
    return top


def fill(top: Path, count: int) -> None:
    source = random.Random(3)
    names = [
        "/".join(source.choice(("a", "bb", "src", "x" * 60, "n\u00e4me", "t b")) for _ in range(source.randint(1, 5)))
        for _ in range(count)
    ]
    for number, name in enumerate(names):
        path = top / name
        try:
            path.mkdir(parents=True, exist_ok=True)
            (path / f"f{number}").write_text(name)
        except OSError:
            continue
    (top / ("l" * 200)).mkdir()
    (top / ("l" * 200) / ("m" * 200)).mkdir()
    (top / ("l" * 200) / ("m" * 200) / "f").write_text("x")


def listed(top: Path) -> set[bytes]:
    return set(git(top, "ls-files", "-z").split(b"\0")) - {b""}


@pytest.mark.parametrize("version", ["2", "3", "4"])
@pytest.mark.parametrize("hashes", ["sha1", "sha256"])
def test_lists_what_git_lists(tmp_path: Path, version: str, hashes: str) -> None:
    top = repository(tmp_path / "r", f"--object-format={hashes}")
    fill(top, 300)
    git(top, "add", ".")
    git(top, "update-index", "--index-version", version)
    if version == "3":
        (top / "later").write_text("x")
        git(top, "add", "--intent-to-add", "later")  # an extended flag
    found = read_tracked(os.fsencode(top / ".git"))
    assert found.files == listed(top)
    assert len(found.files) > 250
    parents = {parent for path in found.files for parent in _parents(path)}
    assert found.directories == parents


def _parents(path: bytes) -> list[bytes]:
    parts = path.split(b"/")
    return [b"/".join(parts[:end]) for end in range(1, len(parts))]


def test_paths_of_4095_bytes_and_more(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    blob = (
        subprocess.run(["git", "-C", top, "hash-object", "-w", "--stdin"], input=b"x", capture_output=True, check=True)
        .stdout.strip()
        .decode()
    )
    for length in (4093, 4094, 4095):
        path = ("d" * 99 + "/") * 40 + "f" * (length - 4000)
        git(top, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    assert read_tracked(os.fsencode(top / ".git")).files == listed(top)


def test_a_repository_without_an_index_tracks_nothing(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    assert read_tracked(os.fsencode(top / ".git")) == Tracked()


def test_a_submodule_is_named(tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner")
    git(inner, "commit", "-q", "--allow-empty", "-m", "one")
    outer = repository(tmp_path / "outer")
    git(outer, "submodule", "--quiet", "add", str(inner), "lib/inner")
    found = read_tracked(os.fsencode(outer / ".git"))
    assert found.submodules == {b"lib/inner"}
    assert found.files == {b".gitmodules"}
    assert found.holds(b"lib", is_directory=True)
    assert found.holds(b"lib/inner", is_directory=True)
    assert not found.holds(b"lib/other", is_directory=True)


def test_a_sparse_index_names_whole_directories(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    for name in ("kept/a", "left/b", "left/deep/c"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("x")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "one")
    git(top, "sparse-checkout", "set", "--cone", "--sparse-index", "kept")
    found = read_tracked(os.fsencode(top / ".git"))
    assert found.whole == {b"left"}
    assert found.holds(b"left/deep/c", is_directory=False)
    assert not found.holds(b"leftover", is_directory=False)


def test_a_damaged_index_is_refused(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    (top / "a").write_text("x")
    git(top, "add", ".")
    data = (top / ".git" / "index").read_bytes()
    for bad in (data[:-1], data[:40], b"", b"DIRC", data[:60] + b"\x01" + data[61:], data + b"x"):
        with pytest.raises(IndexDamaged):
            parse_index(bad)
    git(top, "update-index", "--split-index")
    with pytest.raises(IndexDamaged, match="split"):
        read_tracked(os.fsencode(top / ".git"))


def test_an_index_behind_a_link_is_not_read(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    (top / ".git" / "index").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic link"):
        read_tracked(os.fsencode(top / ".git"))


@given(st.binary(max_size=300), st.integers(2, 4), st.integers(0, 5))
def test_no_bytes_break_it(body: bytes, version: int, count: int) -> None:
    data = b"DIRC" + version.to_bytes(4, "big") + count.to_bytes(4, "big") + body + bytes(20)
    try:
        found = parse_index(data)
    except IndexDamaged:
        return
    assert len(found.files) + len(found.submodules) + len(found.whole) <= count
