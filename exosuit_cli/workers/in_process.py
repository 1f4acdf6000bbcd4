"""The carrier of a small tree: this process, one task at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from exosuit_cli.shards.shard import Shard
from exosuit_cli.shards.totals import WorkerTotals
from exosuit_cli.system.spans import Laps
from exosuit_cli.workers.tasks import FinishedTask
from exosuit_cli.workers.worker import PATIENCE_SECONDS

if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.model.spans import StageClock
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.shards.work import WorkPlan
    from exosuit_cli.system.stop import StopRequest
    from exosuit_cli.workers.messages import UseDevice
    from exosuit_cli.workers.tasks import Task


class InProcessCarrier:
    """Carries each task out within `collect`; see `Carrier`."""

    def __init__(
        self,
        settings: ShardSettings,
        counter: TokenCounter | None,
        stop: StopRequest,
        clock: StageClock | None = None,
    ) -> None:
        self.workers = 1
        self.totals = WorkerTotals()
        self.shortage = ""
        self._clock: StageClock = clock if clock is not None else Laps()
        self._shard = Shard(settings, counter, stop, self._clock)
        self._tasks: deque[Task] = deque()

    def pids(self) -> Sequence[int]:
        return ()

    def has_room(self) -> bool:
        return not self._tasks

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def collect(self, timeout: float) -> list[FinishedTask]:  # noqa: ARG002  (nothing to wait for)
        if not self._tasks:
            return []
        task = self._tasks.popleft()
        self._clock.batch = task.number
        result = self._shard.ingest(task.batch, PATIENCE_SECONDS, read_links=task.read_links)
        if result.consumed < len(task.places):
            self._tasks.appendleft(task.part(result.consumed, len(task.places)))
            task = task.part(0, result.consumed)
        return [FinishedTask(task, result)]

    def is_busy(self) -> bool:
        return bool(self._tasks)

    def use_device(self, use: UseDevice) -> None:
        self._shard.use_device(use.device, use.addresses, use.slab_bytes)

    def use_work(self, plan: WorkPlan) -> None:
        self._shard.use_work(plan)

    def count_batch(self, texts: Sequence[bytes]) -> list[int]:
        return self._shard.count_batch(texts)

    def interrupt(self, number: signal.Signals) -> None:  # noqa: ARG002  (the shard has the same stop request)
        self._tasks.clear()

    def close(self, *, abort: bool = False) -> None:  # noqa: ARG002  (nothing runs between two calls)
        self._tasks.clear()
        self.totals.add(self._shard.totals())
        self._shard.close()
