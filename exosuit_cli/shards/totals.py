"""What the processes that read spent, by stage, and what they saw."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from exosuit_cli.system.page_cache import PageCacheReading


@dataclass(slots=True)
class WorkerTotals:
    """What workers spent and saw; complete once each of them has ended."""

    cpu_seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds by stage; see `Laps`."""
    page_cache: PageCacheReading = field(default_factory=PageCacheReading)
    deaths: int = 0
    device_failures: Counter[str] = field(default_factory=Counter)
    """Slabs that the device failed to compute, by reason; the CPU computed them."""
    beside_device: Counter[str] = field(default_factory=Counter)
    """What the CPU computed beside a device, by the names of `DeviceTotals`."""

    def add(self, other: WorkerTotals) -> None:
        """Add those of another worker."""
        self.cpu_seconds += other.cpu_seconds
        add_stages(self.stages, other.stages)
        self.page_cache.add(other.page_cache)
        self.deaths += other.deaths
        self.device_failures += other.device_failures
        self.beside_device += other.beside_device


class Laps:
    """A clock for what one thread does in turn: every lap adds the time since the last lap to a stage.

    Wall-clock seconds: those of several processes overlap, and include the time that each waits for a processor.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.restart()

    def restart(self) -> None:
        """Add the time since the last lap to no stage."""
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Add the time since the last lap to `stage`."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now


def add_stages(seconds: dict[str, float], more: dict[str, float]) -> None:
    """Add seconds by stage to others, in place."""
    for stage, value in more.items():
        seconds[stage] = seconds.get(stage, 0.0) + value
