"""Memory readings: what processes hold, by tier, and the reason where something cannot be read."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import field
from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

SAMPLE_SECONDS = 0.2
SAMPLE_SHARE = 50
LATEST_SECONDS = 2.0
"""A reading of large processes takes tens of milliseconds, and they cannot take memory meanwhile.

So at most one part in `SAMPLE_SHARE` of the time goes into readings, but one is taken every `LATEST_SECONDS`.
"""


@dataclass(frozen=True, slots=True)
class TierReading:
    """The peak of one tier in bytes, or None with the reason."""

    peak_bytes: int | None
    reason: str | None = None
    details: dict[str, int | float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MemoryReport:
    """Peak memory by tier: device, pinned, process memory, written to disk, page cache of the corpus."""

    vram: TierReading
    shared: TierReading
    ram: TierReading
    nvme: TierReading
    page_cache: TierReading


class MemorySampler:
    """The peak of PSS and USS summed over a set of processes, from readings at most every `SAMPLE_SECONDS`.

    Readings that take long are taken less often, see `SAMPLE_SHARE`.

    PSS (proportional set size) counts a page shared by n processes as 1/n in each, so the sum over all is what they
    hold together; USS counts private pages only. Source: proc_pid_smaps(5). A peak between two readings is missed.
    """

    def __init__(self) -> None:
        self.peak_pss = 0
        self.peak_uss = 0
        self.samples = 0
        self._next = 0.0

    @property
    def is_due(self) -> bool:
        """Whether the last reading is old enough for another."""
        return time.monotonic() >= self._next

    def sample(self, pids: Iterable[int], *, now: bool = False) -> bool:
        """Take a reading of this process and of `pids` if it `is_due`, or `now`; whether it was taken."""
        if not now and not self.is_due:
            return False
        began = time.monotonic()
        pss = uss = 0
        for pid in (os.getpid(), *pids):
            reading = process_memory(pid)
            if reading is not None:
                pss += reading[0]
                uss += reading[1]
        self.samples += 1
        self.peak_pss = max(self.peak_pss, pss)
        self.peak_uss = max(self.peak_uss, uss)
        ended = time.monotonic()
        self._next = ended + min(max(SAMPLE_SECONDS, SAMPLE_SHARE * (ended - began)), LATEST_SECONDS)
        return True

    def reading(self) -> TierReading:
        """The ram tier."""
        if not self.peak_pss:
            return TierReading(None, "this system does not report the memory of processes")
        return TierReading(
            self.peak_pss,
            details={"pss_bytes": self.peak_pss, "uss_bytes": self.peak_uss, "samples": self.samples},
        )


def process_memory(pid: int) -> tuple[int, int] | None:
    """(PSS, USS) of a process in bytes; None when it is gone or the system refuses."""
    if sys.platform != "linux":
        return _process_memory_elsewhere(pid)
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as rollup:
            lines = rollup.read().splitlines()
    except OSError:
        return None
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(b":") for line in lines[1:])}
    return kib[b"Pss"] << 10, (kib[b"Private_Clean"] + kib[b"Private_Dirty"]) << 10


def _process_memory_elsewhere(pid: int) -> tuple[int, int] | None:
    import psutil

    try:
        full = psutil.Process(pid).memory_full_info()
    except psutil.Error:
        return None
    uss = int(full.uss)
    return int(getattr(full, "pss", uss)), uss
