"""Writes the files of a source below one folder, within limits. A name that would leave it ends everything."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from exosuit_cli.remote.limits import SourceRefused
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from exosuit_cli.remote.limits import Limits

PART: Final = 1 << 20
MOST_FOLDERS: Final = 200
"""Folders within each other. The deepest of Linux are 10."""
_LONGEST_NAME: Final = 255
_LONGEST_PATH: Final = 3_000
"""Bytes: file systems take no longer name, and the system no longer path, with that of the cache before it."""
_DRIVE: Final = re.compile(rb"[A-Za-z]:(?:[\\/]|$)|\\\\")
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Readable(Protocol):
    """What the bytes of a file are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


class FolderWriter:
    """Writes files below `folder`, which is empty and this user's alone. No link is ever made in it.

    `packed` is the size of what is unpacked, which the ratio is of. `files` counts what was written, `links`, `special`
    and `repeated` what was left out: of a name that came twice, the last file is kept. Raises SourceRefused.
    """

    def __init__(self, folder: str, limits: Limits, packed: int) -> None:
        self.folder = os.fsencode(folder)
        self.files = 0
        self.links = 0
        self.special = 0
        self.repeated = 0
        self._limits = limits
        self._packed = packed
        self._entries = 0
        self._unpacked = 0
        self._made: set[bytes] = {b""}

    def directory(self, name: bytes) -> None:
        """Make a folder, and those above it."""
        self._count()
        path = safe_path(name)
        if path:
            self._make(path)

    def file(self, name: bytes, source: Readable, *, is_executable: bool = False) -> None:
        """Write a file with all that `source` has. Of its mode only the owner's execute bit is kept."""
        self._count()
        path = safe_path(name)
        if not path:
            raise SourceRefused(f"it has a file without a name: {display_name(name)!r}")
        self._make(path.rpartition(b"/")[0])
        self.files += 1
        with self._create(path, 0o700 if is_executable else 0o600) as file:
            while part := source.read(PART):
                self.count_bytes(len(part))
                file.write(part)

    def link(self, name: bytes) -> None:  # noqa: ARG002  (it is only counted)
        """Leave out a link."""
        self._count()
        self.links += 1

    def other(self, name: bytes) -> None:  # noqa: ARG002  (it is only counted)
        """Leave out a device, a FIFO or anything else that is no file."""
        self._count()
        self.special += 1

    def count_bytes(self, size: int) -> None:
        """Note unpacked bytes. Raises SourceRefused."""
        self._unpacked += size
        self._limits.check(self._entries, self._unpacked, self._packed)

    def _count(self) -> None:
        self._entries += 1
        self._limits.check(self._entries, self._unpacked, self._packed)

    def _create(self, path: bytes, mode: int) -> BinaryIO:
        full = os.path.join(self.folder, path)
        try:
            descriptor = os.open(full, _FLAGS, mode)
        except FileExistsError:
            try:
                os.unlink(full)
            except OSError as error:
                raise SourceRefused(f"{display_name(path)!r} is a file and a folder at once") from error
            self.repeated += 1
            descriptor = os.open(full, _FLAGS, mode)
        return os.fdopen(descriptor, "wb")

    def _make(self, path: bytes) -> None:
        if path in self._made:
            return
        missing = []
        while path not in self._made:
            missing.append(path)
            path = path.rpartition(b"/")[0]
        for each in reversed(missing):
            try:
                os.mkdir(os.path.join(self.folder, each), 0o700)
            except FileExistsError as error:
                raise SourceRefused(f"{display_name(each)!r} is a file and a folder at once") from error
            self._made.add(each)


def safe_path(name: bytes) -> bytes:
    """A name of an archive as a path that stays below its folder; b"" is the folder itself.

    Raises SourceRefused for an absolute name, one with `..`, with a NUL, with a drive of Windows, and
    one that is far too deep or too long.
    """
    shown = display_name(name[:200])
    if b"\0" in name:
        raise SourceRefused(f"it has a name with a NUL byte: {shown!r}")
    if name.startswith(b"/") or _DRIVE.match(name):
        raise SourceRefused(f"it has an absolute name, which would leave its folder: {shown!r}")
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if b".." in parts or any(b".." in part.split(b"\\") for part in parts):
        raise SourceRefused(f"it has a name that would leave its folder: {shown!r}")
    if len(parts) > MOST_FOLDERS + 1:
        raise SourceRefused(f"it has a name with more than {MOST_FOLDERS} folders: {shown!r}")
    if len(name) > _LONGEST_PATH or max(map(len, parts), default=0) > _LONGEST_NAME:
        raise SourceRefused(f"it has a name that is too long: {shown!r}")
    return b"/".join(parts)
