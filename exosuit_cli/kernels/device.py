"""One in-order queue of a device: the only door through which kernels, copies and buffers are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ResourceMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import numpy as np
    import numpy.typing as npt

PAD_BYTES = 32
"""What a buffer that kernels read as slab data has beyond its bytes: they read whole vectors, and one behind them."""


class DeviceError(ResourceMissing):
    """A device cannot go on; what was in flight on it has no result."""


class DeviceOutOfMemory(DeviceError):
    """The device has no room for a buffer; its other buffers and its results stay good. Smaller slabs may fit."""


class DeviceLost(DeviceError):
    """The device answers no more, or a kernel failed; nothing further can be asked of it in this process."""


class DeviceBuffer(Protocol):
    """Bytes on a device, aligned to 256."""

    @property
    def nbytes(self) -> int:
        """How many bytes may be written."""
        ...

    @property
    def address(self) -> int:
        """On the device."""
        ...


@dataclass(frozen=True, slots=True)
class At:
    """The place `offset` bytes into a buffer, as a kernel's pointer."""

    buffer: DeviceBuffer
    offset: int


class DeviceQueue(Protocol):
    """Copies and kernels of one device, carried out in the order they were enqueued.

    What enqueues does not wait for what it enqueued. It may wait for an earlier copy whose memory it uses again;
    growing or releasing memory may wait for all that was enqueued. Every method raises DeviceOutOfMemory or DeviceLost;
    a kernel's failure may surface at any later call. Not for two threads at once.
    """

    @property
    def device(self) -> str:
        """`cuda:N`."""
        ...

    def buffer(self, name: str, nbytes: int) -> DeviceBuffer:
        """At least `nbytes` with any content.

        The same name gives the same memory again while it is large enough: asking again ends what it held.
        """
        ...

    def upload(self, target: DeviceBuffer | At, array: npt.NDArray[Any]) -> None:
        """Copy a contiguous array to the buffer's start, or to a place in it.

        Page-locked memory must stay as it is until the copy is done; any other array may change at once.
        """
        ...

    def copy_in(self, target: DeviceBuffer | At, array: npt.NDArray[Any]) -> None:
        """As `upload`, of an array that stays as it is until the copy is done, wherever it lies."""
        ...

    def repeat(self, name: str, launches: Callable[[], None]) -> None:
        """Enqueue what `launches` enqueues: kernels and zeros, the same each time for this name.

        A device that can repeats it as one piece. Another buffer in place of one of its own ends that.
        """
        ...

    def zero(self, place: DeviceBuffer | At, nbytes: int) -> None:
        """Fill with zeros."""
        ...

    def launch(self, kernel: str, blocks: int, threads: int, *arguments: DeviceBuffer | At | np.generic[Any]) -> None:
        """Run a kernel of `sources.KERNELS` on `blocks` (at least one) of `threads` each.

        An argument is a pointer, or a number of exactly the kernel's type.
        """
        ...

    def download(self, place: DeviceBuffer | At, target: npt.NDArray[Any]) -> None:
        """Fill a contiguous array; its content is good once a later mark is waited for."""
        ...

    def host_array(self, name: str, dtype: npt.DTypeLike, count: int) -> npt.NDArray[Any]:
        """A one-dimensional array that downloads reach fastest; kept and grown by name as `buffer` is."""
        ...

    def mark(self, name: str = "") -> Hashable:
        """A point behind everything enqueued so far; with a name, in place of the mark that had it."""
        ...

    def wait(self, mark: Hashable) -> None:
        """Return once everything before the mark is done."""
        ...

    def synchronize(self) -> None:
        """Return once everything is done."""
        ...

    def release(self) -> None:
        """Let go of all buffers; nothing is in flight."""
        ...

    def elapsed(self, start: Hashable, end: Hashable) -> float:
        """Seconds on the device between two marks that have been waited for; 0 where the queue has no clock."""
        ...


@dataclass(slots=True)
class DeviceTimes:
    """Seconds on a device's own clock, and bytes across to it and back, of what one queue did.

    They include what lies between two launches, and where queues take turns, what one waits for another.
    """

    kernel_seconds: float = 0.0
    copy_in_seconds: float = 0.0
    copy_out_seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
