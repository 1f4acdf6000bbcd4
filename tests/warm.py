"""The installed command in a process whose modules and vocabularies are there: forked from one that has loaded them.

To start Python, import, and load a vocabulary takes many times as long as what most tests have the command do. So one
process a session loads all of that, and forks for every command. The forked process runs the console script itself,
with the arguments, the environment, the directory and the streams that a started one would have.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

AT_THE_START: Final = ("PYTHON", "LC_", "LANG", "LD_", "TZ")
"""Beginnings of the variables that an interpreter reads when it starts."""

LIMIT: Final = 120.0
"""Seconds after which a command hangs."""


class WarmProcess:
    """Runs commands; ends with `close`."""

    def __init__(self, script: Path) -> None:
        self._script = script
        self._at_the_start = at_the_start(os.environ)
        self._umask = umask()
        self._socket, theirs = socket.socketpair()
        with theirs:
            # Its streams are pipes, as those of the commands will be: the interpreter looks at them when it starts.
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(script), str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )

    def can_run(self, environ: Mapping[str, str]) -> bool:
        """Whether a started process would find the same as a forked one, but for what is handed over."""
        return at_the_start(environ) == self._at_the_start and umask() == self._umask

    def run(
        self, arguments: Sequence[bytes], cwd: str, environ: Mapping[str, str], text: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the script; `text` is what it finds on stdin."""
        told, telling = os.pipe()
        out, to_out = os.pipe()
        err, to_err = os.pipe()
        stdin, to_stdin = os.pipe() if text is not None else (os.dup(0), -1)
        asked = json.dumps([list(map(os.fsdecode, arguments)), cwd, dict(environ)]).encode()
        given = [stdin, to_out, to_err, telling]
        try:
            socket.send_fds(self._socket, [len(asked).to_bytes(8, "big")], given)
            self._socket.sendall(asked)
        except ConnectionError:
            raise AssertionError(f"what forks has ended: {self._process.communicate()[1].decode()}") from None
        finally:
            for descriptor in given:
                os.close(descriptor)
        answers = _talk([out, err, told], to_stdin, text)
        if not answers[2]:
            raise AssertionError(f"what forks has ended: {self._process.communicate()[1].decode()}")
        code = os.waitstatus_to_exitcode(int(answers[2]))
        return subprocess.CompletedProcess([str(self._script), *arguments], code, answers[0], answers[1])

    def close(self) -> None:
        """End the process; what it forked has ended before."""
        self._socket.close()
        said = self._process.communicate(timeout=LIMIT)
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


def _serve(script: str, asking: socket.socket) -> None:
    """Fork for every question until there are no more."""
    while True:
        head, descriptors, _, _ = socket.recv_fds(asking, 8, 4)
        if not head:
            break
        asked = b""
        while len(asked) < int.from_bytes(head, "big"):
            asked += asking.recv(int.from_bytes(head, "big") - len(asked))
        if os.fork() == 0:  # waits for the command, so that several can run at once
            pid = os.fork()
            if pid == 0:
                asking.close()
                _become(script, *json.loads(asked), descriptors)
            for descriptor in descriptors[:3]:
                os.close(descriptor)
            os.write(descriptors[3], str(os.waitpid(pid, 0)[1]).encode())
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)
        _reap()
    while _reap(0):
        pass


def _reap(how: int = os.WNOHANG) -> bool:
    try:
        while os.waitpid(-1, how)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _become(script: str, arguments: list[str], cwd: str, environ: dict[str, str], descriptors: list[int]) -> None:
    """Be the command from here on."""
    import runpy

    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")


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
    with socket.socket(fileno=int(sys.argv[2])) as _asking:
        _serve(sys.argv[1], _asking)
