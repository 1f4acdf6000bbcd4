"""The reference backend: digests by the functions of `model.digests`, byte classes with numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exosuit_cli.kernels.cpu_lines import line_columns
from exosuit_cli.kernels.protocol import check_width
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.digests import DIGESTS, load_span_digests
from exosuit_cli.model.slab import TEXT_PROBE_BYTES, LineColumns, Slab, SlabColumns

NEWLINE = 10


@dataclass(frozen=True, slots=True)
class ComputedSlab:
    """A slab that is done."""

    columns: SlabColumns

    def finish(self) -> tuple[SlabColumns, LineColumns | None]:
        return self.columns, None

    def tokens(self) -> None:
        """Nothing: `tokens.load_counter` counts on the CPU."""


class CpuKernels:
    """Columns of a slab, on the calling thread."""

    device = "cpu"

    def __init__(self, algorithm: str) -> None:
        self._width = DIGESTS[algorithm].width
        self._digest = DIGESTS[algorithm].load_function()
        self._span_digests = load_span_digests()
        self._is_newline = np.empty(0, np.bool_)  # kept between slabs: fresh pages cost more than the comparison

    def buffers(self, nbytes: int, *, lines: bool) -> list[npt.NDArray[np.uint8]]:  # noqa: ARG002
        """One, since every slab is finished at once."""
        return [np.empty(nbytes, np.uint8)]

    def begin(self, slab: Slab, *, lines: bool, tokens: str | None = None) -> ComputedSlab:  # noqa: ARG002
        """Compute the columns; lines are better asked of the texts alone."""
        return ComputedSlab(self.columns(slab))

    def columns(self, slab: Slab) -> SlabColumns:
        """Compute every column; see `SlabColumns` for shapes, dtypes and units."""
        digest = self._digest
        view = slab.data.data
        starts = slab.offsets.tolist()
        ends = (slab.offsets + slab.lengths).tolist()
        spans = list(zip(starts, ends, strict=True))
        digests = b"".join([digest(view[start:end]) for start, end in spans])
        max_bytes, has_nul = self._byte_classes(slab)
        last_bytes = np.full(len(slab), -1, np.int16)
        filled = slab.lengths > 0
        last_bytes[filled] = slab.data[(slab.offsets + slab.lengths)[filled] - 1]
        return SlabColumns(
            digests=np.frombuffer(digests, np.uint8).reshape(-1, self._width),
            newlines=self._newlines(slab, spans),
            last_bytes=last_bytes,
            max_bytes=max_bytes,
            has_nul=has_nul,
        )

    def lines(self, slab: Slab) -> LineColumns:
        """Compute the structure of every line; see `LineColumns` for shapes, dtypes and units."""
        return line_columns(slab)

    def span_digests(
        self, data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
    ) -> npt.NDArray[np.uint8]:
        """BLAKE3 of any spans of `data`, cut to `width` bytes: uint8[k, width]."""
        check_width(width)
        spans = zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
        digests = self._span_digests(data.data, spans, width)
        return np.frombuffer(digests, np.uint8).reshape(-1, width)

    def _newlines(self, slab: Slab, spans: list[tuple[int, int]]) -> npt.NDArray[np.int64]:
        size = len(slab.data)
        if len(self._is_newline) < size:
            self._is_newline = np.empty(size, np.bool_)
        is_newline = np.equal(slab.data, NEWLINE, out=self._is_newline[:size])
        count = np.count_nonzero
        return np.array([count(is_newline[start:end]) for start, end in spans], np.int64)

    @staticmethod
    def _byte_classes(slab: Slab) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        max_bytes = np.zeros(len(slab), np.uint8)
        has_nul = np.zeros(len(slab), np.bool_)
        filled = np.flatnonzero(slab.lengths)
        if not len(filled):
            return max_bytes, has_nul
        # Files are contiguous, so the ones that are not empty tile the data and `reduceat` needs their starts only.
        starts = slab.offsets[filled]
        probe_ends = starts + np.minimum(slab.lengths[filled], TEXT_PROBE_BYTES)
        data = slab.data[: starts[-1] + slab.lengths[filled[-1]]]
        max_bytes[filled] = np.maximum.reduceat(data, starts)
        # Alternating starts and probe ends: the even results are the minima over the probes.
        edges = np.empty(2 * len(filled), np.int64)
        edges[0::2], edges[1::2] = starts, probe_ends
        if edges[-1] == len(data):
            edges = edges[:-1]
        has_nul[filled] = np.minimum.reduceat(data, edges)[0::2] == 0
        return max_bytes, has_nul
