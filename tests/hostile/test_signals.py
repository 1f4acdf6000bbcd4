"""Ctrl-C and SIGTERM: the first has a partial result reported, the second ends at once; nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from .harness import HANG, bytes_read, family, kill_for_good, scan_command, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from .harness import Scanner

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
SMALL = 900


@pytest.fixture
def endless(tree: Path) -> Path:
    """A tree that is read for hours: the files in `a`, and then a sparse one of a tebibyte in `z`."""
    (tree / "a").mkdir()
    for number in range(SMALL):
        (tree / "a" / f"{number}.txt").write_text(f"{number}\n")
    (tree / "z").mkdir()
    (tree / "z" / "sparse").touch()
    os.truncate(tree / "z" / "sparse", 1 << 40)
    return tree


def start(exosuit: Path, tree: Path, workers: int, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """A scan that has come to the endless file; the order of its paths is that of its work."""
    chosen = ("--max-file-size", "0", "--workers", workers, *arguments)
    process = scan_command(exosuit, tree / "a", tree / "z", *chosen, **options)
    try:
        wait_until(lambda: any(bytes_read(pid) > 32 << 20 for pid in family(tree / "z")), "32 MiB read", process)
    except BaseException:
        kill_for_good(process)
        raise
    return process


def told(number: signal.Signals) -> bytes:
    return f"exosuit: error: interrupted by {number.name}: the result is partial\n".encode()


def told_at_once(number: signal.Signals) -> bytes:
    return f"exosuit: error: interrupted by {number.name}\n".encode()


@SIGNALS
@pytest.mark.parametrize(("workers", "tokens"), [(1, "--tokens"), (2, "--tokens"), (2, "--no-tokens")])
def test_the_first_signal_gives_a_partial_result(
    endless: Path, exosuit: Path, number: signal.Signals, workers: int, tokens: str
) -> None:
    process = start(exosuit, endless, workers, "--json", tokens)
    try:
        process.send_signal(number)
        output, errors = process.communicate(timeout=HANG)
        assert (process.returncode, errors) == (128 + number, told(number))
        wait_until(lambda: not family(endless / "z"), "no process is left")
    finally:
        kill_for_good(process)
    document = json.loads(output)
    assert document["partial"] == number.name
    assert document["ledger"] == {
        "discovered": SMALL + 1,
        "ingested": SMALL,
        "skipped": {"not_reached": 1},
        "directories": 2,
    }
    assert document["totals"]["files"] == SMALL


@SIGNALS
def test_a_signal_to_the_whole_group_is_the_parents_to_answer(
    endless: Path, exosuit: Path, number: signal.Signals
) -> None:
    """As a terminal sends Ctrl-C, and as timeout(1) and systemd send SIGTERM."""
    process = start(exosuit, endless, 2, "--json", start_new_session=True)
    try:
        os.killpg(process.pid, number)
        output, errors = process.communicate(timeout=HANG)
    finally:
        kill_for_good(process)
    assert (process.returncode, errors) == (128 + number, told(number))
    document = json.loads(output)
    assert document["partial"] == number.name
    assert document["throughput"]["worker_deaths"] == 0
    assert "quarantined" not in document["ledger"]["skipped"]


@SIGNALS
def test_the_second_signal_ends_it_at_once(endless: Path, exosuit: Path, number: signal.Signals) -> None:
    process = start(exosuit, endless, 2, "--json", "--no-tokens")
    try:
        for pid in family(endless / "z"):
            if pid != process.pid:
                os.kill(pid, signal.SIGSTOP)  # a worker that answers nothing
        process.send_signal(number)
        wait_until(lambda: not pending(process.pid, number), "the first signal is taken", process)
        time.sleep(0.2)  # and handled: the interpreter tells two at once as one
        process.send_signal(number)
        output, errors = process.communicate(timeout=HANG)
        assert (process.returncode, errors, output) == (128 + number, told_at_once(number), b"")
        wait_until(lambda: not family(endless / "z"), "no process is left")
    finally:
        kill_for_good(process)


def pending(pid: int, number: signal.Signals) -> bool:
    """Whether a signal waits to be delivered (proc(5), SigPnd and ShdPnd)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        masks = [int(line.split()[1], 16) for line in file if line.startswith(("SigPnd", "ShdPnd"))]
    return any(mask >> (number - 1) & 1 for mask in masks)


def test_a_partial_result_is_marked_on_a_terminal_and_in_no_index(endless: Path, exosuit: Path, scan: Scanner) -> None:
    process = start(exosuit, endless, 1, "--no-tokens")
    try:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=HANG)
    finally:
        kill_for_good(process)
    assert process.returncode == 130
    assert b"(partial: SIGINT)" in output
    assert b"not reached" in output
    (endless / "z" / "sparse").unlink()
    whole = scan(endless / "a", endless / "z", "--max-file-size", "0")
    assert whole.document["partial"] is None
    assert whole.document["throughput"]["index_hits"] == 0
    assert whole.document["ledger"]["ingested"] == SMALL


def test_a_partial_scan_names_what_was_not_reached_and_keeps_the_manifest(
    endless: Path, exosuit: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "out.jsonl"
    manifest.write_text("of a whole scan\n")
    process = start(exosuit, endless, 1, "--no-tokens", "--jsonl", "--manifest", str(manifest))
    try:
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=HANG)
    finally:
        kill_for_good(process)
    assert process.returncode == 143
    assert told(signal.SIGTERM) in errors
    assert manifest.read_text() == "of a whole scan\n"
    records = [json.loads(line) for line in output.splitlines()]
    assert len(records) == SMALL + 1
    assert records[-1] == {"path": "z/sparse", "skipped": "not_reached", "detail": ""}


def test_a_signal_before_there_is_anything_to_report(tree: Path, exosuit: Path) -> None:
    """Names are read from stdin: until they end, no scan has begun."""
    process = scan_command(exosuit, "--stdin0", tree, stdin=subprocess.PIPE)
    try:
        wait_until(lambda: catches(process.pid, signal.SIGTERM), "the command has begun", process)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=HANG)
        assert (process.returncode, output, errors) == (143, b"", told_at_once(signal.SIGTERM))
        wait_until(lambda: not family(tree), "no process is left")
    finally:
        kill_for_good(process)


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal (proc(5), SigCgt)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        (mask,) = [int(line.split()[1], 16) for line in file if line.startswith("SigCgt")]
    return bool(mask >> (number - 1) & 1)
