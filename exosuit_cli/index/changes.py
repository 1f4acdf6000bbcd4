"""Which directories and files still are what the index remembers: one stat each, shared by forked processes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.index.stat_table import RECORD_BYTES, StatTable
from exosuit_cli.model.records import clamp_ns
from exosuit_cli.system.forked import start_method
from exosuit_cli.system.safe_open import open_base, open_directory
from exosuit_cli.walk.tree import IGNORE_NAME, RuleState, state_of

if TYPE_CHECKING:
    from exosuit_cli.index.index import Index

SHARE_FILES = 2000
"""Fewer files than this are no work for a process of their own."""
_STATX = np.dtype(
    {
        "names": ["mode", "inode", "size", "ctime_s", "ctime_ns", "mtime_s", "mtime_ns", "major", "minor"],
        "formats": ["=u2", "=u8", "=i8", "=i8", "=u4", "=i8", "=u4", "=u4", "=u4"],
        "offsets": [28, 32, 40, 96, 104, 112, 120, 136, 140],
        "itemsize": RECORD_BYTES,
    }
)
"""statx(2)"""
_MOST_SECONDS = 9_000_000_000
"""Beyond, nanoseconds may not fit in 64 bits."""
_REGULAR = 0o100000
_TYPE = 0o170000


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of an index: bool[directories] and bool[files], aligned with its listings and rows."""

    directories: npt.NDArray[np.bool_]
    files: npt.NDArray[np.bool_]

    def is_whole(self) -> bool:
        """Whether everything stands."""
        return bool(self.directories.all() and self.files.all())


def recheck(index: Index, base: bytes, *, follow: bool, processes: int, ahead: StatTable | None = None) -> Standing:
    """Compare every directory and file of an index with the tree below `base`, with up to `processes` processes.

    A directory stands if its times, device and inode are the remembered ones, and the state of its ignore file is, and
    none of them was young when it was remembered. A file stands if its size, times, device, inode and execute bit are,
    and it is a regular file. `ahead` is a table that another process began to fill; it is used if it is of this index.
    """
    paths = [listing.directory.path for listing in index.listings]
    names = [listing.names for listing in index.listings]
    table = ahead if ahead is not None and not follow and ahead.is_of(index.seal, base) else None
    if table is None:
        table = StatTable(len(paths), len(index.rows))
    shares = max(1, min(processes if start_method() == "fork" else 1, len(index.rows) // SHARE_FILES))
    table.complete(base, paths, names, follow=follow, processes=shares)
    return Standing(_directories_stand(index, table, base, follow=follow), _files_stand(index, table))


def _files_stand(index: Index, table: StatTable) -> npt.NDArray[np.bool_]:
    found = np.frombuffer(table.files, _STATX, len(index.rows))
    known = index.rows
    mode = found["mode"]
    stands: npt.NDArray[np.bool_] = (
        ((mode & _TYPE) == _REGULAR)
        & (known["size"] == found["size"])
        & (known["mtime_ns"] == _nanoseconds(found, "mtime"))
        & (known["ctime_ns"] == _nanoseconds(found, "ctime"))
        & (known["device"] == _device(found))
        & (known["inode"] == found["inode"])
        & (known["executable"] == (mode >> 6) & 1)
    )
    return stands


def _directories_stand(index: Index, table: StatTable, base: bytes, *, follow: bool) -> npt.NDArray[np.bool_]:
    found = np.frombuffer(table.directories, _STATX, len(index.listings))
    known = [listing.directory for listing in index.listings]
    stands = np.array(index.trusted, np.bool_)
    stands &= _nanoseconds(found, "mtime") == np.array([directory.mtime_ns for directory in known], np.int64)
    stands &= _nanoseconds(found, "ctime") == np.array([directory.ctime_ns for directory in known], np.int64)
    stands &= _device(found) == np.array([directory.device for directory in known], np.uint64)
    stands &= found["inode"] == np.array([directory.inode for directory in known], np.uint64)
    # The rules of the base stand or fall with those above it, which the walk compares.
    base_fd = open_base(base)
    try:
        for path, rules in index.rules.items():
            directory, _, name = path.rpartition(b"/")
            position = index.position(directory) if name == IGNORE_NAME and directory else None
            if rules is not None and position is not None and stands[position]:
                stands[position] = _rules_now(index, table, position, base_fd, follow=follow) == rules
    finally:
        os.close(base_fd)
    return stands


def _rules_now(index: Index, table: StatTable, position: int, base_fd: int, *, follow: bool) -> RuleState | None:
    """The state of a directory's ignore file: from its record where it is one of the files, else looked at."""
    listing = index.listings[position]
    if IGNORE_NAME in listing.names and not follow:
        place = index.start(position) + listing.names.index(IGNORE_NAME)
        found = np.frombuffer(table.files, _STATX, 1, place * RECORD_BYTES)
        mtime, ctime = _nanoseconds(found, "mtime"), _nanoseconds(found, "ctime")
        return RuleState(int(found["size"][0]), int(mtime[0]), int(ctime[0]), int(found["inode"][0]))
    try:
        parent = open_directory(base_fd, listing.directory.path, follow=follow)
    except OSError:
        return None
    try:
        return state_of(IGNORE_NAME, parent)
    finally:
        os.close(parent)


def _nanoseconds(found: npt.NDArray[np.void], name: str) -> npt.NDArray[np.int64]:
    """Times as `model.records.clamp_ns` has them."""
    seconds = found[name + "_s"]
    times: npt.NDArray[np.int64] = seconds * 1_000_000_000 + found[name + "_ns"]
    extreme = np.abs(seconds) >= _MOST_SECONDS
    if extreme.any():
        exact = zip(seconds[extreme].tolist(), found[name + "_ns"][extreme].tolist(), strict=True)
        times[extreme] = [clamp_ns(second * 1_000_000_000 + rest) for second, rest in exact]
    return times


def _device(found: npt.NDArray[np.void]) -> npt.NDArray[np.uint64]:
    """As makedev(3) of the GNU C library puts the two numbers together."""
    major, minor = found["major"].astype(np.uint64), found["minor"].astype(np.uint64)
    low_minor, low_major = np.uint64(0xFF), np.uint64(0xFFF)
    device: npt.NDArray[np.uint64] = (minor & low_minor) | (major & low_major) << np.uint64(8)
    device |= (minor & ~low_minor) << np.uint64(12) | (major & ~low_major) << np.uint64(32)
    return device
