"""Batched compute over a slab: digests, line counts, byte classes; one protocol, a backend a device."""

from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.protocol import DIGEST_WIDTH, Kernels

__all__ = ["DIGEST_WIDTH", "CpuKernels", "Kernels"]
