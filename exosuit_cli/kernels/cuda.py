"""A CUDA card through CuPy: its kernels, its memory, and what its errors mean.

This module alone imports CuPy for kernels, when a card is opened.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from exosuit_cli.kernels.cuda_queue import CudaQueue
from exosuit_cli.kernels.device import DeviceError, DeviceLost, DeviceOutOfMemory
from exosuit_cli.kernels.sources import KERNELS, MODULES, module_source

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPILE_OPTIONS = ("-std=c++17",)
_OUT_OF_MEMORY = 2  # cudaErrorMemoryAllocation, and CUDA_ERROR_OUT_OF_MEMORY of the driver's interface


class CudaDevice:
    """One card: its compiled kernels and its memory, shared by its queues.

    Args:
        index: N of `cuda:N`, as CUDA counts the cards that are visible.
        memory_limit: bytes that all queues' buffers together may take; None for what the card has.

    Raises:
        DeviceError: no driver, no such card, or no CuPy.

    """

    def __init__(self, index: int, memory_limit: int | None = None) -> None:
        self.name = f"cuda:{index}"
        try:
            import cupy
        except ImportError as error:
            raise DeviceError(
                f"device {self.name}: CuPy is not installed ({error}); install exosuit-cli[gpu13] or [gpu12]"
            ) from error
        self.cupy = cupy
        try:
            with self.narrowed():
                self.cuda = cupy.cuda.Device(index)
                self.pool = cupy.cuda.MemoryPool()
                with self.cuda:
                    self.pool.set_limit(size=memory_limit)
        except DeviceLost as error:
            raise DeviceError(f"{error}; nvidia-smi shows the driver and its cards") from error
        self.peak_bytes = 0
        self._current = threading.local()
        self._modules: dict[str, Any] = {}
        self._kernels: dict[str, Any] = {}

    def note_pool(self) -> None:
        """Keep the most that the pool has held on this card: CuPy answers for the current one."""
        with self.cuda:
            self.peak_bytes = max(self.peak_bytes, int(self.pool.total_bytes()))

    def compile(self) -> None:
        """Make every kernel ready; CuPy keeps what it compiled in its cache directory."""
        with self.narrowed(), self.cuda:
            for module in MODULES:
                code = module_source(module)
                self._modules[module] = self.cupy.RawModule(code=code, backend="nvrtc", options=COMPILE_OPTIONS)
            for kernel, module in KERNELS.items():
                self._kernels[kernel] = self._modules[module].get_function(kernel)

    def kernel(self, name: str) -> Any:
        """A kernel as `cupy.RawKernel`: also its `num_regs`, `local_size_bytes` and `shared_size_bytes`."""
        if name not in self._kernels:
            self.compile()
        return self._kernels[name]

    def queue(self, *, timed: bool = False) -> CudaQueue:
        """A further queue; with `timed`, its marks carry the time for `CudaQueue.elapsed`."""
        with self.narrowed():
            return CudaQueue(self, timed=timed)

    def make_current(self) -> None:
        """Have this thread call this card, where it does not already: CUDA keeps one current card a thread."""
        if not getattr(self._current, "is_set", False):
            self.cuda.use()
            self._current.is_set = True

    @contextlib.contextmanager
    def narrowed(self) -> Iterator[None]:
        """Raise what CuPy, the runtime and the driver raise as a narrow error of ours."""
        try:
            yield
        except DeviceError:
            raise
        except Exception as error:
            raise self.narrow(error) from error

    def narrow(self, error: Exception) -> Exception:
        """The error of ours that an error of CuPy, the runtime or the driver means; any other error as it is."""
        cuda = self.cupy.cuda
        if isinstance(error, cuda.memory.OutOfMemoryError):
            return DeviceOutOfMemory(f"device {self.name}: {error}")
        if isinstance(error, (cuda.runtime.CUDARuntimeError, cuda.driver.CUDADriverError)):
            kind = DeviceOutOfMemory if error.status == _OUT_OF_MEMORY else DeviceLost
            return kind(f"device {self.name}: {error}")
        if isinstance(error, cuda.compiler.CompileException):
            return DeviceError(f"device {self.name}: its kernels do not compile: {error}")
        if isinstance(error, RuntimeError):  # NVRTC's own, and what CuPy raises where it finds no CUDA headers
            return DeviceError(f"device {self.name}: its kernels cannot be built: {error}")
        return error
