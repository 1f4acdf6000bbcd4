"""The owner of a card as the parent sees it: a process to start, to wait for and to end."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from multiprocessing import Pipe, spawn
from typing import TYPE_CHECKING

from exosuit_cli.device.messages import DeviceTotals, OwnerSettings, Ready, Refusal
from exosuit_cli.model.errors import ResourceMissing

if TYPE_CHECKING:
    from exosuit_cli.device.driver import Card

LANES = 4
START_SECONDS = 120
"""A card that has not answered by then is stuck; the first build of all kernels takes seconds."""
_END_SECONDS = 5
_PROGRAM = "import sys; sys.path[:] = {path!r}; from exosuit_cli.device.owner import main; main({descriptor})"


class DeviceProcess:
    """Started at once; `wait` says whether the card can be used.

    It is a program of its own, never a fork: a driver that is in use does not survive one. `close` it before the end:
    its socket has a directory of its own.
    """

    def __init__(self, driver: str, card: int, algorithm: str, limit_bytes: int) -> None:
        self._directory = tempfile.mkdtemp(prefix="exosuit-")  # mode 0700
        self.address = os.path.join(self._directory, "device")
        self._control, theirs = Pipe()
        self._ready: Ready | None = None
        self.totals = DeviceTotals()
        program = _PROGRAM.format(path=sys.path, descriptor=theirs.fileno())
        self._process = subprocess.Popen(  # noqa: S603  (this interpreter, and a program of our own)
            [spawn.get_executable(), "-c", program], stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
        )
        theirs.close()
        self._settings = OwnerSettings(driver, card, algorithm, limit_bytes, LANES, self.address)
        with contextlib.suppress(OSError):  # it is dead already: `wait` finds it so
            self._control.send(self._settings)

    def pids(self) -> list[int]:
        """The process, while it lives."""
        return [self._process.pid] if self._process.poll() is None else []

    def is_ready(self) -> bool:
        """Whether `wait` would answer at once."""
        return self._ready is not None or self._control.poll()

    def wait(self) -> Card:
        """The card, once its kernels are built. Raises ResourceMissing where it cannot be used."""
        if self._ready is None:
            name = f"device cuda:{self._settings.card}"
            if not self._control.poll(START_SECONDS):
                raise ResourceMissing(f"{name} does not answer within {START_SECONDS} s; use --device cpu")
            try:
                answer = self._control.recv()
            except (EOFError, OSError):
                code = self._process.wait()
                raise ResourceMissing(f"{name}: the process that owns it ended with exit code {code}") from None
            if isinstance(answer, Refusal):
                raise ResourceMissing(f"{name}: {answer.reason}")
            self._ready = answer
        return self._ready.card

    def close(self) -> DeviceTotals:
        """End it; what it did. It has to answer within seconds, and is killed if it does not."""
        try:
            if self._ready is not None:
                self._control.send(None)
                if self._control.poll(_END_SECONDS):
                    self.totals = self._control.recv()
        except (EOFError, OSError):
            pass  # it died: nothing is lost but its own accounts
        self._control.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)
        return self.totals
