"""Every backend that the contract is held against: the CPU's, and the device's on an emulated queue."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exosuit_cli.kernels import CpuKernels
from exosuit_cli.kernels.device_kernels import DeviceKernels

from .emulated import EmulatedQueue, built_libraries, load

if TYPE_CHECKING:
    import ctypes

    from exosuit_cli.kernels import Kernels

BACKENDS = ("cpu", EmulatedQueue.device)


@functools.cache
def libraries() -> dict[str, ctypes.CDLL]:
    """The kernels compiled for the CPU, once a run."""
    return load(built_libraries())


def kernels_for(device: str, algorithm: str) -> Kernels:
    """A new backend."""
    if device == EmulatedQueue.device:
        return DeviceKernels(EmulatedQueue(libraries()), algorithm)
    return CpuKernels(algorithm)
