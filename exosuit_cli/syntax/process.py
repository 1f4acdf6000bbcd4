"""The process that parses: a text can do harm to its parser, and must not to the program that cuts it.

Grammars have scanners in C of their own, written for text that people write. One of them may read beyond its state, or
take memory by the square of the text, in a step that nothing stops. So all parsing is done in a process of its own,
started when it is first needed, one for each process that cuts. It lives under bounds on memory and processor time.
Where it dies, the text has no syntax tree, and the next text gets a new process.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Final, TypeVar

from exosuit_cli.syntax.no_syntax import NoSyntax
from exosuit_cli.system.forked import ForkedProcess, can_fork, fork
from exosuit_cli.system.program import start_program

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

_T = TypeVar("_T")

_ROOM_BYTES, _ROOM_FOR_A_BYTE = 256 << 20, 512
"""Address space for a text with its grammar, and for each of its bytes: 4 MiB of JSON, all brackets and digits, take
some 150 for each."""
_CPU_SECONDS, _CPU_SECONDS_FOR_A_BYTE = 5.0, 8e-6
"""Many times what text that people write takes."""
_PATIENCE_SECONDS: Final = 300.0
"""For an answer. The process bounds its own processor time far below; this is for one that does not get any."""


def in_process(size: int, function: Callable[..., _T], *arguments: object) -> _T:
    """What a function of a module makes of a text of `size` bytes, in the process that parses.

    Arguments and result are pickled. One call is carried out at a time, whatever the number of threads. Raises what the
    function raises, NoSyntax also where the text is more than the process can bear, or none can be started.
    """
    with _LOCK:
        for _ in range(2):
            process = _current()
            is_fresh = not process.calls
            try:
                return process.call(size, function, arguments)
            except _Died as death:
                close()
                # The memory of earlier texts may count, and any process may be killed: there, only a new one decides.
                if is_fresh or death.is_slow:
                    raise NoSyntax(death.why) from None
            except NoSyntax:
                raise
            except Exception:
                if is_fresh:
                    raise
                close()  # a grammar is not loaded where the memory is used up
    raise NoSyntax("cannot be parsed")  # pragma: no cover  (the second process is new)


def start_early() -> None:
    """Start the process if a fork can do so, which it cannot once this process has several threads."""
    if not _processes and can_fork():
        with _LOCK, contextlib.suppress(NoSyntax):
            _current()


def pids() -> list[int]:
    """The process, if there is one."""
    return [pid for process in _processes if (pid := process.pid) is not None]


def cpu_seconds() -> float:
    """The processor time of the processes that parsed for this one, as far as they have answered."""
    return _spent[0]


def close() -> None:
    """End the process, if there is one; the next call starts another."""
    if _processes:
        _processes.pop().end()


class _Died(Exception):
    """The process has ended without an answer."""

    def __init__(self, *, is_slow: bool) -> None:
        self.is_slow = is_slow
        self.why = "takes too long to parse" if is_slow else "is too much for its parser"
        super().__init__(self.why)


class _SyntaxProcess:
    """One process that parses, with the socket to it."""

    def __init__(self) -> None:
        # Cutting by structure needs none of these.
        import socket
        from multiprocessing.connection import Connection

        ours, theirs = socket.socketpair()
        self._program: subprocess.Popen[bytes] | None = None
        self._forked: ForkedProcess | None = None
        self.calls = 0
        number = theirs.fileno()
        if can_fork():
            from exosuit_cli.syntax.server import serve

            self._forked = ForkedProcess(fork(lambda: serve(number)), is_child=True)
        else:
            self._program = start_program("exosuit_cli.syntax.server", number, is_silent=True)
        theirs.close()
        self._connection = Connection(ours.detach())

    def call(self, size: int, function: Callable[..., _T], arguments: tuple[object, ...]) -> _T:
        """See `in_process`."""
        self.calls += 1
        room = _ROOM_BYTES + size * _ROOM_FOR_A_BYTE
        seconds = _CPU_SECONDS + size * _CPU_SECONDS_FOR_A_BYTE
        try:
            self._connection.send((room, seconds, function, arguments))
            if not self._connection.poll(_PATIENCE_SECONDS):
                self._kill()
            spent, result, error = self._connection.recv()
        except (EOFError, OSError):
            raise _Died(is_slow=self._wait() == -signal.SIGPROF) from None
        except BaseException:  # Ctrl-C: the answer would be that of the next call
            close()
            raise
        _spent[0] += spent
        if error is not None:
            raise error
        answer: _T = result
        return answer

    @property
    def pid(self) -> int | None:
        """Its number."""
        process = self._program or self._forked
        return process.pid if process is not None else None

    def end(self) -> None:
        """End it at once."""
        self._connection.close()
        self._kill()
        self._wait()

    def abandon(self) -> None:
        """Leave it to the process that started it."""
        with contextlib.suppress(OSError):
            self._connection.close()

    def _kill(self) -> None:
        process = self._program or self._forked
        if process is not None:
            process.kill()

    def _wait(self) -> int | None:
        """Its exit code, once it has ended."""
        if self._program is not None:
            return self._program.wait()
        if self._forked is not None:
            self._forked.join()
            return self._forked.exitcode
        return None


def _current() -> _SyntaxProcess:
    if not _processes:
        try:
            _processes.append(_SyntaxProcess())
        except OSError as error:  # too many processes or open files
            raise NoSyntax("no process can be started") from error
    return _processes[0]


def _forget() -> None:
    """A forked process has none yet."""
    global _LOCK
    _LOCK = threading.Lock()
    for process in _processes:
        process.abandon()
    _processes.clear()
    _spent[0] = 0.0


_LOCK = threading.Lock()
_processes: Final[list[_SyntaxProcess]] = []
_spent: Final = [0.0]
os.register_at_fork(after_in_child=_forget)
atexit.register(close)
