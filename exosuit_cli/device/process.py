"""The owner of a card as the parent sees it: a process to start, to wait for and to end."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import time
from multiprocessing import Pipe
from typing import TYPE_CHECKING

from exosuit_cli.device.messages import OwnerSettings, Refusal
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.system.program import start_program

if TYPE_CHECKING:
    from exosuit_cli.device.driver import Card
    from exosuit_cli.device.sizes import RingSizes
    from exosuit_cli.device.totals import DeviceTotals
    from exosuit_cli.model.spans import SpanRecording

LANES = 4
START_SECONDS = 120
"""A card that has not answered by then is stuck; the first build of all kernels takes seconds."""
_END_SECONDS = 5


class DeviceProcess:
    """Started at once; `wait` says whether the card can be used. `close` it before the end.

    It is a program of its own, never a fork: a driver that is in use does not survive one. Raises ResourceMissing where
    it cannot be started.
    """

    def __init__(
        self,
        driver: str,
        card: int,
        algorithm: str,
        limit_bytes: int,
        sizes: RingSizes,
        recording: SpanRecording | None = None,
        encoding: str | None = None,
    ) -> None:
        self.address = "\0exosuit-" + secrets.token_hex(16)
        self._name = f"device cuda:{card}"
        self._card: Card | None = None
        self._deadline = time.monotonic() + START_SECONDS
        self.totals: DeviceTotals | None = None
        self._is_asked = False
        try:
            self._control, theirs = Pipe()
            self._process = start_program("exosuit_cli.device.owner", theirs.fileno())
        except OSError as error:
            raise ResourceMissing(f"{self._name}: no process can own it: {error.strerror}") from error
        theirs.close()
        spans, has_ranges = (recording.capacity, recording.has_ranges) if recording is not None else (0, False)
        with contextlib.suppress(OSError):  # it is dead already: `wait` finds it so
            self._control.send(
                OwnerSettings(
                    driver, card, algorithm, limit_bytes, LANES, self.address, sizes, spans, has_ranges, encoding
                )
            )

    def pids(self) -> list[int]:
        """The process, while it lives."""
        return [self._process.pid] if self._process.poll() is None else []

    def is_ready(self, seconds: float = 0.0) -> bool:
        """Whether `wait` will answer at once, also with a refusal. Waits up to `seconds` for that."""
        return self._card is not None or self._control.poll(seconds) or time.monotonic() > self._deadline

    def wait(self) -> Card:
        """Wait until the kernels are built, and return the card. Raises ResourceMissing where it cannot be used."""
        if self._card is None:
            if not self._control.poll(max(self._deadline - time.monotonic(), 0)):
                raise ResourceMissing(f"{self._name} does not answer within {START_SECONDS} s; use --device cpu")
            try:
                answer = self._control.recv()
            except (EOFError, OSError):
                code = self._end()
                raise ResourceMissing(f"{self._name}: the process that owns it ended with exit code {code}") from None
            if isinstance(answer, Refusal):
                raise ResourceMissing(f"{self._name}: {answer.reason}")
            self._card = answer.card
        return self._card

    def finish(self) -> None:
        """Have it end, if it is known to be ready: to let go of a card takes a while, for which `close` waits."""
        if self._card is not None and not self._is_asked:
            self._is_asked = True
            with contextlib.suppress(OSError):  # it is dead already
                self._control.send(None)

    def close(self) -> DeviceTotals | None:
        """End the process. Returns what it did, or None where it does not answer within seconds."""
        self.finish()
        try:
            if self._is_asked and self._control.poll(_END_SECONDS):
                self.totals = self._control.recv()
        except (EOFError, OSError):
            pass  # it died: nothing is lost but its own accounts
        self._control.close()
        self._process.kill()
        self._end()
        return self.totals

    def _end(self) -> int | None:
        """Wait for the end of the process, but not for ever: a process can hang within a driver."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        return self._process.returncode
