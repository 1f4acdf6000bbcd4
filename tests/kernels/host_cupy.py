"""What exosuit asks of CuPy, carried out in host memory as late as CUDA may: when an event is waited for.

It proves the calls that a machine without a card cannot make: their order, what may change when, and what an error
becomes. That CuPy has these names, `test_cuda.py` asks CuPy itself.
"""

from __future__ import annotations

import ctypes
import weakref
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import cupy as real
import numpy as np

from exosuit_cli.kernels.sources import KERNELS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

NAMES = {
    "": ("RawModule", "ndarray"),
    "cuda": ("Device", "MemoryPool", "Stream", "Event", "get_elapsed_time", "UnownedMemory", "MemoryPointer"),
    "cuda.memory": ("OutOfMemoryError",),
    "cuda.runtime": (
        *("CUDARuntimeError", "memcpyAsync", "memsetAsync", "pointerGetAttributes"),
        *("memcpyHostToDevice", "memcpyDeviceToHost", "hostRegister", "hostUnregister", "getDeviceProperties"),
        *("deviceGetPCIBusId", "driverGetVersion", "runtimeGetVersion", "getDeviceCount"),
    ),
    "cuda.nvrtc": ("getVersion",),
    "cuda.driver": ("CUDADriverError",),
    "cuda.compiler": ("CompileException",),
    "cuda.pinned_memory": ("PinnedMemory", "PinnedMemoryPointer"),
}
"""Every name of CuPy that exosuit uses."""


