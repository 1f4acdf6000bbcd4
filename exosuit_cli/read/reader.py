"""The slab reader: whole files, back to back, in one buffer that is used again and again."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exosuit_cli.model.records import Batch, Outcome
from exosuit_cli.model.slab import Slab
from exosuit_cli.system.page_cache import SAMPLE_EVERY
from exosuit_cli.system.safe_open import FILE_FLAGS, FOLLOWED_FILE_FLAGS, open_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from exosuit_cli.model.slab import SlabBuffers
    from exosuit_cli.system.page_cache import PageCacheProbe

_FILE_TYPE = stat.S_IFMT(0xFFFF)
RETRIES = 1
"""A file that changes while it is read is read again once."""

_OUTCOME_OF_ERRNO = {
    errno.ELOOP: Outcome.SYMLINK,  # O_NOFOLLOW met a link: it was swapped in after the listing
    errno.ENOENT: Outcome.VANISHED,
    errno.ENOTDIR: Outcome.VANISHED,
    errno.ESTALE: Outcome.VANISHED,
    errno.ENXIO: Outcome.SPECIAL,  # a socket, or a FIFO without a writer
    errno.ENODEV: Outcome.SPECIAL,
}


class ReadStat(NamedTuple):
    """A file that was read, or is about to be: its position in the batch and its identity."""

    position: int
    size: int
    """Bytes actually read; /proc and its like report another size."""
    status: os.stat_result


class FilledSlab(NamedTuple):
    """A slab and the files in it, in order."""

    slab: Slab
    files: list[ReadStat]


class LargeFile(NamedTuple):
    """An open file that no slab holds; the consumer reads it from `descriptor` before it asks for the next item."""

    file: ReadStat
    descriptor: int


class _Unstable(Exception):
    """The file changed while it was read."""


def outcome_of(error: OSError) -> tuple[Outcome, int]:
    """The outcome of an entry that meets this error, and the errno to keep."""
    number = error.errno or errno.EIO
    return _OUTCOME_OF_ERRNO.get(number, Outcome.UNREADABLE), number


def same_content(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether nothing was written between two stats of one open file, as far as the file system shows."""
    return (
        before.st_size == after.st_size
        and before.st_mtime_ns == after.st_mtime_ns
        and before.st_ctime_ns == after.st_ctime_ns
    )


class _Turns:
    """Buffers in turn."""

    def __init__(self, buffers: Sequence[npt.NDArray[np.uint8]]) -> None:
        self._count, self.nbytes = len(buffers), len(buffers[0])
        self._next = cycle(buffers)

    def has_room(self, held: int) -> bool:
        return held < self._count

    def take(self) -> npt.NDArray[np.uint8]:
        return next(self._next)


