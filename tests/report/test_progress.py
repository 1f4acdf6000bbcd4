"""The live line: on a terminal only, never wider than it, gone at the end."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.ingest import Progress
from exosuit_cli.report.progress import APPEARS_AFTER_SECONDS, progress_line

if TYPE_CHECKING:
    from pathlib import Path


PROGRAM = """
from exosuit_cli.cli import main
from exosuit_cli.report import progress
progress.APPEARS_AFTER_SECONDS = 0.0
main()
"""
"""The command, impatient: any scan is long enough for its line."""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("words\n" * 1000)
    return [sys.executable, "-c", PROGRAM, "scan", str(tmp_path), "--no-tokens", "--no-index"]


def on_a_terminal(command: list[str]) -> bytes:
    """What a command writes to its stderr, which is a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=slave) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 1 << 16)
            except OSError:  # EIO: the other side is closed
                break
            shown += piece
    os.close(master)
    assert process.returncode == 0, shown
    return shown


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_terminal_shows_the_line_and_is_clean_afterwards(command: list[str], workers: str) -> None:
    shown = on_a_terminal([*command, "--workers", workers])
    drawn = re.findall(rb"\r([0-9][^\r\x1b]*)\x1b\[K", shown)
    assert drawn
    assert all(re.match(rb"[1-5] of 5 files  |5 files found, ", line) for line in drawn)
    assert shown.endswith(b"\r\x1b[K")
    assert b"\n" not in shown, "nothing but the line was written"


def test_quiet_shows_no_line(command: list[str]) -> None:
    assert on_a_terminal([*command, "--quiet"]) == b""


def test_a_pipe_gets_no_line(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    assert b"\r" not in done.stdout


def chunked(command: list[str], *options: str) -> list[str]:
    return [*command[: command.index("scan")], "chunk", command[command.index("scan") + 1], *options]


@pytest.mark.parametrize("options", [["--stats"], ["-o", "/dev/null"], ["-o", "out.jsonl"]], ids=" ".join)
def test_chunk_shows_the_line_where_no_chunk_is_shown(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = on_a_terminal(chunked(command, *options))
    assert re.search(rb"\r[1-5][^\r\x1b]*\x1b\[K", shown)
    assert shown.endswith(b"\r\x1b[K")


@pytest.mark.parametrize("options", [[], ["-o", "-"], ["-o", "/dev/stdout"]], ids=" ".join)
@pytest.mark.parametrize("is_pipe", [False, True], ids=["terminal", "pipe"])
def test_no_line_comes_between_chunks(command: list[str], options: list[str], is_pipe: bool) -> None:
    """A terminal shows stderr too, and so may the reader of a pipe, as in `exosuit chunk . | head`."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        chunked(command, *options), stdout=subprocess.PIPE if is_pipe else slave, stderr=slave
    ) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                shown += os.read(master, 1 << 16)
            except OSError:  # EIO: the other side is closed
                break
        if is_pipe:
            assert process.stdout is not None
            chunks = process.stdout.read()
        else:
            chunks, shown = shown, b""
    os.close(master)
    assert (process.returncode, shown) == (0, b"")
    records = [json.loads(line) for line in chunks.splitlines()]
    assert {record["path"] for record in records} == {f"{number}.txt" for number in range(5)}


def lines(
    reports: list[Progress], columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    with progress_line() as draw:
        for progress in reports:
            draw(progress)
    written = capsys.readouterr().err
    assert written.count("\n") == 0
    return [line.removesuffix("\x1b[K") for line in written.split("\r")]


LATE = APPEARS_AFTER_SECONDS + 0.7


@pytest.mark.parametrize("columns", [1, 2, 10, 40, 200])
def test_the_line_is_narrower_than_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    report = Progress(listed=10**9, walk_is_over=True, done=10**8, bytes=2**50, seconds=LATE)
    first, line, last = lines([report], columns, monkeypatch, capsys)
    assert (first, last) == ("", "")
    assert len(line) < columns
    whole = lines([report], 500, monkeypatch, capsys)[1]
    assert whole.startswith(line)


def test_what_the_line_says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    reports = [
        Progress(listed=10, walk_is_over=False, done=0, bytes=0, seconds=0.1),
        Progress(listed=2000, walk_is_over=False, done=0, bytes=0, seconds=1.0),
        Progress(listed=3000, walk_is_over=False, done=1000, bytes=2048, seconds=2.0),
        Progress(listed=3000, walk_is_over=True, done=100, bytes=1 << 20, seconds=2.0),
        Progress(listed=3000, walk_is_over=True, done=1500, bytes=1 << 30, seconds=3.0),
        Progress(listed=3000, walk_is_over=True, done=0, bytes=0, seconds=3.0),
    ]
    assert lines(reports, 200, monkeypatch, capsys)[1:-1] == [
        "2,000+ files found, reading the first",
        "1,000 of 3,000+ files  2.0 KiB  500 files/s",
        "100 of 3,000 files  1.0 MiB  50 files/s",
        "1,500 of 3,000 files  1.0 GiB  500 files/s  3 s left",
        "3,000 files found, reading the first",
    ]


def test_a_quick_scan_draws_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    report = Progress(listed=1, walk_is_over=True, done=1, bytes=1, seconds=APPEARS_AFTER_SECONDS / 2)
    assert lines([report], 80, monkeypatch, capsys) == [""]


def test_the_line_is_gone_after_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    report = Progress(listed=1, walk_is_over=True, done=0, bytes=0, seconds=LATE)
    with pytest.raises(RuntimeError):
        _draw_and_fail(report)
    assert capsys.readouterr().err.endswith("\r\x1b[K")


def _draw_and_fail(report: Progress) -> None:
    with progress_line() as draw:
        draw(report)
        raise RuntimeError
