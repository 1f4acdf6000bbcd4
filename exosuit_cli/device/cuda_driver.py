"""The driver of NVIDIA cards: CuPy for the work, NVML for names and memory."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
from typing import TYPE_CHECKING, Any

from exosuit_cli.device.cupy_import import cupy_module, cupy_package
from exosuit_cli.device.driver import Card, Usage
from exosuit_cli.device.nvml import SPLIT, Nvml, driver_version, is_split, visible
from exosuit_cli.model.errors import ResourceMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from exosuit_cli.kernels.cuda import CudaDevice
    from exosuit_cli.kernels.cuda_queue import CudaQueue

EXTRAS = "install exosuit-cli[gpu13] for CUDA 13 or exosuit-cli[gpu12] for CUDA 12"
_CONTROL_FILES = ("/dev/nvidiactl", "/dev/nvidia0", "/proc/driver/nvidia", "/dev/dxg")
"""Made by NVIDIA's driver for Linux, the first two at the first call where nothing made them earlier; the last is made
by Windows for the Linux in it."""
_LIBRARY = "libcuda.so.1"
_LIBRARY_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/nvidia/lib64",
    "/usr/lib/wsl/lib",
)  # fmt: skip
_ANSWER_SECONDS = 10


def why_not(index: int) -> str | None:  # noqa: ARG001  (which card is there is seen when it is opened)
    """Why card `index` certainly cannot be used, and what to do; None if it may be."""
    is_known = any(map(os.path.exists, _CONTROL_FILES))
    if not is_known and not (_has_driver_library() and _answers_in_a_child()):
        return "there is no NVIDIA card, or its driver is not loaded"
    if importlib.util.find_spec("cupy") is None:
        return f"CuPy is not installed; {EXTRAS}"
    return None


def _has_driver_library() -> bool:
    """Whether the driver's library lies where the loader looks: a few stats, since most machines have no card."""
    named = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    return any(os.path.exists(os.path.join(folder, _LIBRARY)) for folder in (*named, *_LIBRARY_FOLDERS) if folder)


