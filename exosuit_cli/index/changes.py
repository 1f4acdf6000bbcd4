"""Which directories and files are unchanged since the index was written: one stat each, shared by forked processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.index.index import Unchanged
from exosuit_cli.index.stat_table import StatTable
from exosuit_cli.index.statx import FIELDS, RECORD_BYTES, libc_statx, os_statx, stat_names
from exosuit_cli.model.records import clamp_ns
from exosuit_cli.system.forked import start_method
from exosuit_cli.system.safe_open import open_base, open_directory
from exosuit_cli.walk.listing import RuleState, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.index.index import Index
    from exosuit_cli.model.records import Rows

SHARE_FILES = 2000
"""Fewer files than this are not worth a process of their own."""
STATX = np.dtype(
    {
        "names": [name for name, _, _ in FIELDS],
        "formats": ["=" + kind for _, _, kind in FIELDS],
        "offsets": [offset for _, offset, _ in FIELDS],
        "itemsize": RECORD_BYTES,
    }
)
"""A record of `StatTable`."""
_MOST_SECONDS = 9_000_000_000
"""From here on, nanoseconds may not fit in 64 bits."""
_REGULAR = 0o100000
_TYPE = 0o170000


def find_unchanged(
    index: Index, base: bytes, *, follow: bool, processes: int, ahead: StatTable | None = None
) -> Unchanged:
    """Compare every directory and file of an index with the tree below `base`, with up to `processes` processes.

    A directory is unchanged if its times, device, inode and the state of its ignore file are the remembered ones, and
    none of them was young when it was remembered. A file is unchanged if it is a regular file and its size, times,
    device, inode and execute bit are the remembered ones. `ahead` is a table of this index that another process has
    begun to fill.
    """
    paths = [listing.directory.path for listing in index.listings]
    names = [listing.names for listing in index.listings]
    table = ahead if ahead is not None else StatTable(len(paths), len(index.rows))
    shares = max(1, min(processes if start_method() == "fork" else 1, len(index.rows) // SHARE_FILES))
    table.complete(base, paths, names, follow=follow, processes=shares)
    return Unchanged(_unchanged_directories(index, table, base, follow=follow), _unchanged_files(index, table))


class LaterLook:
    """Compares files below `base` with rows of theirs, in one directory at a time, when a walk asks for it."""

    def __init__(self, base: bytes, *, follow: bool) -> None:
        self._base = base
        self._follow = follow
        self._call = libc_statx() or os_statx

    def __call__(self, path: bytes, names: Sequence[bytes], rows: Rows) -> npt.NDArray[np.bool_]:
        """Which of the files in the directory are, by a stat of each, those of the rows: bool[names]."""
        records = bytearray(len(names) * RECORD_BYTES)
        with contextlib.suppress(OSError):  # the directory is gone: the records stay zero
            base_fd = open_base(self._base)
            try:
                parent = open_directory(base_fd, path, follow=self._follow)
            finally:
                os.close(base_fd)
            try:
                address = ctypes.addressof(ctypes.c_char.from_buffer(records))
                stat_names(self._call, parent, names, address, follow=self._follow)
            finally:
                os.close(parent)
        return _are_equal(rows, np.frombuffer(records, STATX))


def _unchanged_files(index: Index, table: StatTable) -> npt.NDArray[np.bool_]:
    return _are_equal(index.rows, np.frombuffer(table.files, STATX, len(index.rows)))


def _are_equal(known: Rows, found: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    mode = found["mode"]
    unchanged: npt.NDArray[np.bool_] = (
        ((mode & _TYPE) == _REGULAR)
        & (known["size"] == found["size"])
        & (known["mtime_ns"] == nanoseconds(found, "mtime"))
        & (known["ctime_ns"] == nanoseconds(found, "ctime"))
        & (known["device"] == device_numbers(found))
        & (known["inode"] == found["inode"])
        & (known["executable"] == (mode >> 6) & 1)
    )
    return unchanged


def _unchanged_directories(index: Index, table: StatTable, base: bytes, *, follow: bool) -> npt.NDArray[np.bool_]:
    found = np.frombuffer(table.directories, STATX, len(index.listings))
    known = [listing.directory for listing in index.listings]
    unchanged = np.array(index.trusted, np.bool_)
    unchanged &= nanoseconds(found, "mtime") == np.array([directory.mtime_ns for directory in known], np.int64)
    unchanged &= nanoseconds(found, "ctime") == np.array([directory.ctime_ns for directory in known], np.int64)
    unchanged &= device_numbers(found) == np.array([directory.device for directory in known], np.uint64)
    unchanged &= found["inode"] == np.array([directory.inode for directory in known], np.uint64)
    # The walk compares the rules of the base, together with those above it.
    base_fd = open_base(base)
    try:
        for path, rules in index.rules.items():
            directory, _, name = path.rpartition(b"/")
            position = index.position(directory) if directory and not path.startswith(b"/") else None
            if rules is not None and position is not None and unchanged[position]:
                unchanged[position] = _rules_now(index, table, position, name, base_fd, follow=follow) == rules
    finally:
        os.close(base_fd)
    return unchanged


def _rules_now(
    index: Index, table: StatTable, position: int, name: bytes, base_fd: int, *, follow: bool
) -> RuleState | None:
    """The present state of a directory's ignore file: from its record where it is one of the files, else by a stat."""
    listing = index.listings[position]
    if name in listing.names and not follow:
        place = index.start(position) + listing.names.index(name)
        found = np.frombuffer(table.files, STATX, 1, place * RECORD_BYTES)
        mtime, ctime = nanoseconds(found, "mtime"), nanoseconds(found, "ctime")
        return RuleState(int(found["size"][0]), int(mtime[0]), int(ctime[0]), int(found["inode"][0]))
    try:
        parent = open_directory(base_fd, listing.directory.path, follow=follow)
    except OSError:
        return None
    try:
        return state_of(name, parent)
    finally:
        os.close(parent)


def nanoseconds(found: npt.NDArray[np.void], name: str) -> npt.NDArray[np.int64]:
    """The times in nanoseconds, int64[n], clamped as `model.records.clamp_ns` does."""
    seconds = found[name + "_s"]
    times: npt.NDArray[np.int64] = seconds * 1_000_000_000 + found[name + "_ns"]
    extreme = np.abs(seconds) >= _MOST_SECONDS
    if extreme.any():
        exact = zip(seconds[extreme].tolist(), found[name + "_ns"][extreme].tolist(), strict=True)
        times[extreme] = [clamp_ns(second * 1_000_000_000 + rest) for second, rest in exact]
    return times


def device_numbers(found: npt.NDArray[np.void]) -> npt.NDArray[np.uint64]:
    """The device numbers, uint64[n], composed as makedev(3) of the GNU C library does."""
    major, minor = found["major"].astype(np.uint64), found["minor"].astype(np.uint64)
    low_minor, low_major = np.uint64(0xFF), np.uint64(0xFFF)
    device: npt.NDArray[np.uint64] = (minor & low_minor) | (major & low_major) << np.uint64(8)
    device |= (minor & ~low_minor) << np.uint64(12) | (major & ~low_major) << np.uint64(32)
    return device
