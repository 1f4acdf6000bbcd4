"""The installed command in a process whose modules and vocabularies are there: forked from one that has loaded them.

To start Python, import, and load a vocabulary takes many times as long as what most tests have the command do. So one
process a session loads all of that, and forks for every command. The forked process runs the console script itself,
with the arguments, the environment, the directory and the streams that a started one would have.

`WarmProcess.command` is a program for shells, terminals and whoever else starts commands by their path: it hands all
that it was given to the same process, and ends as the command does. Signals do not reach the command through it.
"""

from __future__ import annotations

import itertools
import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

AT_THE_START: Final = ("PYTHON", "LC_", "LANG", "LD_", "TZ")
"""Beginnings of the variables that an interpreter reads when it starts."""

LIMIT: Final = 120.0
"""Seconds after which a command hangs."""


COMMAND: Final = """#!{python} -IS
import array, json, os, signal, socket, sys
if {{name: value for name, value in os.environ.items() if name.startswith({beginnings!r})}} != {at_the_start!r}:
    os.execv({installed!r}, [{installed!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as asking:
    asking.connect({address!r})
    asked = json.dumps([{script!r}, sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    streams = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
    asking.sendmsg([len(asked).to_bytes(8, "big")], streams)
    asking.sendall(asked)
    code = os.waitstatus_to_exitcode(int(asking.recv(16)))
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
"""


