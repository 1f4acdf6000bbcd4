"""A worker process: how it lives, and the two ways to start one."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Protocol

from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.shards.reading import Next
from exosuit_cli.shards.shard import Shard
from exosuit_cli.syntax import process as syntax_process
from exosuit_cli.system.forked import start_method
from exosuit_cli.system.program import start_program
from exosuit_cli.system.spans import Laps, Recorder, SpanTrack
from exosuit_cli.system.stop import StopRequest
from exosuit_cli.system.surroundings import explained
from exosuit_cli.workers.messages import (
    CountTokens,
    Finish,
    Interrupt,
    TokenCounts,
    UseDevice,
    UseWork,
    WorkerCrashed,
    WorkerRefused,
    WorkerUnfit,
)
from exosuit_cli.workers.tasks import Task
from exosuit_cli.workers.transfer import send_result

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.model.spans import StageClock
    from exosuit_cli.shards.settings import ShardSettings

    Request = Task | UseDevice | UseWork | CountTokens | Finish
    """What a worker does in turn."""

PATIENCE_SECONDS = 0.25
"""How long a worker keeps a batch before it gives the rest back, so that the last giants are shared."""


class Process(Protocol):
    """What a pool needs of a process, by the names that `multiprocessing` gives."""

    @property
    def pid(self) -> int | None: ...

    @property
    def exitcode(self) -> int | None: ...

    def kill(self) -> None: ...

    def join(self) -> None: ...


class _Program:
    """A process that was started as a program of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def exitcode(self) -> int | None:
        return self._process.returncode

    def kill(self) -> None:
        self._process.kill()

    def join(self) -> None:
        self._process.wait()


def start_worker(
    settings: ShardSettings, counter: TokenCounter | None, siblings: Sequence[Connection]
) -> tuple[Process, Connection]:
    """Start a worker by `start_method`; the process and the connection to it.

    A forked worker takes over `counter`, and closes its copies of the connections to its `siblings`. A spawned worker
    loads its own counter. `multiprocessing`'s spawn is not used: it would import the program's main module once more in
    every worker, and a script without `if __name__ == "__main__":` would start to scan in each.
    """
    ours, theirs = multiprocessing.Pipe()
    if start_method() == "fork":
        forked = multiprocessing.get_context("fork").Process(
            target=work, args=(theirs, settings, counter, [ours, *siblings]), daemon=True
        )
        forked.start()
        theirs.close()
        return forked, ours
    spawned = start_program(__name__, theirs.fileno())
    theirs.close()
    with contextlib.suppress(OSError):  # it is dead already: the pool finds that out
        ours.send(settings)
    return _Program(spawned), ours


def main(descriptor: int) -> None:
    """A spawned worker, whose settings come first over the connection `descriptor`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(descriptor)
    try:
        settings: ShardSettings = connection.recv()
    except (EOFError, OSError):
        return  # the parent is gone
    work(connection, settings, None, [])


def work(
    connection: Connection,
    settings: ShardSettings,
    counter: TokenCounter | None,
    inherited: list[Connection],
    loaded_ns: tuple[int, int] | None = None,
) -> None:
    """A worker's life: tasks in, results out, until it is asked to finish or the parent is gone.

    `loaded_ns`: from when to when it has loaded its vocabulary, if it has.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # both may reach the whole group; the parent decides what they mean
        signal.signal(number, signal.SIG_IGN)
    for other in inherited:  # else a sibling would keep this parent's pipes open after the parent is gone
        other.close()
    track = SpanTrack(settings.recorded_spans) if settings.recorded_spans else None
    clock: StageClock = Recorder(track) if track is not None else Laps()
    if track is not None and loaded_ns is not None:
        track.mark, loaded = loaded_ns
        track.add("vocabulary", loaded)
        clock.step("input wait")
    try:
        if counter is None and settings.encoding is not None:
            from exosuit_cli.tokens import load_counter

            counter = load_counter(settings.encoding)
            clock.step("vocabulary")
        stop = StopRequest()
        shard = Shard(settings, counter, stop, clock)
        tasks: queue.SimpleQueue[Request] = queue.SimpleQueue()
        # Reading in a thread of its own keeps the parent's `send` from ever waiting for this worker's.
        try:
            threading.Thread(target=_receive, args=(connection, tasks, stop), daemon=True).start()
        except RuntimeError as error:
            connection.send(WorkerUnfit(str(error)))
            return
        clock.step("start")
        requests = _Requests(tasks)
        while not isinstance(task := requests.take(), Finish):
            if isinstance(task, UseDevice):
                shard.use_device(task.device, task.addresses, task.slab_bytes)
            elif isinstance(task, UseWork):
                shard.use_work(task.plan)
            elif isinstance(task, CountTokens):
                connection.send(TokenCounts(shard.count_batch(task.texts)))
            else:
                clock.batch = task.number
                clock.step("input wait")
                result = shard.ingest(
                    task.batch,
                    PATIENCE_SECONDS,
                    read_links=task.read_links,
                    following=partial(requests.following, task),
                )
                send_result(connection, result, clock)
        clock.batch = -1
        clock.step("input wait")
        totals = shard.totals(time.process_time())
        if track is not None:
            totals.tracks.append(track.recorded("worker"))
        syntax_process.close()
        connection.send(totals)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the parent is gone
    except ExosuitError as error:  # nothing is wrong with this process: the parent raises it as it is
        with contextlib.suppress(OSError):
            connection.send(WorkerRefused(error))
    except Exception as error:  # noqa: BLE001  (the parent raises it)
        outside = explained(error)
        with contextlib.suppress(OSError):
            connection.send(WorkerRefused(outside) if outside else WorkerCrashed(traceback.format_exc()))


class _Requests:
    """What a worker is to do in turn, and a look at what follows."""

    def __init__(self, tasks: queue.SimpleQueue[Request]) -> None:
        self._tasks = tasks
        self._seen: Request | None = None

    def take(self) -> Request:
        """The next request; waits for one."""
        seen, self._seen = self._seen, None
        return seen if seen is not None else self._tasks.get()

    def following(self, task: Task) -> Next | None:
        """The batch behind that of `task`, if it is here.

        None where either may have killed a worker: a batch is split where a worker died of it, not of another one.
        """
        if self._seen is None:
            try:
                self._seen = self._tasks.get_nowait()
            except queue.Empty:
                return None
        seen = self._seen
        if not isinstance(seen, Task) or seen.kills or task.kills:
            return None
        return Next(seen.batch, seen.read_links, seen.number)


def _receive(connection: Connection, tasks: queue.SimpleQueue[Request], stop: StopRequest) -> None:
    """Take messages for as long as the parent lives: it may die while a worker is busy with the last task."""
    try:
        while True:
            message: Request | Interrupt = connection.recv()
            if isinstance(message, Interrupt):
                stop.signal = message.signal
            else:
                tasks.put(message)
    except (EOFError, OSError):
        os._exit(1)  # the parent is gone: nobody waits for the result, however long it would take
