"""What carries tasks out; this process and a pool of worker processes are the two kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence

    from exosuit_cli.shards.totals import WorkerTotals
    from exosuit_cli.shards.work import WorkPlan
    from exosuit_cli.workers.messages import UseDevice
    from exosuit_cli.workers.tasks import FinishedTask, Task


class Carrier(Protocol):
    """Carries tasks out in any order."""

    workers: int
    totals: WorkerTotals
    shortage: str
    """Why there are fewer worker processes than were asked for; empty where there are not."""

    def pids(self) -> Sequence[int]:
        """The worker processes alive now."""
        ...

    def has_room(self) -> bool:
        """Whether a task handed in now would start before those of the other workers end."""
        ...

    def submit(self, task: Task) -> None:
        """Hand in a task."""
        ...

    def collect(self, timeout: float) -> list[FinishedTask]:
        """What has finished, waiting up to `timeout` seconds for the first. Tasks cut short come back by themselves."""
        ...

    def is_busy(self) -> bool:
        """Whether any task is out."""
        ...

    def use_device(self, use: UseDevice) -> None:
        """Have a device compute what is begun from now on."""
        ...

    def use_work(self, plan: WorkPlan) -> None:
        """Have texts made into this from now on; tasks that are out may still be done as before."""
        ...

    def count_batch(self, texts: Sequence[bytes]) -> list[int]:
        """The tokens of each text; no task may be out."""
        ...

    def interrupt(self, number: signal.Signals) -> None:
        """Begin nothing more; finish the files that are being read, except a giant one."""
        ...

    def close(self, *, abort: bool = False) -> None:
        """End the workers: after their current task, or at once."""
        ...