@functools.cache
def _answers_in_a_child() -> bool:
    """Whether the driver starts: asked by a process of its own, which a fork of ours must not inherit."""
    import subprocess
    from multiprocessing import spawn  # only now: mostly there is no driver

    program = f"import ctypes, sys; sys.exit(min(ctypes.CDLL({_LIBRARY!r}).cuInit(0), 1))"
    try:
        done = subprocess.run(  # noqa: S603  (this interpreter, and a program of our own)
            [spawn.get_executable(), "-I", "-S", "-c", program],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=_ANSWER_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def count() -> int:
    """The cards that CUDA sees."""
    try:
        cupy = cupy_module()
        return int(cupy.cuda.runtime.getDeviceCount())
    except Exception:  # noqa: BLE001  (any error means that no card can be opened; opening one will say why)
        return 0


def identity(index: int) -> str | None:
    """Card and driver by NVML, CuPy by its package; None without one of them."""
    package = cupy_package()
    with Nvml() as nvml:
        if nvml is None or package is None:
            return None
        try:
            handle = visible(nvml, index)
            uuid, driver = nvml.nvmlDeviceGetUUID(handle), nvml.nvmlSystemGetDriverVersion()
        except (nvml.NVMLError, LookupError, ValueError):
            return None
    return f"{uuid}, driver {driver}, {package}"


def open_card(index: int, limit_bytes: int) -> OpenCudaCard:
    """Open a card and build its kernels. Raises ResourceMissing with the reason and the remedy."""
    reason = why_not(index)
    if reason is not None:
        raise ResourceMissing(reason)
    return OpenCudaCard(index, limit_bytes)


class OpenCudaCard:
    """A card that is open in this process."""

    def __init__(self, index: int, limit_bytes: int) -> None:
        from exosuit_cli.kernels.cuda import CudaDevice

        _check(index)
        self._device: CudaDevice = CudaDevice(index, limit_bytes or None)
        self._device.compile()
        self.card = _card(index, self._device)
        with self._device.narrowed():
            self._bus_id = str(self._device.cupy.cuda.runtime.deviceGetPCIBusId(index))

    def queue(self) -> CudaQueue:
        return self._device.queue(timed=True)

    @contextlib.contextmanager
    def named_range(self, name: str) -> Iterator[None]:
        nvtx = self._device.cupy.cuda.nvtx
        nvtx.RangePush(name)
        try:
            yield
        finally:
            nvtx.RangePop()

    def pin(self, memory: npt.NDArray[Any]) -> None:
        with self._device.narrowed(), self._device.cuda:
            self._device.cupy.cuda.runtime.hostRegister(memory.ctypes.data, memory.nbytes, 0)

    def unpin(self, memory: npt.NDArray[Any]) -> None:
        with self._device.narrowed(), self._device.cuda:
            self._device.cupy.cuda.runtime.hostUnregister(memory.ctypes.data)

    def give_back(self) -> None:
        with self._device.narrowed(), self._device.cuda:
            self._device.pool.free_all_blocks()

    def usage(self) -> Usage:
        pool = self._device.peak_bytes
        with Nvml() as nvml:
            if nvml is None:
                return Usage(pool_peak_bytes=pool, reason="NVML is not there")
            try:
                handle = nvml.nvmlDeviceGetHandleByPciBusId(self._bus_id)
                if is_split(nvml, handle):
                    return Usage(pool_peak_bytes=pool, reason=SPLIT)
                memory = nvml.nvmlDeviceGetMemoryInfo(handle)
                own = [
                    process.usedGpuMemory
                    for process in nvml.nvmlDeviceGetComputeRunningProcesses(handle)
                    if process.pid == os.getpid()
                ]
            except nvml.NVMLError as error:
                return Usage(pool_peak_bytes=pool, reason=f"NVML gives none: {error}")
        return Usage(pool, own[0] if own else None, int(memory.used), int(memory.total))


def _check(index: int) -> None:
    """Raise ResourceMissing early, in plain words, for what CuPy would report later and less clearly."""
    try:
        cupy = cupy_module()
        from cupy.cuda import nvrtc
    except (ImportError, OSError) as error:
        raise ResourceMissing(f"CuPy cannot be loaded ({error}); {EXTRAS}") from error
    runtime = cupy.cuda.runtime
    try:
        driver, built = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    except runtime.CUDARuntimeError as error:
        raise ResourceMissing(f"the CUDA runtime does not answer ({error}); {EXTRAS}") from error
    if not driver:
        raise ResourceMissing("the NVIDIA driver is not loaded; nvidia-smi shows what it knows")
    if driver // 1000 < built // 1000:
        raise ResourceMissing(
            f"the driver supports CUDA {_version(driver)} and CuPy is built for {_version(built)}; "
            "update the driver, or install the extra for its CUDA: gpu12 or gpu13"
        )
    try:
        count = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        raise ResourceMissing(f"the driver does not answer ({error}); nvidia-smi shows what it knows") from error
    if index >= count:
        held = "only cuda:0 is here" if count == 1 else f"there are cuda:0 to cuda:{count - 1}"
        raise ResourceMissing(f"{held}; CUDA_VISIBLE_DEVICES may hide others")
    try:
        nvrtc.getVersion()
    except Exception as error:  # the library is loaded here, and fails in ways of its own
        raise ResourceMissing(f"NVRTC, which builds the kernels, cannot be loaded ({error}); {EXTRAS}") from error


def _card(index: int, device: CudaDevice) -> Card:
    from cupy.cuda import nvrtc

    from exosuit_cli.kernels.device import DeviceLost

    runtime = device.cupy.cuda.runtime
    try:
        properties = runtime.getDeviceProperties(index)
        driver, built = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    except runtime.CUDARuntimeError as error:
        raise DeviceLost(f"device cuda:{index}: {error}") from error
    major, minor = nvrtc.getVersion()
    return Card(
        index=index,
        name=properties["name"].decode(),
        memory_bytes=int(properties["totalGlobalMem"]),
        compute_capability=f"{properties['major']}.{properties['minor']}",
        driver=driver_version() or f"for CUDA {_version(driver)}",
        cuda=_version(built),
        nvrtc=f"{major}.{minor}",
        cupy=device.cupy.__version__,
    )


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"
