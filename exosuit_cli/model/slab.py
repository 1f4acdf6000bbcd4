"""A slab: many whole files back to back in one buffer, the unit that a kernel reads and that crosses to a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TEXT_PROBE_BYTES = 8192
"""How far into a file the text-or-binary decision looks."""
SHEBANG_BYTES = 256
"""How far into a file the first line is looked at, as far as the Linux kernel does (BINPRM_BUF_SIZE)."""


@dataclass(frozen=True, slots=True)
class Slab:
    """Whole files, contiguous, in the order they were read.

    `data` is uint8[bytes], a view of a buffer that its owner fills again: valid until the next fill.
    `offsets` and `lengths` are int64[n], in bytes; file i is `data[offsets[i] : offsets[i] + lengths[i]]`.
    """

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets)


@dataclass(frozen=True, slots=True)
class SlabColumns:
    r"""What the kernels compute over one slab of n files; every backend gives the same bytes.

    digests: uint8[n, width], width 32 for blake3 and 16 for xxh3 (XXH3-128, canonical big-endian form).
    newlines: int64[n], the number of b"\\n" bytes.
    last_bytes: int16[n], the last byte of each file, -1 for an empty one.
    max_bytes: uint8[n], the largest byte; below 128 means ASCII; 0 for an empty file.
    has_nul: bool[n], a NUL within the first `TEXT_PROBE_BYTES` bytes.
    """

    digests: npt.NDArray[np.uint8]
    newlines: npt.NDArray[np.int64]
    last_bytes: npt.NDArray[np.int16]
    max_bytes: npt.NDArray[np.uint8]
    has_nul: npt.NDArray[np.bool_]
