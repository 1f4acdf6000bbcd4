"""A queue of a CUDA card: a stream, its buffers, graphs and marks."""

from __future__ import annotations

import contextlib
import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from exosuit_cli.kernels.device import At, DeviceBuffer, DeviceError
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    import numpy.typing as npt

    from exosuit_cli.kernels.cuda import CudaDevice

_PAGE_LOCKED = 1  # cudaMemoryTypeHost
_STAGED_BYTES = 16 << 20
"""Up to here, an upload from ordinary memory goes through page-locked memory; beyond, the driver stages it."""

_NOT_CAPTURED, _NOT_CAPTURABLE = object(), object()


@dataclass(frozen=True, slots=True)
class CudaBuffer:
    """A piece of device memory."""

    memory: Any
    nbytes: int

    @property
    def address(self) -> int:
        """On the device."""
        return int(self.memory.ptr)


@dataclass(slots=True)
class _Staging:
    """Page-locked memory that an upload goes through, and the mark behind its last use."""

    array: npt.NDArray[np.uint8]
    used: Any = None


class CudaQueue:
    """A `DeviceQueue` on a CUDA stream of its own."""

    def __init__(self, device: CudaDevice, *, timed: bool) -> None:
        self._device, self._cupy, self._timed = device, device.cupy, timed
        self._runtime = device.cupy.cuda.runtime
        with device.cuda:
            self._stream = self._cupy.cuda.Stream(non_blocking=True)
        self._buffers: dict[str, CudaBuffer] = {}
        self._host: dict[str, npt.NDArray[np.uint8]] = {}
        self._staging: dict[int, _Staging] = {}
        self._events: dict[str, Any] = {}
        self._graphs: dict[str, Any] = {}
        self._address = self._stream.ptr

    @property
    def device(self) -> str:
        return self._device.name

    def buffer(self, name: str, nbytes: int) -> CudaBuffer:
        held = self._buffers.get(name)
        if held is None or held.nbytes < nbytes:
            # The old memory goes back first; on the same stream it may be given out again while it is still read.
            self._buffers.pop(name, None)
            self._graphs.clear()
            if held is not None:
                self._drop_staging(held.address)
            held = None
            with self._on_stream():
                try:
                    room = nbytes + nbytes // 4
                    self._buffers[name] = CudaBuffer(self._device.pool.malloc(room), room)
                except self._cupy.cuda.memory.OutOfMemoryError:
                    self._buffers[name] = CudaBuffer(self._device.pool.malloc(nbytes), nbytes)
            self._device.note_pool()
        return self._buffers[name]

    def upload(self, target: DeviceBuffer | At, array: npt.NDArray[Any]) -> None:
        place, nbytes = _address(target), array.nbytes
        with self._on_stream():
            source = array
            is_locked = self._runtime.pointerGetAttributes(array.ctypes.data).type == _PAGE_LOCKED
            staging = None
            if not is_locked and nbytes <= _STAGED_BYTES:
                staging = self._staged(_address(target.buffer if isinstance(target, At) else target), nbytes)
                source = staging.array[:nbytes]
                source[:] = array.reshape(-1).view(np.uint8)
            kind = self._runtime.memcpyHostToDevice
            self._runtime.memcpyAsync(place, source.ctypes.data, nbytes, kind, self._stream.ptr)
            if staging is not None:
                staging.used = self._stream.record()

    def copy_in(self, target: DeviceBuffer | At, array: npt.NDArray[Any]) -> None:
        if array.nbytes:
            self._copy(_address(target), _host_address(array), array.nbytes, self._runtime.memcpyHostToDevice)

    def _copy(self, target: int, source: int, nbytes: int, kind: int) -> None:
        """Enqueue a copy. No context is entered here: this is called for every slab."""
        device = self._device
        try:
            device.make_current()
            self._runtime.memcpyAsync(target, source, nbytes, kind, self._address)
        except Exception as error:
            raise device.narrow(error) from error

    def zero(self, place: DeviceBuffer | At, nbytes: int) -> None:
        with self._on_stream():
            self._runtime.memsetAsync(_address(place), 0, nbytes, self._stream.ptr)

    def repeat(self, name: str, launches: Callable[[], None]) -> None:
        graph: Any = self._graphs.get(name)
        if graph is None:  # at first as they are: a kernel may be loaded at its first launch, which no graph can hold
            self._graphs[name] = _NOT_CAPTURED
            launches()
            return
        if graph is _NOT_CAPTURED:
            graph = self._graphs[name] = self._captured(launches) or _NOT_CAPTURABLE
        if graph is _NOT_CAPTURABLE:
            launches()
            return
        device = self._device
        try:
            device.make_current()
            graph.launch(self._stream)
        except Exception as error:
            raise device.narrow(error) from error

    def _captured(self, launches: Callable[[], None]) -> Any:
        """A graph of launches; None where the driver makes none."""
        try:
            with self._on_stream():
                self._stream.begin_capture()
                try:
                    launches()
                finally:
                    graph = self._stream.end_capture()
        except DeviceError:
            return None
        return graph

    def launch(self, kernel: str, blocks: int, threads: int, *arguments: DeviceBuffer | At | np.generic[Any]) -> None:
        values = [value if isinstance(value, np.generic) else np.uint64(_address(value)) for value in arguments]
        with self._on_stream():
            self._device.kernel(kernel)((blocks,), (threads,), tuple(values))

    def download(self, place: DeviceBuffer | At, target: npt.NDArray[Any]) -> None:
        if target.nbytes:
            self._copy(_host_address(target), _address(place), target.nbytes, self._runtime.memcpyDeviceToHost)

    def host_array(self, name: str, dtype: npt.DTypeLike, count: int) -> npt.NDArray[Any]:
        nbytes = np.dtype(dtype).itemsize * count
        held = self._host.get(name)
        if held is None or len(held) < nbytes:
            self._host.pop(name, None)
            with self._on_stream():
                self._host[name] = self._page_locked(nbytes + nbytes // 4)
        return self._host[name][:nbytes].view(dtype)

    def release(self) -> None:
        self._graphs.clear()
        self._buffers.clear()
        for place in list(self._staging):
            self._drop_staging(place)

    def mark(self, name: str = "") -> Hashable:
        device = self._device
        try:
            device.make_current()
            event = self._events.get(name) if name else None
            if event is None:
                event = self._cupy.cuda.Event(block=True, disable_timing=not self._timed)
                if name:
                    self._events[name] = event
            event.record(self._stream)
        except Exception as error:
            raise device.narrow(error) from error
        return event  # type: ignore[no-any-return]  # CuPy has no types

    def wait(self, mark: Hashable) -> None:
        assert isinstance(mark, self._cupy.cuda.Event)
        device = self._device
        try:
            device.make_current()
            mark.synchronize()
        except Exception as error:
            raise device.narrow(error) from error

    def synchronize(self) -> None:
        self.wait(self.mark())  # a blocking event leaves the core to others, as synchronising the stream does not

    def elapsed(self, start: Hashable, end: Hashable) -> float:
        if not self._timed:
            return 0.0
        device = self._device
        try:
            device.make_current()
            return float(self._cupy.cuda.get_elapsed_time(start, end)) / 1000
        except Exception as error:
            raise device.narrow(error) from error

    @contextlib.contextmanager
    def _on_stream(self) -> Iterator[None]:
        with self._device.narrowed(), self._device.cuda, self._stream:
            yield

    def _staged(self, place: int, nbytes: int) -> _Staging:
        staging = self._staging.get(place)
        if staging is not None and staging.used is not None:
            staging.used.synchronize()  # before it is written again, and before it goes
        if staging is None or len(staging.array) < nbytes:
            staging = self._staging[place] = _Staging(self._page_locked(nbytes + nbytes // 4))
        return staging

    def _drop_staging(self, place: int) -> None:
        """Let go of what uploads to a buffer that is gone went through, once the last of them is done."""
        staging = self._staging.pop(place, None)
        if staging is not None and staging.used is not None:
            with self._on_stream():
                staging.used.synchronize()

    def _page_locked(self, nbytes: int) -> npt.NDArray[np.uint8]:
        size = max(nbytes, 1)
        pinned = self._cupy.cuda.pinned_memory
        memory = pinned.PinnedMemoryPointer(pinned.PinnedMemory(size), 0)
        return np.frombuffer(memory, np.uint8, size)


def _address(place: DeviceBuffer | At) -> int:
    buffer, offset = (place.buffer, place.offset) if isinstance(place, At) else (place, 0)
    assert isinstance(buffer, CudaBuffer)
    return buffer.address + offset


def _host_address(array: npt.NDArray[Any]) -> int:
    """Of an array that is writable and not empty; `array.ctypes.data` takes four times as long."""
    return ctypes.addressof(ctypes.c_char.from_buffer(array.data))
