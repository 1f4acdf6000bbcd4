"""The carrier of a large tree: supervised worker processes.

A worker that dies takes only its current task with it. That task is split in two and tried again by a fresh worker,
until a single file is left that kills workers; this file is quarantined.
"""

from __future__ import annotations

import contextlib
import errno
from collections import deque
from dataclasses import field, replace
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExosuitError, ResourceMissing
from exosuit_cli.shards.shard import ShardResult
from exosuit_cli.shards.totals import WorkerTotals
from exosuit_cli.system.forked import ForkedProcess
from exosuit_cli.system.spans import Laps
from exosuit_cli.workers.messages import (
    CountTokens,
    Finish,
    Interrupt,
    LoadFailed,
    TokenCounts,
    UseDevice,
    UseWork,
    WorkerCrashed,
    WorkerRefused,
    WorkerStarted,
    WorkerUnfit,
)
from exosuit_cli.workers.tasks import FinishedTask
from exosuit_cli.workers.transfer import complete_result, receive_totals
from exosuit_cli.workers.worker import Process, start_worker

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Sequence

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.model.spans import StageClock
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.shards.work import WorkPlan
    from exosuit_cli.workers.carrier import Carrier
    from exosuit_cli.workers.preload import Preload
    from exosuit_cli.workers.tasks import Task

    Message = ShardResult | WorkerTotals | WorkerStarted | WorkerRefused | WorkerUnfit | WorkerCrashed | LoadFailed
    """What a worker sends."""

