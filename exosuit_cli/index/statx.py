"""`struct statx` of Linux, described once: how one is asked for, and where its fields lie. Without numpy."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Final

RECORD_BYTES: Final = 256
"""Bytes of a `struct statx`, the same on every architecture: statx(2)."""
FIELDS: Final = (
    ("mode", 28, "u2"),
    ("inode", 32, "u8"),
    ("size", 40, "i8"),
    ("ctime_s", 96, "i8"),
    ("ctime_ns", 104, "u4"),
    ("mtime_s", 112, "i8"),
    ("mtime_ns", 120, "u4"),
    ("major", 136, "u4"),
    ("minor", 140, "u4"),
)
"""The fields that are read, by offset: the name, the offset in bytes, and the type as numpy names it."""

_CODES: Final = {"u2": "H", "u4": "I", "u8": "Q", "i8": "q"}
_BASIC, _EMPTY_PATH, _NO_FOLLOW = 0x7FF, 0x1000, 0x100

StatCall = Callable[[int, bytes, int, int, ctypes.c_void_p], object]
"""Takes a directory's descriptor, a name, flags, a mask, and the address that receives the record."""


def libc_statx() -> StatCall | None:
    """The C library's `statx`, which is called without giving up the interpreter's lock; None where it has none.

    Its argument types are not declared. It is given ints, bytes and a `c_void_p`, which need no conversion; with a
    declaration, ctypes would convert each of them once more.
    """
    if sys.platform != "linux":
        return None
    try:
        return ctypes.PyDLL(None).statx
    except (AttributeError, OSError):
        return None


def os_statx(directory: int, name: bytes, flags: int, _mask: int, address: ctypes.c_void_p) -> None:
    """The same record by way of `os.stat`, for a C library without `statx`."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=not flags) if name else os.fstat(directory)
    except OSError:
        return
    ctime_s, ctime_ns = divmod(found.st_ctime_ns, 1_000_000_000)
    mtime_s, mtime_ns = divmod(found.st_mtime_ns, 1_000_000_000)
    values = {
        "mode": found.st_mode,
        "inode": found.st_ino,
        "size": found.st_size,
        "ctime_s": ctime_s,
        "ctime_ns": ctime_ns,
        "mtime_s": mtime_s,
        "mtime_ns": mtime_ns,
        "major": os.major(found.st_dev),
        "minor": os.minor(found.st_dev),
    }
    record = bytearray(RECORD_BYTES)
    for field, offset, kind in FIELDS:
        struct.pack_into("=" + _CODES[kind], record, offset, values[field])
    ctypes.memmove(address, bytes(record), RECORD_BYTES)


def stat_names(call: StatCall, directory: int, names: Sequence[bytes], address: int, *, follow: bool) -> None:
    """Write one record for each name in an open directory, from `address` on; zeros stay where a stat fails."""
    record = ctypes.c_void_p()
    flags = 0 if follow else _NO_FOLLOW
    for name in names:
        record.value = address
        call(directory, name, flags, _BASIC, record)
        address += RECORD_BYTES


def stat_open(call: StatCall, directory: int, address: int) -> None:
    """Write the record of an open directory itself."""
    call(directory, b"", _EMPTY_PATH, _BASIC, ctypes.c_void_p(address))
