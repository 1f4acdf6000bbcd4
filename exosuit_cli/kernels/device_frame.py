"""A slab in the memory of a device, the lists that kernels work along, and room for what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.kernels.device import At
from exosuit_cli.kernels.frame import HEAD_BYTES, LARGEST_SLAB, FrameLayout, heading, result_room

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceQueue
    from exosuit_cli.model.slab import Slab

TILE_BYTES = 512
LIST_THREADS = 256


def blocks_for(threads: int, block: int) -> int:
    """How many blocks of `block` threads cover `threads`; at least one."""
    return max(-(-threads // block), 1)


class FileLists:
    """What kernels know of spans of bytes besides their content: sizes, and the units that a digest takes them in.

    `sizes` and `spans` are places on the device, see slab.cuh; `most` spans have room.
    """

    def __init__(self, queue: DeviceQueue, sizes: At, spans: At, most: int, name: str = "") -> None:
        self.sizes, self.spans, self.most = sizes, spans, most
        self.first_unit = queue.buffer(f"{name}first units", 4 * (most + 1))
        self.file_starts = queue.buffer(f"{name}file starts", 4 * (most + 1))
        self.filled_files = queue.buffer(f"{name}filled files", 4 * max(most, 1))

    def launch(self, queue: DeviceQueue, data: At, units: tuple[int, int], results: At | None) -> None:
        """Enqueue the lists; `units` is the least and the shortest of a digest, see `slab_lists`."""
        least, short = units
        queue.launch(
            "slab_lists",
            1,
            LIST_THREADS,
            *(self.sizes, self.spans, data, np.uint32(short), np.uint32(least)),
            *(self.first_unit, self.file_starts, self.filled_files),
            results if results is not None else np.uint64(0),
        )


class DeviceFrame:
    """The buffers of a queue for one slab of up to the sizes of `layout`."""

    def __init__(self, queue: DeviceQueue, layout: FrameLayout, width: int) -> None:
        self.layout, self.width = layout, width
        self.buffer = queue.buffer("slab", layout.nbytes)
        self.data = At(self.buffer, layout.data_offset)
        self.lists = FileLists(queue, At(self.buffer, 0), At(self.buffer, HEAD_BYTES), layout.files)
        self.results = queue.buffer("results", result_room(layout.files, width))
        self.tiles = max(-(-layout.slab_bytes // TILE_BYTES), 1)

    @property
    def sizes(self) -> At:
        """See slab.cuh."""
        return self.lists.sizes

    def upload(self, queue: DeviceQueue, slab: Slab) -> int:
        """Enqueue the copies of a slab that lies anywhere, and of what goes before it; the bytes."""
        head = heading(len(slab.data), slab.offsets, slab.lengths, self.width)
        queue.upload(self.buffer, head)
        if len(slab.data):
            queue.upload(self.data, slab.data)
        return head.nbytes + len(slab.data)


def check_size(data: npt.NDArray[np.uint8]) -> None:
    """Raise ValueError for a slab that no device takes."""
    if len(data) > LARGEST_SLAB:
        raise ValueError(f"a slab of {len(data)} bytes: a device takes at most {LARGEST_SLAB}")
