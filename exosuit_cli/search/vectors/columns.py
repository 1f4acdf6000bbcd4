"""Arrays in one file, mapped when it is read: a magic, a header with checksums, then each array on a page of its own.

What is in such a file can be made again from the context: one that is damaged counts as not there.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xxhash

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.atomic import atomic_file
from exosuit_cli.system.safe_open import open_own

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

_MAGIC: Final = b"EXOVEC01"
_HEAD: Final = struct.Struct("<8sQQ")
"""Magic, bytes of the header, its XXH3."""
_PAGE: Final = 4096
_MOST_HEADER: Final = 1 << 20
_KINDS: Final = frozenset({"|u1", "|i1", "<u4", "<i4", "<i8", "<u8", "<f2", "<f4"})


@dataclass(frozen=True, slots=True)
class ColumnFile:
    """What `write_columns` was given; the arrays are mapped and cannot be written."""

    header: Mapping[str, Any]
    columns: Mapping[str, npt.NDArray[Any]]


def write_columns(
    path: str, kind: str, header: Mapping[str, object], columns: Mapping[str, npt.NDArray[Any]], *, unchecked: str = ""
) -> None:
    """Write arrays with a header of JSON, atomically. `kind` names the format and its version.

    `unchecked` is an array without a checksum, which is not read when the file is opened. Raises OutputError.
    """
    listed, place = {}, 0
    for name, array in columns.items():
        data = np.ascontiguousarray(array)
        digest = None if name == unchecked else xxhash.xxh3_64_intdigest(data.data.cast("B") if data.size else b"")
        listed[name] = {"dtype": data.dtype.str, "shape": data.shape, "at": place, "xxh3": digest}
        place += -(-data.nbytes // _PAGE) * _PAGE
    text = json.dumps({"kind": kind, "header": header, "columns": listed}).encode()
    first = -(-(_HEAD.size + len(text)) // _PAGE) * _PAGE
    with atomic_file(path) as file:
        file.write(_HEAD.pack(_MAGIC, len(text), xxhash.xxh3_64_intdigest(text)) + text)
        file.write(bytes(first - _HEAD.size - len(text)))
        for array in columns.values():
            data = np.ascontiguousarray(array)
            file.write(data.data.cast("B") if data.size else b"")
            file.write(bytes(-data.nbytes % _PAGE))


def read_columns(path: str, kind: str) -> ColumnFile | None:
    """Map a file of `write_columns`; None where there is none of this kind, or a checksum is wrong."""
    try:
        opened = open_own(path)
    except OSError:
        return None
    with opened as file:
        length = os.fstat(file.fileno()).st_size
        if length < _HEAD.size:
            return None
        mapped = mmap.mmap(file.fileno(), length, prot=mmap.PROT_READ)
    magic, size, digest = _HEAD.unpack(mapped[: _HEAD.size])
    text = mapped[_HEAD.size : _HEAD.size + min(size, _MOST_HEADER)]
    if magic != _MAGIC or len(text) != size or xxhash.xxh3_64_intdigest(text) != digest:
        return None
    document = json.loads(text)  # its checksum is right: as it was written
    if document["kind"] != kind:
        return None
    first = -(-(_HEAD.size + size) // _PAGE) * _PAGE
    columns = {}
    for name, each in document["columns"].items():
        array = _mapped(mapped, first, each)
        if array is None:
            return None
        columns[name] = array
    return ColumnFile(document["header"], columns)


def _mapped(file: mmap.mmap, first: int, each: Mapping[str, Any]) -> npt.NDArray[Any] | None:
    if each["dtype"] not in _KINDS:
        return None
    count = int(np.prod(each["shape"], dtype=np.int64))
    start, size = first + each["at"], count * np.dtype(each["dtype"]).itemsize
    if start + size > len(file):
        return None
    if not count:
        return np.zeros(each["shape"], each["dtype"])
    array = np.frombuffer(file, each["dtype"], count, start).reshape(each["shape"])
    if each["xxh3"] is not None and xxhash.xxh3_64_intdigest(array.data.cast("B")) != each["xxh3"]:
        return None
    return array