IN_FLIGHT = 4
"""Tasks a worker holds: one to work on, the others so that it never waits for the parent."""
DEATHS_WITHOUT_PROGRESS = 40
"""More workers dying in a row than halving any batch can explain: the machine is at fault, not a file."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: Process
    connection: Connection
    tasks: deque[Task] = field(default_factory=deque)


class WorkerPool:
    """Worker processes, each with its own connection: the end of one is noticed at once and costs only its task.

    They come from `preload`, where there is one, and share its vocabulary. Without it, and for each worker that has
    died, this process forks one while it has a single thread; a program with threads (and CUDA brings threads) spawns
    them.

    Where the system allows fewer processes or threads, those that there are do the work; where it allows none,
    `alone(settings)` makes the carrier that does.
    """

    def __init__(
        self,
        settings: ShardSettings,
        counter: TokenCounter | None,
        workers: int,
        preload: Preload | None = None,
        *,
        alone: Callable[[ShardSettings], Carrier],
        in_flight: int = IN_FLIGHT,
        clock: StageClock | None = None,
    ) -> None:
        self._clock: StageClock = clock if clock is not None else Laps()
        self.workers = self._wanted = workers
        self.shortage = ""
        self._make_alone = alone
        self._alone: Carrier | None = None
        self._in_flight = in_flight
        self.totals = WorkerTotals()
        self._settings = settings
        self._counter = counter
        self._backlog: deque[Task] = deque()
        self._deaths_in_a_row = 0
        self._interrupted = False
        self._workers: list[_Worker] = []
        try:
            if preload is not None:
                self._workers = [
                    _Worker(process, connection) for process, connection in preload.workers(settings, workers)
                ]
            while len(self._workers) < workers and not self.shortage:
                self._start()
        except BaseException:
            self.close(abort=True)
            raise

    def pids(self) -> Sequence[int]:
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def has_room(self) -> bool:
        if self._alone is not None:
            return not self._backlog and self._alone.has_room()
        return not self._backlog and any(len(worker.tasks) < self._in_flight for worker in self._workers)

    def submit(self, task: Task) -> None:
        self._backlog.append(task)
        self._deal()

    def is_busy(self) -> bool:
        is_alone_busy = self._alone is not None and self._alone.is_busy()
        return is_alone_busy or bool(self._backlog) or any(worker.tasks for worker in self._workers)

    def use_device(self, use: UseDevice) -> None:
        self._settings = replace(self._settings, device=use.device, addresses=use.addresses, slab_bytes=use.slab_bytes)
        if self._alone is not None:
            self._alone.use_device(use)
        for worker in self._workers:
            with contextlib.suppress(OSError):  # it is dead: the one that replaces it has the settings
                worker.connection.send(use)

    def use_work(self, plan: WorkPlan) -> None:
        self._settings = replace(self._settings, chunking=plan)
        if self._alone is not None:
            self._alone.use_work(plan)
        for worker in self._workers:
            with contextlib.suppress(OSError):  # it is dead: the one that replaces it has the settings
                worker.connection.send(UseWork(plan))

    def count_batch(self, texts: Sequence[bytes]) -> list[int]:
        while self._alone is None:
            worker = self._workers[0]
            try:
                worker.connection.send(CountTokens(texts))
                while not isinstance(answer := worker.connection.recv(), TokenCounts):
                    self._result_in(answer, worker)
            except (EOFError, OSError):
                self._bury(worker)
                continue
            return answer.counts
        return self._alone.count_batch(texts)

    def interrupt(self, number: signal.Signals) -> None:
        self._interrupted = True
        self._backlog.clear()
        if self._alone is not None:
            self._alone.interrupt(number)
        for worker in self._workers:
            with contextlib.suppress(OSError):  # it is dead: nothing of it is waited for
                worker.connection.send(Interrupt(number))

    def collect(self, timeout: float) -> list[FinishedTask]:
        if self._alone is not None:
            self._deal()
            return self._alone.collect(timeout)
        finished: list[FinishedTask] = []
        self._clock.batch = -1
        self._clock.skip()
        ready = wait([worker.connection for worker in self._workers], timeout)
        self._clock.step("worker wait")
        for worker in [worker for worker in self._workers if worker.connection in ready]:
            try:
                message: Message = worker.connection.recv()
                if isinstance(message, ShardResult):
                    message = complete_result(worker.connection, message)
            except (EOFError, OSError):  # OSError: it died while it sent
                finished.extend(self._bury(worker))
                continue
            result = self._result_in(message, worker)
            if result is None:
                continue
            task = worker.tasks.popleft()
            self._clock.batch = task.number
            self._clock.step("receive", len(task.places))
            self._deaths_in_a_row = 0
            if result.consumed < len(task.places):
                if not self._interrupted:
                    self._backlog.appendleft(task.part(result.consumed, len(task.places)))
                task = task.part(0, result.consumed)
            finished.append(FinishedTask(task, result))
        self._deal()
        return finished

    def close(self, *, abort: bool = False) -> None:
        if self._alone is not None:
            self._alone.close(abort=abort)
            self.totals.add(self._alone.totals)
        for worker in self._workers:
            if abort:
                worker.process.kill()
                continue
            with contextlib.suppress(OSError):
                worker.connection.send(Finish())
        self._clock.batch = -1
        self._clock.skip()
        for worker in self._workers:
            if not abort:
                with contextlib.suppress(EOFError, OSError):  # it died after its last result: only its totals are lost
                    self.totals.add(receive_totals(worker.connection))
                self._clock.step("worker wait")
            worker.connection.close()
            worker.process.join()
            self._clock.step("end")
        self._workers.clear()
        self._backlog.clear()

    def _result_in(self, message: Message, worker: _Worker) -> ShardResult | None:
        """The result that a message holds, if any. Raises what the worker could not recover from."""
        match message:
            case ShardResult():
                return message
            case WorkerStarted(pid):
                worker.process = ForkedProcess(pid, is_child=False)
                return None
            case WorkerUnfit(reason):
                self._dismiss(worker, reason)
                return None
            case WorkerRefused(error) | LoadFailed(error):
                raise error
            case WorkerCrashed(traceback):
                raise ExosuitError(f"a worker failed, which is a fault of exosuit; please report it:\n{traceback}")
            case WorkerTotals():
                raise ExosuitError("a worker ended before it was asked to; please report this")

    def _deal(self) -> None:
        """Give each task to the worker with the fewest."""
        if self._alone is not None:
            if self._backlog and self._alone.has_room():
                self._alone.submit(self._backlog.popleft())
            return
        while self._backlog:
            worker = min(self._workers, key=lambda worker: len(worker.tasks))
            if len(worker.tasks) >= self._in_flight:
                return
            task = self._backlog.popleft()
            worker.tasks.append(task)
            with contextlib.suppress(OSError):  # a dead worker: `collect` finds it and takes its tasks back
                worker.connection.send(task)
            self._clock.batch = task.number
            self._clock.step("dispatch", len(task.places))

    def _start(self) -> None:
        siblings = [worker.connection for worker in self._workers]
        try:
            process, connection = start_worker(self._settings, self._counter, siblings)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):  # the walk needs files too
                raise ResourceMissing(
                    f"worker {len(siblings) + 1} of {self.workers} cannot be started: {error.strerror}; "
                    "try fewer --workers, or a higher limit (ulimit -n)"
                ) from error
            self._go_on_without(error.strerror or str(error))
            return
        self._workers.append(_Worker(process, connection))

    def _dismiss(self, worker: _Worker, reason: str) -> None:
        """Go on without a worker that could not begin."""
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.join()
        self._backlog.extendleft(reversed(worker.tasks))
        self._go_on_without(reason)

    def _go_on_without(self, reason: str) -> None:
        """Note that there are fewer workers than were asked for; do their work here if there is none."""
        left = len(self._workers)
        rest = f"{left} of {self._wanted} do the work" if left else "this process does the work"
        self.shortage = f"no more workers can be started: {reason} (see ulimit -u); {rest}"
        self.workers = max(left, 1)
        if not left:
            self._alone = self._make_alone(self._settings)

    def _bury(self, worker: _Worker) -> list[FinishedTask]:
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
        if self._alone is not None:  # what killed the worker must not kill this process
            raise ResourceMissing(f"a worker died, and {self.shortage.partition(';')[0]}; raise the limit")
        if not worker.tasks:
            return []
        suspect = worker.tasks.popleft()
        self._backlog.extendleft(reversed(worker.tasks))
        halves = suspect.after_a_death()
        if halves is None:
            return [FinishedTask(suspect, None)]
        self._backlog.extendleft(reversed(halves))
        return []
