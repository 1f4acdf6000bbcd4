"""How large the slabs of a device are, and how many its workers share with its owner."""

from __future__ import annotations

from typing import Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.digests import DIGESTS

SLAB_BYTES: Final = 8 << 20
"""The slab of a device: so large that its copy runs near the full speed of the link and its owner is not the wall, and
so small that many workers share the last files evenly, and that the slots of all take little page-locked memory."""
BATCH_FILES: Final = 1024
"""The most files of a batch whose slabs a device computes: fewer would not fill a slab with small files, and of more
the last ones would keep a few workers busy while the others wait."""
SLOTS: Final = 2
"""Slabs of a worker: one is with the device, or what was found of it is made use of, while the next is filled."""
_LINE: Final = 12
"""Bytes of a mean line: the results have room for as many lines as a slab of such lines has."""


@dataclass(frozen=True, slots=True)
class RingSizes:
    """The slots that the owner of a card shares with its workers: how many, and what each has room for.

    `lines` is 0 where none will be wanted; `width` is that of a digest in bytes.
    """

    slots: int
    slab_bytes: int
    files: int
    lines: int
    width: int


def ring_sizes(workers: int, slab_bytes: int, files: int, algorithm: str, *, lines: bool) -> RingSizes:
    """The slots that so many workers need: with fewer, one that has a slab computed waits for another's."""
    return RingSizes(SLOTS * workers, slab_bytes, files, slab_bytes // _LINE if lines else 0, DIGESTS[algorithm].width)
