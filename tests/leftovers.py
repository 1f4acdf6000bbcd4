"""No process outlives the tests that started it: what still runs at the end is ended, and fails the run."""

from __future__ import annotations

import os
import signal
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.syntax import process as syntax_process

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = f"PYTEST_STARTED_BY={uuid.uuid4().hex}"
"""In the environment of everything that the tests of this process start, also where its parent is gone."""

GRACE = 10.0
"""Seconds for what is just ending."""


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    name, _, value = MARK.partition("=")
    os.environ[name] = value
    yield
    syntax_process.close()  # this process keeps it for its next text
    deadline = time.monotonic() + GRACE
    while (left := running()) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"still running after the last test: {left}"


def running() -> dict[int, str]:
    """The command lines of the living processes that this one or its descendants started."""
    found = {}
    parents = {os.getpid()}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            parent, state = _parent(pid)
            if pid == os.getpid() or state in "ZX":
                continue
            if parent in parents or MARK.encode() in _read(pid, "environ").split(b"\0"):
                parents.add(pid)
                found[pid] = _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended, or is another user's
    return found


def _parent(pid: int) -> tuple[int, str]:
    state, parent = _read(pid, "stat").rpartition(b")")[2].split()[:2]
    return int(parent), state.decode()


def _read(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()
