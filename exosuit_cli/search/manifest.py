"""The manifest of an index: its segments, which of their files are gone, and the state of the context that it is of.

It is one line of JSON and one with its checksum, written anew, whole or not at all, after each change of the index.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import stat
from typing import TYPE_CHECKING, Final

import numpy as np
from xxhash import xxh3_64_hexdigest

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.columns import DamagedIndex
from exosuit_cli.system.atomic import write_atomic
from exosuit_cli.system.safe_open import open_own

if TYPE_CHECKING:
    import numpy.typing as npt

FORMAT: Final = "exosuit.search"
VERSION: Final = 1
"""The version of the manifest, the segments, and the way in which texts are split: another one is built anew."""
NAME: Final = "manifest.json"
_SEGMENT: Final = re.compile(r"segment-[0-9a-f]{16}")
_MOST_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """A segment by the name of its file, with what it holds and its dead files, bool[files]."""

    name: str
    files: int
    chunks: int
    dead: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index is made of. `generation` is that of the context, None where the context has none."""

    generation: str | None
    segments: tuple[SegmentEntry, ...]


def read_manifest(directory: str) -> Manifest | None:
    """The manifest of the index in a directory; None where there is none. Raises DamagedIndex."""
    try:
        with open_own(os.path.join(directory, NAME)) as file:
            content = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedIndex(f"its manifest cannot be read ({error.strerror})") from error
    line, _, checksum = content.rstrip(b"\n").rpartition(b"\n")
    if xxh3_64_hexdigest(line).encode() != checksum:
        raise DamagedIndex("its manifest has another checksum")
    try:
        found = json.loads(line)
        if found["format"] != FORMAT or found["version"] != VERSION:
            raise DamagedIndex(f"it is of version {found['version']}, and this exosuit makes version {VERSION}")
        return Manifest(found["generation"], tuple(map(_entry, found["segments"])))
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedIndex(f"its manifest makes no sense ({error})") from error


def write_manifest(directory: str, manifest: Manifest) -> None:
    """Make this the manifest of the index. Raises OutputError."""
    segments = [
        {
            "name": each.name,
            "files": each.files,
            "chunks": each.chunks,
            "dead": base64.b64encode(np.packbits(each.dead).tobytes()).decode() if each.dead.any() else "",
        }
        for each in manifest.segments
    ]
    content = {"format": FORMAT, "version": VERSION, "generation": manifest.generation, "segments": segments}
    line = json.dumps(content).encode()
    path = os.path.join(directory, NAME)
    with contextlib.suppress(OSError):
        if not stat.S_ISREG(os.lstat(path).st_mode):  # a FIFO or a link, which an atomic write would refuse
            os.unlink(path)
    write_atomic(path, line + b"\n" + xxh3_64_hexdigest(line).encode() + b"\n")


def _entry(found: dict[str, object]) -> SegmentEntry:
    name, files, chunks = str(found["name"]), int(str(found["files"])), int(str(found["chunks"]))
    if not _SEGMENT.fullmatch(name):
        raise ValueError(f"a segment is named {name[:40]!r}")
    packed = np.frombuffer(base64.b64decode(str(found["dead"])), np.uint8)
    dead = np.unpackbits(packed, count=files).astype(np.bool_) if len(packed) else np.zeros(files, np.bool_)
    return SegmentEntry(name, files, chunks, dead)
