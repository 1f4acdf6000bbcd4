"""A process that loads the vocabulary while the scan gets ready, forked before anything heavy is imported.

Loading takes a quarter of a second and holds the interpreter's lock, so a thread would gain nothing. As soon as it is
clear what the scan needs, the process becomes that: a counter for this process, which reads a small tree by itself, or
the workers for a large tree, which share the loaded vocabulary copy-on-write.
"""

from __future__ import annotations

import contextlib
import os
import signal
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Final

from exosuit_cli.system.forked import ForkedProcess, fork
from exosuit_cli.workers.messages import (
    BecomeWorkers,
    CountTokens,
    EncodeText,
    LoadFailed,
    TokenCounts,
    TokenIds,
    WorkerStarted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.tokens.stream import WindowedStream


class Preload:
    """Forks at once, so this process may have a single thread only; the fork loads the vocabulary of `encoding`.

    It can become up to `workers` workers. `with_table` loads the table of tokens as well, which cutting chunks needs.
    Raises OSError for too many processes or open files.
    """

    def __init__(self, encoding: str, workers: int, *, with_table: bool = False) -> None:
        self.encoding: Final = encoding
        self.with_table: Final = with_table
        pairs = [Pipe() for _ in range(workers)]
        self._ours = [ours for ours, _ in pairs]
        theirs = [their for _, their in pairs]
        self._process = ForkedProcess(fork(lambda: _live(encoding, theirs, self._ours, with_table)), is_child=True)
        self._handed_over = False
        for connection in theirs:
            connection.close()

    @property
    def most_workers(self) -> int:
        """How many workers it can become."""
        return len(self._ours)

    def pids(self) -> Sequence[int]:
        """Its process, until the workers that it became belong to a pool."""
        return [] if self._handed_over or self._process.pid is None else [self._process.pid]

    def counter(self) -> RemoteCounter:
        """Have it count tokens for this process."""
        return RemoteCounter(self.encoding, self._ours[0])

    def workers(self, settings: ShardSettings, count: int) -> list[tuple[ForkedProcess, Connection]]:
        """Have it become `count` workers, at most `most_workers`; the pool that takes them over ends them."""
        self._handed_over = True
        with contextlib.suppress(OSError):  # it is dead already: the pool finds that out
            self._ours[0].send(BecomeWorkers(settings, count))
        for connection in self._ours[count:]:
            connection.close()
        siblings = [ForkedProcess(None, is_child=False) for _ in self._ours[1:count]]
        return list(zip([self._process, *siblings], self._ours[:count], strict=True))

    def close(self) -> float:
        """End it, unless a pool has taken it over; the processor seconds that it used."""
        if self._handed_over:
            return 0.0
        for connection in self._ours:
            connection.close()
        self._process.kill()
        self._process.join()
        return self._process.cpu_seconds


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


def _answer(counter: TokenCounter, question: CountTokens | EncodeText) -> TokenCounts | TokenIds:
    if isinstance(question, CountTokens):
        return TokenCounts(counter.count_batch(question.texts))
    return TokenIds(counter.encode(question.data))


def _live(encoding: str, connections: Sequence[Connection], other_ends: Sequence[Connection], with_table: bool) -> None:
    """The life of the forked process: load, then become what the first message asks for."""
    for number in (signal.SIGINT, signal.SIGTERM):  # both may reach the whole group; the parent decides what they mean
        signal.signal(number, signal.SIG_IGN)
    for connection in other_ends:
        connection.close()
    first = connections[0]
    counter: TokenCounter | None = None
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        try:
            counter = _load(encoding)
            if with_table:
                from exosuit_cli.tokens import token_table

                token_table(encoding)
        except Exception as error:  # noqa: BLE001  (the parent raises it)
            first.recv()
            first.send(LoadFailed(error))
            return
        message: BecomeWorkers | CountTokens | EncodeText = first.recv()
        if isinstance(message, BecomeWorkers):
            for connection in connections[message.count :]:
                connection.close()
            _become_workers(connections[: message.count], counter, message.settings)
        else:
            _serve(first, counter, message)


def _serve(connection: Connection, counter: TokenCounter, question: CountTokens | EncodeText) -> None:
    """Answer until the parent closes the connection."""
    while True:
        connection.send(_answer(counter, question))
        question = connection.recv()


def _become_workers(connections: Sequence[Connection], counter: TokenCounter, settings: ShardSettings) -> None:
    """Become one worker for each connection; this process is the first."""
    from exosuit_cli.workers.worker import work

    def sibling(own: Connection) -> Callable[[], None]:
        def live() -> None:
            with contextlib.suppress(OSError):  # the parent is gone: `work` finds that out
                own.send(WorkerStarted(os.getpid()))
            work(own, settings, counter, [other for other in connections if other is not own])

        return live

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the pool watches the siblings by their connections
    for connection in connections[1:]:
        fork(sibling(connection))
    work(connections[0], settings, counter, list(connections[1:]))