class SlabReader:
    """Reads batches of files below `base` into `buffers`: uint8 arrays of one size, in turn, or such as are handed out.

    `max_file_size` in bytes, 0 for no limit. A file of more than `most_in_slab` bytes is large, whatever room a slab
    has. Memory: the buffers, whatever the files are.
    """

    def __init__(
        self,
        base: int,
        *,
        buffers: Sequence[npt.NDArray[np.uint8]] | SlabBuffers,
        max_file_size: int,
        follow: bool,
        page_cache: PageCacheProbe,
        most_in_slab: int = 1 << 62,
    ) -> None:
        self._base = base
        self._buffers: SlabBuffers = _Turns(buffers) if isinstance(buffers, Sequence) else buffers
        self._buffer: npt.NDArray[np.uint8] | None = None
        self._view = memoryview(b"")
        self._max_file_size = max_file_size or (1 << 63) - 1
        self._large_from = min(most_in_slab + 1, self._buffers.nbytes)
        self._follow = follow
        self._page_cache = page_cache

    def read(
        self,
        batch: Batch,
        skip: Callable[[int, Outcome, int], None],
        link: Callable[[int, os.stat_result], None] | None = None,
    ) -> Iterator[FilledSlab | LargeFile]:
        """Yield the files of a batch, each in a filled slab or as an open large file.

        A slab is valid until `has_room` says no to it and those behind it; a large file, until the next item is.

        Positions count the batch's names from 0. A file that cannot be read is reported once to `skip(position,
        outcome, errno)` and never yielded; one with several hard links is handed to `link(position, status)` instead of
        being read, where that is given.
        """
        flags = FOLLOWED_FILE_FLAGS if self._follow else FILE_FLAGS
        capacity = self._buffers.nbytes
        look = self._page_cache.look
        largest, large_from = self._max_file_size, self._large_from
        # This loop runs once a file: what it looks up costs as much as what it does.
        opened, close, fstat, readv = os.open, os.close, os.fstat, os.readv
        position = -1
        used = 0
        offsets: list[int] = []
        files: list[ReadStat] = []
        for directory, names in batch.groups:
            try:
                parent = self._open_parent(directory.path, directory.device, directory.inode)
            except OSError as error:
                outcome, number = outcome_of(error)
                if number in (errno.ELOOP, errno.EXDEV):  # a link was swapped in: the directory is gone
                    outcome = Outcome.VANISHED
                for _ in names:
                    position += 1
                    skip(position, outcome, number)
                continue
            try:
                for name in names:
                    position += 1
                    try:
                        descriptor = opened(name, flags, dir_fd=parent)
                    except OSError as error:
                        skip(position, *outcome_of(error))
                        continue
                    try:
                        status = fstat(descriptor)
                        if (status.st_mode & _FILE_TYPE) != stat.S_IFREG:
                            skip(position, Outcome.SPECIAL, 0)
                            continue
                        if link is not None and status.st_nlink > 1:
                            link(position, status)
                            continue
                        size = status.st_size
                        if size > largest:
                            skip(position, Outcome.TOO_LARGE, 0)
                            continue
                        if not position % SAMPLE_EVERY:
                            look(descriptor, size)
                        if used + size >= capacity and files:
                            yield self._filled(used, offsets, files)
                            used, offsets, files = 0, [], []
                        view = self._view or self.buffer
                        if size < large_from:
                            # One byte more than the size: a file that grew, or that hides its size, shows itself.
                            read = readv(descriptor, (view[used : used + size + 1],))
                            after = fstat(descriptor)
                            if (
                                read != size
                                or after.st_mtime_ns != status.st_mtime_ns
                                or after.st_ctime_ns != status.st_ctime_ns
                                or after.st_size != size
                            ):  # not `same_content`: a call costs as much as this
                                status, read = self._read_again(descriptor, used)
                            if read >= 0:
                                offsets.append(used)
                                files.append(ReadStat(position, read, status))
                                used += read
                                continue
                        # It outgrew the slab, or never fitted.
                        if files:
                            yield self._filled(used, offsets, files)
                            used, offsets, files = 0, [], []
                        yield LargeFile(ReadStat(position, size, status), descriptor)
                    except _Unstable:
                        skip(position, Outcome.CHANGED, 0)
                    except OSError as error:
                        skip(position, *outcome_of(error))
                    finally:
                        try:
                            close(descriptor)
                        except OSError as error:  # a network file system may tell only now that reading failed
                            if files and files[-1].position == position:
                                used -= files.pop().size
                                offsets.pop()
                                skip(position, *outcome_of(error))
            finally:
                with contextlib.suppress(OSError):
                    os.close(parent)
        if files:
            yield self._filled(used, offsets, files)

    def has_room(self, held: int) -> bool:
        """See `SlabBuffers.has_room`."""
        return self._buffers.has_room(held)

    @property
    def buffer(self) -> memoryview:
        """The next slab's memory, for a consumer that streams a large file through it."""
        if self._buffer is None:
            self._buffer = self._buffers.take()
            self._view = self._buffer.data
        return self._view

    def _filled(self, used: int, offsets: list[int], files: list[ReadStat]) -> FilledSlab:
        assert self._buffer is not None, "files were read into it"
        slab = Slab(
            data=self._buffer[:used],
            offsets=np.array(offsets, np.int64),
            lengths=np.array([file.size for file in files], np.int64),
        )
        self._buffer, self._view = None, memoryview(b"")
        return FilledSlab(slab, files)

    def _open_parent(self, path: bytes, device: int, inode: int) -> int:
        parent = open_directory(self._base, path, follow=self._follow)
        status = os.fstat(parent)
        if (status.st_dev, status.st_ino) != (device, inode):
            os.close(parent)
            raise OSError(errno.ENOENT, "the directory was replaced during the scan")
        return parent

    def _read_again(self, descriptor: int, used: int) -> tuple[os.stat_result, int]:
        """Read it again; the size is -1 where the file outgrew the slab. Raises _Unstable if it changed once more."""
        for _ in range(RETRIES):
            status = os.fstat(descriptor)
            os.lseek(descriptor, 0, os.SEEK_SET)
            read = 0
            while used + read < len(self._view):
                got = os.readv(descriptor, [self._view[used + read :]])
                if not got:
                    break
                read += got
            else:
                return status, -1
            # A size of 0 may be wrong: /proc reports it for files that hold something.
            if same_content(status, os.fstat(descriptor)) and status.st_size in (read, 0):
                return status, read
        raise _Unstable
