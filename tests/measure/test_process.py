"""One run: its time, its CPU, its end, whatever the command does."""

from __future__ import annotations

import os
import re
import sys
import time

import pytest

from exosuit_cli.measure.process import run_process
from exosuit_cli.model.errors import InvalidMeasurement, UsageError

ENVIRONMENT = dict(os.environ)


def test_cpu_counts_children_that_were_waited_for() -> None:
    burn = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(3000000))']); print(1)"
    done = run_process([sys.executable, "-c", burn], ENVIRONMENT, 60)
    alone = run_process([sys.executable, "-c", "print(1)"], ENVIRONMENT, 60)
    assert done.answer == b"1\n"
    assert done.cpu_s > alone.cpu_s
    assert done.max_rss > 1 << 20
    assert done.wall_s > 0


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 3", "failed with exit code 3"),
        ("echo why >&2; exit 1", "failed with exit code 1: why"),
        ("kill -9 $$", "signal SIGKILL"),
        (":", "printed nothing"),
        ("echo; echo", "printed nothing"),
        (r"printf '\033[31mred' >&2; exit 1", "x1b[31mred"),
    ],
)
def test_a_command_that_fails_or_prints_nothing(script: str, told: str) -> None:
    with pytest.raises(InvalidMeasurement, match=re.escape(told)):
        run_process(["sh", "-c", script], ENVIRONMENT, 60)


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="cannot be started"):
        run_process(["/nonexistent/exosuit"], ENVIRONMENT, 60)


def test_time_is_limited_and_nothing_stays(tmp_path: object) -> None:
    mark = str(os.getpid()) + ".25"
    with pytest.raises(InvalidMeasurement, match="not done after 0 s"):
        run_process(["sh", "-c", f"sleep 1000{mark} & sleep 1000{mark}"], ENVIRONMENT, 0.3)
    for _ in range(100):
        left = [pid for pid in os.listdir("/proc") if pid.isdigit() and _arguments(pid).endswith(f"1000{mark}")]
        if not left:
            break
        time.sleep(0.05)
    assert not left


def test_a_clock_that_steps_back_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run times are of the monotonic clock; the time of day is not asked."""

    def step_back() -> float:
        raise AssertionError("the time of day was asked")

    monkeypatch.setattr(time, "time", step_back)
    assert run_process(["sh", "-c", "echo 1"], ENVIRONMENT, 60).wall_s > 0


def _arguments(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""
