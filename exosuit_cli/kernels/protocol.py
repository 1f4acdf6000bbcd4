"""What a backend must do. The CPU backend is the reference: every other one gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab, SlabBuffers, SlabColumns, TokenColumns


class PendingSlab(Protocol):
    """A slab that was begun."""

    def finish(self) -> tuple[SlabColumns, LineColumns | None]:
        """Wait for its columns and lines.

        The lines are None where they were not wanted, and where it is faster to ask `Kernels.lines` for the lines of
        the text files alone.
        """
        ...

    def tokens(self) -> TokenColumns | None:
        """The tokens of its files and lines, once `finish` has returned.

        None where they were not wanted, and where this backend does not count: a counter on the CPU does then.
        """
        ...


def check_width(width: int) -> None:
    """Raise ValueError for a width that no backend cuts a BLAKE3 digest to."""
    if width % 4 or not 4 <= width <= 32:
        raise ValueError(f"a digest of {width} bytes: expected a multiple of 4 from 4 to 32")


class Kernels(Protocol):
    """The kernels of one device, bound to one digest algorithm."""

    device: str
    """`cpu`, or `cuda:N`."""

    def buffers(self, nbytes: int, *, lines: bool) -> Sequence[npt.NDArray[np.uint8]] | SlabBuffers:
        """Memory for slabs of up to `nbytes`, best for this device; as many as may be begun and not finished.

        `lines`: the lines of the slabs will be wanted, too. Call it once.
        """
        ...

    def begin(self, slab: Slab, *, lines: bool, tokens: str | None = None) -> PendingSlab:
        """Start to compute the columns of a slab, which stays as it is until they are finished.

        `tokens` names the encoding to count in, where counts are wanted.

        This is fastest for a slab that begins where one of `buffers` begins. Results are valid until the next slab in
        the same buffer is begun.
        """
        ...

    def columns(self, slab: Slab) -> SlabColumns:
        """Compute every column of one slab of any number of files, zero included."""
        ...

    def lines(self, slab: Slab) -> LineColumns:
        """Compute the structure of every line of one slab."""
        ...

    def span_digests(
        self, data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
    ) -> npt.NDArray[np.uint8]:
        """BLAKE3 of any k spans of `data`, also where files have another digest: uint8[k, width].

        `width` is a multiple of 4 from 4 to 32: the first bytes of BLAKE3-256. Spans may overlap.
        """
        ...
