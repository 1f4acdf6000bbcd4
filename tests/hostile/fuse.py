"""A file system in user space whose directories never end, spoken in the kernel's own protocol (linux/fuse.h, 7.31)."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = struct.Struct("<IIQQIIIHH")  # len, opcode, unique, nodeid, uid, gid, pid, total_extlen, padding
_SILENT = {2, 36, 42}  # FORGET, INTERRUPT, BATCH_FORGET
_ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
_HOUR = 3600  # how long the kernel may keep a name
_DETACH = 2


class EndlessTree:
    """A mounted tree in which every directory holds the empty file `file` and `width` directories `d0`, `d1` and so on.

    A `width` of 0 means that the names in a directory have no end.
    """

    def __init__(self, mount_point: Path, width: int) -> None:
        self._mount_point = os.fsencode(mount_point)
        self._width = width
        self._numbers: dict[tuple[int, bytes], int] = {}
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._server = 0

    def __enter__(self) -> Self:
        try:
            device = os.open("/dev/fuse", os.O_RDWR)
        except OSError as error:
            pytest.skip(f"no file system in user space: {error.strerror}")
        options = f"fd={device},rootmode=40000,user_id={os.geteuid()},group_id={os.getegid()}".encode()
        if self._libc.mount(b"exosuit-test", self._mount_point, b"fuse", 0, options):
            why = os.strerror(ctypes.get_errno())
            os.close(device)
            pytest.skip(f"this machine does not let a file system be mounted: {why}")
        self._server = os.fork()
        if not self._server:
            try:
                self._serve(device)
            finally:
                os._exit(0)
        os.close(device)
        return self

    def __exit__(self, *_: object) -> None:
        self._libc.umount2(self._mount_point, _DETACH)
        os.kill(self._server, signal.SIGKILL)
        os.waitpid(self._server, 0)

    def _serve(self, device: int) -> None:
        while True:
            try:
                request = os.read(device, 1 << 17)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                return  # unmounted
            _, operation, unique, node, *_ = _HEAD.unpack_from(request)
            if operation in _SILENT:
                continue
            answer = self._answer(operation, node, request[_HEAD.size :])
            number, body = (-answer, b"") if isinstance(answer, int) else (0, answer)
            try:
                os.write(device, struct.pack("<IiQ", 16 + len(body), number, unique) + body)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.EINTR):  # who asked was interrupted
                    return

    def _answer(self, operation: int, node: int, body: bytes) -> bytes | int:
        """The body of an answer, or the number of an error. A file has the number of its directory, and one."""
        match operation:
            case 26:  # INIT
                return struct.pack("<IIIIHHIIHHI28x", 7, 31, 1 << 16, 0, 12, 12, 1 << 16, 1, 1, 0, 0)
            case 1:  # LOOKUP
                name = body.rstrip(b"\0")
                if name == b"file":
                    found = node + 1
                elif name.startswith(b"d"):
                    found = self._numbers.setdefault((node, name), 2 * len(self._numbers) + 3)
                else:
                    return errno.ENOENT
                return struct.pack("<QQQQII", found, 0, _HOUR, _HOUR, 0, 0) + _attributes(found)
            case 3:  # GETATTR
                return struct.pack("<QII", _HOUR, 0, 0) + _attributes(node)
            case 14 | 27:  # OPEN, OPENDIR
                return struct.pack("<QII", 0, 0, 0)
            case 28:  # READDIR
                _, offset, size = struct.unpack_from("<QQI", body)
                return self._listing(offset, size)
            case 15 | 18 | 25 | 29:  # READ, RELEASE, FLUSH, RELEASEDIR
                return b""
            case 17:  # STATFS
                return bytes(80)
        return errno.ENOSYS

    def _listing(self, offset: int, size: int) -> bytes:
        found = bytearray()
        while not self._width or offset <= self._width:
            name, kind = (b"d%d" % (offset - 1), 4) if offset else (b"file", 8)
            record = struct.pack("<QQII", offset + 2, offset + 1, len(name), kind) + name
            record += bytes(-len(record) % 8)
            if len(found) + len(record) > size:
                break
            found += record
            offset += 1
        return bytes(found)


def _attributes(number: int) -> bytes:
    mode = 0o040755 if number % 2 else 0o100644
    return _ATTRIBUTES.pack(number, 0, 0, 1000, 1000, 1000, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
