"""The one atomic write: a reader sees the old file or the whole new one, never a part."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import re
import stat
import time
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from exosuit_cli.model.errors import OutputError
from exosuit_cli.system.surroundings import WORKING_DIRECTORY_GONE, is_working_directory_gone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from _typeshed import ReadableBuffer

PREFIX: Final = b".exosuit-"
SUFFIX: Final = b".tmp"
"""A temporary file is named PREFIX + 16 hex digits + SUFFIX; only a killed process leaves one behind.

It is locked (flock) for as long as its writer lives.
"""
OLD_SECONDS: Final = 60
"""From this age on, a temporary file that nobody has locked is one that a killed process left."""

_DIRECTORY_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_TEMPORARY_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LEFT_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NAME: Final = re.compile(re.escape(PREFIX) + rb"[0-9a-f]{16}" + re.escape(SUFFIX))
_ATTEMPTS: Final = 100
_BUFFER: Final = 1 << 18
"""Bytes that are collected before a write system call."""


def check_writable(path: str) -> None:
    """Find out before the work what would keep a file from being written after it. Raises OutputError."""
    directory = os.path.dirname(path) or "."
    if not os.path.basename(path):
        raise OutputError(f"cannot write {path!r}: it names no file")
    if not os.path.isdir(directory):
        raise OutputError(f"cannot write {path!r}: {directory!r} is not a directory")
    if directory == "." and is_working_directory_gone():
        raise OutputError(f"cannot write {path!r}: {WORKING_DIRECTORY_GONE}")
    if os.path.isdir(path):
        raise OutputError(f"cannot write {path!r}: it is a directory")
    if not os.access(directory, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise OutputError(f"cannot write {path!r}: no permission to write in {directory!r}")


@contextlib.contextmanager
def atomic_file(path: str | bytes, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Yield a binary file that becomes `path` when the block ends, and leaves no trace when the block raises.

    The bytes go to a new file of a random name in the target's directory (O_EXCL and O_NOFOLLOW: a name planted there
    is passed over, never opened). At the end: flush, fsync, rename, fsync of the directory, so that a crash leaves the
    old file or the new one. A link at `path` is itself replaced, never written through; pass `os.path.realpath(path)`
    to keep it. The directory is opened once: moved meanwhile, it still receives the file. `mode` is the permission of
    the file, whatever the umask. Two fsyncs: not for a hot loop. Do not close the file that is yielded.

    Raises OutputError, with the OSError as its cause, when the target's directory cannot be written, when the target is
    not a regular file (a device is never replaced), and when a write fails (no space, a file too large). What the block
    raises by itself passes unchanged.
    """
    target = os.fsencode(path)
    directory, name = os.path.split(target)
    with contextlib.ExitStack() as descriptors:
        with _reported(target):
            parent = os.open(directory or b".", _DIRECTORY_FLAGS)
            descriptors.callback(os.close, parent)
            _refuse_special(name, parent)
            temporary, descriptor = _create(parent)
        file = io.BufferedWriter(_Raw(descriptor, target), _BUFFER)
        try:
            yield file
            with _reported(target):
                file.flush()
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
                file.close()
                os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
                _sync_directory(parent)
        except BaseException:
            with contextlib.suppress(OSError, OutputError):  # the first error is the one to report
                file.close()
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=parent)
            raise


