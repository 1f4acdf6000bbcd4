"""Which directories and files still are what the index remembers: one stat each, shared by forked processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.ingest.zygote import start_method
from exosuit_cli.model.records import time_column
from exosuit_cli.system.safe_open import open_base, open_directory
from exosuit_cli.walk.tree import IGNORE_NAME, state_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from exosuit_cli.ingest.index import Index

SHARE_FILES = 2000
"""Fewer files than this are no work for a process of their own."""
_GONE = (-2, 0, 0, 0, 0, 0)
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


def recheck(index: Index, base: bytes, *, follow: bool, processes: int) -> Standing:
    """Compare every directory and file of an index with the tree below `base`, with up to `processes` processes.

    A directory stands if its times, device and inode are the remembered ones, and the state of its ignore file is, and
    none of them was young when it was remembered. A file stands if its size, times, device, inode and execute bit are,
    and it is a regular file. Where a process dies, nothing of its share stands.
    """
    shares = max(1, min(processes if start_method() == "fork" else 1, len(index.rows) // SHARE_FILES))
    # Directories weigh as much as two files.
    weights = np.cumsum([len(listing.names) + 2 for listing in index.listings])
    edges = [0, *(int(np.searchsorted(weights, weights[-1] * share // shares)) for share in range(1, shares))]
    ranges = list(pairwise([*edges, len(index.listings)]))
    helpers = [_Helper(index, base, first, last, follow=follow) for first, last in ranges[1:]]
    parts = [_compare(index, base, *ranges[0], follow=follow), *(helper.result() for helper in helpers)]
    return Standing(np.concatenate([part.directories for part in parts]), np.concatenate([p.files for p in parts]))


class _Helper:
    """A forked process that compares one range of directories."""

    def __init__(self, index: Index, base: bytes, first: int, last: int, *, follow: bool) -> None:
        self._directories = last - first
        self._files = index.start(last) - index.start(first)
        context = multiprocessing.get_context("fork")
        self._answer, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_help, args=(theirs, self._answer, index, base, first, last, follow), daemon=True
        )
        self._process.start()
        theirs.close()

    def result(self) -> Standing:
        try:
            found: Standing = self._answer.recv()
        except (EOFError, OSError):
            found = Standing(np.zeros(self._directories, np.bool_), np.zeros(self._files, np.bool_))
        self._answer.close()
        self._process.join()
        return found


def _help(
    answer: Connection, other_end: Connection, index: Index, base: bytes, first: int, last: int, follow: bool
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what it means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    other_end.close()
    with contextlib.suppress(BrokenPipeError):
        answer.send(_compare(index, base, first, last, follow=follow))


def _compare(index: Index, base: bytes, first: int, last: int, *, follow: bool) -> Standing:
    """Compare the directories from position `first` up to `last`, and the files in them."""
    directories: list[bool] = []
    found: list[tuple[int, int, int, int, int, int]] = []
    base_fd = open_base(base)
    try:
        for position in range(first, last):
            listing = index.listings[position]
            path = listing.directory.path
            try:
                parent = open_directory(base_fd, path, follow=follow)
            except OSError:
                directories.append(False)
                found.extend([_GONE] * len(listing.names))
                continue
            try:
                directories.append(index.trusted[position] and _directory_stands(index, position, parent))
                for name in listing.names:
                    try:
                        status = os.stat(name, dir_fd=parent, follow_symlinks=follow)
                    except OSError:
                        found.append(_GONE)
                        continue
                    found.append(
                        (
                            status.st_size,
                            status.st_mtime_ns,
                            status.st_ctime_ns,
                            status.st_dev,
                            status.st_ino,
                            status.st_mode,
                        )
                    )
            finally:
                os.close(parent)
    finally:
        os.close(base_fd)
    known = index.rows[index.start(first) : index.start(last)]
    if not found:
        return Standing(np.array(directories, np.bool_), np.zeros(0, np.bool_))
    sizes, mtimes_ns, ctimes_ns, devices, inodes, modes = zip(*found, strict=True)
    mode = np.array(modes, np.int64)
    stands: npt.NDArray[np.bool_] = (
        ((mode & _TYPE) == _REGULAR)
        & (known["size"] == np.array(sizes, np.int64))
        & (known["mtime_ns"] == time_column(mtimes_ns))
        & (known["ctime_ns"] == time_column(ctimes_ns))
        & (known["device"] == np.array(devices, np.uint64))
        & (known["inode"] == np.array(inodes, np.uint64))
        & (known["executable"] == (mode >> 6) & 1)
    )
    return Standing(np.array(directories, np.bool_), stands)


def _directory_stands(index: Index, position: int, descriptor: int) -> bool:
    directory = index.listings[position].directory
    status = os.fstat(descriptor)
    if (
        status.st_mtime_ns != directory.mtime_ns
        or status.st_ctime_ns != directory.ctime_ns
        or status.st_ino != directory.inode
        or status.st_dev != directory.device
    ):
        return False
    # The rules of the base stand or fall with those above it, which the walk compares.
    rules = index.rules.get(directory.path + b"/" + IGNORE_NAME) if directory.path else None
    return rules is None or state_of(IGNORE_NAME, descriptor) == rules
