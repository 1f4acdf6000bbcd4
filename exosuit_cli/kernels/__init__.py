"""Batched compute over a slab: digests, line counts, byte classes; one protocol, a backend a device."""

from exosuit_cli.kernels.protocol import DIGEST_WIDTH, Kernels
from exosuit_cli.kernels.select import DeviceChoice, choose_device, load_kernels

__all__ = ["DIGEST_WIDTH", "DeviceChoice", "Kernels", "choose_device", "load_kernels"]
