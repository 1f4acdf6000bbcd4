"""A named piece of POSIX shared memory with one owner, which other processes of the same user map for reading."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import stat
import weakref
from typing import Final

FOLDER: Final = "/dev/shm"  # noqa: S108  (where Linux keeps POSIX shared memory: shm_overview(7))
_FLAGS: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class Segment:
    """Memory that this process owns: a file of mode 0600, locked while the owner lives, gone when it closes.

    The lock (flock(2)) ends with its process, however that ends: who finds a segment that is not locked removes it.
    Pages are taken from the system when they are reserved, so that a full /dev/shm is an error there, and not a
    SIGBUS later.

    Args:
        name: letters, digits, `-`, `_` and `.`; one owner at a time among the processes of a user.
        size: bytes that are mapped; none of them is reserved.
        folder: the file system of shared memory.

    Raises:
        OSError: FileExistsError where a live process owns the name, and whatever keeps the file from being made.

    """

    def __init__(self, name: str, size: int, folder: str = FOLDER) -> None:
        remove_stale(folder)
        self.path, self._owner = segment_path(name, folder), os.getpid()
        self._descriptor = self._create()
        try:
            os.ftruncate(self._descriptor, size)
            self.map = mmap.mmap(self._descriptor, size)
        except BaseException:
            os.unlink(self.path)
            os.close(self._descriptor)
            raise
        self._end = weakref.finalize(self, _end, self.path, self._descriptor, self._owner)

    def reserve(self, start: int, size: int) -> None:
        """Take memory from the system. Raises OSError (ENOSPC) where there is none."""
        os.posix_fallocate(self._descriptor, start, size)

    def release(self, start: int, size: int) -> None:
        """Give whole pages back to the system; they read as zeros. Nothing happens where it cannot be done."""
        with contextlib.suppress(OSError, AttributeError):
            self.map.madvise(mmap.MADV_REMOVE, start, size)

    @property
    def is_owned(self) -> bool:
        """Whether this is the process that made it, and not a fork of that."""
        return os.getpid() == self._owner

    def close(self) -> None:
        """Remove the name; who has mapped the memory keeps it. In a fork of the owner, only let go of it."""
        with contextlib.suppress(BufferError):  # an array of numpy looks at it: it ends with that
            self.map.close()
        self._end()

    def _create(self) -> int:
        while True:
            try:
                made = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
            except FileExistsError as error:
                text = "shared memory of this name is in use by another process"
                raise FileExistsError(errno.EEXIST, text, self.path) from error
            fcntl.flock(made, fcntl.LOCK_EX)
            if _is_still(self.path, made):
                return made
            os.close(made)  # it was taken for a stale one between the two calls


def attach(name: str, folder: str = FOLDER) -> mmap.mmap | None:
    """Map a segment of a process of this user for reading; None where no live process owns one of that name.

    Raises OSError where it is not a regular file of this user.
    """
    path = segment_path(name, folder)
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    except FileNotFoundError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "shared memory that is not this user's is not read", path)
        if _is_free(descriptor) or not found.st_size:
            return None
        return mmap.mmap(descriptor, found.st_size, prot=mmap.PROT_READ)
    finally:
        os.close(descriptor)


def remove_stale(folder: str = FOLDER) -> int:
    """Remove the segments of this user whose owners are gone; how many those were."""
    prefix = segment_path("", folder)
    removed = 0
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if not path.startswith(prefix):
            continue
        try:
            descriptor = os.open(path, os.O_RDONLY | _FLAGS)
        except OSError:
            continue
        try:
            found = os.fstat(descriptor)
            is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
            if is_ours and _is_free(descriptor, keep=True) and _is_still(path, descriptor):
                os.unlink(path)
                removed += 1
        except OSError:
            continue
        finally:
            os.close(descriptor)
    return removed


def segment_path(name: str, folder: str = FOLDER) -> str:
    """The file of a segment. Raises ValueError for a name that is no plain file name."""
    if not all(letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in name):
        raise ValueError(f"shared memory {name!r}: a name has letters, digits, -, _ and .")
    return os.path.join(folder, f"exosuit-{os.geteuid()}-{name}")


def _is_free(descriptor: int, *, keep: bool = False) -> bool:
    """Whether nobody has the lock; with `keep`, it is ours now until the descriptor is closed."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if keep else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    if not keep:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True


def _is_still(path: str, descriptor: int) -> bool:
    try:
        named, opened = os.lstat(path), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def _end(path: str, descriptor: int, owner: int) -> None:
    if os.getpid() == owner and _is_still(path, descriptor):
        with contextlib.suppress(OSError):
            os.unlink(path)
    with contextlib.suppress(OSError):
        os.close(descriptor)
