"""The life of the process that parses: a call in, an answer out, under bounds, until the other end is gone."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time
from multiprocessing.connection import Connection
from typing import Final

_KILL_AT_PARENTS_END: Final = 1
_MOST_GROWN: Final = 512 << 20
"""Address space that texts and grammars may leave behind. Beyond, the process ends, and the next text gets another."""


def main(number: int) -> None:
    """Serve the socket `number`, in a program of its own."""
    serve(number)


def serve(number: int) -> None:
    """Serve the socket `number` until its other end is closed; whatever else is open is closed first."""
    _settle(number)
    import exosuit_cli.syntax.columns  # noqa: F401  (what every text needs is not charged to the first)

    connection = Connection(number)
    own = _address_space()
    while True:
        try:
            room, seconds, function, arguments = connection.recv()
        except (EOFError, OSError):
            return
        _bound(_address_space() + room, seconds)  # grammars that are loaded already are not charged to this text
        began = time.process_time()
        result: object = None
        error: Exception | None = None
        try:
            result = function(*arguments)
        except MemoryError:
            os._exit(1)  # as where the parser gets none
        except Exception as raised:  # noqa: BLE001  (the caller raises it)
            error = raised.with_traceback(None)
        try:
            connection.send((time.process_time() - began, result, error))
        except OSError:
            return
        signal.setitimer(signal.ITIMER_PROF, 0)
        if _address_space() > own + _MOST_GROWN:
            return


def _settle(number: int) -> None:
    """Hold nothing of the process it was forked from, write nothing, leave nothing behind."""
    for signals in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # they are for the other end, which closes the socket
        signal.signal(signals, signal.SIG_IGN)
    for default in (signal.SIGPROF, signal.SIGCHLD):
        signal.signal(default, signal.SIG_DFL)
    with contextlib.suppress(ValueError):
        signal.set_wakeup_fd(-1)
    if "faulthandler" in sys.modules:
        sys.modules["faulthandler"].disable()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        if standard != number:
            os.dup2(null, standard)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    for each in _open_files(most):
        if each > 2 and each != number:
            with contextlib.suppress(OSError):
                os.close(each)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_KILL_AT_PARENTS_END, signal.SIGKILL)


def _open_files(most: int) -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return list(range(min(most, 1 << 16)))


def _bound(address_space: int, seconds: float) -> None:
    """Bound what comes next: beyond, there is no more memory, or an end by SIGPROF."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        address_space = min(address_space, hard)
    with contextlib.suppress(ValueError, OSError):  # a system without this bound
        resource.setrlimit(resource.RLIMIT_AS, (address_space, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _address_space() -> int:
    """The bytes of address space that this process has."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0
