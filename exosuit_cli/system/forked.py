"""Forking this very process, by hand: the few lines that are needed before anything is imported."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_ALONE = threading.Event()


@contextlib.contextmanager
def without_fork() -> Iterator[None]:
    """Have `start_method` say `spawn` in the block, for small work of a process that has loaded all it needs."""
    _ALONE.set()
    try:
        yield
    finally:
        _ALONE.clear()


def start_method() -> str:
    """`fork` while this process has one thread and fork is safe, else `spawn`.

    `multiprocessing` forbids a worker of its pools to have children; a program that is started is none of its.
    """
    multiprocessing = sys.modules.get("multiprocessing.process")  # in a process of its own making it is imported
    if multiprocessing is not None and multiprocessing.current_process().daemon:
        return "spawn"
    return "fork" if not _ALONE.is_set() and can_fork() else "spawn"


def can_fork() -> bool:
    """Whether this process has one thread and no card, so that a fork is safe; starting a program takes longer."""
    if sys.platform != "linux" or "cupy" in sys.modules or threading.active_count() > 1:
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:  # no /proc: nobody knows of threads that are not Python's
        return False


class ForkedProcess:
    """A process by its pid; `is_child` says whether it is ours to wait for, or a child of another process."""

    def __init__(self, pid: int | None, *, is_child: bool) -> None:
        self.pid = pid
        self.exitcode: int | None = None
        self.cpu_seconds = 0.0
        self._is_child = is_child

    def kill(self) -> None:
        """End it at once, if it has begun."""
        if self.pid is not None and self.exitcode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def join(self) -> None:
        """Wait for its end."""
        if self._is_child and self.pid is not None and self.exitcode is None:
            try:
                _, status, usage = os.wait4(self.pid, 0)
            except ChildProcessError:  # the program ignores SIGCHLD: the system has already forgotten it
                return
            self.exitcode = os.waitstatus_to_exitcode(status)
            self.cpu_seconds = usage.ru_utime + usage.ru_stime


def fork(run: Callable[[], None]) -> int:
    """Run a function in a forked process; its pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        run()
        code = 0
    except BaseException:  # noqa: BLE001  (nothing may unwind into the program that was forked)
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)
