"""What runs in the process of a `Preload`, and the counter by which this process asks it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Final

from exosuit_cli.system.forked import fork
from exosuit_cli.workers.messages import (
    BecomeWorkers,
    CountTokens,
    EncodeText,
    LoadFailed,
    TokenCounts,
    TokenIds,
    WorkerStarted,
    WorkerUnfit,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.tokens.stream import WindowedStream


class RemoteCounter:
    """The counter in a `Preload`, as a `TokenCounter`; if its process dies, the vocabulary is loaded in this one."""

    implementation: Final = "gigatoken"

    def __init__(self, encoding: str, connection: Connection) -> None:
        self.encoding: Final = encoding
        self._connection = connection
        self._local: TokenCounter | None = None

    def count(self, data: bytes) -> int:
        return self.count_batch([data])[0]

    def count_batch(self, texts: Sequence[bytes]) -> list[int]:
        answer = self._ask(CountTokens(texts))
        assert isinstance(answer, TokenCounts)
        return answer.counts

    def encode(self, data: bytes) -> npt.NDArray[np.uint32]:
        answer = self._ask(EncodeText(data))
        assert isinstance(answer, TokenIds)
        return answer.ids

    def stream(self) -> WindowedStream:
        from exosuit_cli.tokens.stream import WindowedStream

        return WindowedStream(self.count)

    def _ask(self, question: CountTokens | EncodeText) -> TokenCounts | TokenIds:
        if self._local is None:
            try:
                self._connection.send(question)
                answer: TokenCounts | TokenIds | LoadFailed = self._connection.recv()
            except (EOFError, OSError):
                self._local = _load(self.encoding)
            else:
                if isinstance(answer, LoadFailed):
                    raise answer.error
                return answer
        return _answer(self._local, question)


def _load(encoding: str) -> TokenCounter:
    from exosuit_cli.tokens import load_counter

    return load_counter(encoding)


def _load_for_cutting(encoding: str) -> TokenCounter:
    """The counter and the table of tokens; what cuts is imported meanwhile, and once for all workers.

    Where no thread can be started, one comes after the other.
    """
    loaded: list[TokenCounter | Exception] = []

    def load() -> None:
        try:
            loaded.append(_load(encoding))
        except Exception as error:  # noqa: BLE001  (raised below)
            loaded.append(error)

    loading = threading.Thread(target=load)
    try:
        loading.start()
    except RuntimeError:
        load()
    from exosuit_cli.tokens import token_table

    try:
        import exosuit_cli.chunk.flags
        import exosuit_cli.shards.cutting
        import exosuit_cli.workers.worker  # noqa: F401

        token_table(encoding)
    finally:
        if loading.ident is not None:
            loading.join()
    counter = loaded[0]
    if isinstance(counter, Exception):
        raise counter
    return counter


def _answer(counter: TokenCounter, question: CountTokens | EncodeText) -> TokenCounts | TokenIds:
    if isinstance(question, CountTokens):
        return TokenCounts(counter.count_batch(question.texts))
    return TokenIds(counter.encode(question.data))


def live(
    encoding: str, connections: Sequence[Connection], other_ends: Sequence[Connection], *, with_table: bool
) -> None:
    """Load, then become what the first message asks for: a counter, or workers."""
    for connection in other_ends:
        connection.close()
    first = connections[0]
    counter: TokenCounter | None = None
    began = time.monotonic_ns()
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        try:
            counter = _load_for_cutting(encoding) if with_table else _load(encoding)
            loaded_ns = began, time.monotonic_ns()
        except Exception as error:  # noqa: BLE001  (the parent raises it)
            first.recv()
            first.send(LoadFailed(error))
            return
        try:
            message: BecomeWorkers | CountTokens | EncodeText = first.recv()
        except (ImportError, MemoryError):  # no room for what the message needs: the parent finds this process gone
            return
        if isinstance(message, BecomeWorkers):
            for connection in connections[message.count :]:
                connection.close()
            _become_workers(connections[: message.count], counter, message.settings, loaded_ns)
        else:
            _serve(first, counter, message)


def _serve(connection: Connection, counter: TokenCounter, question: CountTokens | EncodeText) -> None:
    """Answer until the parent closes the connection."""
    while True:
        connection.send(_answer(counter, question))
        question = connection.recv()


def _become_workers(
    connections: Sequence[Connection], counter: TokenCounter, settings: ShardSettings, loaded_ns: tuple[int, int]
) -> None:
    """Become one worker for each connection; this process is the first. `loaded_ns`: when loading began and ended."""
    from exosuit_cli.workers.worker import work

    def sibling(own: Connection) -> Callable[[], None]:
        def become() -> None:
            with contextlib.suppress(OSError):  # the parent is gone: `work` finds that out
                own.send(WorkerStarted(os.getpid()))
            work(own, settings, counter, [other for other in connections if other is not own])

        return become

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the pool watches the siblings by their connections
    for connection in connections[1:]:
        try:
            fork(sibling(connection))
        except OSError as error:
            connection.send(WorkerUnfit(error.strerror or str(error)))
    work(connections[0], settings, counter, list(connections[1:]), loaded_ns)
