"""The base of a scan, and its roots relative to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.model.errors import UsageError
from exosuit_cli.walk.roots import Roots, resolve_names, resolve_roots


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """With a base that is no link, whatever the temporary directory is."""
    base = Path(os.path.realpath(tmp_path))
    for name in ("a/b/x", "a/y", "c/z", "\udcff/\n"):
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).touch()
    return base


def roots_of(base: Path, *names: str) -> tuple[str, set[str]]:
    """The base relative to the tree, and the roots."""
    found = resolve_roots([base / name for name in names])
    assert all(not root.startswith(b"/") for root in found.roots)
    return os.path.relpath(os.fsdecode(found.base), base), set(map(os.fsdecode, found.roots))


@pytest.mark.parametrize(
    ("names", "base", "roots"),
    [
        (["."], ".", {""}),
        (["a"], "a", {""}),
        (["a/y"], "a", {"y"}),
        (["a", "c"], ".", {"a", "c"}),
        (["a", "a"], "a", {""}),
        (["a", "a/b"], "a", {"", "b"}),
        (["a/b", "a"], "a", {"", "b"}),
        (["a/b/x", "a/y"], "a", {"b/x", "y"}),
        (["a/b/x", "c"], ".", {"a/b/x", "c"}),
        (["a/b/x", "a/b/x"], "a/b", {"x"}),
        (["a/../c/./z", "c"], "c", {"", "z"}),
        (["\udcff/\n"], "\udcff", {"\n"}),
    ],
)
def test_the_base_is_the_deepest_that_holds_all(tree: Path, names: list[str], base: str, roots: set[str]) -> None:
    assert roots_of(tree, *names) == (base, roots)


def test_a_link_is_what_it_points_to(tree: Path) -> None:
    (tree / "to a").symlink_to("a")
    (tree / "to x").symlink_to("a/b/x")
    assert resolve_roots([tree / "to a"]) == resolve_roots([tree / "a"])
    assert resolve_roots([tree / "to a" / "b"]) == resolve_roots([tree / "a" / "b"])
    assert resolve_roots([tree / "to x"]) == resolve_roots([tree / "a" / "b" / "x"])


def test_paths_of_any_type(tree: Path) -> None:
    expected = resolve_roots([tree])
    assert resolve_roots([str(tree)]) == resolve_roots([os.fsencode(tree)]) == resolve_roots((tree,)) == expected


def test_relative_paths(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "a")
    assert resolve_roots(["."]) == resolve_roots([tree / "a"])
    assert resolve_roots(["b", "../c"]) == resolve_roots([tree / "a" / "b", tree / "c"])


def test_the_top_of_the_file_system() -> None:
    assert resolve_roots(["/"]) == Roots(b"/", (b"",))
    assert set(resolve_roots(["/", "/proc"]).roots) == {b"", b"proc"}
    assert resolve_roots(["/proc", "/dev"]) == Roots(b"/", (b"proc", b"dev"))


@pytest.mark.parametrize("name", ["gone", "a/y/below", "a\0b", "x" * 5000, "/dev/null"])
def test_what_cannot_be_scanned_is_refused(tree: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        resolve_roots([tree / "a", os.path.join(tree, name)])


def test_an_empty_path_is_not_the_working_directory() -> None:
    with pytest.raises(UsageError, match="an empty name"):
        resolve_roots([""])


def test_no_path_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="no PATH"):
        resolve_roots([])


def test_names_are_relative_to_the_base(tree: Path) -> None:
    base = os.fsencode(tree)
    names = [b"a/y", b"./a//y", b"a/b/../y", base + b"/a/y", b".", base, b"gone", b"a/gone/", b"\xff/\n"]
    assert resolve_names(tree, names) == Roots(base, (b"a/y", b"", b"gone", b"a/gone", b"\xff/\n"), listed=True)
    assert resolve_names(tree, []) == Roots(base, (), listed=True)


def test_names_below_the_top_of_the_file_system() -> None:
    assert resolve_names("/", [b"proc", b"/dev"]).roots == (b"proc", b"dev")


@pytest.mark.parametrize("name", [b"..", b"a/../..", b"/", b"../treehouse", b"/etc/passwd"])
def test_names_outside_of_the_base_are_refused(tree: Path, name: bytes) -> None:
    with pytest.raises(UsageError, match="outside"):
        resolve_names(tree, [b"a", name])


def test_a_base_that_is_no_directory_is_refused(tree: Path) -> None:
    for base in (tree / "a" / "y", tree / "gone"):
        with pytest.raises(UsageError, match="not a directory"):
            resolve_names(base, [b"x"])


@given(st.lists(st.lists(st.sampled_from([b"a", b"b", b"..", b".", b"", b"c d", b"\xfe"]), max_size=6), max_size=5))
@settings(deadline=None)
def test_names_never_leave_the_base(parts: list[list[bytes]]) -> None:
    names = [b"/".join(part) for part in parts if part]
    try:
        found = resolve_names("/usr", [name for name in names if name])
    except UsageError:
        return
    for root in found.roots:
        path = os.path.normpath(os.path.join(b"/usr", root))
        assert path == b"/usr" or path.startswith(b"/usr/")
        assert root == b"" or os.path.normpath(root) == root
