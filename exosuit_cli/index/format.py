"""The bytes of an index file: a magic, a version, a JSON header, named sections, a checksum. Without numpy.

A file is `MAGIC`, `HEAD`, the header, the sections that the header lists as [name, bytes], and BLAKE3 of all of these.
"""

from __future__ import annotations

import json
import os
import stat
import struct
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC: Final = b"exosuit.index\n"
VERSION: Final = 3
HEAD: Final = struct.Struct("<II")
"""Version, bytes of the header."""
SEAL_BYTES: Final = 32
LARGEST: Final = 16 << 30
"""Bytes. An index takes some 200 bytes a file; a sparse file of any size costs its writer nothing."""

DIRECTORY_FIELDS: Final = (
    ("device", "<u8"),
    ("inode", "<u8"),
    ("mtime_ns", "<i8"),
    ("ctime_ns", "<i8"),
    ("files", "<u8"),
    ("skips", "<u4"),
    ("entered", "<u4"),
)
"""A record of the section `directories`, as numpy names types."""
_CODES: Final = {"<u8": "Q", "<i8": "q", "<u4": "I"}
DIRECTORY: Final = struct.Struct("<" + "".join(_CODES[kind] for _, kind in DIRECTORY_FIELDS))


class IndexUnusable(Exception):
    """The file is no index that this version and these options can use; the message says why.

    `refused` is True where it must not be replaced either: another version's, another user's, or no index at all.
    `warns` is True where it is replaced, and a person should know.
    """

    def __init__(self, reason: str, *, refused: bool = False, warns: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused
        self.warns = warns


def pack_sections(header: Mapping[str, Any], sections: Mapping[str, bytes]) -> list[bytes]:
    """The parts of a file, all but its checksum."""
    text = json.dumps({**header, "sections": [(name, len(data)) for name, data in sections.items()]}).encode()
    return [MAGIC, HEAD.pack(VERSION, len(text)), text, *sections.values()]


def open_index(path: str) -> BinaryIO:
    """Open what lies at the place of an index, through no link and without waiting. Raises OSError."""
    return open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK), "rb")


def check_head(file: BinaryIO) -> None:
    """Check that an open file says it is an index of this version. Raises IndexUnusable, OSError."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise IndexUnusable("it is not a regular file", refused=True)
    if status.st_uid != os.geteuid():
        raise IndexUnusable("it belongs to another user", refused=True)
    head = file.read(len(MAGIC) + HEAD.size)
    if head and not any(head):
        raise IndexUnusable("it holds zeros, as a file may after the machine crashed", warns=True)
    if not head.startswith(MAGIC):
        raise IndexUnusable("it is not an index", refused=True)
    if status.st_size < len(MAGIC) + HEAD.size + SEAL_BYTES:
        raise IndexUnusable("it is cut off")
    version, _ = HEAD.unpack_from(head, len(MAGIC))
    if version > VERSION:
        raise IndexUnusable(f"a newer exosuit wrote it (format {version}, this one reads {VERSION})", refused=True)
    if version < VERSION:
        raise IndexUnusable(f"an older exosuit wrote it (format {version})")
    if status.st_size > LARGEST:
        raise IndexUnusable(f"it is larger than {LARGEST >> 30} GiB", warns=True)


def read_whole(file: BinaryIO) -> bytes:
    """The bytes of an open file that says it is an index of this version; its checksum is not compared.

    Of any other file, only the head is read. Raises IndexUnusable, OSError.
    """
    check_head(file)
    file.seek(0)
    try:
        return file.read()
    except MemoryError:
        raise IndexUnusable("it does not fit in the memory that there is", warns=True) from None


def read_sections(data: bytes) -> tuple[dict[str, Any], dict[str, memoryview]]:
    """The header and the sections of a file of this version.

    Nothing is checked. For a damaged file it raises ValueError, LookupError, TypeError or struct.error, or returns what
    is no index.
    """
    _, header_bytes = HEAD.unpack_from(data, len(MAGIC))
    offset = len(MAGIC) + HEAD.size
    header = json.loads(data[offset : offset + header_bytes])
    offset += header_bytes
    sections = {}
    for name, length in header["sections"]:
        sections[name] = memoryview(data)[offset : offset + length]
        offset += length
    return header, sections


def split_names(section: memoryview, count: int) -> list[bytes]:
    """The `count` names of a section `paths` or `names`."""
    return bytes(section).split(b"\0") if count else []
