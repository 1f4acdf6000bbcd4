"""The index: planted, damaged, of another time, locked, on a full disk. The scan answers, and answers right."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
import struct
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from exosuit_cli import ingest
from exosuit_cli.index.format import VERSION
from exosuit_cli.ingest import ScanOptions

from .harness import (
    HANG,
    UNPRIVILEGED,
    Scanned,
    Scanner,
    kill_for_good,
    limited,
    scan_command,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from exosuit_cli.ingest import ScanResult

    from .conftest import Mounts

MAGIC = b"exosuit.index\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the index directory is made."""
    directory = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(directory))
    return directory


@pytest.fixture
def filled(tree: Path) -> Path:
    (tree / "sub").mkdir()
    for number in range(20):
        (tree / f"{number}.txt").write_text(f"file {number}\n" * number)
        (tree / "sub" / f"{number}.py").write_text(f"print({number})\n")
    os.utime(tree / "sub", (1_000_000_000, 1_000_000_000))
    return tree


def index_directory(cache: Path) -> Path:
    return cache / "exosuit" / "index"


def only_index(cache: Path) -> Path:
    (found,) = index_directory(cache).glob("*.index")
    return found


def answer(tree: Path) -> ScanResult:
    """What the command calls; it costs no start of a process."""
    return ingest.scan(tree, ScanOptions(encoding=None))


def make_index(tree: Path, cache: Path) -> tuple[ScanResult, Path]:
    """The result of a first scan, and its index; what was written just before is old enough to be trusted."""
    time.sleep(0.15)
    first = answer(tree)
    assert answer(tree).throughput.index_hits == len(first.paths)
    return first, only_index(cache)


def same_answer(found: ScanResult, expected: ScanResult) -> None:
    assert (found.paths, found.skips, found.tree_digest) == (expected.paths, expected.skips, expected.tree_digest)
    assert found.rows.tobytes() == expected.rows.tobytes()


def leftovers(directory: Path) -> list[str]:
    """Everything but indexes and their locks."""
    return [path.name for path in directory.rglob("*") if path.is_file() and path.suffix not in (".index", ".lock")]


def one_warning(scanned: Scanned) -> str:
    (warning,) = scanned.document["warnings"]
    assert scanned.stderr == f"exosuit: warning: {warning}\n"
    return str(warning)


# Planted


def plant_link(index: Path) -> Callable[[], bool]:
    target = index.parent.parent / "precious"
    target.write_bytes(index.read_bytes())
    index.unlink()
    index.symlink_to(target)
    before = target.read_bytes()
    return lambda: index.is_symlink() and target.read_bytes() == before


def plant_dangling_link(index: Path) -> Callable[[], bool]:
    target = index.parent.parent / "not_there"
    index.unlink()
    index.symlink_to(target)
    return lambda: index.is_symlink() and not target.exists()


def plant_fifo(index: Path) -> Callable[[], bool]:
    index.unlink()
    os.mkfifo(index)
    return index.is_fifo


def plant_directory(index: Path) -> Callable[[], bool]:
    index.unlink()
    index.mkdir()
    return index.is_dir


def plant_garbage(index: Path) -> Callable[[], bool]:
    index.write_bytes(b"somebody's notes\n" * 10)
    return lambda: index.read_bytes() == b"somebody's notes\n" * 10


def plant_future(index: Path) -> Callable[[], bool]:
    content = bytearray(index.read_bytes())
    (version,) = struct.unpack_from("<I", content, len(MAGIC))
    struct.pack_into("<I", content, len(MAGIC), version + 1)
    index.write_bytes(content)
    return lambda: index.read_bytes() == content


def plant_other_owner(index: Path) -> Callable[[], bool]:
    if os.geteuid() != 0:
        pytest.skip("giving a file away takes root")
    os.chown(index, 65534, 65534)
    content = index.read_bytes()
    return lambda: index.read_bytes() == content and index.stat().st_uid == 65534