class HostCupy(SimpleNamespace):
    """Stands where the module `cupy` stands."""

    def __init__(self, libraries: dict[str, ctypes.CDLL]) -> None:
        host = self
        self.pending: list[Callable[[], None]] = []
        self.done = 0
        self.captured: list[Callable[[], None]] | None = None
        self.refuses_capture = False
        self.launched_graphs = 0
        self.locked: dict[int, int] = {}
        self.allocated: list[npt.NDArray[np.uint8]] = []
        self.fail: Exception | None = None
        self.on_stream = False
        self.current = 0
        self.owners: list[int] = []

        class Pool:
            limit = 1 << 62

            def set_limit(self, size: int | None = None) -> None:
                self.limit = size or 1 << 62

            def total_bytes(self) -> int:
                pairs = zip(host.allocated, host.owners, strict=True)
                return sum(len(memory) for memory, owner in pairs if owner == host.current)

            def malloc(self, size: int) -> SimpleNamespace:
                assert host.on_stream
                if size > self.limit:
                    raise real.cuda.memory.OutOfMemoryError(size, 0, self.limit)
                memory = np.full(size + 256, 0x7B, np.uint8)
                host.owners.append(host.current)
                host.allocated.append(memory)  # a pool keeps what is given back while its stream may use it
                return SimpleNamespace(ptr=memory.ctypes.data + -memory.ctypes.data % 256)

        class Stream:
            ptr = 77

            def __init__(self, *, non_blocking: bool) -> None:
                assert non_blocking

            def __enter__(self) -> None:
                host.on_stream = True

            def __exit__(self, *_: object) -> None:
                host.on_stream = False

            def begin_capture(self) -> None:
                assert host.on_stream
                if host.refuses_capture:
                    raise real.cuda.runtime.CUDARuntimeError(900)
                host.captured = []

            def end_capture(self) -> Graph:
                assert host.captured is not None
                graph, host.captured = Graph(host.captured), None
                return graph

            def record(self) -> Event:
                event = Event()
                event.record(self)
                return event

        class Graph:
            def __init__(self, work: list[Callable[[], None]]) -> None:
                self.work = work

            def launch(self, stream: Stream) -> None:
                host.launched_graphs += 1
                for each in self.work:
                    host.enqueue(each)

        class Event:
            def __init__(self, *, block: bool = False, disable_timing: bool = False) -> None:
                self.place = -1

            def record(self, stream: Stream) -> None:
                self.place = len(host.pending)

            def synchronize(self) -> None:
                host.run_until(self.place)

        class RawModule:
            def __init__(self, *, code: str, backend: str, options: tuple[str, ...]) -> None:
                assert backend == "nvrtc"
                self.code = code

            def get_function(self, name: str) -> Callable[..., None]:
                assert f"{name}(" in self.code
                function = getattr(libraries[KERNELS[name]], f"emulated_{name}")
                function.restype = ctypes.c_char_p

                def launch(grid: tuple[int], block: tuple[int], arguments: tuple[np.generic, ...]) -> None:
                    assert host.on_stream
                    host.enqueue(lambda: call(function, grid[0], block[0], arguments))

                return launch

        class PinnedMemory:
            def __init__(self, size: int) -> None:
                self.array = np.full(size, 0x7B, np.uint8)
                address = self.array.ctypes.data
                host.locked[address] = size
                weakref.finalize(self.array, host.locked.pop, address, None)  # what comes to lie there is not locked

        class Device:
            def __init__(self, index: int) -> None:
                assert index >= 0
                self.index = index
                self.before: list[int] = []

            def __enter__(self) -> None:
                if host.fail is not None:
                    raise host.fail
                self.before.append(host.current)
                host.current = self.index

            def __exit__(self, *_: object) -> None:
                host.current = self.before.pop()

            def use(self) -> None:
                if host.fail is not None:
                    raise host.fail

        self.RawModule = RawModule
        runtime = SimpleNamespace(
            CUDARuntimeError=real.cuda.runtime.CUDARuntimeError,
            memcpyAsync=self._copy,
            memsetAsync=self._set,
            pointerGetAttributes=self._attributes,
            memcpyHostToDevice=1,
            memcpyDeviceToHost=2,
        )
        self.cuda = SimpleNamespace(
            Device=Device,
            MemoryPool=Pool,
            Stream=Stream,
            Event=Event,
            get_elapsed_time=lambda start, end: float(end.place - start.place),
            memory=real.cuda.memory,
            driver=real.cuda.driver,
            compiler=real.cuda.compiler,
            runtime=runtime,
            pinned_memory=SimpleNamespace(
                PinnedMemory=PinnedMemory, PinnedMemoryPointer=lambda memory, offset: memory.array[offset:]
            ),
        )

    def lock(self, array: npt.NDArray[Any]) -> None:
        """Page-lock memory, as hostRegister does."""
        self.locked[array.ctypes.data] = array.nbytes

    def enqueue(self, work: Callable[[], None]) -> None:
        (self.pending if self.captured is None else self.captured).append(work)

    def run_until(self, place: int) -> None:
        while self.done < place:
            self.pending[self.done]()
            self.done += 1

    def is_locked(self, address: int) -> bool:
        return any(start <= address < start + size for start, size in self.locked.items())

    def _attributes(self, address: int) -> SimpleNamespace:
        return SimpleNamespace(type=int(self.is_locked(address)))

    def _copy(self, target: int, source: int, size: int, kind: int, stream: int) -> None:
        assert stream == 77
        assert kind in {1, 2}
        if kind == 1 and not self.is_locked(source):  # the driver takes it before it returns
            content = ctypes.string_at(source, size)
            self.enqueue(lambda: _move(target, content, size))
        else:
            self.enqueue(lambda: _move(target, source, size))

    def _set(self, target: int, value: int, size: int, stream: int) -> None:
        assert stream == 77
        self.enqueue(lambda: (ctypes.memset(target, value, size), None)[1])


def _move(target: int, source: int | bytes, size: int) -> None:
    ctypes.memmove(target, source, size)


def call(function: Any, blocks: int, threads: int, arguments: tuple[np.generic, ...]) -> None:
    held = [np.array([argument]) for argument in arguments]
    pointers = (ctypes.c_void_p * len(held))(*(value.ctypes.data for value in held))
    sizes = (ctypes.c_uint * len(held))(*(value.itemsize for value in held))
    failure = function(blocks, threads, pointers, sizes, len(held))
    assert failure is None, failure
