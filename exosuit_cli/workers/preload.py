"""A process that loads the vocabulary while the scan gets ready, forked before anything heavy is imported.

Loading takes a quarter of a second and holds the interpreter's lock, so a thread would gain nothing. As soon as it is
clear what the scan needs, the process becomes that: a counter for this process, which reads a small tree by itself, or
the workers for a large tree, which share the loaded vocabulary copy-on-write.
"""

from __future__ import annotations

import contextlib
import signal
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Final

from exosuit_cli.system.forked import ForkedProcess, fork

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.workers.vocabulary import RemoteCounter


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

        def load_and_serve() -> None:
            for number in (signal.SIGINT, signal.SIGTERM):  # both may reach the whole group; the parent decides
                signal.signal(number, signal.SIG_IGN)
            from exosuit_cli.workers.vocabulary import live

            live(encoding, theirs, self._ours, with_table=with_table)

        self._process = ForkedProcess(fork(load_and_serve), is_child=True)
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
        from exosuit_cli.workers.vocabulary import RemoteCounter

        return RemoteCounter(self.encoding, self._ours[0])

    def workers(self, settings: ShardSettings, count: int) -> list[tuple[ForkedProcess, Connection]]:
        """Have it become `count` workers, at most `most_workers`; the pool that takes them over ends them."""
        from exosuit_cli.workers.messages import BecomeWorkers

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