@pytest.mark.parametrize(
    "plant",
    [
        plant_link,
        plant_dangling_link,
        plant_fifo,
        plant_directory,
        plant_garbage,
        plant_future,
        plant_other_owner,
    ],
)
def test_what_is_planted_in_the_place_of_the_index_is_refused_and_left(
    filled: Path, cache: Path, plant: Callable[[Path], Callable[[], bool]]
) -> None:
    first, index = make_index(filled, cache)
    is_as_it_was = plant(index)
    found = answer(filled)
    same_answer(found, first)
    assert found.throughput.index_hits == 0
    (warning,) = found.warnings
    assert str(index) in warning
    assert is_as_it_was()
    assert leftovers(index_directory(cache)) == []


def test_an_index_of_a_newer_exosuit_is_one_line_of_warning(filled: Path, cache: Path, scan: Scanner) -> None:
    first = scan(filled)
    is_as_it_was = plant_future(only_index(cache))
    found = scan(filled)
    assert found.records == first.records
    assert "a newer exosuit wrote it" in one_warning(found)
    assert is_as_it_was()


@pytest.mark.parametrize("owned", ["by another user", "writable by everyone", "a link of another user"])
def test_an_index_directory_that_others_can_write_is_refused(
    filled: Path, cache: Path, tmp_path: Path, owned: str
) -> None:
    first, index = make_index(filled, cache)
    directory = index.parent
    if owned == "writable by everyone":
        directory.chmod(0o777)
    elif os.geteuid() != 0:
        pytest.skip("giving a directory away takes root")
    elif owned == "by another user":
        os.chown(directory, 65534, 65534)
    else:
        directory.rename(tmp_path / "elsewhere")
        directory.symlink_to(tmp_path / "elsewhere")
        os.chown(directory, 65534, 65534, follow_symlinks=False)
    before = {path: path.read_bytes() for path in directory.iterdir()}
    found = answer(filled)
    same_answer(found, first)
    (warning,) = found.warnings
    assert str(directory) in warning
    assert "refused" in warning
    assert {path: path.read_bytes() for path in directory.iterdir()} == before


@pytest.mark.parametrize("planted", ["link", "fifo", "directory"])
def test_a_planted_lock_is_refused(filled: Path, cache: Path, tmp_path: Path, planted: str) -> None:
    first, index = make_index(filled, cache)
    lock = index.with_name(index.name + ".lock")
    lock.unlink()
    target = tmp_path / "precious"
    if planted == "link":
        target.write_text("precious\n")
        lock.symlink_to(target)
    elif planted == "fifo":
        os.mkfifo(lock)
    else:
        lock.mkdir()
    (filled / "0.txt").write_text("changed\n")
    content = index.read_bytes()
    found = answer(filled)
    assert found.paths == first.paths
    if planted != "fifo":  # which can be locked like a file, and nothing is ever written to it
        (warning,) = found.warnings
        assert str(lock) in warning
        assert index.read_bytes() == content
    if planted == "link":
        assert target.read_text() == "precious\n"


# Damaged


