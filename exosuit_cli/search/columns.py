"""Files of named columns: written once, mapped by readers, each block verified when it is first touched.

A file is a magic, the length and the checksum of a header in JSON, the header, the columns, each at a multiple of 64
bytes, and one checksum (XXH3, 64 bits) for every 64 KiB of them. The header gives each column's type, place and length.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from xxhash import xxh3_64_intdigest

from exosuit_cli.system.safe_open import open_own

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO

    import numpy.typing as npt

MAGIC: Final = b"exosrch\x01"
BLOCK: Final = 64 << 10
_ALIGNED: Final = 64
_HEAD: Final = struct.Struct("<8sQQ")


class DamagedIndex(Exception):
    """A file of the index is not what was written; the argument says which, and how. The index can be built anew."""


def write_columns(file: BinaryIO, columns: Mapping[str, npt.NDArray[Any]], extra: Mapping[str, Any]) -> int:
    """Write columns to an open file, with `extra` in the header; the bytes written."""
    table = {}
    at = 0
    for name, column in columns.items():
        at = -(-at // _ALIGNED) * _ALIGNED
        table[name] = (column.dtype.str, at, len(column))
        at += column.nbytes
    header = json.dumps({"columns": table, "bytes": at, **extra}).encode()
    file.write(_HEAD.pack(MAGIC, len(header), xxh3_64_intdigest(header)))
    file.write(header)
    written = _HEAD.size + len(header)
    padding = -written % _ALIGNED
    file.write(bytes(padding))
    sums: list[int] = []
    held = bytearray()
    done = 0
    for name, column in columns.items():
        held += bytes(table[name][1] - done)
        held += np.ascontiguousarray(column).tobytes() if len(column) else b""
        done = table[name][1] + column.nbytes
        whole = len(held) // BLOCK * BLOCK
        view = memoryview(held)
        sums += [xxh3_64_intdigest(view[start : start + BLOCK]) for start in range(0, whole, BLOCK)]
        file.write(view[:whole])
        view.release()
        del held[:whole]
    if held:
        sums.append(xxh3_64_intdigest(held))
        file.write(held)
    checksums = np.array(sums, np.uint64).tobytes()
    file.write(checksums + xxh3_64_intdigest(checksums).to_bytes(8, "little"))
    return written + padding + at + len(checksums) + 8


class Columns:
    """The columns of a file, mapped. Raises DamagedIndex where a part that is asked for is not what was written.

    The file may be deleted meanwhile: what is mapped stays. `extra` is what the header says besides the columns.
    """

    def __init__(self, path: str) -> None:
        self._name = os.path.basename(path)
        try:
            opened = open_own(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._damaged(f"it cannot be read ({error.strerror})") from error
        with opened as file:
            self.size = os.fstat(file.fileno()).st_size
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                raise self._damaged("it is cut off")
            magic, length, checksum = _HEAD.unpack(head)
            if magic != MAGIC:
                raise self._damaged("it is of another format")
            header = file.read(length) if length <= self.size else b""
            if xxh3_64_intdigest(header) != checksum:
                raise self._damaged("its header has another checksum")
            self.extra: dict[str, Any] = json.loads(header)
            start = -(-(_HEAD.size + length) // _ALIGNED) * _ALIGNED
            total = self.extra["bytes"]
            blocks = -(-total // BLOCK)
            if self.size != start + total + 8 * blocks + 8:
                raise self._damaged("it is cut off")
            self._map = mmap.mmap(file.fileno(), self.size, prot=mmap.PROT_READ)
        self._start, self._end = start, start + total
        self._bytes = np.frombuffer(self._map, np.uint8)[start : start + total]
        self._sums = (
            np.frombuffer(self._map, np.uint64, blocks, start + total)
            if (start + total) % 8 == 0
            else (np.frombuffer(bytes(self._map[start + total : -8]), np.uint64))
        )
        if xxh3_64_intdigest(self._sums.tobytes()) != int.from_bytes(self._map[-8:], "little"):
            raise self._damaged("its checksums have another one")
        self._is_sound = bytearray(blocks)
        self._views: dict[str, npt.NDArray[Any]] = {}
        self._table: dict[str, tuple[np.dtype[Any], int, int]] = {
            name: (np.dtype(dtype), at, count) for name, (dtype, at, count) in self.extra["columns"].items()
        }

    def length(self, name: str) -> int:
        """How many values a column has."""
        return self._table[name][2]

    def column(self, name: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """Values of a column, as a view of the file."""
        whole = self._whole(name)
        _, at, count = self._table[name]
        stop = count if stop is None else stop
        if not 0 <= start <= stop <= count:
            raise self._damaged(f"its column {name} ends before {stop}")
        if start < stop:
            size = whole.itemsize
            self._verify((at + start * size) // BLOCK, (at + stop * size - 1) // BLOCK + 1)
        return whole[start:stop]

    def value(self, name: str, at: int) -> int:
        """One whole number of a column: in a fifth of the time of a part of it."""
        whole = self._whole(name)
        _, start, count = self._table[name]
        if not 0 <= at < count:
            raise self._damaged(f"its column {name} ends before {at + 1}")
        first = start + at * whole.itemsize
        self._verify(first // BLOCK, (first + whole.itemsize - 1) // BLOCK + 1)
        return int(whole[at])

    def _whole(self, name: str) -> npt.NDArray[Any]:
        """All of a column, not verified."""
        whole = self._views.get(name)
        if whole is None:
            dtype, at, count = self._table[name]
            whole = self._views[name] = self._bytes[at : at + count * dtype.itemsize].view(dtype)
        return whole

    def parts(self, name: str, starts: Sequence[int], stops: Sequence[int]) -> list[npt.NDArray[Any]]:
        """Parts of a column from each start to its stop, as views: in a third of the time of one call for each."""
        whole = self._whole(name)
        _, at, count = self._table[name]
        size, sound, found = whole.itemsize, self._is_sound, []
        for start, stop in zip(starts, stops, strict=True):
            if not 0 <= start <= stop <= count:
                raise self._damaged(f"its column {name} ends before {stop}")
            if start < stop:
                first, last = (at + start * size) // BLOCK, (at + stop * size - 1) // BLOCK
                if not (sound[first] and sound[last]) or last - first > 1:
                    self._verify(first, last + 1)
            found.append(whole[start:stop])
        return found

    def _verify(self, first: int, stop: int) -> None:
        if self._is_sound.find(0, first, stop) < 0:
            return
        for block in range(first, stop):
            if not self._is_sound[block]:
                start = self._start + block * BLOCK
                if xxh3_64_intdigest(memoryview(self._map)[start : min(start + BLOCK, self._end)]) != self._sums[block]:
                    raise self._damaged(f"its block {block} has another checksum")
                self._is_sound[block] = 1

    def _damaged(self, how: str) -> DamagedIndex:
        return DamagedIndex(f"{self._name}: {how}")
