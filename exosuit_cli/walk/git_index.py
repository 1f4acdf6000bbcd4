"""Which files a repository tracks, by its index: git ignores no file that it tracks.

The format is gitformat-index(5), versions 2 to 4, of SHA-1 and SHA-256 repositories. It may belong to a hostile
tree: it is read through no link and to a bound, and a damaged one tracks nothing.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.walk.git_files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST_INDEX: Final = 512 << 20
"""Bytes; some 5 million files."""

_HEAD: Final = struct.Struct(">4sII")
_EXTENSION: Final = struct.Struct(">4sI")
_STAT: Final = struct.Struct(">10I")
_STAT_BYTES: Final = _STAT.size
_STAGE: Final = 0x3000
_SKIPPED: Final = 0x40
_REGULAR: Final = 0o100000
_EXTENDED: Final = 0x4000
_LENGTH: Final = 0x0FFF
_GITLINK: Final = 0o160000
_DIRECTORY: Final = 0o040000
_KIND: Final = 0o170000


class IndexDamaged(ValueError):
    """An index that cannot be read, and why."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """Paths relative to the top of the work tree.

    `files` are tracked; `directories` hold one, at any depth; `submodules` are the tops of nested repositories that are
    part of this one. `whole` are directories that a sparse index names in place of all that is tracked in them.
    """

    files: frozenset[bytes] = frozenset()
    directories: frozenset[bytes] = frozenset()
    submodules: frozenset[bytes] = frozenset()
    whole: frozenset[bytes] = frozenset()

    def holds(self, path: bytes, *, is_directory: bool) -> bool:
        """Whether `path` is tracked, or a directory that holds something tracked."""
        if path in self.files or (is_directory and (path in self.directories or path in self.submodules)):
            return True
        return bool(self.whole) and any(path == top or path.startswith(top + b"/") for top in self.whole)


def read_tracked(git_directory: bytes) -> Tracked:
    """The tracked paths of a repository; none where it has no index yet. Raises OSError, IndexDamaged."""
    data = read_file(os.path.join(git_directory, b"index"), follow=False, largest=LARGEST_INDEX)
    return Tracked() if data is None else parse_index(data)


def parse_index(data: bytes) -> Tracked:
    """The tracked paths of an index file. Raises IndexDamaged."""
    hash_bytes = _hash_bytes(data)
    files: set[bytes] = set()
    submodules: set[bytes] = set()
    whole: set[bytes] = set()
    end = 0
    for mode, path, _, end in _entries(data, hash_bytes):  # noqa: B007  (the last end is where the extensions begin)
        kind = mode & _KIND
        if kind == _GITLINK:
            submodules.add(path)
        elif kind == _DIRECTORY:
            whole.add(path.rstrip(b"/"))
        else:
            files.add(path)
    if b"link" in _extensions(data, end or _HEAD.size, hash_bytes):
        raise IndexDamaged("it is split over two files, which is not supported")
    directories: set[bytes] = set()
    for path in (*files, *submodules, *whole):
        parent = path.rpartition(b"/")[0]
        while parent and parent not in directories:
            directories.add(parent)
            parent = parent.rpartition(b"/")[0]
    return Tracked(frozenset(files), frozenset(directories), frozenset(submodules), frozenset(whole))


class IndexState(NamedTuple):
    """What git noted of a file when it last compared it: times in seconds and nanoseconds, sizes modulo 2**32.

    `id` is the name of its content. Where `is_absent`, the file is left out of the work tree on purpose.
    """

    ctime: tuple[int, int]
    mtime: tuple[int, int]
    inode: int
    size: int
    id: bytes
    is_absent: bool


def file_states(git_directory: bytes) -> Mapping[bytes, IndexState]:
    """What the index of a repository notes of each tracked file; empty without one. Raises OSError, IndexDamaged."""
    data = read_file(os.path.join(git_directory, b"index"), follow=False, largest=LARGEST_INDEX)
    if data is None:
        return {}
    hash_bytes = _hash_bytes(data)
    found: dict[bytes, IndexState] = {}
    for mode, path, at, _ in _entries(data, hash_bytes):
        if mode & _KIND != _REGULAR:
            continue
        c_sec, c_nsec, m_sec, m_nsec, _, inode, _, _, _, size = _STAT.unpack_from(data, at)
        end = at + _STAT_BYTES + hash_bytes
        extended = data[end] << 8 | data[end + 1]
        is_absent = bool(extended & _EXTENDED) and bool(data[end + 2] & _SKIPPED)
        name = bytes(data[at + _STAT_BYTES : end])
        if not extended & _STAGE:  # of a conflict there are several
            found[path] = IndexState((c_sec, c_nsec), (m_sec, m_nsec), inode, size, name, is_absent)
    return found


def _hash_bytes(data: bytes) -> int:
    """The length of this repository's object names, which is that of the checksum at the end."""
    if len(data) < _HEAD.size + 20 or data[:4] != b"DIRC":
        raise IndexDamaged("it is not an index")
    body = memoryview(data)
    if not any(data[-20:]):
        return 20  # index.skipHash
    import hashlib  # only now: most trees have no index of git

    if hashlib.sha1(body[:-20], usedforsecurity=False).digest() == data[-20:]:
        return 20
    if hashlib.sha256(body[:-32]).digest() == data[-32:]:
        return 32
    raise IndexDamaged("its checksum does not match")


def _entries(data: bytes, hash_bytes: int) -> Iterator[tuple[int, bytes, int, int]]:
    """Yield the mode and the path of each entry, where the entry begins, and where it ends."""
    _, version, count = _HEAD.unpack_from(data)
    if version not in (2, 3, 4):
        raise IndexDamaged(f"it has version {version}; 2 to 4 are known")
    fixed = _STAT_BYTES + hash_bytes + 2
    at, last = _HEAD.size, len(data) - hash_bytes
    path = b""
    for _ in range(count):
        start = at + fixed
        if start >= last:
            raise IndexDamaged("it is cut off")
        flags = data[start - 2] << 8 | data[start - 1]
        if flags & _EXTENDED:
            start += 2
        if version == 4:
            stripped, start = _offset(data, start)
            end = data.find(b"\0", start)
            path = path[: max(len(path) - stripped, 0)] + data[start:end]
            following = end + 1
        else:
            length = flags & _LENGTH
            end = start + length if length < _LENGTH else data.find(b"\0", start)
            path = data[start:end]
            following = at + ((end - at) // 8 + 1) * 8
        if end < 0 or following > last:
            raise IndexDamaged("it is cut off")
        mode = data[at + 24] << 24 | data[at + 25] << 16 | data[at + 26] << 8 | data[at + 27]
        yield mode, path, at, following
        at = following


def _offset(data: bytes, at: int) -> tuple[int, int]:
    """A number in git's variable-width encoding, and where it ends."""
    byte = data[at]
    value = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = data[at]
        value = (value + 1) << 7 | byte & 0x7F
    return value, at + 1


def _extensions(data: bytes, at: int, hash_bytes: int) -> set[bytes]:
    names: set[bytes] = set()
    last = len(data) - hash_bytes
    while at + _EXTENSION.size <= last:
        name, size = _EXTENSION.unpack_from(data, at)
        names.add(name)
        at += _EXTENSION.size + size
    return names
