"""What a load takes: one account over the runs of all of its sources, and over what it does beside them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from exosuit_cli.ingest.result import Throughput
from exosuit_cli.shards.totals import add_stages
from exosuit_cli.system.memory import MemoryReport, TierReading

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.ingest.result import ScanResult

STORE: Final = "store"
"""The stage of writing to the database, and of all else that a load does outside of its runs."""
_NO_RUN: Final = "nothing was read"


class LoadAccount:
    """The account of a load that starts now. `store_seconds` were spent in writing during a run."""

    def __init__(self) -> None:
        self.store_seconds = 0.0
        self._started = time.monotonic()
        self._started_cpu = time.process_time()
        self._cpu_in_runs = 0.0
        self._throughputs: list[Throughput] = []
        self._memory: list[MemoryReport] = []

    def run(self, work: Callable[[], ScanResult]) -> ScanResult:
        """Do the work of one run and take its figures."""
        started = time.process_time()
        result = work()
        self._cpu_in_runs += time.process_time() - started
        self._throughputs.append(result.throughput)
        self._memory.append(result.memory)
        return result

    def close(self, context_bytes: int) -> tuple[Throughput, MemoryReport]:
        """Add up what the load took. `context_bytes` is the size of the context on the disk.

        Work and seconds are sums over the runs; the device is that of the run that read most; peaks are the highest.
        """
        runs = self._throughputs
        wall = time.monotonic() - self._started
        stages: dict[str, float] = {}
        for run in runs:
            add_stages(stages, dict(run.stages))
        stages[STORE] = max(wall - sum(run.wall_s for run in runs), 0.0) + self.store_seconds
        most = max(runs, key=lambda run: run.bytes_read, default=None)
        throughput = Throughput(
            wall_s=wall,
            cpu_s=time.process_time() - self._started_cpu - self._cpu_in_runs + sum(run.cpu_s for run in runs),
            workers=max((run.workers for run in runs), default=1),
            device=most.device if most is not None else "cpu",
            device_reason=most.device_reason if most is not None else _NO_RUN,
            index_hits=sum(run.index_hits for run in runs),
            bytes_read=sum(run.bytes_read for run in runs),
            tokens_counted=sum(run.tokens_counted for run in runs),
            index_reason=most.index_reason if most is not None else _NO_RUN,
            worker_deaths=sum(run.worker_deaths for run in runs),
            stages=stages,
        )
        index_bytes = sum(memory.nvme.peak_bytes or 0 for memory in self._memory)
        details: dict[str, int | float | None] = {"index_bytes": index_bytes, "context_bytes": context_bytes}
        return throughput, MemoryReport(
            vram=_highest([memory.vram for memory in self._memory]),
            shared=_highest([memory.shared for memory in self._memory]),
            ram=_highest([memory.ram for memory in self._memory]),
            nvme=TierReading(index_bytes + context_bytes, details=details),
            page_cache=_highest([memory.page_cache for memory in self._memory]),
        )


def _highest(readings: list[TierReading]) -> TierReading:
    """The reading with the highest peak; where none could be taken, the last one, which says why."""
    known = [reading for reading in readings if reading.peak_bytes is not None]
    if known:
        return max(known, key=lambda reading: reading.peak_bytes or 0)
    return readings[-1] if readings else TierReading(None, _NO_RUN)
