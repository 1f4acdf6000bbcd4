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
import sys
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from exosuit_cli.index.format import (
    DIRECTORY,
    DIRECTORY_FIELDS,
    HEAD,
    MAGIC,
    SEAL_BYTES,
    VERSION,
    read_sections,
    split_names,
)
from exosuit_cli.system.forked import ForkedProcess, fork
from exosuit_cli.system.safe_open import open_base, open_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

RECORD_BYTES: Final = 256
"""`struct statx` of Linux, the same on every architecture: statx(2)."""
_FIELDS: Final = struct.Struct("<28xHxxQQ48xqI4xqI12xII112x")
"""Of it: mode, inode, size, ctime and mtime in seconds and nanoseconds, the device's major and minor number."""
_BASIC, _EMPTY_PATH, _NO_FOLLOW = 0x7FF, 0x1000, 0x100
_LEAST_ROW_BYTES: Final = 64
"""Of a file in an index: bounds the size of a table before the index is read."""
_FILES: Final = [name for name, _ in DIRECTORY_FIELDS].index("files")
_FREE, _TAKEN, _DONE = 0, 1, 2


class StatTable:
    """`struct statx` of up to so many directories, and of the files in them; zeros where there was none to be had.

    Processes that are forked from the one that made it share it. Each takes directories that nobody has taken; two
    that take the same one at once write the same twice, which is only time lost.
    """

    def __init__(self, directories: int, files: int) -> None:
        # Anonymous and shared; pages that nobody writes take no memory.
        self._flags = mmap.mmap(-1, max(directories, 1))
        self._seal = mmap.mmap(-1, SEAL_BYTES)
        self.directories = mmap.mmap(-1, max(directories, 1) * RECORD_BYTES)
        self.files = mmap.mmap(-1, max(files, 1) * RECORD_BYTES)
        self._fillers: list[ForkedProcess] = []
        self._base: bytes | None = None

    @classmethod
    def fork_ahead(cls, index: str, base: bytes) -> StatTable:
        """A table that a forked process fills from its end, for what the index at this path knows. Raises OSError."""
        size = os.stat(index).st_size
        table = cls(size // DIRECTORY.size, size // _LEAST_ROW_BYTES)
        table._base = base
        table._fillers.append(ForkedProcess(fork(lambda: table._fill_from_index(index)), is_child=True))
        return table

    def is_of(self, seal: bytes, base: bytes) -> bool:
        """Whether it is filled from the index with this checksum, and for this tree."""
        return self._base == base and self._seal[:] == seal

    def complete(
        self, base: bytes, paths: Sequence[bytes], names: Sequence[Sequence[bytes]], *, follow: bool, processes: int
    ) -> None:
        """Fill what is left, in this process and in `processes` less one forked ones; and end these."""
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
        # What another process has taken and not done: it is at it, or it is dead.
        left = [position for position in range(len(paths)) if self._flags[position] != _DONE]
        for position in left:
            self._flags[position] = _FREE
        self._fill(base, paths, names, left, follow=follow)
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
    ) -> None:
        """Stat the directories that nobody has taken, in an order, and `names` in each."""
        flags, directories, files = self._flags, _address(self.directories), _address(self.files)
        starts = [0, *accumulate(map(len, names))]
        statx = _libc_statx() or _statx_elsewhere
        record = ctypes.c_void_p()
        at_flags = 0 if follow else _NO_FOLLOW
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
                    record.value = directories + position * RECORD_BYTES
                    statx(parent, b"", _EMPTY_PATH, _BASIC, record)
                    place = files + starts[position] * RECORD_BYTES
                    for name in names[position]:
                        record.value = place
                        statx(parent, name, at_flags, _BASIC, record)
                        place += RECORD_BYTES
                finally:
                    os.close(parent)
                flags[position] = _DONE
        finally:
            os.close(base_fd)

    def _fill_from_index(self, index: str) -> None:
        _ignore_interrupts()
        with open(index, "rb") as file:
            data = file.read()
        with contextlib.suppress(ValueError, LookupError, TypeError, struct.error):  # the scan says what is wrong
            paths, names = _listings(data)
            if len(paths) <= len(self._flags) and sum(map(len, names)) * RECORD_BYTES <= len(self.files):
                self._seal[:] = data[-SEAL_BYTES:]
                assert self._base is not None
                self._fill(self._base, paths, names, range(len(paths) - 1, -1, -1), follow=False)


def _ignore_interrupts() -> None:
    """The parent decides what an interrupt means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _listings(data: bytes) -> tuple[list[bytes], list[list[bytes]]]:
    """Directories and the names of their files, as an index has them; whether it is sound is for others to see."""
    if not data.startswith(MAGIC) or HEAD.unpack_from(data, len(MAGIC))[0] != VERSION:
        raise ValueError
    _, sections = read_sections(data)
    counts = [record[_FILES] for record in DIRECTORY.iter_unpack(sections["directories"])]
    edges = [0, *accumulate(counts)]
    paths, names = split_names(sections["paths"], len(counts)), split_names(sections["names"], edges[-1])
    if len(paths) != len(counts) or len(names) != edges[-1]:
        raise ValueError
    return paths, [names[start:stop] for start, stop in pairwise(edges)]


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _libc_statx() -> Callable[[int, bytes, int, int, ctypes.c_void_p], object] | None:
    """The C library's `statx`, called without giving up the interpreter's lock; None where it has none.

    Its types are not declared: ints, bytes and a `c_void_p` are what it takes, and a declaration would have each of
    them converted once more.
    """
    if sys.platform != "linux":
        return None
    try:
        return ctypes.PyDLL(None).statx
    except (AttributeError, OSError):
        return None


def _statx_elsewhere(directory: int, name: bytes, flags: int, _mask: int, address: ctypes.c_void_p) -> None:
    """The same by way of `os.stat`."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=not flags) if name else os.fstat(directory)
    except OSError:
        return
    times = [divmod(time_ns, 1_000_000_000) for time_ns in (found.st_ctime_ns, found.st_mtime_ns)]
    device = os.major(found.st_dev), os.minor(found.st_dev)
    record = _FIELDS.pack(found.st_mode, found.st_ino, found.st_size, *times[0], *times[1], *device)
    ctypes.memmove(address, record, RECORD_BYTES)
