"""Opening paths of a tree that may be hostile or may change underneath: no links followed, nothing that blocks."""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from typing import Any, BinaryIO

_COMMON = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
FILE_FLAGS = _COMMON | os.O_NOFOLLOW
"""For `os.open(name, FILE_FLAGS, dir_fd=...)`: a link fails with ELOOP, a FIFO or device does not block."""
FOLLOWED_FILE_FLAGS = _COMMON
DIRECTORY_FLAGS = FILE_FLAGS | os.O_DIRECTORY
_BASE_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

_LONGEST = 2048
"""Bytes of path handed to one system call; PATH_MAX is 4096 on Linux and 1024 elsewhere for the absolute form."""


def open_own(path: str) -> BinaryIO:
    """Open a regular file of this user (or of root) to read. A link is not followed, a FIFO not waited for.

    Raises OSError, also for a file of any other kind or of another user.
    """
    descriptor = os.open(path, FILE_FLAGS)
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_uid in (os.geteuid(), 0):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    raise PermissionError(errno.EPERM, f"it belongs to user id {found.st_uid}", path)


def open_base(path: bytes) -> int:
    """Open a directory for `dir_fd` only: not being allowed to list it is found out when it is listed, as a skip."""
    return os.open(path, _BASE_FLAGS)


def open_directory(base: int, path: bytes, *, follow: bool = False) -> int:
    """Open the directory `path`, relative to the open directory `base`; b"" is `base` itself.

    Without `follow`, no component may be a symbolic link (ELOOP or ENOTDIR) or lead out of `base`, also where one is
    replaced in the same moment: openat2(2) resolves the whole path, or, on kernels without it, one open a component.
    A path of any length is opened, in steps, with at most two descriptors at once. Raises OSError.
    """
    if not path:
        return os.open(b".", DIRECTORY_FLAGS, dir_fd=base)
    open_step = _open_followed if follow else _open_beneath
    current = base
    try:
        while len(path) > _LONGEST:
            cut = path.rfind(b"/", 0, _LONGEST)
            if cut <= 0:
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
            step = open_step(current, path[:cut])
            if current != base:
                os.close(current)
            current = step
            path = path[cut + 1 :]
        return open_step(current, path)
    finally:
        if current != base:
            os.close(current)


def _open_followed(base: int, path: bytes) -> int:
    return os.open(path, DIRECTORY_FLAGS & ~os.O_NOFOLLOW, dir_fd=base)


def _open_beneath(base: int, path: bytes) -> int:
    if b"/" not in path:
        return os.open(path, DIRECTORY_FLAGS, dir_fd=base)
    if _openat2.is_there:
        try:
            return _openat2(base, path)
        except OSError as error:
            # EPERM: a sandbox that does not know the call. EAGAIN: a rename elsewhere, too often in a row.
            if error.errno not in (errno.ENOSYS, errno.EPERM, errno.EAGAIN):
                raise
            _openat2.is_there = error.errno == errno.EAGAIN
    components = path.split(b"/")
    if b".." in components:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    current = base
    try:
        for component in components:
            step = os.open(component, DIRECTORY_FLAGS, dir_fd=current)
            if current != base:
                os.close(current)
            current = step
    except OSError:
        if current != base:
            os.close(current)
        raise
    return current


class _Openat2:
    """openat2(2) for directories, with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS; it has no wrapper in `os` or libc."""

    _NUMBER = 437  # on every architecture
    _BENEATH_WITHOUT_LINKS = 0x08 | 0x04
    _RETRIES = 8

    def __init__(self) -> None:
        self.is_there = sys.platform == "linux"
        self._how = struct.pack("=QQQ", DIRECTORY_FLAGS, 0, self._BENEATH_WITHOUT_LINKS)
        self._call: Any = None
        self._errno: Any = None

    def __call__(self, base: int, path: bytes) -> int:
        if b"\0" in path:
            raise ValueError("embedded null byte")
        if self._call is None:
            self._load()
        for _ in range(self._RETRIES):
            found = self._call(self._NUMBER, base, path, self._how, len(self._how))
            if found >= 0:
                return int(found)
            number = self._errno()
            if number not in (errno.EAGAIN, errno.EINTR):
                break
        raise OSError(number, os.strerror(number))

    def _load(self) -> None:
        import ctypes

        self._call = ctypes.CDLL(None, use_errno=True).syscall
        self._call.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)
        self._call.restype = ctypes.c_long
        self._errno = ctypes.get_errno


_openat2 = _Openat2()
