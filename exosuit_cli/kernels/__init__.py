"""Batched compute over a slab: digests, byte classes, lines and their structure, tokens.

One protocol, a backend a device.
"""

from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.protocol import Kernels

__all__ = ["CpuKernels", "Kernels"]
