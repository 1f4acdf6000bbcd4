"""Worker processes that are killed: noticed at once, and nothing is lost but the file that kills."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .fatal import POISON
from .harness import HANG, bytes_read, family, kill_for_good, limited, scan_command, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from .harness import Scanned, Scanner

PROGRAM = Path(__file__).with_name("fatal.py")


def fatal_scan(tree: Path, how: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tree), how], capture_output=True, timeout=HANG, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    result: dict[str, Any] = json.loads(done.stdout)
    wait_until(lambda: not family(tree), "no process is left")
    return result


def fill(tree: Path, files: int) -> None:
    for number in range(files):
        (tree / f"{number:04}.txt").write_bytes(b"harmless\n" * number)


@pytest.mark.parametrize("poisoned", [["0100.txt"], ["0000.txt", "0299.txt"], ["0101.txt", "0102.txt", "0103.txt"]])
def test_a_file_that_kills_its_reader_is_quarantined_alone(tree: Path, poisoned: list[str]) -> None:
    fill(tree, 300)
    harmless = fatal_scan(tree, "never")
    assert harmless["deaths"] == 0
    for name in poisoned:
        (tree / name).write_bytes(b"text\n" * 10 + POISON)
    found = fatal_scan(tree, "poison")
    assert found["skips"] == dict.fromkeys(poisoned, "quarantined")
    assert found["unreadable"] == len(poisoned)
    assert found["deaths"] >= 2
    kept = dict(zip(harmless["paths"], harmless["tokens"], strict=True))
    for name in poisoned:
        del kept[name]
    assert dict(zip(found["paths"], found["tokens"], strict=True)) == kept


def test_a_large_file_that_kills_its_reader_is_quarantined(tree: Path) -> None:
    fill(tree, 100)
    (tree / "large.txt").write_bytes(b"text\n" * 500_000 + POISON)
    found = fatal_scan(tree, "poison")
    assert found["skips"] == {"large.txt": "quarantined"}
    assert len(found["paths"]) == 100


def test_a_hard_link_that_kills_its_reader_is_quarantined_under_every_name(tree: Path) -> None:
    fill(tree, 100)
    (tree / "a_link.txt").write_bytes(POISON)
    (tree / "z_link.txt").hardlink_to(tree / "a_link.txt")
    found = fatal_scan(tree, "poison")
    assert found["skips"] == {"a_link.txt": "quarantined", "z_link.txt": "quarantined"}
    assert len(found["paths"]) == 100


def test_workers_that_only_die_end_the_scan_with_an_error(tree: Path) -> None:
    for number in range(300):
        (tree / f"{number}.txt").write_bytes(POISON)
    found = fatal_scan(tree, "poison")
    assert found["code"] == 1
    assert "workers died in a row" in found["error"]
    assert "--workers" in found["error"]


def test_a_worker_that_dies_in_the_middle_of_its_answer(tree: Path) -> None:
    fill(tree, 300)
    undisturbed = fatal_scan(tree, "never")
    found = fatal_scan(tree, "sending")
    assert found.pop("deaths") == 1
    undisturbed.pop("deaths")
    assert found == undisturbed


# The real command, with processes that are really killed


@pytest.fixture(scope="module")
def busy_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree that two workers read for a while."""
    tree = tmp_path_factory.mktemp("busy")
    for number in range(20):
        directory = tree / f"{number}"
        directory.mkdir()
        for letter in "abcdefghijklmnopqrstuvwxyz":
            (directory / f"{letter}.py").write_text(f"{letter} = {number}\n" * 2000)
    (tree / "large.txt").write_bytes(b"one of the larger files\n" * 1_500_000)
    return tree


@pytest.fixture(scope="module")
def undisturbed(busy_tree: Path, scan: Scanner) -> Scanned:
    return scan(busy_tree, "--no-index", tokens=True)


def other_processes(tree: Path, process: subprocess.Popen[bytes]) -> list[int]:
    return [pid for pid in family(tree) if pid != process.pid]


def any_process(tree: Path, process: subprocess.Popen[bytes]) -> list[int]:
    return other_processes(tree, process)[:1]


def busy_process(tree: Path, process: subprocess.Popen[bytes]) -> list[int]:
    return [pid for pid in other_processes(tree, process) if bytes_read(pid) > 12 << 20][:1]


def every_process(tree: Path, process: subprocess.Popen[bytes]) -> list[int]:
    return other_processes(tree, process) if busy_process(tree, process) else []


@pytest.mark.parametrize(
    ("workers", "choose"), [(1, any_process), (2, any_process), (2, busy_process), (2, every_process)]
)
def test_killing_a_process_of_a_scan_changes_nothing(
    busy_tree: Path, exosuit: Path, undisturbed: Scanned, workers: int, choose: Callable[..., list[int]]
) -> None:
    process = scan_command(exosuit, busy_tree, "--json", "--no-index", "--workers", workers)
    try:
        victims = wait_until(lambda: choose(busy_tree, process), "a process to kill", process)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        output, errors = process.communicate(timeout=HANG)
    finally:
        kill_for_good(process)
    assert (process.returncode, errors) == (0, b"")
    document = json.loads(output)
    for key in ("tree_digest", "totals", "ledger", "largest", "languages"):
        assert document[key] == undisturbed.document[key], key
    if choose is not any_process:
        assert document["throughput"]["worker_deaths"] >= len(victims)


def test_killing_a_process_that_compares_the_index_changes_nothing(
    memory_tree: Path, exosuit: Path, scan: Scanner
) -> None:
    directory = os.open(memory_tree, os.O_RDONLY)
    for number in range(12_000):
        os.mknod(b"%d" % number, dir_fd=directory)
    os.close(directory)
    first = scan(memory_tree)
    process = scan_command(exosuit, memory_tree, "--json", "--no-tokens", "--workers", "4")
    try:
        victims = wait_until(
            lambda: other_processes(memory_tree, process) or process.poll() is not None, "a process to kill"
        )
        for pid in victims if isinstance(victims, list) else []:
            os.kill(pid, signal.SIGKILL)
        output, errors = process.communicate(timeout=HANG)
    finally:
        kill_for_good(process)
    assert (process.returncode, errors) == (0, b"")
    assert json.loads(output)["tree_digest"] == first.document["tree_digest"]


def test_nothing_is_left_when_the_command_itself_is_killed(tree: Path, exosuit: Path) -> None:
    (tree / "sparse").touch()
    os.truncate(tree / "sparse", 1 << 40)
    process = scan_command(exosuit, tree, "--no-index", "--max-file-size", "0", "--workers", "2")
    try:
        wait_until(lambda: len(family(tree)) == 3 and busy_process(tree, process), "two workers at work", process)
        process.kill()
        process.wait()
        wait_until(lambda: not family(tree), "every process ends with the command")
    finally:
        kill_for_good(process)


@pytest.mark.parametrize("tokens", ["--tokens", "--no-tokens"])
def test_workers_that_cannot_all_be_started_are_an_error(tree: Path, exosuit: Path, tokens: str) -> None:
    fill(tree, 3)
    process = scan_command(exosuit, tree, tokens, "--no-index", "--workers", "100", before=limited("RLIMIT_NOFILE", 64))
    output, errors = process.communicate(timeout=HANG)
    assert (process.returncode, output) == (6, b"")
    assert b"of 100 cannot be started: " + os.strerror(errno.EMFILE).encode() in errors
    assert b"fewer --workers" in errors
    assert errors.count(b"\n") == 1
    wait_until(lambda: not family(tree), "no process is left")
