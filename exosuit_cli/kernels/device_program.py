"""The launches over one slab on a device: digests, byte classes, tokens, and the columns of lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.kernels.device import At
from exosuit_cli.kernels.device_digests import device_work
from exosuit_cli.kernels.device_frame import DeviceFrame
from exosuit_cli.kernels.device_lines import LineWork
from exosuit_cli.kernels.device_tokens import TokenWork
from exosuit_cli.kernels.frame import TOTAL_BYTES
from exosuit_cli.model.digests import DIGESTS

if TYPE_CHECKING:
    from exosuit_cli.kernels.device import DeviceQueue
    from exosuit_cli.kernels.device_tokens import DeviceTables
    from exosuit_cli.kernels.frame import FrameLayout


class SlabProgram:
    """What a queue does with slabs of up to the sizes of `layout`, whose sizes the kernels find in the frame.

    So the launches are the same for every slab. With `tables`, tokens are counted.
    """

    def __init__(
        self, queue: DeviceQueue, layout: FrameLayout, algorithm: str, tables: DeviceTables | None = None
    ) -> None:
        self._queue = queue
        self.frame = DeviceFrame(queue, layout, DIGESTS[algorithm].width)
        kind = device_work(algorithm)
        self._units = kind.units
        self._digests = kind(queue, self.frame.lists, layout.slab_bytes, self.frame.width)
        self.lines = LineWork(queue, self.frame)
        self.tokens = TokenWork(queue, tables, self.frame) if tables is not None else None

    def launch_classes(self, *, lines: bool) -> None:
        """Enqueue the lists and the byte classes, and where lines are wanted, their number."""
        queue, frame = self._queue, self.frame
        frame.lists.launch(queue, frame.data, self._units, At(frame.results, 0))
        self.lines.launch_classes(queue)
        if lines:
            self.lines.launch_total(queue)

    def launch_files(self, *, tokens: bool = True) -> None:
        """Enqueue the digests, and the tokens of files where they are wanted and can be counted."""
        frame = self.frame
        self._digests.launch(self._queue, frame.data, At(frame.results, TOTAL_BYTES))
        if tokens and self.tokens is not None:
            self.tokens.launch(self._queue)

    def launch_lines(self, *, tokens: bool = True) -> None:
        """Enqueue the columns of lines that have room, once all else is enqueued."""
        self.lines.launch_columns(self._queue)
        if tokens and self.tokens is not None:
            self.tokens.launch_lines(self._queue, self.lines)
