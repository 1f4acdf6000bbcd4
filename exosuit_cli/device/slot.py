"""A slot: memory that two processes share, for one slab and its results."""

from __future__ import annotations

import math
import mmap
import os
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.slab import LineColumns, SlabColumns, TokenColumns

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.device.messages import SlotSizes

_ALIGNMENT = 64
_OF_FILES = [np.dtype(kind) for kind in ("u1", "i8", "i2", "u1", "?")]
_OF_LINES = [np.dtype(kind) for kind in ("i8", "i8", "u2", "i8", "u8", "u1", "i4")]
"""Those of `SlabColumns` and of `LineColumns`."""
_OF_TOKENS = np.dtype("i8")
FILE_BYTES, LINE_BYTES = 64, 39
"""Bytes of results to reserve for a file and for a line."""


class SlotMemory:
    """The memory of one slot, mapped from a descriptor that is closed here.

    `slab` is uint8[slab_bytes]; behind it lie results, whose places follow from the number of files and of lines.
    """

    def __init__(self, descriptor: int, sizes: SlotSizes, algorithm: str) -> None:
        self._width = DIGESTS[algorithm].width
        try:
            self._map = mmap.mmap(descriptor, sizes.slab_bytes + sizes.result_bytes)
        finally:
            os.close(descriptor)
        whole = np.frombuffer(self._map, np.uint8)
        self.slab = whole[: sizes.slab_bytes]
        self._results = whole[sizes.slab_bytes :]

    def most_lines(self, files: int) -> int:
        """How many lines there is room for beside the results of so many files."""
        room = len(self._results) - self._places(files, 0, has_tokens=True)[-1][2] - (len(_OF_LINES) + 1) * _ALIGNMENT
        return max(room // LINE_BYTES, 0)

    def write(self, columns: SlabColumns, lines: LineColumns | None, tokens: TokenColumns | None = None) -> None:
        """Put results where `read` finds them. Raises ValueError where they have no room."""
        count = None if lines is None else len(lines.heads)
        places = self._views(len(columns.newlines), count, has_tokens=tokens is not None)
        for place, source in zip(places, _arrays(columns, lines, tokens), strict=True):
            place[...] = source

    def read(
        self, files: int, lines: int | None, *, has_tokens: bool = False
    ) -> tuple[SlabColumns, LineColumns | None, TokenColumns | None]:
        """Results as views of the memory: good until the slot's next job. Raises ValueError as `write` does."""
        arrays = iter(self._views(files, lines, has_tokens=has_tokens))
        columns = SlabColumns(*islice(arrays, len(_OF_FILES)))
        found = LineColumns(*islice(arrays, len(_OF_LINES))) if lines is not None else None
        return columns, found, TokenColumns(next(arrays), next(arrays, None)) if has_tokens else None

    def _views(self, files: int, lines: int | None, *, has_tokens: bool) -> list[npt.NDArray[Any]]:
        places = self._places(files, lines, has_tokens=has_tokens)
        if places[-1][2] > len(self._results):
            count = f"{files} files and {lines or 0} lines"
            raise ValueError(f"results of {count} have no room in {len(self._results)} bytes")
        return [
            self._results[start : start + math.prod(shape) * dtype.itemsize].view(dtype).reshape(shape)
            for (dtype, shape, start), _ in pairwise(places)
        ]

    def _places(
        self, files: int, lines: int | None, *, has_tokens: bool
    ) -> list[tuple[np.dtype[Any], tuple[int, ...], int]]:
        """Every column's type, shape and start, and last where the last one ends."""
        shapes = [(files, self._width), *[(files,)] * (len(_OF_FILES) - 1)]
        kinds = list(zip(_OF_FILES, shapes, strict=True))
        if lines is not None:
            lengths = (files + 1, lines + 1, *[lines] * (len(_OF_LINES) - 2))
            kinds += [(kind, (length,)) for kind, length in zip(_OF_LINES, lengths, strict=True)]
        if has_tokens:
            kinds += [(_OF_TOKENS, (length,)) for length in (files, lines) if length is not None]
        places = []
        start = 0
        for kind, shape in kinds:
            places.append((kind, shape, start))
            start += -(-math.prod(shape) * kind.itemsize // _ALIGNMENT) * _ALIGNMENT
        return [*places, (np.dtype("u1"), (0,), start)]


def _arrays(columns: SlabColumns, lines: LineColumns | None, tokens: TokenColumns | None) -> list[npt.NDArray[Any]]:
    found: list[npt.NDArray[Any]] = [
        columns.digests, columns.newlines, columns.last_bytes, columns.max_bytes, columns.has_nul,
    ]  # fmt: skip
    if lines is not None:
        found += [lines.files, lines.starts, lines.indents, lines.inks, lines.heads, lines.lasts, lines.depths]
    if tokens is not None:
        found += [column for column in (tokens.counts, tokens.before) if column is not None]
    return found