def damaged(index: Path) -> Iterator[bytes]:
    """The index cut off and with one bit flipped, at the start and in steps through the rest."""
    content = index.read_bytes()
    places = sorted({*range(0, 60, 5), *range(60, len(content), len(content) // 30), len(content) - 1})
    for place in places:
        yield content[:place]
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        yield bytes(flipped)


def test_a_damaged_index_is_never_believed(filled: Path, cache: Path) -> None:
    first, index = make_index(filled, cache)
    rebuilt = 0
    for content in damaged(index):
        index.write_bytes(content)
        found = answer(filled)
        same_answer(found, first)
        assert found.throughput.index_hits == 0
        if index.read_bytes() == content:  # foreign, as far as one can tell: a person is asked
            assert "delete it to have a new one" in found.warnings[0]
        else:
            assert found.warnings == []
            rebuilt += 1
    assert rebuilt > 60
    assert leftovers(cache) == []


# Full and read-only disks


@pytest.mark.parametrize("content", [b"", MAGIC + struct.pack("<II", VERSION, 100)])
def test_an_index_of_a_tebibyte_is_rebuilt(filled: Path, cache: Path, scan: Scanner, content: bytes) -> None:
    first = scan(filled)
    index = only_index(cache)
    for _ in range(2):  # the second scan forks a process that looks at the index first
        index.write_bytes(content)
        os.truncate(index, 1 << 40)
        found = scan(filled)
        assert found.records == first.records
        warning = one_warning(found)
        assert f"the index {index} is rebuilt: it " in warning
        assert index.stat().st_size < 1 << 20
    assert scan(filled).stderr == ""


def test_a_full_disk_costs_the_index_only(filled: Path, tmp_path: Path, mounts: Mounts, scan: Scanner) -> None:
    small = mounts.tmpfs(tmp_path / "small", "size=64k")
    fill_up(small / "ballast")
    found = scan(filled, env={"XDG_CACHE_HOME": str(small)})
    assert found.document["ledger"]["ingested"] == 40
    assert os.strerror(errno.ENOSPC) in one_warning(found)
    assert leftovers(small) == ["ballast"]
    assert list(small.rglob("*.index")) == []


def test_a_disk_that_fills_up_leaves_the_old_index(filled: Path, tmp_path: Path, mounts: Mounts, scan: Scanner) -> None:
    small = mounts.tmpfs(tmp_path / "small", "size=64k")
    env = {"XDG_CACHE_HOME": str(small)}
    time.sleep(0.15)
    scan(filled, env=env)
    old = only_index(small).read_bytes()
    fill_up(small / "ballast")
    (filled / "new.txt").write_text("new\n")
    found = scan(filled, env=env)
    assert found.outcome("new.txt") == "ingested"
    assert os.strerror(errno.ENOSPC) in one_warning(found)
    assert only_index(small).read_bytes() == old
    assert leftovers(small) == ["ballast"]
    (small / "ballast").unlink()
    assert scan(filled, env=env).document["throughput"]["index_hits"] == 40


def fill_up(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    assert os.statvfs(ballast).f_bavail == 0


def test_a_limit_of_file_sizes_costs_the_index_only(filled: Path, cache: Path, exosuit: Path) -> None:
    command = [*limited("RLIMIT_FSIZE", 1000), str(exosuit), "scan", "--jsonl", "--no-tokens", str(filled)]
    done = subprocess.run(command, capture_output=True, timeout=HANG, check=False)
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == 40
    assert done.stderr.count(b"\n") == 1
    assert os.strerror(errno.EFBIG).encode() in done.stderr
    assert leftovers(cache) == []
    assert list(index_directory(cache).glob("*.index")) == []


def test_a_read_only_file_system(filled: Path, tmp_path: Path, mounts: Mounts, scan: Scanner) -> None:
    small = mounts.tmpfs(tmp_path / "small", "size=1m")
    env = {"XDG_CACHE_HOME": str(small)}
    time.sleep(0.15)
    first = scan(filled, env=env)
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    again = scan(filled, env=env)
    assert again.records == first.records
    assert again.document["throughput"]["index_hits"] == 40
    assert again.document["warnings"] == []
    (filled / "0.txt").write_text("changed\n")
    changed = scan(filled, env=env)
    assert os.strerror(errno.EROFS) in one_warning(changed)
    empty = mounts.tmpfs(tmp_path / "empty", "size=1m,ro")
    assert os.strerror(errno.EROFS) in one_warning(scan(filled, env={"XDG_CACHE_HOME": str(empty)}))


@pytest.mark.parametrize("made", [False, True])
def test_a_cache_directory_without_permission(filled: Path, cache: Path, scan: Scanner, made: bool) -> None:
    cache.mkdir()
    if made:
        scan(filled)
        (filled / "0.txt").write_text("changed\n")
    closed = index_directory(cache) if made else cache
    closed.chmod(0o500)
    try:
        found = scan(filled, before=UNPRIVILEGED)
    finally:
        closed.chmod(0o700)
    assert found.document["ledger"]["ingested"] == 40
    assert os.strerror(errno.EACCES) in one_warning(found)
    assert leftovers(cache) == []


def test_no_home_at_all(filled: Path, scan: Scanner) -> None:
    found = scan(filled, env={"HOME": "", "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "relative"})
    assert found.document["ledger"]["ingested"] == 40
    assert "HOME" in one_warning(found)


# Several scans at once


def test_scans_at_once_on_one_index(filled: Path, cache: Path, exosuit: Path, scan: Scanner) -> None:
    time.sleep(0.15)
    running = [scan_command(exosuit, filled, "--jsonl", "--no-tokens") for _ in range(4)]
    answers = [process.communicate(timeout=HANG) for process in running]
    assert [process.returncode for process in running] == [0] * 4
    assert len({output for output, _ in answers}) == 1
    assert [errors for _, errors in answers] == [b""] * 4
    assert leftovers(cache) == []
    assert scan(filled).document["throughput"]["index_hits"] == 40


def test_a_scan_waits_for_the_one_that_writes(filled: Path, cache: Path, exosuit: Path, scan: Scanner) -> None:
    scan(filled)
    index = only_index(cache)
    (filled / "0.txt").write_text("changed\n")
    old = index.read_bytes()
    with open(f"{index}.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = scan_command(exosuit, filled, "--json", "--no-tokens")
        try:
            wait_until(lambda: has_open(process.pid, f"{index}.lock"), "the scan waits for the lock", process)
            assert index.read_bytes() == old
            assert process.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            _, errors = process.communicate(timeout=HANG)
        finally:
            kill_for_good(process)
    assert (process.returncode, errors) == (0, b"")
    assert index.read_bytes() != old


def has_open(pid: int, path: str) -> bool:
    """Whether a process holds a descriptor of a file."""
    with contextlib.suppress(OSError):
        return any(os.path.realpath(f"/proc/{pid}/fd/{name}") == path for name in os.listdir(f"/proc/{pid}/fd"))
    return False


def test_a_lock_that_is_held_for_ever_costs_the_index_only(filled: Path, cache: Path, scan: Scanner) -> None:
    first = scan(filled)
    index = only_index(cache)
    old = index.read_bytes()
    (filled / "0.txt").write_text("changed\n")
    with open(f"{index}.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = scan(filled)
    assert found.records.keys() == first.records.keys()
    warning = one_warning(found)
    assert f"{index}.lock" in warning
    assert "another process has held its lock for 2 s" in warning
    assert index.read_bytes() == old


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_wait_for_a_lock(
    filled: Path, cache: Path, exosuit: Path, scan: Scanner, number: signal.Signals
) -> None:
    scan(filled)
    index = only_index(cache)
    old = index.read_bytes()
    (filled / "0.txt").write_text("changed\n")
    with open(f"{index}.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = scan_command(exosuit, filled, "--json", "--no-tokens")
        try:
            wait_until(lambda: has_open(process.pid, f"{index}.lock"), "the scan waits for the lock", process)
            process.send_signal(number)
            output, errors = process.communicate(timeout=HANG)
        finally:
            kill_for_good(process)
    assert process.returncode == 128 + number
    assert errors.decode() == f"exosuit: error: interrupted by {number.name}: the result is partial\n"
    assert json.loads(output)["partial"] == number.name
    assert index.read_bytes() == old


# What a killed process left


def test_what_a_killed_process_left_is_removed_by_the_next(filled: Path, cache: Path, scan: Scanner) -> None:
    scan(filled)
    directory = index_directory(cache)
    left, young, locked, other, link = (
        directory / name
        for name in (
            ".exosuit-0123456789abcdef.tmp",
            ".exosuit-1123456789abcdef.tmp",
            ".exosuit-2123456789abcdef.tmp",
            ".exosuit-notes.tmp",
            ".exosuit-3123456789abcdef.tmp",
        )
    )
    for path in (left, young, locked, other):
        path.write_bytes(b"half an index")
        if path != young:
            os.utime(path, (1_000_000_000, 1_000_000_000))
    link.symlink_to(other)
    (filled / "0.txt").write_text("changed\n")
    with open(locked, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert scan(filled).stderr == ""
    assert [path.exists() for path in (left, young, locked, other, link)] == [False, True, True, True, True]
