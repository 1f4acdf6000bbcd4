"""The backend on a device's queue: one copy of a slab feeds every kernel; the same bytes as the CPU backend gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.kernels.device import PAD_BYTES, At, DeviceTimes
from exosuit_cli.kernels.device_digests import DEVICE_WORK, device_work
from exosuit_cli.kernels.device_lines import TileWork
from exosuit_cli.kernels.device_tokens import TokenWork
from exosuit_cli.kernels.work_lists import LARGEST_SLAB, WorkLists
from exosuit_cli.model.digests import CHUNK_DIGEST, DIGESTS
from exosuit_cli.model.slab import SlabColumns

if TYPE_CHECKING:
    from collections.abc import Hashable

    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceBuffer, DeviceQueue
    from exosuit_cli.kernels.device_lines import LinesOnTheWay
    from exosuit_cli.kernels.device_tokens import DeviceTables
    from exosuit_cli.kernels.timeline import DeviceTimeline
    from exosuit_cli.model.slab import LineColumns, Slab, TokenColumns


class DeviceKernels:
    """The columns of slabs on one queue, one slab in flight at a time; several queues keep several in flight.

    With `tables`, it counts the tokens of their encoding.
    """

    def __init__(
        self,
        queue: DeviceQueue,
        algorithm: str,
        timeline: DeviceTimeline | None = None,
        tables: DeviceTables | None = None,
    ) -> None:
        self._queue = queue
        self._tables = tables
        self.timeline = timeline
        """Where what the device does is recorded; None for nowhere."""
        self.times = DeviceTimes()
        """What all finished slabs took."""
        self._work = device_work(algorithm)
        self._width = DIGESTS[algorithm].width
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
        return _span_digests(self._queue, _uploaded(self._queue, data), starts, lengths, width)

    def release(self) -> None:
        """Let go of all memory of the device, after a slab that found no room."""
        self._queue.release()

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
        queue, lists = self._queue, WorkLists()
        tiles = TileWork(lists, slab)
        digests = self._work(lists, slab.offsets, slab.lengths, self._width)
        started = queue.mark()
        data = _uploaded(queue, slab.data)
        lists.upload(queue, "work lists")
        copied_in = queue.mark()
        digest_bytes = len(slab) * self._width
        class_bytes = 12 * tiles.files
        counting = None
        if self._tables is not None and self._tables.encoding == tokens:
            counting = TokenWork(self._tables, slab)
        result_bytes = digest_bytes + class_bytes + (counting.nbytes if counting is not None else 0)
        results = queue.buffer("results", result_bytes + 1)
        tiles.launch(queue, data, lists, At(results, digest_bytes))
        if lines:
            tiles.count_lines(queue)  # before the digests: its answer is what `finish` waits for first
        digests.launch(queue, data, lists, results)
        if counting is not None:
            counting.launch(queue, data, lists.at(tiles.file_starts), At(results, digest_bytes + class_bytes))
        computed = queue.mark()
        host = queue.host_array("results", np.uint8, result_bytes)
        queue.download(results, host)
        marks = (started, copied_in, computed, queue.mark())
        self.times.bytes_in += len(slab.data) + lists.nbytes
        self._in_flight = SlabInFlight(
            queue, data, slab, self._width, tiles if lines else None, counting, host, marks, self.times, self.timeline
        )
        return self._in_flight


class SlabInFlight:
    """A slab in flight."""

    def __init__(
        self,
        queue: DeviceQueue,
        data: DeviceBuffer,
        slab: Slab,
        width: int,
        tiles: TileWork | None,
        tokens: TokenWork | None,
        results: npt.NDArray[np.uint8],
        marks: tuple[Hashable, ...],
        times: DeviceTimes,
        timeline: DeviceTimeline | None,
    ) -> None:
        self._queue, self._data, self._tiles = queue, data, tiles
        self.token_work = tokens
        """The count of tokens, where they are wanted."""
        self._results, self._width = results, width
        self._counted: TokenColumns | None = None
        self._marks, self._times, self._timeline = marks, times, timeline
        self._data_bytes = len(slab.data)
        self.is_finished = False
        self._is_filled = slab.lengths > 0
        self._last_bytes = np.full(len(slab), -1, np.int16)
        self._last_bytes[self._is_filled] = slab.data[(slab.offsets + slab.lengths)[self._is_filled] - 1]

    def finish(self, most_lines: int = LARGEST_SLAB) -> tuple[SlabColumns, LineColumns | None]:
        """Wait for the columns of the slab; also for its lines, if they were wanted and number at most `most_lines`."""
        try:
            on_the_way = self._tiles.lines(self._queue, most_lines, self.token_work) if self._tiles else None
            ended = self._queue.mark()
            self._queue.synchronize()
            self._account(on_the_way, ended)
        finally:
            self.is_finished = True
        if self.token_work is not None:
            before = on_the_way.tokens if on_the_way is not None else None
            self._counted = self.token_work.columns(self._results[self._token_place :], before)
        return self._columns(), on_the_way.columns() if on_the_way else None

    def tokens(self) -> TokenColumns | None:
        """See `PendingSlab.tokens`."""
        return self._counted

    @property
    def _token_place(self) -> int:
        return len(self._is_filled) * self._width + 12 * int(np.count_nonzero(self._is_filled))

    def _account(self, lines: LinesOnTheWay | None, ended: Hashable) -> None:
        times, elapsed = self._times, self._queue.elapsed
        started, copied_in, computed, copied_out = self._marks
        times.copy_in_seconds += elapsed(started, copied_in)
        times.kernel_seconds += elapsed(copied_in, computed)
        times.copy_out_seconds += elapsed(computed, copied_out)
        times.bytes_out += self._results.nbytes
        if lines is not None and lines.computed is not None:
            times.kernel_seconds += elapsed(lines.begun, lines.computed)
            times.copy_out_seconds += elapsed(lines.computed, ended)
            times.bytes_out += lines.nbytes
        if self._timeline is not None:
            self._record(self._timeline, lines, ended)

    def _record(self, timeline: DeviceTimeline, lines: LinesOnTheWay | None, ended: Hashable) -> None:
        started, copied_in, computed, copied_out = self._marks
        files = len(self._is_filled)
        timeline.add("copy in", started, copied_in, files, self._data_bytes, self._data_bytes)
        timeline.add("kernel", copied_in, computed, files, self._data_bytes)
        timeline.add("copy out", computed, copied_out, files, self._results.nbytes, self._results.nbytes)
        if lines is not None and lines.computed is not None:
            timeline.add("kernel", lines.begun, lines.computed, bytes_in=self._data_bytes)
            timeline.add("copy out", lines.computed, ended, bytes_in=lines.nbytes, bytes_out=lines.nbytes)

    def span_digests(
        self, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
    ) -> npt.NDArray[np.uint8]:
        """As `DeviceKernels.span_digests`, over the slab that is on the device already.

        Call it after `finish`, and before the queue gets another slab.
        """
        return _span_digests(self._queue, self._data, starts, lengths, width)

    def _columns(self) -> SlabColumns:
        files = len(self._is_filled)
        digest_bytes = files * self._width
        newlines, largest, nuls = self._results[digest_bytes : self._token_place].view(np.uint32).reshape(3, -1)
        columns = SlabColumns(
            digests=self._results[:digest_bytes].reshape(files, self._width).copy(),
            newlines=np.zeros(files, np.int64),
            last_bytes=self._last_bytes,
            max_bytes=np.zeros(files, np.uint8),
            has_nul=np.zeros(files, np.bool_),
        )
        columns.newlines[self._is_filled] = newlines
        columns.max_bytes[self._is_filled] = largest
        columns.has_nul[self._is_filled] = nuls
        return columns


def _uploaded(queue: DeviceQueue, data: npt.NDArray[np.uint8]) -> DeviceBuffer:
    if len(data) > LARGEST_SLAB:
        raise ValueError(f"a slab of {len(data)} bytes: a device takes at most {LARGEST_SLAB}")
    buffer = queue.buffer("slab", len(data) + PAD_BYTES)
    if len(data):
        queue.upload(buffer, data)
    return buffer


def _span_digests(
    queue: DeviceQueue,
    data: DeviceBuffer,
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    width: int,
) -> npt.NDArray[np.uint8]:
    lists = WorkLists()
    work = DEVICE_WORK[CHUNK_DIGEST](lists, starts, lengths, width)
    lists.upload(queue, "work lists")
    digests = queue.buffer("results", len(starts) * width + 1)
    work.launch(queue, data, lists, digests)
    host = queue.host_array("results", np.uint8, len(starts) * width)
    if len(host):
        queue.download(digests, host)
    queue.synchronize()
    return host.reshape(len(starts), width).copy()
