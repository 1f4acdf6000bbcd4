"""The backend on a device's queue: one copy of a slab feeds every kernel; the same bytes as the CPU backend gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.kernels.device import PAD_BYTES, At, DeviceTimes
from exosuit_cli.kernels.device_digests import device_work, span_digests
from exosuit_cli.kernels.device_frame import check_size
from exosuit_cli.kernels.device_program import SlabProgram
from exosuit_cli.kernels.frame import (
    LARGEST_SLAB,
    FrameLayout,
    columns_of,
    line_bytes,
    lines_of,
    result_bytes,
    tokens_of,
)
from exosuit_cli.model.digests import DIGESTS

if TYPE_CHECKING:
    from collections.abc import Hashable

    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceQueue
    from exosuit_cli.kernels.device_tokens import DeviceTables
    from exosuit_cli.model.slab import LineColumns, Slab, SlabColumns, TokenColumns


class DeviceKernels:
    """The columns of slabs on one queue, one slab in flight at a time; several queues keep several in flight.

    A slab may lie anywhere, and takes as much memory of the device as it needs. With `tables`, it counts the tokens of
    their encoding.
    """

    def __init__(self, queue: DeviceQueue, algorithm: str, tables: DeviceTables | None = None) -> None:
        self._queue = queue
        self._tables = tables
        self.times = DeviceTimes()
        """What all finished slabs took."""
        device_work(algorithm)  # or there is none
        self._algorithm = algorithm
        self.device = queue.device
        self._in_flight: SlabInFlight | None = None

    def columns(self, slab: Slab) -> SlabColumns:
        """Compute every column; see `SlabColumns` for shapes, dtypes and units."""
        return self.begin(slab, lines=False).finish()[0]

    def lines(self, slab: Slab) -> LineColumns:
        """Compute the structure of every line; see `LineColumns` for shapes, dtypes and units."""
        found = self.begin(slab, lines=True).finish()[1]
        assert found is not None
        return found

    def span_digests(
        self, data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
    ) -> npt.NDArray[np.uint8]:
        """BLAKE3 of any spans of `data`, cut to `width` bytes: uint8[k, width]."""
        check_size(data)
        buffer = self._queue.buffer("slab", len(data) + PAD_BYTES)
        if len(data):
            self._queue.upload(buffer, data)
        return span_digests(self._queue, At(buffer, 0), starts, lengths, width)

    def buffers(self, nbytes: int, *, lines: bool) -> list[npt.NDArray[np.uint8]]:  # noqa: ARG002
        """One, in ordinary memory."""
        return [np.empty(nbytes, np.uint8)]

    def begin(self, slab: Slab, *, lines: bool, tokens: str | None = None) -> SlabInFlight:
        """Enqueue the copy of a slab and its kernels, without waiting for the device.

        Tokens are counted where `tokens` names the encoding of the tables.

        A slab in page-locked memory must not change until `finish` returns. The queue takes no other work until then.
        Raises RuntimeError if another slab is in flight.
        """
        if self._in_flight is not None and not self._in_flight.is_finished:
            raise RuntimeError(f"{self.device}: a slab is in flight on this queue already")
        check_size(slab.data)
        tables = self._tables if self._tables is not None and self._tables.encoding == tokens else None
        layout = FrameLayout(len(slab.data), len(slab))
        program = SlabProgram(self._queue, layout, self._algorithm, tables)
        self._in_flight = SlabInFlight(
            self._queue, program, slab, DIGESTS[self._algorithm].width, self.times, wants_lines=lines
        )
        return self._in_flight


class SlabInFlight:
    """A slab in flight."""

    def __init__(
        self,
        queue: DeviceQueue,
        program: SlabProgram,
        slab: Slab,
        width: int,
        times: DeviceTimes,
        *,
        wants_lines: bool,
    ) -> None:
        self._queue, self._program, self._slab, self._width, self._times = queue, program, slab, width, times
        self.is_finished = False
        self._counted: TokenColumns | None = None
        self._total: npt.NDArray[np.uint64] | None = None
        started = queue.mark()
        times.bytes_in += program.frame.upload(queue, slab)
        copied_in = queue.mark()
        program.launch_classes(lines=wants_lines)
        if wants_lines:  # before the digests: it is what `finish` waits for first
            self._total = queue.host_array("line total", np.uint64, 1)
            queue.download(program.lines.total, self._total)
            self._counted_lines = queue.mark()
        program.launch_files()
        computed = queue.mark()
        self._results = queue.host_array("results", np.uint8, result_bytes(len(slab), width))
        queue.download(program.frame.results, self._results)
        self._marks = (started, copied_in, computed, queue.mark())

    def finish(self, most_lines: int = LARGEST_SLAB) -> tuple[SlabColumns, LineColumns | None]:
        """Wait for the columns of the slab; also for its lines, if they were wanted and number at most `most_lines`."""
        queue, program, slab, width = self._queue, self._program, self._slab, self._width
        lines = found = None
        try:
            begun = computed = None
            if self._total is not None:
                queue.wait(self._counted_lines)
                count = int(self._total[0]) & 0xFFFF_FFFF  # the bracket sum is in the high half
                if count <= most_lines:
                    begun = queue.mark()
                    program.lines.reserve(queue, count)
                    program.launch_lines()
                    computed = queue.mark()
                    found = queue.host_array("line columns", np.uint8, line_bytes(count))
                    queue.download(program.lines.columns, found)
                    queue.download(program.frame.results, self._results)  # once more: first lines are in it now
            ended = queue.mark()
            queue.synchronize()
            self._account(begun, computed, ended)
        finally:
            self.is_finished = True
        if found is not None:
            lines = lines_of(found, count, self._results, slab.lengths, width)
            self._times.bytes_out += found.nbytes
        if program.tokens is not None:
            self._counted = tokens_of(self._results, len(slab), width, found, count if found is not None else 0)
        return columns_of(self._results, len(slab), width), lines

    def tokens(self) -> TokenColumns | None:
        """See `PendingSlab.tokens`."""
        return self._counted

    def span_digests(
        self, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
    ) -> npt.NDArray[np.uint8]:
        """As `DeviceKernels.span_digests`, over the slab that is on the device already.

        Call it after `finish`, and before the queue gets another slab.
        """
        return span_digests(self._queue, self._program.frame.data, starts, lengths, width)

    def _account(self, begun: Hashable | None, lines_computed: Hashable | None, ended: Hashable) -> None:
        times, elapsed = self._times, self._queue.elapsed
        started, copied_in, computed, copied_out = self._marks
        times.copy_in_seconds += elapsed(started, copied_in)
        times.kernel_seconds += elapsed(copied_in, computed)
        times.copy_out_seconds += elapsed(computed, copied_out)
        times.bytes_out += self._results.nbytes
        if begun is not None and lines_computed is not None:
            times.kernel_seconds += elapsed(begun, lines_computed)
            times.copy_out_seconds += elapsed(lines_computed, ended)
