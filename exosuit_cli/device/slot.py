"""A slot: memory that two processes share, for one slab and for what a device finds in it."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from exosuit_cli.kernels.protocol import DIGEST_WIDTH
from exosuit_cli.model.slab import LineColumns, SlabColumns

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.device.messages import SlotSizes

_ALIGNMENT = 64


class SlotMemory:
    """The memory of one slot, mapped from a descriptor that is closed here.

    `slab` is uint8[slab_bytes]; behind it lie results, whose places follow from the number of files and of lines.
    """

    def __init__(self, descriptor: int, sizes: SlotSizes, algorithm: str) -> None:
        self._width = DIGEST_WIDTH[algorithm]
        self._map = mmap.mmap(descriptor, sizes.slab_bytes + sizes.result_bytes)
        os.close(descriptor)
        self.whole = np.frombuffer(self._map, np.uint8)
        self.slab = self.whole[: sizes.slab_bytes]
        self._results = self.whole[sizes.slab_bytes :]

    def fits(self, files: int, lines: int | None) -> bool:
        """Whether there is room for the results of so many files and lines."""
        return self._layout(files, lines)[1] <= len(self._results)

    def write(self, columns: SlabColumns, lines: LineColumns | None) -> int:
        """Put results where `read` finds them; how many bytes. They must fit."""
        count = None if lines is None else len(lines.heads)
        places, _ = self._layout(len(columns.newlines), count)
        written = 0
        for (_, place), source in zip(places, _arrays(columns, lines), strict=True):
            place[...] = source
            written += source.nbytes
        return written

    def read(self, files: int, lines: int | None) -> tuple[SlabColumns, LineColumns | None]:
        """Results as views of the memory: good until the slot's next job."""
        places, _ = self._layout(files, lines)
        arrays = [place for _, place in places]
        return SlabColumns(*arrays[:5]), LineColumns(*arrays[5:]) if lines is not None else None

    def _layout(self, files: int, lines: int | None) -> tuple[list[tuple[str, npt.NDArray[Any]]], int]:
        """Every column with its place, and where the last ends; places beyond the memory are empty."""
        shapes: list[tuple[str, tuple[int, ...]]] = [
            ("u1", (files, self._width)),
            ("i8", (files,)),
            ("i2", (files,)),
            ("u1", (files,)),
            ("?", (files,)),
        ]
        if lines is not None:
            shapes += [("i8", (files + 1,)), ("i8", (lines + 1,)), ("u2", (lines,)), ("i8", (lines,))]
            shapes += [("u8", (lines,)), ("u1", (lines,)), ("i4", (lines,))]
        places = []
        at = 0
        for kind, shape in shapes:
            dtype = np.dtype(kind)
            size = int(np.prod(shape)) * dtype.itemsize
            places.append((kind, self._results[at : at + size]))
            at += -(-size // _ALIGNMENT) * _ALIGNMENT
        if at > len(self._results):
            return [], at
        return [
            (kind, place.view(kind).reshape(shape)) for (kind, place), (_, shape) in zip(places, shapes, strict=True)
        ], at


def _arrays(columns: SlabColumns, lines: LineColumns | None) -> list[npt.NDArray[Any]]:
    found: list[npt.NDArray[Any]] = [
        columns.digests, columns.newlines, columns.last_bytes, columns.max_bytes, columns.has_nul,
    ]  # fmt: skip
    if lines is not None:
        found += [lines.files, lines.starts, lines.indents, lines.inks, lines.heads, lines.lasts, lines.depths]
    return found
