"""Trees that change while they are scanned: nothing half-read is reported, nothing swapped in is followed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from blake3 import blake3

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.index.storage import FINE_SLACK_NS
from exosuit_cli.model.protocols import StreamCount
from exosuit_cli.model.records import Outcome
from exosuit_cli.walk import TreeWalk

from .harness import HandShard, outcome_of, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from exosuit_cli.walk import Listing

    from .harness import Scanner

SECRET = b"secret of somebody else\n"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A directory outside of the tree, with a file that no scan of the tree may read."""
    outside = tmp_path / "outside"
    (outside / "b").mkdir(parents=True)
    for name in ("a.txt", "b/a.txt"):
        (outside / name).write_bytes(SECRET)
    return outside


def swap_for_link(path: Path, target: Path) -> None:
    path.rename(path.with_name(path.name + ".aside"))
    path.symlink_to(target)


def digest(row: Any) -> str:
    return bytes(row["digest"]).hex()


# Between the walk and the reading


def test_a_link_swapped_in_for_a_file_is_not_followed(tree: Path, secret: Path) -> None:
    (tree / "a.txt").write_text("a\n")
    (tree / "b.txt").write_text("b\n")
    listings = walk(tree)
    swap_for_link(tree / "a.txt", secret / "a.txt")
    rows = HandShard(tree).ingest(listings)
    assert outcome_of(rows[b"a.txt"]) is Outcome.SYMLINK
    assert not rows[b"a.txt"]["digest"].any()
    assert outcome_of(rows[b"b.txt"]) is Outcome.INGESTED


@pytest.mark.parametrize("swapped", ["sub", "sub/b"])
def test_a_link_swapped_in_for_a_directory_is_not_followed(tree: Path, secret: Path, swapped: str) -> None:
    (tree / "sub" / "b").mkdir(parents=True)
    (tree / "sub" / "b" / "a.txt").write_text("a\n")
    listings = walk(tree)
    swap_for_link(tree / swapped, secret if swapped == "sub" else secret / "b")
    rows = HandShard(tree).ingest(listings)
    assert {path: outcome_of(row) for path, row in rows.items()} == {b"sub/b/a.txt": Outcome.VANISHED}


def test_a_directory_swapped_for_another_one_is_not_read(tree: Path, secret: Path) -> None:
    (tree / "sub").mkdir()
    (tree / "sub" / "a.txt").write_text("a\n")
    listings = walk(tree)
    (tree / "sub").rename(tree / "aside")
    secret.rename(tree / "sub")
    rows = HandShard(tree).ingest(listings)
    assert {path: outcome_of(row) for path, row in rows.items()} == {b"sub/a.txt": Outcome.VANISHED}


@pytest.mark.parametrize("kind", ["fifo", "directory"])
def test_something_else_swapped_in_for_a_file_does_not_block(tree: Path, kind: str) -> None:
    (tree / "a.txt").write_text("a\n")
    listings = walk(tree)
    (tree / "a.txt").unlink()
    if kind == "fifo":
        os.mkfifo(tree / "a.txt")
    else:
        (tree / "a.txt").mkdir()
    rows = HandShard(tree).ingest(listings)
    assert outcome_of(rows[b"a.txt"]) is Outcome.SPECIAL


def test_what_is_deleted_has_vanished(tree: Path) -> None:
    (tree / "sub").mkdir()
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (tree / name).write_text(name)
    listings = walk(tree)
    (tree / "a.txt").unlink()
    (tree / "sub" / "c.txt").unlink()
    (tree / "sub").rmdir()
    rows = HandShard(tree).ingest(listings)
    assert {path: outcome_of(row) for path, row in rows.items()} == {
        b"a.txt": Outcome.VANISHED,
        b"b.txt": Outcome.INGESTED,
        b"sub/c.txt": Outcome.VANISHED,
    }


def test_a_tree_that_is_removed_as_a_whole_has_vanished(tree: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tree / name).write_text(name)
    listings = walk(tree)
    tree.rename(tree.with_name("aside"))
    rows = HandShard(tree).ingest(listings)
    assert {path: outcome_of(row) for path, row in rows.items()} == dict.fromkeys(
        (b"a.txt", b"b.txt"), Outcome.VANISHED
    )
    (listing,) = walk(tree)
    assert [(skip.path, skip.outcome) for skip in listing.skips] == [(b"", Outcome.VANISHED)]


# During the walk


def walk_with(tree: Path, change: Callable[[], None]) -> list[Listing]:
    """A walk with a change after its first listing, that of the root."""
    listings: list[Listing] = []
    for listing, _ in TreeWalk(os.fsencode(tree), [b""], WalkOptions()):
        if not listings:
            change()
        listings.append(listing)
    return listings


def paths_of(listings: list[Listing]) -> list[bytes]:
    return [os.path.join(listing.directory.path, name) for listing in listings for name in listing.names]


