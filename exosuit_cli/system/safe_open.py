"""Opening paths of a tree that may be hostile or may change underneath: no links followed, nothing that blocks."""

from __future__ import annotations

import errno
import os

_COMMON = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
FILE_FLAGS = _COMMON | os.O_NOFOLLOW
"""For `os.open(name, FILE_FLAGS, dir_fd=...)`: a link fails with ELOOP, a FIFO or device does not block."""
FOLLOWED_FILE_FLAGS = _COMMON
DIRECTORY_FLAGS = FILE_FLAGS | os.O_DIRECTORY
_BASE_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

_LONGEST = 2048
"""Bytes of path handed to one system call; PATH_MAX is 4096 on Linux and 1024 elsewhere for the absolute form."""


def open_base(path: bytes) -> int:
    """Open a directory for `dir_fd` only: not being allowed to list it is found out when it is listed, as a skip."""
    return os.open(path, _BASE_FLAGS)


def open_directory(base: int, path: bytes, *, follow: bool = False) -> int:
    """Open the directory `path`, relative to the open directory `base`; b"" is `base` itself.

    A path of any length is opened, in steps, with at most two descriptors at once. Links in the last component are
    refused (ELOOP or ENOTDIR) unless `follow`; a caller that must know about the others compares the identity of what
    it got. Raises OSError.
    """
    flags = DIRECTORY_FLAGS & ~os.O_NOFOLLOW if follow else DIRECTORY_FLAGS
    if not path:
        return os.open(b".", flags, dir_fd=base)
    if len(path) <= _LONGEST:
        return os.open(path, flags, dir_fd=base)
    current = base
    try:
        while len(path) > _LONGEST:
            cut = path.rfind(b"/", 0, _LONGEST)
            if cut <= 0:
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
            step = os.open(path[:cut], DIRECTORY_FLAGS & ~os.O_NOFOLLOW if follow else DIRECTORY_FLAGS, dir_fd=current)
            if current != base:
                os.close(current)
            current = step
            path = path[cut + 1 :]
        return os.open(path, flags, dir_fd=current)
    finally:
        if current != base:
            os.close(current)
