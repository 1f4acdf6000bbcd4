"""What the processes that read spent, by stage, and what they saw."""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.page_cache import PageCacheReading

if TYPE_CHECKING:
    from exosuit_cli.model.spans import RecordedTrack


@dataclass(slots=True)
class WorkerTotals:
    """What workers spent and saw; complete once each of them has ended."""

    cpu_seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds by stage; see `StageClock`."""
    page_cache: PageCacheReading = field(default_factory=PageCacheReading)
    deaths: int = 0
    device_failures: Counter[str] = field(default_factory=Counter)
    """Slabs that the device failed to compute, by reason; the CPU computed them."""
    beside_device: Counter[str] = field(default_factory=Counter)
    """What the CPU computed beside a device, by the names of `DeviceTotals`."""
    tracks: list[RecordedTrack] = field(default_factory=list)
    """What they did when, where that is recorded."""

    def add(self, other: WorkerTotals) -> None:
        """Add those of another worker."""
        self.cpu_seconds += other.cpu_seconds
        add_stages(self.stages, other.stages)
        self.page_cache.add(other.page_cache)
        self.deaths += other.deaths
        self.device_failures += other.device_failures
        self.beside_device += other.beside_device
        self.tracks += other.tracks


def add_stages(seconds: dict[str, float], more: dict[str, float]) -> None:
    """Add seconds by stage to others, in place."""
    for stage, value in more.items():
        seconds[stage] = seconds.get(stage, 0.0) + value