def test_a_link_swapped_in_for_a_listed_directory_is_not_entered(tree: Path, secret: Path) -> None:
    (tree / "sub").mkdir()
    listings = walk_with(tree, lambda: swap_for_link(tree / "sub", secret))
    assert paths_of(listings) == []
    assert [(skip.path, skip.outcome) for skip in listings[1].skips] == [(b"sub", Outcome.VANISHED)]


def test_a_link_swapped_in_further_up_is_not_passed_through(tree: Path, secret: Path) -> None:
    (tree / "x" / "sub" / "b").mkdir(parents=True)
    walking = iter(TreeWalk(os.fsencode(tree / "x"), [b""], WalkOptions()))
    listings = [next(walking)[0], next(walking)[0]]
    assert [listing.directory.path for listing in listings] == [b"", b"sub"]
    swap_for_link(tree / "x" / "sub", secret)  # `sub/b` now is the secret's, by a path whose last part is no link
    listings += [listing for listing, _ in walking]
    assert paths_of(listings) == []
    assert [(skip.path, skip.outcome) for skip in listings[2].skips] == [(b"sub/b", Outcome.VANISHED)]


def test_a_directory_that_vanishes_during_the_walk(tree: Path) -> None:
    (tree / "sub").mkdir()
    (tree / "other").mkdir()
    (tree / "other" / "a.txt").write_text("a\n")
    listings = walk_with(tree, (tree / "sub").rmdir)
    assert paths_of(listings) == [b"other/a.txt"]
    skips = [skip for listing in listings for skip in listing.skips]
    assert [(skip.path, skip.outcome) for skip in skips] == [(b"sub", Outcome.VANISHED)]


# While a file is read


class ChangingLook:
    """Stands where the page cache is asked, between the stat of a file and its reading, and changes the file there."""

    def __init__(self, change: Callable[[], None]) -> None:
        self._change = change
        self.looks = 0

    def __call__(self, _descriptor: int, _size: int) -> None:
        self.looks += 1
        self._change()


