"""One stat each of many directories and files, in memory that several processes fill together.

Nothing here imports numpy: a process that is forked at the very start fills the table while its parent still imports.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import struct
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from exosuit_cli.index.format import (
    DIRECTORY,
    DIRECTORY_FIELDS,
    LARGEST,
    SEAL_BYTES,
    IndexUnusable,
    open_index,
    read_sections,
    read_whole,
    split_names,
)
from exosuit_cli.index.statx import FIELDS, RECORD_BYTES, StatCall, libc_statx, os_statx, stat_names, stat_open
from exosuit_cli.system.forked import ForkedProcess, fork
from exosuit_cli.system.safe_open import open_base, open_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_LEAST_ROW_BYTES: Final = 64
"""The least that an index takes for one file: bounds the size of a table before the index is read."""
_FILES: Final = [name for name, _ in DIRECTORY_FIELDS].index("files")
_FREE, _TAKEN, _DONE = 0, 1, 2
_NUMBER: Final = struct.Struct("=q")
_CTIME: Final = next(offset for name, offset, _ in FIELDS if name == "ctime_s")


class StatTable:
    """`struct statx` of up to `directories` directories, and of the files in them; zeros where a stat failed.

    Processes that are forked from the one that made the table share it. Each process takes directories that nobody has
    taken. Two that take the same directory at the same moment write the same records twice, which only costs time.
    """

    def __init__(self, directories: int, files: int, *, call: StatCall | None = None) -> None:
        self._call = call or libc_statx() or os_statx
        # Anonymous and shared; pages that nobody writes take no memory.
        self._flags = mmap.mmap(-1, max(directories, 1))
        self._seal = mmap.mmap(-1, SEAL_BYTES)
        self.directories = mmap.mmap(-1, max(directories, 1) * RECORD_BYTES)
        self.files = mmap.mmap(-1, max(files, 1) * RECORD_BYTES)
        self._changed = mmap.mmap(-1, 8)
        self._fillers: list[ForkedProcess] = []
        self._base: bytes | None = None
        self._written = 0

    @classmethod
    def fork_ahead(cls, index: str, base: bytes) -> StatTable:
        """A table of what the index at this path knows; a forked process fills it from the end. Raises OSError."""
        status = os.stat(index)
        size = min(status.st_size, LARGEST)
        table = cls(size // DIRECTORY.size, size // _LEAST_ROW_BYTES)
        table._written = int(status.st_mtime)
        table._base = base
        table._fillers.append(ForkedProcess(fork(lambda: table._fill_from_index(index)), is_child=True))
        return table

    def is_for(self, seal: bytes, base: bytes) -> bool:
        """Whether it is filled from the index with this checksum, and for this tree."""
        return self._base == base and self._seal[:] == seal

    def changes(self, base: bytes) -> int:
        """A guess in how many directories below `base` something is younger than the index, as far as it is filled."""
        return int(_NUMBER.unpack(self._changed[:])[0]) if self._base == base else 0

    def complete(
        self, base: bytes, paths: Sequence[bytes], names: Sequence[Sequence[bytes]], *, follow: bool, processes: int
    ) -> None:
        """Fill what is left, in this process and in `processes - 1` forked ones, and end those processes."""
        try:
            for number in range(len(self._fillers) + 1, processes):
                # Backwards, each from a place of its own on.
                last = len(paths) * number // processes
                order = [*range(last - 1, -1, -1), *range(len(paths) - 1, last - 1, -1)]

                def fill(order: Sequence[int] = order) -> None:
                    _ignore_interrupts()
                    self._fill(base, paths, names, order, follow=follow)

                with contextlib.suppress(OSError):  # too many processes: the others do it
                    self._fillers.append(ForkedProcess(fork(fill), is_child=True))
            self._fill(base, paths, names, range(len(paths)), follow=follow)
            # Another process has taken these and not finished them: it is still at work, or it is dead.
            left = [position for position in range(len(paths)) if self._flags[position] != _DONE]
            for position in left:
                self._flags[position] = _FREE
            self._fill(base, paths, names, left, follow=follow)
        finally:
            self.close()

    def close(self) -> None:
        """End the other processes."""
        for filler in self._fillers:
            filler.kill()
        for filler in self._fillers:
            filler.join()
        self._fillers.clear()

    def _fill(
        self,
        base: bytes,
        paths: Sequence[bytes],
        names: Sequence[Sequence[bytes]],
        order: Iterable[int],
        *,
        follow: bool,
        done: Callable[[int, int, int], None] | None = None,
    ) -> None:
        """Stat the directories that nobody has taken, in the given order, and `names` in each.

        `done` takes the position of each, and those of its files.
        """
        flags, directories, files = self._flags, _address(self.directories), _address(self.files)
        starts = [0, *accumulate(map(len, names))]
        call = self._call
        base_fd = open_base(base)
        try:
            for position in order:
                if flags[position] != _FREE:
                    continue
                flags[position] = _TAKEN
                try:
                    parent = open_directory(base_fd, paths[position], follow=follow)
                except OSError:
                    flags[position] = _DONE
                    continue
                try:
                    stat_open(call, parent, directories + position * RECORD_BYTES)
                    place = files + starts[position] * RECORD_BYTES
                    stat_names(call, parent, names[position], place, follow=follow)
                finally:
                    os.close(parent)
                flags[position] = _DONE
                if done is not None:
                    done(position, starts[position], starts[position + 1])
        finally:
            os.close(base_fd)

    def _fill_from_index(self, index: str) -> None:
        _ignore_interrupts()
        # The scan says what is wrong.
        with contextlib.suppress(IndexUnusable, OSError, ValueError, LookupError, TypeError, struct.error):
            with open_index(index) as file:
                data = read_whole(file)
            paths, names = _listings(data)
            if len(paths) <= len(self._flags) and sum(map(len, names)) * RECORD_BYTES <= len(self.files):
                self._seal[:] = data[-SEAL_BYTES:]
                assert self._base is not None
                order = range(len(paths) - 1, -1, -1)
                self._fill(self._base, paths, names, order, follow=False, done=self._note_change)

    def _note_change(self, position: int, start: int, stop: int) -> None:
        """Note where a directory or one of its files changed after the second in which the index was written."""
        of_directories, of_files = _change_seconds(self.directories), _change_seconds(self.files)
        if max((of_directories[position], *of_files[start:stop])) > self._written:
            self._changed[:] = _NUMBER.pack(_NUMBER.unpack(self._changed[:])[0] + 1)


def _ignore_interrupts() -> None:
    """The parent decides what an interrupt means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _listings(data: bytes) -> tuple[list[bytes], list[list[bytes]]]:
    """Directories and the names of their files, as the bytes of an index hold them; its checksum is not compared.

    Raises ValueError where the bytes are not those of an index.
    """
    _, sections = read_sections(data)
    counts = [record[_FILES] for record in DIRECTORY.iter_unpack(sections["directories"])]
    edges = [0, *accumulate(counts)]
    paths, names = split_names(sections["paths"], len(counts)), split_names(sections["names"], edges[-1])
    if len(paths) != len(counts) or len(names) != edges[-1]:
        raise ValueError
    return paths, [names[start:stop] for start, stop in pairwise(edges)]


def _change_seconds(memory: mmap.mmap) -> memoryview:
    """The seconds of `st_ctime` of each record."""
    return memoryview(memory).cast("q")[_CTIME // _NUMBER.size :: RECORD_BYTES // _NUMBER.size]


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
