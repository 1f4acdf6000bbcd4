"""A signal that comes while the program still starts is one line and 130 or 143, whatever it interrupts."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from .harness import HANG


def _is_handled(pid: int, number: signal.Signals) -> bool:
    """Whether the process has a handler for the signal, by proc(5)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next((line for line in status.splitlines() if line.startswith("SigCgt:")), "SigCgt: 0")
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["scan", "chunk", "config"])
def test_an_early_signal_is_one_line(exosuit: Path, tmp_path: Path, command: str, number: signal.Signals) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    arguments = {"scan": [tmp_path, "--no-index"], "chunk": [tmp_path], "config": ["show"]}[command]
    early = 0
    for wait in (0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2):
        with subprocess.Popen(
            [exosuit, command, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            try:
                # Python itself handles SIGINT from its start, so SIGTERM shows when the program has begun.
                while process.poll() is None and not _is_handled(process.pid, signal.SIGTERM):
                    time.sleep(0.001)
                time.sleep(wait)
                process.send_signal(number)
                _, errors = process.communicate(timeout=HANG)
            finally:
                process.kill()
        assert process.returncode in (0, 128 + number), errors.decode()
        if process.returncode:
            early += 1
            assert errors.count(b"\n") == 1, errors.decode()
            assert errors.startswith(f"exosuit: error: interrupted by {number.name}".encode())
    assert early