class WarmProcess:
    """Runs commands; ends with `close`."""

    def __init__(self, script: Path) -> None:
        self._script = str(script)
        self._at_the_start = at_the_start(os.environ)
        self._umask = umask()
        self._folder = tempfile.mkdtemp(prefix="exosuit-warm-")
        self._address = os.path.join(self._folder, "socket")
        self._ending, theirs = socket.socketpair()
        with theirs, socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self._address)
            listening.listen()
            # Its streams are pipes, as those of the commands will be: the interpreter looks at them when it starts.
            self._process = subprocess.Popen(
                [sys.executable, __file__, self._script, str(theirs.fileno()), str(listening.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno(), listening.fileno()],
            )
        self._programs = itertools.count()
        self.command = self.program(self._script)
        """The path of a program that is the command here."""

    def program(self, script: str) -> str:
        """Make a program called exosuit that runs a script here; it starts the installed command itself where what an
        interpreter reads when it starts was changed."""
        folder = os.path.join(self._folder, str(next(self._programs)))
        os.mkdir(folder)
        with open(os.path.join(folder, "exosuit"), "x") as file:
            file.write(
                COMMAND.format(
                    python=sys.executable,
                    beginnings=AT_THE_START,
                    at_the_start=self._at_the_start,
                    installed=self._script,
                    script=script,
                    address=self._address,
                )
            )
        os.chmod(file.name, 0o700)
        return file.name

    def can_run(self, environ: Mapping[str, str]) -> bool:
        """Whether a started process would find the same as a forked one, but for what is handed over."""
        return at_the_start(environ) == self._at_the_start and umask() == self._umask

    def run(
        self,
        arguments: Sequence[bytes],
        cwd: str,
        environ: Mapping[str, str],
        text: bytes | None = None,
        script: str | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the script, or another one; `text` is what it finds on stdin."""
        out, to_out = os.pipe()
        err, to_err = os.pipe()
        stdin, to_stdin = os.pipe() if text is not None else (os.dup(0), -1)
        asked = json.dumps([script or self._script, list(map(os.fsdecode, arguments)), cwd, dict(environ)]).encode()
        given = [stdin, to_out, to_err]
        asking = socket.socket(socket.AF_UNIX)
        try:
            asking.connect(self._address)
            socket.send_fds(asking, [len(asked).to_bytes(8, "big")], given)
            asking.sendall(asked)
        except ConnectionError:
            raise AssertionError(f"what forks has ended: {self._process.communicate()[1].decode()}") from None
        finally:
            for descriptor in given:
                os.close(descriptor)
        answers = _talk([out, err, asking.detach()], to_stdin, text)
        if not answers[2]:
            raise AssertionError(f"what forks has ended: {self._process.communicate()[1].decode()}")
        code = os.waitstatus_to_exitcode(int(answers[2]))
        return subprocess.CompletedProcess([self._script, *arguments], code, answers[0], answers[1])

    def close(self) -> None:
        """End the process; what it forked has ended before."""
        self._ending.close()
        said = self._process.communicate(timeout=LIMIT)
        shutil.rmtree(self._folder)
        assert (self._process.returncode, *said) == (0, b"", b"")


def at_the_start(environ: Mapping[str, str]) -> dict[str, str]:
    """Those of the variables that an interpreter reads when it starts."""
    return {name: value for name, value in environ.items() if name.startswith(AT_THE_START)}


def umask() -> int:
    """The mask of this process."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1], 8) for line in file if line.startswith("Umask:"))


def _talk(reading: Sequence[int], writing: int, text: bytes | None) -> list[bytes]:
    """What comes from each until its end, while the text is written; a command that hangs is an error."""
    pieces: dict[int, list[bytes]] = {descriptor: [] for descriptor in reading}
    left = memoryview(text or b"")
    deadline = time.monotonic() + LIMIT
    with selectors.DefaultSelector() as selector:
        for descriptor in reading:
            selector.register(descriptor, selectors.EVENT_READ)
        if writing >= 0:
            os.set_blocking(writing, False)
            selector.register(writing, selectors.EVENT_WRITE)
        try:
            while selector.get_map():
                ready = selector.select(deadline - time.monotonic())
                if not ready and time.monotonic() >= deadline:
                    raise subprocess.TimeoutExpired("exosuit", LIMIT)
                for key, _ in ready:
                    if key.fd == writing:
                        try:
                            left = left[os.write(writing, left) :]
                        except BrokenPipeError:
                            left = left[:0]
                        ended = not left
                    else:
                        pieces[key.fd].append(os.read(key.fd, 1 << 16))
                        ended = not pieces[key.fd][-1]
                    if ended:
                        selector.unregister(key.fd)
                        os.close(key.fd)
        finally:
            for key in list(selector.get_map().values()):
                os.close(key.fd)
    return [b"".join(pieces[descriptor]) for descriptor in reading]


def _serve(ending: socket.socket, listening: socket.socket) -> None:
    """Fork for every question until the other end of `ending` is closed."""
    with selectors.DefaultSelector() as selector:
        selector.register(ending, selectors.EVENT_READ)
        selector.register(listening, selectors.EVENT_READ)
        while all(key.fileobj is listening for key, _ in selector.select()):
            asking, _ = listening.accept()
            with asking:
                if os.fork() == 0:  # waits for the command, so that several can run at once
                    ending.close()
                    listening.close()
                    selector.close()
                    _answer(asking)
            _reap()
    while _reap(0):
        pass


def _answer(asking: socket.socket) -> NoReturn:
    """Run what is asked in a process of its own, and send its status."""
    head, descriptors, _, _ = socket.recv_fds(asking, 8, 3)
    asked = b""
    while len(asked) < int.from_bytes(head, "big"):
        asked += asking.recv(int.from_bytes(head, "big") - len(asked))
    pid = os.fork()
    if pid == 0:
        asking.close()
        _become(*json.loads(asked), descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    asking.send(str(os.waitpid(pid, 0)[1]).encode())
    os._exit(0)


def _reap(how: int = os.WNOHANG) -> bool:
    try:
        while os.waitpid(-1, how)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _become(script: str, arguments: list[str], cwd: str, environ: dict[str, str], descriptors: list[int]) -> NoReturn:
    """Be the command from here on."""
    import atexit
    import runpy
    import threading

    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = [script, *arguments]
    code: object = None
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        code = ended.code
        if not (code is None or isinstance(code, int)):
            raise
    if threading.active_count() > 1:
        sys.exit(code)
    # The interpreter would take apart, one by one, all the modules that the command has not asked for.
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code or 0)


def _load() -> None:
    """Import what commands import, and have their vocabularies loaded once; no thread may be left by it."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does
    import contextlib
    import importlib
    import pkgutil
    from functools import cache

    import exosuit_cli
    from exosuit_cli import tokens

    tokens.load_counter = cache(tokens.load_counter)
    for module in pkgutil.walk_packages(exosuit_cli.__path__, "exosuit_cli."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # of what is no part of this installation; a command says so itself
                importlib.import_module(module.name)
    for encoding in tokens.ENCODINGS:
        tokens.load_counter(encoding)
        tokens.token_table(encoding)
    assert len(os.listdir("/proc/self/task")) == 1, "a process with threads cannot be forked"
    assert not {"cupy", "pynvml"} & set(sys.modules)


if __name__ == "__main__":
    sys.path[0] = os.path.dirname(sys.argv[1])
    _load()
    with socket.socket(fileno=int(sys.argv[2])) as _ending, socket.socket(fileno=int(sys.argv[3])) as _listening:
        _serve(_ending, _listening)
