"""One queue of a device for slabs that lie in frames: a copy in, the same launches for every slab, a copy out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from exosuit_cli.kernels.device import DeviceTimes
from exosuit_cli.kernels.device_digests import SpanDigests
from exosuit_cli.kernels.device_program import SlabProgram
from exosuit_cli.kernels.frame import CHUNK_ID_BYTES, FrameLayout, line_bytes, line_total, most_spans, span_parts
from exosuit_cli.kernels.timeline import DeviceClock

if TYPE_CHECKING:
    from collections.abc import Hashable

    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceQueue
    from exosuit_cli.kernels.device_tokens import DeviceTables
    from exosuit_cli.kernels.timeline import DeviceTimeline


class SlabLane:
    """Slabs of up to the sizes of `layout` and `most_lines`, one in flight at a time.

    Its buffers are made with it and stay: raises DeviceOutOfMemory where they have no room. With `tables`, it can count
    the tokens of their encoding. Where it has room for lines, it digests spans of slabs, too.
    """

    def __init__(
        self,
        queue: DeviceQueue,
        layout: FrameLayout,
        algorithm: str,
        most_lines: int,
        tables: DeviceTables | None = None,
        clock: DeviceClock | None = None,
        timeline: DeviceTimeline | None = None,
    ) -> None:
        self.queue, self.layout, self.most_lines = queue, layout, most_lines
        self._clock = clock if clock is not None else DeviceClock(queue)
        self.timeline = timeline
        """Where what the device does is recorded; None for nowhere."""
        self.times = DeviceTimes()
        """What all finished slabs took, less what other lanes on the same clock did at the same time."""
        self._program = SlabProgram(queue, layout, algorithm, tables)
        self._program.lines.reserve(queue, most_lines)
        self.most_spans = most_spans(layout.slab_bytes, line_bytes(most_lines))
        """How many spans it digests at once, of as many bytes as a slab has."""
        if self.most_spans:
            self._spans = SpanDigests(queue, self.most_spans, layout.slab_bytes, CHUNK_ID_BYTES)
        self._launches = {
            (lines, tokens): (f"slab{' lines' * lines}{' tokens' * tokens}", partial(self._launch, lines, tokens))
            for lines in (False, True)
            for tokens in (False, True)
        }

    def submit(
        self, frame: npt.NDArray[np.uint8], results: npt.NDArray[np.uint8], *, lines: bool, tokens: bool
    ) -> None:
        """Enqueue a slab: `frame` is all of its frame, up to its last byte. Returns without waiting.

        `results`, uint8[result_bytes], and `frame` are page-locked where copies are to be fast, and belong to the
        device until `finish` has returned.
        """
        queue, program = self.queue, self._program
        started = queue.mark("started")
        queue.copy_in(program.frame.buffer, frame)
        copied_in = queue.mark("copied in")
        queue.repeat(*self._launches[lines, tokens])
        computed = queue.mark("computed")
        queue.download(program.frame.results, results)
        self._marks = (started, copied_in, computed, queue.mark("copied out"))
        self._results, self._wants_lines = results, lines
        self._bytes_in, self._data_bytes = len(frame), len(frame) - self.layout.data_offset

    def submit_spans(self, data: npt.NDArray[np.uint8], room: npt.NDArray[np.uint8], spans: int) -> None:
        """Enqueue the digests of up to `most_spans` spans of the slab `data`, as `submit` enqueues a slab.

        Their heading lies in `room`, as `span_parts` says, and what is found comes back to it. The slab is copied in
        once more: a copy takes less than to keep a lane, or memory of its size, while its chunks are planned.
        """
        queue, work, target = self.queue, self._spans, self._program.frame.data
        head, digests = span_parts(room, spans)
        started = queue.mark("started")
        queue.copy_in(target, data)
        queue.copy_in(work.heading, head)
        copied_in = queue.mark("copied in")
        queue.repeat("spans", self._launch_spans)
        computed = queue.mark("computed")
        queue.download(work.digests, digests)
        self._marks = (started, copied_in, computed, queue.mark("copied out"))
        self._results, self._wants_lines = digests, False
        self._bytes_in, self._data_bytes = len(data) + len(head), len(data)

    def finish(self, found: npt.NDArray[np.uint8]) -> int | None:
        """Wait for what was submitted, and for the columns of its lines, which are copied to `found`.

        Returns the number of lines; None where none were wanted, or there are more than have room.
        """
        queue = self.queue
        queue.wait(self._marks[-1])
        count = line_total(self._results) if self._wants_lines else None
        nbytes = line_bytes(count) if count is not None else 0
        if count is not None and (count > self.most_lines or nbytes > len(found)):
            count, nbytes = None, 0
        lines = None
        if count is not None:
            begun = queue.mark("lines begun")
            queue.download(self._program.lines.columns, found[:nbytes])
            lines = begun, queue.mark("lines ended")
        self._account(*self._marks)  # while they are on their way
        if lines is not None:
            queue.wait(lines[-1])
            start, end = (self._clock.at(queue, mark) for mark in lines)
            self.times.copy_out_seconds += self._note("copy out", start, end, 0, nbytes, nbytes)
            self.times.bytes_out += nbytes
        return count

    def release(self) -> None:
        """Let go of its memory; it takes no slab any more."""
        self.queue.release()

    def _launch(self, lines: bool, tokens: bool) -> None:
        program = self._program
        program.launch_classes(lines=lines)
        program.launch_files(tokens=tokens)
        if lines:
            program.launch_lines(tokens=tokens)

    def _launch_spans(self) -> None:
        self._spans.launch(self.queue, self._program.frame.data)

    def _account(self, started: Hashable, copied_in: Hashable, computed: Hashable, copied_out: Hashable) -> None:
        queue, times, at, size, found = self.queue, self.times, self._clock.at, self._data_bytes, len(self._results)
        times.bytes_in += self._bytes_in
        times.bytes_out += found
        files = self.timeline.files if self.timeline is not None else 0
        start, arrival, result, end = (
            at(queue, started),
            at(queue, copied_in),
            at(queue, computed),
            at(queue, copied_out),
        )
        times.copy_in_seconds += self._note("copy in", start, arrival, files, size, size)
        times.kernel_seconds += self._note("kernel", arrival, result, files, size, 0)
        times.copy_out_seconds += self._note("copy out", result, end, files, found, found)

    def _note(self, work: str, start: float, end: float, files: int, bytes_in: int, bytes_out: int) -> float:
        """Record what the device did; the seconds in which no other lane did such work."""
        if self.timeline is not None:
            self.timeline.add(work, start, end, files, bytes_in, bytes_out)
        return self._clock.share(work, start, end)
