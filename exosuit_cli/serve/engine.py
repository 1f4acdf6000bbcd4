"""The process that reads the contexts: one call after the other, each over a context that stays open.

It has one thread, so that it may fork, and the protocol goes on beside it. It ends with its socket.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
import socket
import sys
import time
import traceback
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.serve.messages import HEADER, Call, Failure, Reply, Step, packed, unpacked
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from types import FrameType

    from exosuit_cli.ingest.progress import Progress
    from exosuit_cli.serve.messages import Message
    from exosuit_cli.serve.workspace import Workspaces

CANCEL: Final = signal.SIGUSR1
"""Asks for the end of the call that is being carried out, if there is one."""
_STEP_SECONDS: Final = 0.2
_FLAG: Final = re.compile(r"(?<![\w-])--(?=[a-z])")


class Engine:
    """Answers calls from a socket until its other end is closed."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._stop: StopRequest | None = None
        self._stepped = 0.0
        self._done = 0.0

    def run(self) -> None:
        """Answer until the end."""
        signal.signal(CANCEL, self._cancel)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server has it, and ends this process
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        workspaces: Workspaces | None = None
        try:
            while (call := self._receive()) is not None:
                from exosuit_cli.serve.workspace import Workspaces

                if workspaces is None:
                    workspaces = Workspaces()
                self._send(self._answer(workspaces, call))
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has gone
        finally:
            if workspaces is not None:
                workspaces.close()

    def _answer(self, workspaces: Workspaces, call: Call) -> Reply | Failure:
        from exosuit_cli.search.records import BuildStopped
        from exosuit_cli.serve.answers import TOOLS

        self._stop, self._done = StopRequest(), 0.0
        try:
            if call.tool == "pack" and call.given.get("query") is None:
                from exosuit_cli.serve.packs import pack_roots

                return pack_roots(call, stop=self._stop, progress=functools.partial(self._show, "files"))
            workspace = workspaces.of(call)
            found, searcher = workspace.fresh(stop=self._stop, progress=self._show)
            if found is None or searcher is None:
                return Failure("cancelled")
            if call.tool == "pack":
                from exosuit_cli.serve.packs import pack_answers

                return pack_answers(workspace, found, searcher, call.given)
            return TOOLS[call.tool](workspace, found, searcher, call.given)
        except BuildStopped:
            return Failure("cancelled")
        except ExosuitError as error:
            return Failure(_FLAG.sub("", str(error)))
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:  # noqa: BLE001  (the next call may well succeed)
            traceback.print_exc()
            workspaces.close()
            return Failure(f"internal error: {type(error).__name__}: {error}", is_internal=True)
        finally:
            self._stop = None

    def _show(self, what: str, progress: Progress) -> None:
        """Say how far it is: reading files is the first half of a first index, indexing their chunks the second."""
        now = time.monotonic()
        share = progress.done / progress.listed if progress.listed else 0.0
        done = (50.0 if what == "chunks" else 0.0) + 50.0 * min(share, 1.0)
        if now - self._stepped >= _STEP_SECONDS and done > self._done:
            self._stepped, self._done = now, done
            verb = "indexing" if what == "chunks" else "reading"
            self._send(Step(done, f"{verb} {progress.done:,} of {progress.listed:,} {what}"))

    def _cancel(self, _number: int, _frame: FrameType | None) -> None:
        if self._stop is not None:
            self._stop.signal = signal.SIGINT

    def _send(self, message: Message) -> None:
        self._socket.sendall(packed(message))

    def _receive(self) -> Call | None:
        header = self._read(HEADER.size)
        data = self._read(HEADER.unpack(header)[0]) if header else b""
        message = unpacked(data) if data else None
        return message if isinstance(message, Call) else None

    def _read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._socket.recv(min(size - len(parts), 1 << 20))
            if not part:
                return b""
            parts += part
        return bytes(parts)


def main() -> None:
    """Run with the number of a connected socket as the only argument."""
    from exosuit_cli import tokens

    with socket.socket(fileno=int(sys.argv[1])) as connection:
        os.set_inheritable(connection.fileno(), False)
        # A vocabulary takes longer to load than a question to be answered; here it is kept.
        tokens.load_counter = functools.cache(tokens.load_counter)
        tokens.counter_of_few = tokens.load_counter
        _get_ready()
        Engine(connection).run()


def _get_ready() -> None:
    """Import and load what the first call needs, while the server and its client still greet each other."""
    import exosuit_cli.serve.answers
    import exosuit_cli.serve.packs
    import exosuit_cli.serve.workspace  # noqa: F401  (each needs the imports of the searches)
    from exosuit_cli import tokens
    from exosuit_cli.model.encodings import DEFAULT_ENCODING

    with contextlib.suppress(ExosuitError):  # the call says it
        tokens.load_counter(DEFAULT_ENCODING)


if __name__ == "__main__":
    main()
