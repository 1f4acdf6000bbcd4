"""The server's end of the process that reads the contexts: started early, asked one call at a time, ended for good."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from exosuit_cli.serve.messages import HEADER, Failure, Reply, Step, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from exosuit_cli.serve.messages import Call, Message

    OnStep = Callable[[Step], Awaitable[None]]

_CANCEL: Final = signal.SIGUSR1
_END_SECONDS: Final = 0.5


class EngineEnded(Exception):
    """The process that reads the contexts has ended without an answer."""


class EngineProcess:
    """The process, with the server's end of its socket. It is started before anything heavy is imported here."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  (this very program)
                [sys.executable, "-P", "-m", "exosuit_cli.serve.engine", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=2,  # the protocol has stdout to itself
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a Ctrl-C is the server's; what works for it ends with its group
            )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def cancel(self) -> None:
        """Ask for the end of the call that it carries out."""
        if self._process.poll() is None:
            self._process.send_signal(_CANCEL)

    def end(self) -> None:
        """End it, and all that works for it, within a second."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + _END_SECONDS
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
            while self._process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self.socket.close()


class EngineLink:
    """Calls from any task; one is carried out at a time, in the order in which they came."""

    def __init__(self, process: EngineProcess) -> None:
        self._process = process
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._lock = asyncio.Lock()

    async def ask(self, call: Call, on_step: OnStep) -> Reply | Failure:
        """The answer to a call. A caller that is cancelled ends the call.

        Raises EngineEnded where the process ended meanwhile; the next call has a new one.
        """
        begun = asyncio.Event()
        task = asyncio.create_task(self._exchange(call, on_step, begun))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if begun.is_set():
                self._process.cancel()
                task.add_done_callback(_forget)
            else:
                task.cancel()
            raise

    def end(self) -> None:
        """End the process."""
        self._disconnect()
        self._process.end()

    def _disconnect(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
        self._streams = None

    async def _exchange(self, call: Call, on_step: OnStep, begun: asyncio.Event) -> Reply | Failure:
        async with self._lock:
            begun.set()
            try:
                reader, writer = await self._opened()
                writer.write(packed(call))
                await writer.drain()
                while True:
                    message = await _receive(reader)
                    if isinstance(message, (Reply, Failure)):
                        return message
                    if isinstance(message, Step):
                        with contextlib.suppress(Exception):  # a client that has gone; its call is cancelled by then
                            await on_step(message)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                self._disconnect()
                self._process.end()
                self._process = EngineProcess()
                raise EngineEnded from error

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(sock=self._process.socket)
        return self._streams


async def _receive(reader: asyncio.StreamReader) -> Message:
    (size,) = HEADER.unpack(await reader.readexactly(HEADER.size))
    return unpacked(await reader.readexactly(size))


def _forget(task: asyncio.Task[Reply | Failure]) -> None:
    """Nobody waits for what a cancelled call gives."""
    if not task.cancelled():
        task.exception()
