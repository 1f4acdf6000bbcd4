"""Who carries tasks out: this process for a small tree, supervised worker processes for a large one.

A worker that dies takes only its current task with it: the task is split in two and tried again by a fresh worker,
until the one file that kills workers stands alone and is quarantined.
"""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Protocol

from exosuit_cli.model.errors import ExosuitError, ResourceMissing
from exosuit_cli.shards.shard import Shard, ShardResult
from exosuit_cli.shards.totals import WorkerTotals
from exosuit_cli.system.forked import ForkedProcess
from exosuit_cli.workers.messages import Finished, Task, UseDevice
from exosuit_cli.workers.transfer import complete_result
from exosuit_cli.workers.worker import PATIENCE_SECONDS, Process, start_worker

if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.system.stop import StopRequest
    from exosuit_cli.workers.preload import Zygote

IN_FLIGHT = 4
"""Tasks a worker holds: one to work on, the others so that it never waits for the parent."""
DEATHS_WITHOUT_PROGRESS = 40
"""More workers dying in a row than halving any batch can explain: the machine is at fault, not a file."""


class Pool(Protocol):
    """Carries tasks out in any order."""

    workers: int
    totals: WorkerTotals

    def pids(self) -> Sequence[int]:
        """The worker processes alive now."""
        ...

    def has_room(self) -> bool:
        """Whether a task handed in now would start before those of the other workers end."""
        ...

    def submit(self, task: Task) -> None:
        """Hand in a task."""
        ...

    def collect(self, timeout: float) -> list[Finished]:
        """What has finished, waiting up to `timeout` seconds for the first. Tasks cut short come back by themselves."""
        ...

    def busy(self) -> bool:
        """Whether any task is out."""
        ...

    def use_device(self, use: UseDevice) -> None:
        """Have what is begun from now on computed by a device."""
        ...

    def interrupt(self, number: signal.Signals) -> None:
        """Begin nothing more; what is being read is finished, a giant file excepted."""
        ...

    def close(self, *, abort: bool = False) -> None:
        """End the workers: after their current task, or at once."""
        ...


class InlinePool:
    """This process, one task at a time."""

    def __init__(self, settings: ShardSettings, counter: TokenCounter | None, stop: StopRequest) -> None:
        self.workers = 1
        self.totals = WorkerTotals()
        self._shard = Shard(settings, counter, stop)
        self._tasks: deque[Task] = deque()

    def pids(self) -> Sequence[int]:
        return ()

    def has_room(self) -> bool:
        return not self._tasks

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def collect(self, timeout: float) -> list[Finished]:  # noqa: ARG002  (nothing to wait for)
        if not self._tasks:
            return []
        task = self._tasks.popleft()
        result = self._shard.ingest(task.batch, PATIENCE_SECONDS, read_links=task.read_links)
        if result.consumed < len(task.places):
            self._tasks.appendleft(task.part(result.consumed, len(task.places)))
            task = task.part(0, result.consumed)
        return [Finished(task, result)]

    def busy(self) -> bool:
        return bool(self._tasks)

    def use_device(self, use: UseDevice) -> None:
        self._shard.use_device(use.device, use.addresses, use.slab_bytes)

    def interrupt(self, number: signal.Signals) -> None:  # noqa: ARG002  (the shard knows of it)
        self._tasks.clear()

    def close(self, *, abort: bool = False) -> None:  # noqa: ARG002  (nothing runs between two calls)
        self._tasks.clear()
        self.totals.add(self._shard.totals())
        self._shard.close()


@dataclass(slots=True, eq=False)
class _Worker:
    process: Process
    connection: Connection
    tasks: deque[Task] = field(default_factory=deque)


