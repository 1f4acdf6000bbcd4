"""The slab reader: every wanted file comes exactly once, whole and in order, or is reported with its reason."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.model.records import Batch, Directory, Outcome
from exosuit_cli.read import FilledSlab, LargeFile, SlabReader
from exosuit_cli.system.page_cache import PageCacheProbe

if TYPE_CHECKING:
    from collections.abc import Iterator

Skips = dict[int, tuple[Outcome, int]]


def small_reader(descriptor: int, slab_bytes: int) -> SlabReader:
    buffers = [np.empty(slab_bytes, np.uint8)]
    return SlabReader(descriptor, buffers=buffers, max_file_size=0, follow=False, page_cache=PageCacheProbe())


class Reading:
    """One pass of a reader over a batch below `base`, everything kept."""

    def __init__(
        self,
        base: Path,
        names: list[bytes],
        *,
        slab_bytes: int = 1 << 16,
        max_file_size: int = 0,
        follow: bool = False,
        links: bool = False,
    ) -> None:
        self.contents: dict[int, bytes] = {}
        self.order: list[int] = []
        self.slabs: list[int] = []
        self.large: list[int] = []
        self.skips: Skips = {}
        self.linked: list[int] = []
        descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
        try:
            reader = SlabReader(
                descriptor,
                buffers=[np.empty(slab_bytes, np.uint8)],
                max_file_size=max_file_size,
                follow=follow,
                page_cache=PageCacheProbe(),
            )
            on_link = (lambda position, _status: self.linked.append(position)) if links else None
            for item in reader.read(batch_of(base, names), self._skip, on_link):
                self._take(item, slab_bytes)
        finally:
            os.close(descriptor)

    def _skip(self, position: int, outcome: Outcome, number: int) -> None:
        assert position not in self.skips, "reported twice"
        self.skips[position] = (outcome, number)

    def _take(self, item: FilledSlab | LargeFile, slab_bytes: int) -> None:
        if isinstance(item, LargeFile):
            self.order.append(item.file.position)
            self.large.append(item.file.position)
            self.contents[item.file.position] = os.pread(item.descriptor, 1 << 24, 0)
            return
        slab, files = item
        assert len(slab) == len(files) > 0
        assert len(slab.data) == slab.lengths.sum() <= slab_bytes
        ends = slab.offsets + slab.lengths
        assert slab.offsets.tolist() == [0, *ends[:-1].tolist()], "files lie back to back"
        self.slabs.append(len(files))
        for file, start, end in zip(files, slab.offsets.tolist(), ends.tolist(), strict=True):
            self.order.append(file.position)
            assert file.size == end - start
            self.contents[file.position] = slab.data[start:end].tobytes()


def directory_of(base: Path, path: bytes) -> Directory:
    status = os.stat(os.path.join(os.fsencode(base), path))
    return Directory(path, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


def batch_of(base: Path, paths: list[bytes]) -> Batch:
    """The paths grouped by directory, in the order given."""
    groups: list[tuple[Directory, tuple[bytes, ...]]] = []
    for path in paths:
        parent, _, name = path.rpartition(b"/")
        if groups and groups[-1][0].path == parent:
            groups[-1] = (groups[-1][0], (*groups[-1][1], name))
        else:
            groups.append((directory_of(base, parent), (name,)))
    return Batch(tuple(groups))


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    before = set(os.listdir("/proc/self/fd"))
    yield
    assert set(os.listdir("/proc/self/fd")) <= before


def test_a_batch_of_nothing(tmp_path: Path) -> None:
    reading = Reading(tmp_path, [])
    assert (reading.contents, reading.skips, reading.slabs) == ({}, {}, [])


def test_several_directories(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    expected = {b"top": b"1", b"a/x": b"", b"a/y": b"three\n", b"a/b/z": b"\0\xff"}
    for path, content in expected.items():
        (tmp_path / os.fsdecode(path)).write_bytes(content)
    reading = Reading(tmp_path, list(expected))
    assert list(reading.contents.values()) == list(expected.values())
    assert reading.slabs == [4]


@pytest.mark.parametrize("over", [-2, -1, 0, 1, 2])
def test_sizes_around_the_slab(tmp_path: Path, over: int) -> None:
    """A file that leaves room for one byte more fits: the byte that would show that it grew."""
    content = bytes(range(256)) * 4
    for name in ("before", "big", "after"):
        (tmp_path / name).write_bytes(content[:10])
    (tmp_path / "big").write_bytes((content * 9)[: 1024 + over])
    reading = Reading(tmp_path, [b"before", b"big", b"after"], slab_bytes=1024)
    assert reading.order == [0, 1, 2]
    assert reading.large == ([1] if over >= 0 else [])
    assert reading.contents[1] == (content * 9)[: 1024 + over]
    assert reading.contents[0] == reading.contents[2] == content[:10]


@given(st.lists(st.integers(0, 70), max_size=30), st.integers(1, 80))
@settings(deadline=None)
def test_any_sizes_in_any_slab(tmp_path_factory: pytest.TempPathFactory, sizes: list[int], slab_bytes: int) -> None:
    base = tmp_path_factory.mktemp("sizes")
    contents = [os.urandom(size) for size in sizes]
    for number, content in enumerate(contents):
        (base / str(number)).write_bytes(content)
    reading = Reading(base, [str(number).encode() for number in range(len(sizes))], slab_bytes=slab_bytes)
    assert reading.order == list(range(len(sizes)))
    assert [reading.contents[number] for number in range(len(sizes))] == contents
    assert not reading.skips


def test_what_is_no_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dead").symlink_to("nowhere")
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        reading = Reading(tmp_path, [b"link", b"dead", b"directory", b"fifo", b"socket", b"gone", b"file"])
    outcomes = [reading.skips[position][0] for position in range(6)]
    assert outcomes == [
        Outcome.SYMLINK,
        Outcome.SYMLINK,
        Outcome.SPECIAL,
        Outcome.SPECIAL,
        Outcome.SPECIAL,
        Outcome.VANISHED,
    ]
    assert reading.contents == {6: b"content"}


def test_links_are_read_where_they_are_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert Reading(tmp_path, [b"link"], follow=True).contents == {0: b"content"}


def test_the_largest_size(tmp_path: Path) -> None:
    for size in (9, 10, 11):
        (tmp_path / str(size)).write_bytes(b"x" * size)
    names = [b"9", b"10", b"11"]
    assert Reading(tmp_path, names, max_file_size=10).skips == {2: (Outcome.TOO_LARGE, 0)}
    assert Reading(tmp_path, names, max_file_size=10, slab_bytes=4).skips == {2: (Outcome.TOO_LARGE, 0)}
    assert not Reading(tmp_path, names, max_file_size=0).skips


def test_a_huge_sparse_file_is_left_unread(tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 40)
    assert Reading(tmp_path, [b"sparse"], max_file_size=4 << 30).skips == {0: (Outcome.TOO_LARGE, 0)}


def test_hard_links_are_handed_over_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "two").write_bytes(b"2")
    os.link(tmp_path / "two", tmp_path / "too")
    names = [b"one", b"two", b"too"]
    handed = Reading(tmp_path, names, links=True)
    assert handed.linked == [1, 2]
    assert handed.contents == {0: b"1"}
    assert Reading(tmp_path, names).contents == {0: b"1", 1: b"2", 2: b"2"}


def test_a_directory_that_was_replaced_is_not_entered(tmp_path: Path) -> None:
    """What lies there now is not what was listed: it could be a link to anywhere, or somebody else's tree."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(name.encode())
    batch = batch_of(tmp_path, [b"old/file"])
    (tmp_path / "old").rename(tmp_path / "moved")
    (tmp_path / "new").rename(tmp_path / "old")
    skips: Skips = {}
    descriptor = os.open(tmp_path, os.O_RDONLY)
    reader = SlabReader(
        descriptor, buffers=[np.empty(100, np.uint8)], max_file_size=0, follow=False, page_cache=PageCacheProbe()
    )
    assert not list(reader.read(batch, lambda position, *reason: skips.update({position: reason})))
    os.close(descriptor)
    assert skips[0][0] is Outcome.VANISHED


