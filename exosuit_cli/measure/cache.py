"""Warm and cold: what is done to the page cache before a run, and what is known of it then."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import InvalidMeasurement, UsageError
from exosuit_cli.system.page_cache import PageCacheProbe
from exosuit_cli.system.safe_open import FILE_FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

MODES: Final = ("warm", "cold")

GUARANTEES: Final = {
    "warm": "each side has read the corpus in its warm-up runs; nothing keeps the system from dropping pages again",
    "cold": "before every run the kernel was advised to drop the pages of every regular file of the corpus "
    "(posix_fadvise DONTNEED, after a sync); it may keep pages that are mapped or in use. Directory and inode caches, "
    "the programs themselves, and caches below the kernel (a hypervisor's, a disk's) stay warm",
}
"""What each mode promises, as reports say it."""


@dataclass(frozen=True, slots=True)
class CacheReading:
    """A sample of the corpus after its pages were dropped: its bytes, and how many stayed; or None with a reason."""

    sampled_bytes: int | None
    cached_bytes: int | None
    reason: str | None


def check_mode(mode: str) -> str:
    """The mode, or a UsageError."""
    if mode not in MODES:
        raise UsageError(f"--cache {mode!r}: unknown; known are {' and '.join(MODES)}")
    return mode


def drop_pages(root: str) -> CacheReading:
    """Advise the kernel to drop the pages of every regular file below `root`, then ask what stayed.

    Directory and inode caches are not dropped, links are not followed. Raises InvalidMeasurement where this system has
    no such advice: a cold figure cannot be had then.
    """
    if not hasattr(os, "posix_fadvise"):
        raise InvalidMeasurement("--cache cold: this system has no posix_fadvise; measure with --cache warm")
    os.sync()  # the advice passes over dirty pages
    probe = PageCacheProbe()
    for descriptor, size in _files(root):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        probe.look(descriptor, size)
    return _reading(probe)


def look_at_pages(root: str) -> CacheReading:
    """How much of the regular files below `root` is in the page cache. Nothing is read, links are not followed."""
    probe = PageCacheProbe()
    for descriptor, size in _files(root):
        probe.look(descriptor, size)
    return _reading(probe)


def _reading(probe: PageCacheProbe) -> CacheReading:
    reading = probe.reading
    if reading.reason is not None:
        return CacheReading(None, None, reading.reason)
    return CacheReading(reading.bytes, reading.cached_bytes, None)


def _files(root: str) -> Iterator[tuple[int, int]]:
    places = [root] if not os.path.isdir(root) else []
    for directory, _, names in os.walk(root):
        for name in names:
            places.append(os.path.join(directory, name))
            if len(places) >= 4096:
                yield from _opened(places)
                places = []
    yield from _opened(places)


def _opened(places: list[str]) -> Iterator[tuple[int, int]]:
    for place in places:
        try:
            descriptor = os.open(place, FILE_FLAGS)
        except OSError:
            continue  # what cannot be opened is not read by either side
        try:
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode):
                yield descriptor, status.st_size
        finally:
            os.close(descriptor)
