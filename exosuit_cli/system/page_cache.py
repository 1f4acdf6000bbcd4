"""How much of a file the kernel already holds in memory: cachestat(2), Linux 6.5 and later."""

from __future__ import annotations

import ctypes
import errno
import os

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.memory import TierReading

_CACHESTAT = 451  # the same number on every architecture: cachestat came after the tables were unified
SAMPLE_EVERY = 64
"""One file in this many is asked about: a question to the kernel costs as much as opening the file."""


class _Range(ctypes.Structure):
    _fields_ = (("offset", ctypes.c_uint64), ("length", ctypes.c_uint64))


class _CacheStat(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint64) for name in ("cached", "dirty", "writeback", "evicted", "recently_evicted")
    )


@dataclass(slots=True)
class PageCacheReading:
    """What a sample of files showed just before they were read: their bytes, and how many were in the page cache."""

    files: int = 0
    bytes: int = 0
    cached_bytes: int = 0
    reason: str | None = None
    """Why there is no reading."""

    def add(self, other: PageCacheReading) -> None:
        """Merge another sample; associative."""
        self.files += other.files
        self.bytes += other.bytes
        self.cached_bytes += other.cached_bytes
        self.reason = self.reason or other.reason

    def tier(self) -> TierReading:
        """As a tier of memory, whose peak nobody knows."""
        if self.reason is not None:
            return TierReading(None, self.reason)
        if not self.files:
            return TierReading(None, "no file was read")
        return TierReading(
            None,
            "sampled before reading, not summed over the corpus",
            details={
                "sampled_files": self.files,
                "sampled_bytes": self.bytes,
                "sampled_cached_bytes": self.cached_bytes,
            },
        )


class PageCacheProbe:
    """Asks the kernel about files before they are read; a reader hands it one in `SAMPLE_EVERY`."""

    def __init__(self) -> None:
        self.reading = PageCacheReading()
        self._page = os.sysconf("SC_PAGESIZE")
        self._syscall = ctypes.CDLL(None, use_errno=True).syscall
        if os.uname().sysname != "Linux":
            self.reading.reason = "only Linux reports it (cachestat)"

    def look(self, descriptor: int, size: int) -> None:
        """Sample an open file of `size` bytes."""
        if not size or self.reading.reason is not None:
            return
        answer = _CacheStat()
        whole = _Range(0, 0)
        if self._syscall(_CACHESTAT, descriptor, ctypes.byref(whole), ctypes.byref(answer), 0) != 0:
            number = ctypes.get_errno()
            if number in (errno.ENOSYS, errno.EPERM):
                self.reading.reason = "this kernel does not report it (cachestat needs Linux 6.5)"
            return
        self.reading.files += 1
        self.reading.bytes += size
        self.reading.cached_bytes += min(size, answer.cached * self._page)
