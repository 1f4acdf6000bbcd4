"""Batched compute over a slab: digests, line counts, byte classes; one protocol, a backend a device."""

from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.protocol import Kernels

__all__ = ["CpuKernels", "Kernels"]
