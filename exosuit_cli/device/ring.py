"""The ring of slots: memory that the owner of a card shares with its workers, for slabs and for their results."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.kernels.frame import FrameLayout, line_bytes, result_bytes, rounded_up
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.device.sizes import RingSizes

_PAGE = 4096
_ALIGNMENT = 64


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a ring: views of its memory, uint8.

    `data` is where a slab is filled, and lies within `frame`, which crosses to the device. Behind it lies what comes
    back: `results` of files, and the columns of lines in `found`.
    """

    number: int
    memory: npt.NDArray[np.uint8]
    frame: npt.NDArray[np.uint8]
    data: npt.NDArray[np.uint8]
    results: npt.NDArray[np.uint8]
    found: npt.NDArray[np.uint8]


def make_memory(sizes: RingSizes) -> int:
    """The descriptor of memory for a ring; pages that are never touched cost nothing. Raises OSError."""
    descriptor = os.memfd_create("exosuit-slabs", os.MFD_CLOEXEC)
    try:
        os.ftruncate(descriptor, sizes.slots * _slot_bytes(sizes))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class SlabRing:
    """The slots of a ring, mapped from a descriptor that stays open."""

    def __init__(self, descriptor: int, sizes: RingSizes) -> None:
        self.sizes = sizes
        self.layout = FrameLayout(sizes.slab_bytes, sizes.files)
        self._map = mmap.mmap(descriptor, sizes.slots * _slot_bytes(sizes))
        self._whole = np.frombuffer(self._map, np.uint8)

    def slot(self, number: int) -> Slot:
        """The slot of that number."""
        sizes, layout = self.sizes, self.layout
        size, frame_room = _slot_bytes(sizes), rounded_up(layout.nbytes, _PAGE)
        memory = self._whole[number * size : (number + 1) * size]
        found_at = frame_room + rounded_up(result_bytes(sizes.files, sizes.width), _ALIGNMENT)
        return Slot(
            number,
            memory,
            frame=memory[: layout.nbytes],
            data=memory[layout.data_offset : layout.data_offset + sizes.slab_bytes],
            results=memory[frame_room:found_at],
            found=memory[found_at : found_at + line_bytes(sizes.lines)],
        )


def _slot_bytes(sizes: RingSizes) -> int:
    layout = FrameLayout(sizes.slab_bytes, sizes.files)
    results = rounded_up(result_bytes(sizes.files, sizes.width), _ALIGNMENT) + line_bytes(sizes.lines)
    return rounded_up(layout.nbytes, _PAGE) + rounded_up(results, _PAGE)