CHANGES: dict[str, Callable[[Path], object]] = {
    "grown": lambda path: path.write_bytes(path.read_bytes() + b"more\n"),
    "cut": lambda path: os.truncate(path, 3),
    "emptied": lambda path: os.truncate(path, 0),
    "rewritten": lambda path: path.write_bytes(b"B" * path.stat().st_size),
    "outgrown": lambda path: path.write_bytes(b"large\n" * (1 << 15)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_before_it_is_read_is_read_as_it_is_then(tree: Path, change: str) -> None:
    file = tree / "a.txt"
    file.write_bytes(b"as it was\n" * 100)
    os.utime(file, (1_000_000_000, 1_000_000_000))
    listings = walk(tree)
    shard = HandShard(tree, slab_bytes=1 << 16)
    look = ChangingLook(lambda: CHANGES[change](file))
    shard.shard.page_cache.look = look  # type: ignore[method-assign]
    row = shard.ingest(listings)[b"a.txt"]
    assert look.looks == 1
    now = file.read_bytes()
    assert (outcome_of(row), int(row["size"]), digest(row)) == (Outcome.INGESTED, len(now), blake3(now).hexdigest())
    assert int(row["mtime_ns"]) == file.stat().st_mtime_ns


def test_a_file_that_changes_at_every_reading_is_not_reported_as_anything(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tree / "a.txt"
    file.write_bytes(b"as it was\n" * 100)
    (tree / "b.txt").write_bytes(b"quiet\n")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    listings = walk(tree)
    readv = os.readv

    def read_and_change(descriptor: int, buffers: Any) -> int:
        got = readv(descriptor, buffers)
        if os.path.samestat(os.fstat(descriptor), file.stat()):
            touch(file)
        return got

    monkeypatch.setattr(os, "readv", read_and_change)
    rows = HandShard(tree).ingest(listings)
    assert outcome_of(rows[b"a.txt"]) is Outcome.CHANGED
    assert not rows[b"a.txt"]["digest"].any()
    assert outcome_of(rows[b"b.txt"]) is Outcome.INGESTED


class ChangingCounter:
    """A counter that changes the file whose pieces it is fed: `times` times, once a reading."""

    encoding = "o200k_base"
    implementation = "test"

    def __init__(self, change: Callable[[], object], times: int) -> None:
        self._change = change
        self._times = times

    def count(self, data: bytes) -> int:
        return len(data)

    def encode(self, data: bytes) -> Any:
        raise NotImplementedError

    def stream(self) -> ChangingStream:
        self._times -= 1
        return ChangingStream(self._change if self._times >= 0 else lambda: None)


class ChangingStream:
    def __init__(self, change: Callable[[], object]) -> None:
        self._change = change
        self._fed = 0
        self._pieces = 0

    def feed(self, data: bytes) -> None:
        self._fed += len(data)
        self._pieces += 1
        assert self._pieces < 100, "a growing file is read on and on"
        self._change()

    def finish(self) -> StreamCount:
        return StreamCount(self._fed, exact=True)


ticks = count(1_000_000_000)
LARGE = b"a line of a large file\n" * 20_000
LARGE_CHANGES: dict[str, Callable[[Path], object]] = {
    "grown": lambda path: append(path, b"more\n"),
    "growing without end": lambda path: append(path, bytes(1 << 18)),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "rewritten": lambda path: overwrite(path, b"rewritten %d" % next(ticks)),
}


def touch(path: Path) -> None:
    """Give a file times that it never had; a kernel's own may be the same for milliseconds."""
    os.utime(path, (seconds := next(ticks), seconds))


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def overwrite(path: Path, data: bytes) -> None:
    with path.open("r+b") as file:
        file.write(data)
    touch(path)


@pytest.mark.parametrize("change", LARGE_CHANGES)
@pytest.mark.parametrize(("times", "outcome"), [(1, Outcome.INGESTED), (2, Outcome.CHANGED)])
def test_a_large_file_that_changes_while_it_is_streamed(tree: Path, change: str, times: int, outcome: Outcome) -> None:
    file = tree / "large.txt"
    file.write_bytes(LARGE)
    os.utime(file, (1_000_000_000, 1_000_000_000))
    listings = walk(tree)
    counter = ChangingCounter(lambda: LARGE_CHANGES[change](file), times)
    row = HandShard(tree, counter, slab_bytes=1 << 16).ingest(listings)[b"large.txt"]
    if change == "emptied":  # then there is nothing to read and to change again
        outcome = Outcome.INGESTED
    assert outcome_of(row) is outcome
    if outcome is Outcome.INGESTED:
        now = file.read_bytes()
        assert (int(row["size"]), digest(row)) == (len(now), blake3(now).hexdigest())
        assert int(row["mtime_ns"]) == file.stat().st_mtime_ns
    else:
        assert not row["digest"].any()


@pytest.mark.parametrize("size", [100, 1 << 18])
def test_an_input_error_is_a_skip_with_its_reason(tree: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    (tree / "a.txt").write_bytes(b"a" * size)
    (tree / "b.txt").write_bytes(b"quiet\n")
    listings = walk(tree)
    readv = os.readv

    def fail(descriptor: int, buffers: Any) -> int:
        if os.fstat(descriptor).st_size == size and (size == 100 or os.lseek(descriptor, 0, os.SEEK_CUR)):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return readv(descriptor, buffers)

    monkeypatch.setattr(os, "readv", fail)
    rows = HandShard(tree, slab_bytes=1 << 16).ingest(listings)
    assert (outcome_of(rows[b"a.txt"]), int(rows[b"a.txt"]["errno"])) == (Outcome.UNREADABLE, errno.EIO)
    assert outcome_of(rows[b"b.txt"]) is Outcome.INGESTED


# A process that really races with the scan

REWRITE = """
import os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR)
print(flush=True)
while True:
    os.pwrite(descriptor, os.urandom(64).hex().encode(), 0)
"""

REPLACE = """
import os, sys
directory, versions = sys.argv[1], [bytes([letter]) * 5000 for letter in b"xyz"]
print(flush=True)
turn = 0
while True:
    turn += 1
    path = os.path.join(directory, str(turn % 200))
    if turn % 7 == 0:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
    elif turn % 11 == 0:
        os.makedirs(path + ".d/e", exist_ok=True)
        os.removedirs(path + ".d/e")
    else:
        with open(path + ".new", "wb") as file:
            file.write(versions[turn % 3])
        os.rename(path + ".new", path)
"""


@pytest.fixture
def racing() -> Iterator[Callable[[str, Path], subprocess.Popen[bytes]]]:
    """Start a program that changes a path until the test ends."""
    started: list[subprocess.Popen[bytes]] = []

    def start(program: str, path: Path) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_file_that_never_rests_is_skipped_and_never_indexed(
    tree: Path, scan: Scanner, racing: Callable[[str, Path], subprocess.Popen[bytes]]
) -> None:
    (tree / "quiet.txt").write_text("quiet\n")
    file = tree / "busy.txt"
    file.write_bytes(b"never at rest\n" * 2_000_000)
    process = racing(REWRITE, file)
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)  # what is younger is read again
    busy = scan(tree, code=7)
    assert busy.outcomes() == {b"quiet.txt": "ingested", b"busy.txt": "changed"}
    assert [record["path"] for record in busy.document["unreadable"]] == ["busy.txt"]
    process.kill()
    process.wait()
    quiet = scan(tree)
    assert quiet.document["throughput"]["bytes_read"] == file.stat().st_size
    assert quiet.records[b"busy.txt"]["blake3"] == blake3(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("workers", [1, 2])
def test_files_that_come_and_go_are_whole_or_gone(
    tree: Path, scan: Scanner, racing: Callable[[str, Path], subprocess.Popen[bytes]], workers: int
) -> None:
    whole = {blake3(bytes([letter]) * 5000).hexdigest() for letter in b"xyz"}
    racing(REPLACE, tree)
    for _ in range(3):
        scanned = scan(tree, "--workers", workers, code=(0, 7))
        assert set(scanned.skipped) <= {"changed", "vanished"}
        renamed = {path: record for path, record in scanned.records.items() if not path.endswith(b".new")}
        assert {record["blake3"] for record in renamed.values() if "blake3" in record} <= whole
