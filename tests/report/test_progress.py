"""The live line: on a terminal only, never wider than it, gone at the end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.ingest import Progress
from exosuit_cli.report.progress import APPEARS_AFTER_SECONDS, progress_line

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Work for longer than the line waits: reading nothing but holes still takes its time."""
    for number in range(5):
        with (tmp_path / f"sparse{number}").open("wb") as file:
            file.truncate(600 << 20)
    return tmp_path


def run_on_a_terminal(command: list[object], *, stdout: int | None = None) -> bytes:
    """What a command writes to its stderr, which is a terminal; stdout is one too unless it is given."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [str(word) for word in command], stdout=slave if stdout is None else stdout, stderr=slave
    ) as process:
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


def test_a_terminal_shows_the_line_and_is_clean_afterwards(exosuit: Path, slow: Path) -> None:
    shown = run_on_a_terminal(
        [exosuit, "scan", slow, "--no-tokens", "--no-index", "--workers", 1], stdout=subprocess.DEVNULL
    )
    drawn = re.findall(rb"\r([0-9][^\r\x1b]*)\x1b\[K", shown)
    assert drawn
    assert all(re.match(rb"[1-5] of 5 files  .*GiB|[1-5] of 5 files  .*MiB", line) for line in drawn)
    assert shown.endswith(b"\r\x1b[K")
    assert b"\n" not in shown, "nothing but the line was written"


@pytest.mark.parametrize("options", [["--quiet"], ["--quiet", "--json"]])
def test_quiet_shows_no_line(exosuit: Path, slow: Path, options: list[str]) -> None:
    command = [exosuit, "scan", slow, "--no-tokens", "--no-index", *options]
    assert run_on_a_terminal(command, stdout=subprocess.DEVNULL) == b""


def test_a_pipe_gets_no_line(exosuit: Path, slow: Path) -> None:
    done = subprocess.run([exosuit, "scan", slow, "--no-tokens", "--no-index"], capture_output=True, check=True)
    assert done.stderr == b""
    assert b"\r" not in done.stdout


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
        Progress(listed=3000, walk_is_over=True, done=1500, bytes=1 << 30, seconds=3.0),
        Progress(listed=3000, walk_is_over=True, done=0, bytes=0, seconds=3.0),
    ]
    assert lines(reports, 200, monkeypatch, capsys)[1:-1] == [
        "0 of 2,000+ files  0 B  0 files/s",
        "1,000 of 3,000+ files  2.0 KiB  500 files/s",
        "1,500 of 3,000 files  1.0 GiB  500 files/s  3 s left",
        "0 of 3,000 files  0 B  0 files/s",
    ]


def test_a_quick_scan_draws_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    report = Progress(listed=1, walk_is_over=True, done=1, bytes=1, seconds=APPEARS_AFTER_SECONDS / 2)
    assert lines([report], 80, monkeypatch, capsys) == [""]


def test_the_line_is_gone_after_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(RuntimeError), progress_line() as draw:
        draw(Progress(listed=1, walk_is_over=True, done=0, bytes=0, seconds=LATE))
        raise RuntimeError
    assert capsys.readouterr().err.endswith("\r\x1b[K")
