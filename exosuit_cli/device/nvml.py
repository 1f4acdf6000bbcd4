"""NVML: which card is which, and what its memory holds, without starting CUDA."""

from __future__ import annotations

import os
from typing import Any

ORDER = ("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
"""The order of NVML, which names a card without starting CUDA."""
SPLIT = "the card is split (MIG), and NVML gives figures of the whole card"


class Nvml:
    """NVML for the time of a block; None where it is not there."""

    def __enter__(self) -> Any:
        self._nvml: Any = None
        try:
            import pynvml

            pynvml.nvmlInit()
        except ImportError:
            return None
        except pynvml.NVMLError:
            return None
        self._nvml = pynvml
        return pynvml

    def __exit__(self, *_: object) -> None:
        if self._nvml is not None:
            self._nvml.nvmlShutdown()


def visible(nvml: Any, index: int) -> Any:
    """NVML's handle of what CUDA calls card `index`: by the numbers or names that the environment leaves visible.

    Raises LookupError where the environment orders or splits the cards in a way that NVML does not follow: figures of
    another card are worse than none.
    """
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    name = str(index) if listed is None else listed.split(",")[index].strip()
    if name.startswith("MIG-"):
        raise LookupError(SPLIT)
    if "-" in name:
        handle = nvml.nvmlDeviceGetHandleByUUID(name)
    else:
        if os.environ.get(ORDER[0], ORDER[1]) != ORDER[1] and nvml.nvmlDeviceGetCount() > 1:
            raise LookupError(f"{ORDER[0]} is not {ORDER[1]}, the order of NVML")
        handle = nvml.nvmlDeviceGetHandleByIndex(int(name))
    if is_split(nvml, handle):
        raise LookupError(SPLIT)
    return handle


def is_split(nvml: Any, handle: Any) -> bool:
    """Whether the card is divided into instances (MIG)."""
    try:
        return bool(nvml.nvmlDeviceGetMigMode(handle)[0])
    except nvml.NVMLError:  # a card that cannot be divided
        return False


def driver_version() -> str | None:
    """That of the cards' driver; None without NVML."""
    with Nvml() as nvml:
        try:
            return str(nvml.nvmlSystemGetDriverVersion()) if nvml is not None else None
        except nvml.NVMLError:
            return None