def test_files_that_hide_their_size_are_read_whole() -> None:
    """/proc announces 0 bytes for files that hold something."""
    assert os.stat("/proc/version").st_size == 0
    reading = Reading(Path("/proc"), [b"version", b"filesystems"])
    for position, name in enumerate(("version", "filesystems")):
        assert reading.contents[position] == (Path("/proc") / name).read_bytes() != b""


def test_files_that_hide_their_size_and_fit_no_slab_are_large() -> None:
    content = Path("/proc/filesystems").read_bytes()
    reading = Reading(Path("/proc"), [b"version", b"filesystems", b"version"], slab_bytes=len(content) // 2)
    assert 1 in reading.large
    assert reading.contents[1] == content


def test_an_abandoned_reading_closes_its_files(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / str(number)).write_bytes(b"x" * 60)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    reader = SlabReader(
        descriptor, buffers=[np.empty(64, np.uint8)], max_file_size=0, follow=False, page_cache=PageCacheProbe()
    )
    items = reader.read(batch_of(tmp_path, [b"0", b"1", b"2"]), lambda *_: None)
    next(items)
    items.close()
    os.close(descriptor)


def test_a_slab_is_valid_until_the_next(tmp_path: Path) -> None:
    """The memory is used again: a consumer that keeps a slab sees it change."""
    for name, content in (("a", b"a" * 60), ("b", b"b" * 60)):
        (tmp_path / name).write_bytes(content)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    reader = SlabReader(
        descriptor, buffers=[np.empty(64, np.uint8)], max_file_size=0, follow=False, page_cache=PageCacheProbe()
    )
    items = reader.read(batch_of(tmp_path, [b"a", b"b"]), lambda *_: None)
    first = next(items)
    assert isinstance(first, FilledSlab)
    assert first.slab.data.tobytes() == b"a" * 60
    next(items)
    assert first.slab.data.tobytes() == b"b" * 60
    os.close(descriptor)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    name = b"\xff\xfe\n\x1b[31m"
    (tmp_path / os.fsdecode(name)).write_bytes(b"content")
    assert Reading(tmp_path, [name]).contents == {0: b"content"}


@pytest.mark.parametrize("number", [errno.EIO, errno.EINTR, errno.EDQUOT])
def test_a_close_that_fails_skips_that_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name * 10)
    failing = (tmp_path / "b").stat().st_ino
    close = os.close

    def fail(descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        close(descriptor)
        if inode == failing:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "close", fail)
    reading = Reading(tmp_path, [b"a", b"b", b"c"])
    assert reading.contents == {0: b"a" * 10, 2: b"c" * 10}
    assert reading.skips == {1: (Outcome.UNREADABLE, number)}
