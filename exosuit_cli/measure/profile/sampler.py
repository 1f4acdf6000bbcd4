"""Readings of memory and of the disk while a run goes on, by a process of its own.

A thread would take turns with the work, and keep it from forking its workers; a fork of the work would share its pages
and make it look smaller. Imports little: it is a program that starts beside every profiled run.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final, Self

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.memory import process_memory
from exosuit_cli.system.own_pages import leave_file_pages
from exosuit_cli.system.processes import children_of
from exosuit_cli.system.program import start_program

if TYPE_CHECKING:
    import subprocess
    from types import TracebackType

_CHEAP_SHARE: Final = 100
"""A kind of reading is taken so seldom that it takes at most one part in this many of a processor's time."""
_START_SECONDS: Final = 10


@dataclass(slots=True)
class Readings:
    """What was read: times in nanoseconds of CLOCK_MONOTONIC, bytes; by pid where a dictionary.

    memory: (time, {pid: (PSS, USS)}). resident: (time, bytes), pages that processes share counted in each. disk: (time,
    bytes read from storage, bytes written to it), since the first reading, by all processes. card: (time, bytes used).
    reason: why there is nothing.
    """

    memory: list[tuple[int, dict[int, tuple[int, int]]]] = field(default_factory=list)
    resident: list[tuple[int, int]] = field(default_factory=list)
    disk: list[tuple[int, int, int]] = field(default_factory=list)
    card: list[tuple[int, int]] = field(default_factory=list)
    reason: str | None = None


class Sampler:
    """Reads every `milliseconds`, or less often where that would take more than a hundredth of a processor.

    A context: it reads this process and all that it starts, from the beginning of the block to its end.
    """

    def __init__(self, milliseconds: int) -> None:
        self.readings = Readings(reason="the process that reads it could not be started")
        self._seconds = milliseconds / 1000
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        try:
            ours, theirs = Pipe()
        except OSError:
            return self
        try:
            self._process = start_program(__name__, theirs.fileno())
        except OSError:
            ours.close()
        else:
            self._connection = ours
            with contextlib.suppress(OSError, EOFError):
                ours.send((os.getpid(), self._seconds))
                if ours.poll(_START_SECONDS):
                    ours.recv()
        finally:
            theirs.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is None or self._process is None:
            return
        with contextlib.suppress(OSError, EOFError):
            self._connection.send(None)
            if self._connection.poll(_START_SECONDS):
                self.readings = self._connection.recv()
        self._connection.close()
        self._process.kill()
        self._process.wait()


def main(descriptor: int) -> None:
    """The program: it reads until it is told to stop, or the process that it reads is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # both may reach the whole group; the parent decides what they mean
        signal.signal(number, signal.SIG_IGN)
    connection = Connection(descriptor)
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        pid, seconds = connection.recv()
        leave_file_pages()
        reader = _Reader(pid, seconds)
        reader.read()
        connection.send(None)
        while not connection.poll(reader.pause()):
            reader.read()
        reader.read(last=True)
        connection.send(reader.readings)


class _Reader:
    def __init__(self, pid: int, seconds: float) -> None:
        self.readings = Readings()
        self._pid = pid
        self._seconds = seconds
        self._next = self._next_memory = 0.0
        self._first: dict[int, tuple[int, int]] = {}
        self._disk: dict[int, tuple[int, int]] = {}
        self._card = _card()

    def pause(self) -> float:
        """Seconds until the next reading."""
        return max(self._next - time.monotonic(), 0.0)

    def read(self, *, last: bool = False) -> None:
        """Take a reading; the memory by process only if it is time for one, or at the `last`."""
        began = time.monotonic()
        pids = [self._pid, *(pid for pid in children_of(self._pid) if pid != os.getpid())]
        now = time.monotonic_ns()
        self.readings.resident.append((now, sum(map(_resident, pids))))
        for pid in pids:
            found = _disk(pid)
            if found is not None:
                self._first.setdefault(pid, found if pid == self._pid else (0, 0))
                self._disk[pid] = found
        read, written = (
            sum(self._disk[pid][place] - self._first[pid][place] for pid in self._disk) for place in (0, 1)
        )
        self.readings.disk.append((now, read, written))
        if self._card is not None:
            self.readings.card.append((now, int(self._card())))
        if last or began >= self._next_memory:
            began_memory = time.monotonic()
            memory = {pid: found for pid in pids if (found := process_memory(pid)) is not None}
            self.readings.memory.append((time.monotonic_ns(), memory))
            ended = time.monotonic()
            self._next_memory = ended + max(self._seconds, _CHEAP_SHARE * (ended - began_memory))
            began += ended - began_memory
        ended = time.monotonic()
        self._next = ended + max(self._seconds, _CHEAP_SHARE * (ended - began))


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _disk(pid: int) -> tuple[int, int] | None:
    """(read_bytes, write_bytes) of proc_pid_io(5)."""
    try:
        with open(f"/proc/{pid}/io", "rb") as file:
            found = dict(line.split(b": ") for line in file.read().splitlines())
        return int(found[b"read_bytes"]), int(found[b"write_bytes"])
    except (OSError, KeyError, ValueError):
        return None


def _card() -> _CardReader | None:
    """What reads the memory used on the first card; None without one."""
    try:
        if not os.path.exists("/proc/driver/nvidia/version"):
            return None
        import pynvml

        pynvml.nvmlInit()
        return _CardReader(pynvml.nvmlDeviceGetHandleByIndex(0))
    except Exception:  # noqa: BLE001  (a driver may raise anything; then the card is not read)
        return None


class _CardReader:
    def __init__(self, handle: object) -> None:
        self._handle = handle

    def __call__(self) -> int:
        import pynvml

        return int(pynvml.nvmlDeviceGetMemoryInfo(self._handle).used)


_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
