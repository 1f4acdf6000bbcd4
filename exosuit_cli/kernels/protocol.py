"""What a backend must do. The CPU backend is the reference: every other one gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from exosuit_cli.model.slab import LineColumns, Slab, SlabColumns

DIGEST_WIDTH = {"blake3": 32, "xxh3": 16}
"""Bytes of a digest by the name of its algorithm: BLAKE3-256 and XXH3-128."""


class Kernels(Protocol):
    """The kernels of one device, bound to one digest algorithm."""

    device: str
    """`cpu`, or `cuda:N`."""

    def columns(self, slab: Slab) -> SlabColumns:
        """Compute every column of one slab of any number of files, zero included."""
        ...

    def lines(self, slab: Slab) -> LineColumns:
        """Compute the structure of every line of one slab."""
        ...