class AtomicFiles:
    """Many files of one directory that take their places together, at the end of the block, or none of them.

    What `atomic_file` says of one holds for each, but the whole file system is synchronised once (syncfs of Linux) in
    place of each file. A file is written until the next one is opened: not more than one is open at a time.
    """

    def __init__(self, *, mode: int = 0o600) -> None:
        self._mode = mode
        self._parent = -1
        self._files: list[tuple[bytes, bytes]] = []
        """The temporary name and the target of each."""
        self._open: io.BufferedWriter | None = None

    def open(self, path: str | bytes) -> BinaryIO:
        """The file that becomes `path`, in the directory of the first one. Raises OutputError as `atomic_file` does."""
        target = os.fsencode(path)
        directory, name = os.path.split(target)
        self._finish()
        with _reported(target):
            if self._parent < 0:
                self._parent = os.open(directory or b".", _DIRECTORY_FLAGS)
            _refuse_special(name, self._parent)
            temporary, descriptor = _create(self._parent)
        self._files.append((temporary, target))
        self._open = io.BufferedWriter(_Raw(descriptor, target), _BUFFER)
        return self._open

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._take_places()
        finally:
            if self._open is not None:
                with contextlib.suppress(OSError, OutputError):
                    self._open.close()
            for temporary, _ in self._files:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=self._parent)
            if self._parent >= 0:
                os.close(self._parent)

    def _take_places(self) -> None:
        self._finish()
        if self._parent < 0:
            return
        with _reported(self._files[0][1]):
            _sync_file_system(self._parent)
        while self._files:
            temporary, target = self._files[0]
            with _reported(target):
                os.rename(temporary, os.path.basename(target), src_dir_fd=self._parent, dst_dir_fd=self._parent)
            del self._files[0]
        _sync_directory(self._parent)

    def _finish(self) -> None:
        """Close the file that is open."""
        if self._open is not None:
            with _reported(self._files[-1][1]):
                self._open.flush()
                os.fchmod(self._open.fileno(), self._mode)
                self._open.close()
            self._open = None


def write_atomic(path: str | bytes, content: bytes | bytearray | memoryview, *, mode: int = 0o600) -> None:
    """Make `content` the whole content of the file `path`, as `atomic_file` does; raises OutputError."""
    with atomic_file(path, mode=mode) as file:
        file.write(content)


def remove_left_behind(directory: str | bytes) -> None:
    """Remove the temporary files that killed processes of this user left in a directory. What fails is left to lie."""
    with contextlib.suppress(OSError):
        parent = os.open(directory, _DIRECTORY_FLAGS)
        try:
            for name in os.listdir(parent):
                if _NAME.fullmatch(os.fsencode(name)):
                    with contextlib.suppress(OSError):
                        _remove_if_left(os.fsencode(name), parent)
        finally:
            os.close(parent)


def _remove_if_left(name: bytes, parent: int) -> None:
    descriptor = os.open(name, _LEFT_FLAGS, dir_fd=parent)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return
        if time.time() - found.st_mtime < OLD_SECONDS:
            return
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name, dir_fd=parent)
    finally:
        os.close(descriptor)


class _Raw(io.FileIO):
    """The descriptor under the buffer; a failed write names the target, since an OSError of write(2) names nothing."""

    def __init__(self, descriptor: int, target: bytes) -> None:
        super().__init__(descriptor, "wb")
        self.target = target

    def write(self, content: ReadableBuffer, /) -> int:
        with _reported(self.target):
            return super().write(content)


@contextlib.contextmanager
def _reported(target: bytes) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        left = "the file is as it was before" if os.path.isfile(target) else "nothing was written"
        raise OutputError(f"{os.fsdecode(target)!r}: cannot be written: {reason}; {left}") from error


def _refuse_special(name: bytes, parent: int) -> None:
    if name in (b"", b".", b".."):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    try:
        kind = os.stat(name, dir_fd=parent).st_mode
    except OSError:
        return  # nothing there, or a link to nothing: the rename decides
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(kind):
        # Renaming onto /dev/null or /dev/stdout would destroy it for the whole machine when root does it.
        raise OSError(errno.EINVAL, "not a regular file; write to its stream instead")


def _create(parent: int) -> tuple[bytes, int]:
    for _ in range(_ATTEMPTS):
        temporary = PREFIX + os.urandom(8).hex().encode() + SUFFIX
        try:
            descriptor = os.open(temporary, _TEMPORARY_FLAGS, 0o600, dir_fd=parent)
        except FileExistsError:
            continue
        with contextlib.suppress(OSError):  # a file system without locks: nobody takes the file for left behind there
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return temporary, descriptor
    raise FileExistsError(errno.EEXIST, f"{_ATTEMPTS} temporary names are taken")


def _sync_file_system(descriptor: int) -> None:
    """Have all that was written to the file system of a descriptor reach the disk. Raises OSError."""
    import ctypes  # only where there are many files

    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "syncfs"):
        os.sync()
    elif libc.syncfs(descriptor):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _sync_directory(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # EINVAL: this file system has no fsync of directories (fsync(2))
            raise