class ProcessPool:
    """Worker processes, each with its own connection: the end of one is noticed at once and costs only its task.

    They come from the zygote, where there is one, and share its vocabulary. Without, and for each that has died, this
    process forks one while it has a single thread; a program with threads (and CUDA brings threads) spawns them.
    """

    def __init__(
        self,
        settings: ShardSettings,
        counter: TokenCounter | None,
        workers: int,
        zygote: Zygote | None = None,
        *,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self.workers = workers
        self._in_flight = in_flight
        self.totals = WorkerTotals()
        self._settings = settings
        self._counter = counter
        self._backlog: deque[Task] = deque()
        self._deaths_in_a_row = 0
        self._interrupted = False
        self._workers: list[_Worker] = []
        try:
            if zygote is not None:
                self._workers = [
                    _Worker(process, connection) for process, connection in zygote.workers(settings, workers)
                ]
            while len(self._workers) < workers:
                self._start()
        except BaseException:
            self.close(abort=True)
            raise

    def pids(self) -> Sequence[int]:
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def has_room(self) -> bool:
        return not self._backlog and any(len(worker.tasks) < self._in_flight for worker in self._workers)

    def submit(self, task: Task) -> None:
        self._backlog.append(task)
        self._deal()

    def busy(self) -> bool:
        return bool(self._backlog) or any(worker.tasks for worker in self._workers)

    def use_device(self, use: UseDevice) -> None:
        self._settings = replace(self._settings, device=use.device, addresses=use.addresses, slab_bytes=use.slab_bytes)
        for worker in self._workers:
            with contextlib.suppress(OSError):  # it is dead: the one that replaces it has the settings
                worker.connection.send(use)

    def interrupt(self, number: signal.Signals) -> None:
        self._interrupted = True
        self._backlog.clear()
        for worker in self._workers:
            with contextlib.suppress(OSError):  # it is dead: nothing of it is waited for
                worker.connection.send(number)

    def collect(self, timeout: float) -> list[Finished]:
        finished: list[Finished] = []
        ready = wait([worker.connection for worker in self._workers], timeout)
        for worker in [worker for worker in self._workers if worker.connection in ready]:
            try:
                message = worker.connection.recv()
                if isinstance(message, ShardResult):
                    message = complete_result(worker.connection, message)
            except (EOFError, OSError):  # OSError: it died while it sent
                finished.extend(self._bury(worker))
                continue
            if isinstance(message, int):  # the zygote's child says who it is
                worker.process = ForkedProcess(message, is_child=False)
                continue
            if isinstance(message, BaseException):
                raise message
            if isinstance(message, str):
                raise ExosuitError(f"a worker failed, which is a fault of exosuit; please report it:\n{message}")
            task = worker.tasks.popleft()
            self._deaths_in_a_row = 0
            if message.consumed < len(task.places):
                if not self._interrupted:
                    self._backlog.appendleft(task.part(message.consumed, len(task.places)))
                task = task.part(0, message.consumed)
            finished.append(Finished(task, message))
        self._deal()
        return finished

    def close(self, *, abort: bool = False) -> None:
        for worker in self._workers:
            if abort:
                worker.process.kill()
                continue
            with contextlib.suppress(OSError):
                worker.connection.send(None)
        for worker in self._workers:
            try:
                farewell = None if abort else worker.connection.recv()
                while farewell is not None and not isinstance(farewell, WorkerTotals):
                    if isinstance(farewell, ShardResult):
                        complete_result(worker.connection, farewell)
                    farewell = worker.connection.recv()
                if farewell is not None:
                    self.totals.add(farewell)
            except (EOFError, OSError):
                pass  # it died after its last result: nothing is lost but its own accounts
            worker.connection.close()
            worker.process.join()
        self._workers.clear()
        self._backlog.clear()

    def _deal(self) -> None:
        """Give each task to the worker with the fewest."""
        while self._backlog:
            worker = min(self._workers, key=lambda worker: len(worker.tasks))
            if len(worker.tasks) >= self._in_flight:
                return
            task = self._backlog.popleft()
            worker.tasks.append(task)
            with contextlib.suppress(OSError):  # a dead worker: `collect` finds it and takes its tasks back
                worker.connection.send(task)

    def _start(self) -> None:
        siblings = [worker.connection for worker in self._workers]
        try:
            process, connection = start_worker(self._settings, self._counter, siblings)
        except OSError as error:  # too many processes or open files
            raise ResourceMissing(
                f"worker {len(siblings) + 1} of {self.workers} cannot be started: {error.strerror}; try fewer --workers"
            ) from error
        self._workers.append(_Worker(process, connection))

    def _bury(self, worker: _Worker) -> list[Finished]:
        """Replace a dead worker; split the task that it died of, keep the ones that it had not begun."""
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.join()
        self.totals.deaths += 1
        if self._interrupted:
            return []
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row > DEATHS_WITHOUT_PROGRESS + self.workers:
            raise ExosuitError(
                f"{self._deaths_in_a_row} workers died in a row (the last with exit code {worker.process.exitcode}): "
                "the machine may be out of memory; try fewer --workers"
            )
        self._start()
        if not worker.tasks:
            return []
        suspect = worker.tasks.popleft()
        self._backlog.extendleft(reversed(worker.tasks))
        size = len(suspect.places)
        suspect = Task(suspect.batch, suspect.places, suspect.read_links, suspect.kills + 1)
        if size == 1 and suspect.kills > 1:
            return [Finished(suspect, None)]
        middle = max(size // 2, 1)
        for start, stop in ((middle, size), (0, middle)):
            if start < stop:
                self._backlog.appendleft(suspect.part(start, stop))
        return []
