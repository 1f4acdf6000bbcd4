"""What a run takes: time by stage, processor seconds, and memory by tier."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from exosuit_cli.ingest.result import Throughput
from exosuit_cli.shards.totals import add_stages
from exosuit_cli.system.memory import MemoryReport, MemorySampler, TierReading
from exosuit_cli.system.spans import Laps

if TYPE_CHECKING:
    from exosuit_cli.index.file import IndexFile
    from exosuit_cli.ingest.ledger import Ledger
    from exosuit_cli.model.spans import StageClock
    from exosuit_cli.workers.processes import Processes


class Account:
    """The account of a run that starts now, with this clock for its stages or one of its own."""

    def __init__(self, clock: StageClock | None = None) -> None:
        self.started_ns = time.time_ns()
        """When the run started, in nanoseconds since the epoch."""
        self.laps: StageClock = clock if clock is not None else Laps()
        self._started = time.monotonic()
        self._started_cpu = time.process_time()
        self._sampler = MemorySampler()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def sample(self, processes: Processes, *, now: bool = False) -> None:
        """Take a sample of the memory of all processes of the run, if it is time for one or `now`."""
        if now or self._sampler.is_due:  # to find the processes takes a while, too
            self._sampler.sample(processes.pids(), now=True)
            self.laps.step("sample")

    def close(self, processes: Processes, ledger: Ledger, index_file: IndexFile) -> tuple[Throughput, MemoryReport]:
        """Add up what the run took, once its workers have ended. Ends the processes of the device."""
        self.laps.step("result")
        self._sampler.sample((), now=True)
        self.laps.step("sample")
        totals, device, carrier = processes.totals, processes.device, processes.carrier
        device.close()
        self.laps.step("end")
        for name, count in totals.beside_device.items():
            setattr(device.totals, name, count)
        vram, shared = device.tiers()
        self.laps.lap("result")
        stages = self.laps.seconds
        add_stages(stages, totals.stages)
        throughput = Throughput(
            wall_s=self.seconds,
            cpu_s=time.process_time() - self._started_cpu + processes.cpu_seconds,
            workers=carrier.workers if carrier is not None else 1,
            device=device.device,
            device_reason=device.reason,
            device_totals=device.totals if device.was_used else None,
            index_hits=ledger.hits,
            bytes_read=ledger.bytes_read,
            tokens_counted=ledger.tokens_counted,
            index_reason=index_file.reason,
            worker_deaths=totals.deaths,
            stages=stages,
        )
        memory = MemoryReport(
            vram=vram,
            shared=shared,
            ram=self._sampler.reading(),
            nvme=TierReading(index_file.bytes_written, details={"index_bytes": index_file.bytes_written}),
            page_cache=totals.page_cache.tier(),
        )
        return throughput, memory
