"""What is no regular file, what cannot be read, and what is far larger than it should be."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from .harness import HANG, UNPRIVILEGED, Scanner, bytes_read, family, kill_for_good, limited, scan_command, wait_until

if TYPE_CHECKING:
    from .conftest import Mounts

TEBIBYTE = 1 << 40


def bind_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(".", os.O_RDONLY)
        try:
            os.chdir(path.parent)  # the address of a socket holds few characters
            made.bind(path.name)
        finally:
            os.fchdir(here)
            os.close(here)


def test_links_fifos_and_sockets_are_skipped_and_nothing_blocks(tree: Path, tmp_path: Path, scan: Scanner) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret\n")
    (tree / "a.txt").write_text("a\n")
    (tree / "directory").mkdir()
    os.mkfifo(tree / "fifo")
    bind_socket(tree / "socket")
    (tree / "to_file").symlink_to("a.txt")
    (tree / "to_directory").symlink_to(outside)
    (tree / "to_secret").symlink_to(outside / "secret")
    (tree / "dangling").symlink_to("nothing")
    (tree / "itself").symlink_to("itself")
    (tree / "directory" / "up").symlink_to("..")
    scanned = scan(tree)
    assert scanned.outcomes() == {
        b"a.txt": "ingested",
        b"fifo": "special",
        b"socket": "special",
        b"to_file": "symlink",
        b"to_directory": "symlink",
        b"to_secret": "symlink",
        b"dangling": "symlink",
        b"itself": "symlink",
        b"directory/up": "symlink",
    }


def test_device_nodes_are_skipped(tree: Path, scan: Scanner) -> None:
    (tree / "a.txt").write_text("a\n")
    try:
        os.mknod(tree / "zero", 0o20666, os.makedev(1, 5))  # reading it would never end
        os.mknod(tree / "loop", 0o60666, os.makedev(7, 0))
    except PermissionError:
        pytest.skip("making a device node takes root")
    scanned = scan(tree)
    assert scanned.outcomes() == {b"a.txt": "ingested", b"zero": "special", b"loop": "special"}
    assert scanned.document["totals"]["bytes"] == 2


def test_followed_links_end_at_loops_and_hide_nothing_beside_them(tree: Path, tmp_path: Path, scan: Scanner) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "linked.txt").write_text("linked\n")
    (tree / "a.txt").write_text("a\n")
    (tree / "directory").mkdir()
    (tree / "directory" / "b.txt").write_text("b\n")
    (tree / "directory" / "up").symlink_to("..")
    (tree / "itself").symlink_to("itself")
    (tree / "ping").symlink_to("pong")
    (tree / "pong").symlink_to("ping")
    (tree / "through_file").symlink_to("a.txt/x")
    (tree / "dangling").symlink_to("nothing")
    os.mkfifo(outside / "fifo")
    (tree / "to_fifo").symlink_to(outside / "fifo")
    (tree / "to_file").symlink_to("a.txt")
    (tree / "to_directory").symlink_to(outside)
    scanned = scan(tree, "--follow")
    assert scanned.outcomes() == {
        b"a.txt": "ingested",
        b"directory/b.txt": "ingested",
        b"directory/up": "loop",
        b"itself": "symlink",
        b"ping": "symlink",
        b"pong": "symlink",
        b"through_file": "symlink",
        b"dangling": "symlink",
        b"to_fifo": "symlink",
        b"to_file": "ingested",
        b"to_directory/fifo": "special",
        b"to_directory/linked.txt": "ingested",
    }
    assert scanned.records[b"to_file"]["blake3"] == blake3(b"a\n").hexdigest()


@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_a_special_file_as_path_is_refused(tree: Path, exosuit: Path, kind: str) -> None:
    if kind == "fifo":
        os.mkfifo(tree / kind)
    else:
        bind_socket(tree / kind)
    process = scan_command(exosuit, tree / kind)
    output, errors = process.communicate(timeout=HANG)
    assert process.returncode == 2
    assert not output
    assert kind.encode() in errors
    assert b"neither a directory nor a regular file" in errors
    assert errors.count(b"\n") == 1


def test_what_may_not_be_read_is_listed_and_the_rest_is_scanned(tree: Path, scan: Scanner) -> None:
    (tree / "a.txt").write_text("a\n")
    (tree / "closed.txt").write_text("closed\n")
    (tree / "closed.txt").chmod(0)
    for name, mode in (("closed", 0), ("only_search", 0o111), ("only_list", 0o444)):
        (tree / name).mkdir()
        (tree / name / "inside.txt").write_text("inside\n")
        (tree / name).chmod(mode)
    scanned = scan(tree, code=7, before=UNPRIVILEGED)
    assert scanned.outcome("a.txt") == "ingested"
    assert {scanned.outcome(name) for name in ("closed.txt", "closed", "only_search")} == {"unreadable"}
    assert "unreadable" in (scanned.outcomes().get(b"only_list"), scanned.outcomes().get(b"only_list/inside.txt"))
    assert {record["detail"] for record in scanned.records.values() if "detail" in record} == {"Permission denied"}
    assert {record["path"] for record in scanned.document["unreadable"]} == {
        os.fsdecode(path) for path in scanned.records if path != b"a.txt"
    }


@pytest.mark.parametrize("mode", [0, 0o111])
def test_a_root_that_may_not_be_listed_is_a_skip(tree: Path, scan: Scanner, mode: int) -> None:
    (tree / "a.txt").write_text("a\n")
    tree.chmod(mode)
    scanned = scan(tree, code=7, before=UNPRIVILEGED)
    assert scanned.outcomes() == {b".": "unreadable"}


def test_an_ignore_file_that_may_not_be_read_is_told(tree: Path, scan: Scanner) -> None:
    (tree / "sub").mkdir()
    (tree / "sub" / ".gitignore").write_text("*.log\n")
    (tree / "sub" / ".gitignore").chmod(0)
    (tree / "sub" / "a.log").write_text("a\n")
    scanned = scan(tree, code=7, before=UNPRIVILEGED)
    assert scanned.outcomes() == {b"sub/.gitignore": "unreadable", b"sub/a.log": "ingested"}
    assert scanned.stderr == "exosuit: warning: sub/.gitignore: not applied: Permission denied\n"


def test_a_file_of_a_tebibyte_is_too_large_by_default(tree: Path, scan: Scanner) -> None:
    (tree / "a.txt").write_text("a\n")
    (tree / "b.txt").write_text("b" * 3000)
    (tree / "sparse").touch()
    os.truncate(tree / "sparse", TEBIBYTE)
    assert scan(tree).outcomes() == {b"a.txt": "ingested", b"b.txt": "ingested", b"sparse": "too_large"}
    limited_scan = scan(tree, "--max-file-size", "2KiB")
    assert limited_scan.outcomes() == {b"a.txt": "ingested", b"b.txt": "too_large", b"sparse": "too_large"}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_of_a_tebibyte_is_streamed_in_bounded_memory(tree: Path, exosuit: Path, workers: int) -> None:
    (tree / "sparse").touch()
    os.truncate(tree / "sparse", TEBIBYTE)
    options = ("--json", "--no-index", "--max-file-size", "0", "--workers", workers)
    process = scan_command(exosuit, tree, *options, before=limited("RLIMIT_AS", 4 << 30))
    try:
        wait_until(lambda: any(bytes_read(pid) > 96 << 20 for pid in family(tree)), "96 MiB read", process)
        assert max(map(peak_resident, family(tree))) < 1 << 30
    finally:
        kill_for_good(process)


def peak_resident(pid: int) -> int:
    """The most memory that a process has had at once, in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        (peak,) = [int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM")]
    return peak


def test_a_sparse_file_has_the_digest_of_its_zeros(tree: Path, scan: Scanner) -> None:
    size = (16 << 20) + 3
    (tree / "sparse").touch()
    os.truncate(tree / "sparse", size)
    record = scan(tree).records[b"sparse"]
    assert record == {
        "path": "sparse",
        "size": size,
        "kind": "binary",
        "language": None,
        "lines": None,
        "blake3": blake3(bytes(size)).hexdigest(),
        "tokens": None,
    }


def test_a_size_of_zero_is_not_taken_for_empty(scan: Scanner) -> None:
    version = Path("/proc/version").read_bytes()
    assert os.stat("/proc/version").st_size == 0
    record = scan("/proc/version").records[b"version"]
    assert (record["size"], record["blake3"]) == (len(version), blake3(version).hexdigest())


def test_a_size_of_zero_may_hide_more_than_a_slab(scan: Scanner) -> None:
    symbols = Path("/proc/kallsyms").read_bytes()
    if len(symbols) < 2 << 20:
        pytest.skip("this kernel shows no symbols, the one large file of /proc")
    record = scan("/proc/kallsyms").records[b"kallsyms"]
    assert (record["size"], record["blake3"]) == (len(symbols), blake3(symbols).hexdigest())


def test_a_directory_of_proc_can_be_scanned(scan: Scanner) -> None:
    # The kernel gives a directory of /proc/sys that nobody holds another inode when memory is short, as if it had been
    # replaced during the scan.
    held = [os.open(path, os.O_RDONLY) for path in ("/proc/sys/kernel", "/proc/sys/kernel/random")]
    try:
        scanned = scan("/proc/sys/kernel", "--include", "ostype", "--include", "random/poolsize", "--no-index")
    finally:
        for descriptor in held:
            os.close(descriptor)
    assert scanned.records[b"ostype"]["size"] == len("Linux\n")
    assert {outcome for path, outcome in scanned.outcomes().items() if path.startswith(b"random/")} == {
        "ingested",
        "not_included",
    }


def test_another_file_system_is_left_out_unless_asked_for(tree: Path, mounts: Mounts, scan: Scanner) -> None:
    (tree / "a.txt").write_text("a\n")
    mounted = mounts.tmpfs(tree / "mounted")
    (mounted / "b.txt").write_text("b\n")
    assert scan(tree).outcomes() == {b"a.txt": "ingested", b"mounted": "other_filesystem"}
    crossed = scan(tree, "--no-one-file-system")
    assert crossed.outcomes() == {b"a.txt": "ingested", b"mounted/b.txt": "ingested"}


def test_times_beyond_what_a_row_holds(tree: Path, scan: Scanner) -> None:
    (tree / "sub").mkdir()
    for name, year in (("future", 2400), ("past", 1500), ("sub/x", 2400), ("sub", 2400)):
        path = tree / name
        path.exists() or path.write_text("x\n")
        os.utime(path, (seconds := (year - 1970) * 31_556_952, seconds))
    first, second = scan(tree), scan(tree)
    assert set(first.outcomes().values()) == {"ingested"}
    assert first.records == second.records
