"""A directory below another is opened without leaving it, whatever is put in the way."""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.system import safe_open
from exosuit_cli.system.safe_open import open_base, open_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFUSED = {errno.ELOOP, errno.ENOTDIR, errno.EXDEV, errno.ENOENT}


@pytest.fixture(params=["openat2", "one open a component"])
def base(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """An open tree of its own, by either way of opening."""
    if request.param != "openat2":
        monkeypatch.setattr(safe_open._openat2, "is_there", False)
    (tmp_path / "tree" / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "outside" / "b" / "c").mkdir(parents=True)
    descriptor = open_base(bytes(tmp_path / "tree"))
    yield descriptor
    os.close(descriptor)


def test_opens_what_is_there(base: int, tmp_path: Path) -> None:
    for path in (b"", b"a", b"a/b", b"a/b/c"):
        descriptor = open_directory(base, path)
        found = os.readlink(f"/proc/self/fd/{descriptor}")
        assert not os.get_inheritable(descriptor)
        os.close(descriptor)
        assert found == str((tmp_path / "tree").resolve() / os.fsdecode(path)).rstrip("/")


@pytest.mark.parametrize("target", ["../outside", "b", "/", "."])
def test_no_component_may_be_a_link(base: int, tmp_path: Path, target: str) -> None:
    (tmp_path / "tree" / "a" / "link").symlink_to(target)
    for path in (b"a/link", b"a/link/b", b"a/link/b/c"):
        with pytest.raises(OSError) as caught:
            open_directory(base, path)
        assert caught.value.errno in REFUSED


def test_does_not_climb_out(base: int) -> None:
    for path in (b"../outside/b", b"a/../../outside", b"a/b/../../../outside/b/c"):
        with pytest.raises(OSError) as caught:
            open_directory(base, path)
        assert caught.value.errno in REFUSED


def test_follows_where_it_is_asked_to(base: int, tmp_path: Path) -> None:
    (tmp_path / "tree" / "link").symlink_to("../outside")
    descriptor = open_directory(base, b"link/b", follow=True)
    assert os.readlink(f"/proc/self/fd/{descriptor}").endswith("outside/b")
    os.close(descriptor)


def test_opens_paths_longer_than_a_system_call_takes(base: int) -> None:
    names = [b"d" * 200] * 40
    current = os.dup(base)
    for name in names:
        os.mkdir(name, dir_fd=current)
        below = os.open(name, os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = below
    descriptor = open_directory(base, b"/".join(names))
    assert os.path.samestat(os.fstat(descriptor), os.fstat(current))
    os.close(descriptor)
    os.close(current)


def test_a_swapped_parent_never_leads_out(base: int, tmp_path: Path) -> None:
    """Another thread puts a link in a parent's place and takes it away again, thousands of times."""
    tree = tmp_path / "tree"
    (tree / "link").symlink_to("../outside")
    inside = os.stat(tree / "a" / "b" / "c").st_ino
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(tree / "a", tree / "kept")
            os.rename(tree / "link", tree / "a")
            os.rename(tree / "a", tree / "link")
            os.rename(tree / "kept", tree / "a")

    swapper = threading.Thread(target=swap)
    swapper.start()
    opened, refusals = 0, set()
    try:
        for _ in range(4000):
            try:
                descriptor = open_directory(base, b"a/b/c")
            except OSError as error:
                refusals.add(error.errno)
                continue
            opened += 1
            found = os.fstat(descriptor).st_ino
            os.close(descriptor)
            assert found == inside
    finally:
        stop.set()
        swapper.join()
    assert opened
    assert refusals <= REFUSED
