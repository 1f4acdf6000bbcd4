"""The bytes of an index file: a magic, a version, a JSON header, named sections, a checksum. Without numpy.

A file is `MAGIC`, `HEAD`, the header, the sections that the header lists as [name, bytes], and BLAKE3 of all of these.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC: Final = b"exosuit.index\n"
VERSION: Final = 3
HEAD: Final = struct.Struct("<II")
"""Version, bytes of the header."""
SEAL_BYTES: Final = 32

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


def pack_sections(header: Mapping[str, Any], sections: Mapping[str, bytes]) -> list[bytes]:
    """The parts of a file, all but its checksum."""
    text = json.dumps({**header, "sections": [(name, len(data)) for name, data in sections.items()]}).encode()
    return [MAGIC, HEAD.pack(VERSION, len(text)), text, *sections.values()]


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
