"""Which device computes: `cpu`, `cuda:N` as a demand, or `auto`, which says what it chose and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exosuit_cli.model.errors import ResourceMissing, UsageError

if TYPE_CHECKING:
    from exosuit_cli.kernels.protocol import Kernels


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """The device a run computes on, and the reason, in words for a person."""

    device: str
    reason: str


def choose_device(request: str) -> DeviceChoice:
    """Resolve `auto`, `cpu` or `cuda:N`.

    Raises UsageError for any other word, and ResourceMissing for a CUDA device: this version has no CUDA backend, and
    a demand is never answered by another device.
    """
    if request == "cpu":
        return DeviceChoice("cpu", "asked for")
    if request == "auto":
        return DeviceChoice("cpu", "this version computes on the CPU only")
    if re.fullmatch(r"cuda:\d+", request):
        raise ResourceMissing(f"device {request}: this version has no CUDA backend; use --device cpu or --device auto")
    raise UsageError(f"unknown device {request!r}: expected auto, cpu or cuda:N, for example cuda:0")


def load_kernels(device: str, algorithm: str) -> Kernels:
    """The backend for a device that `choose_device` returned, computing digests with `blake3` or `xxh3`."""
    from exosuit_cli.kernels.cpu import CpuKernels

    if device != "cpu":
        raise ResourceMissing(f"device {device}: this version has no CUDA backend")
    return CpuKernels(algorithm)
