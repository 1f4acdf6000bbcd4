"""Vectors in the memory of a card, where all of them are compared with a question: blocks of the tier `vram`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.kernels.device import DeviceOutOfMemory
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.tiers.protocol import Entry, key_of
from exosuit_cli.tiers.vram import ID_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from exosuit_cli.search.vectors.matrix import VectorMatrix
    from exosuit_cli.tiers.vram import DeviceIds, VramTier

_MOST_BLOCK: Final = 1 << 20
"""Bytes of a block: the largest that the tier takes."""


class CardVectors:
    """A matrix of vectors on a card. They stay there as payloads of its tier, until this is closed.

    The card finds the nearest of all; their cosines are then computed here, from the matrix, so that a card changes no
    answer but where two vectors are equally near to the last bit.

    Args:
        tier: on the card; the caller closes it.
        matrix: of which the values go there, as they are packed.
        arrays: the module that computes: CuPy, unless a test has another.
        view: an array of that module over memory of the card, of bytes.

    Raises:
        DeviceOutOfMemory: the tier has no room for all of them; nothing stays there.

    """

    def __init__(
        self,
        tier: VramTier,
        matrix: VectorMatrix,
        arrays: Any = None,
        view: Callable[[DeviceIds], Any] | None = None,
    ) -> None:
        self._arrays = cupy_module() if arrays is None else arrays
        self._tier, self._matrix, self._view = tier, matrix, view
        values = matrix.columns["values"]
        self._width = -(-values.shape[1] * values.itemsize // ID_BYTES) * ID_BYTES // values.itemsize
        rows = max(min(tier.usage().largest_bytes or 0, _MOST_BLOCK) // (self._width * values.itemsize), 1)
        self._keys: list[bytes] = []
        self._blocks: list[Any] = []
        try:
            for start in range(0, len(values), rows):
                self._put(values[start : start + rows])
        except BaseException:
            self.close()
            raise
        scales = matrix.columns["scales"]
        self._scales = self._arrays.asarray(scales) if len(scales) else None

    def nearest(
        self, query: npt.NDArray[np.float32], top: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """As `VectorMatrix.nearest`, of all vectors."""
        arrays = self._arrays
        padded = np.zeros(self._width, np.float32)
        padded[: len(query)] = query
        there = arrays.asarray(padded)
        parts = [block.astype(np.float32) @ there for block in self._blocks]
        if not parts:
            return self._matrix.ranked(np.zeros(0, np.int64), query)
        scores = arrays.concatenate(parts)
        if self._scales is not None:
            scores = scores * self._scales
        top = min(top, len(scores))
        best = arrays.argpartition(-scores, top - 1)[:top] if 0 < top < len(scores) else arrays.arange(top)
        found = best if isinstance(best, np.ndarray) else best.get()
        return self._matrix.ranked(found.astype(np.int64), query)

    def _put(self, values: npt.NDArray[Any]) -> None:
        """Let a block of rows be on the card, each padded to whole words of the tier."""
        padded = np.zeros((len(values), self._width), values.dtype)
        padded[:, : values.shape[1]] = values
        data = padded.tobytes()
        entry = Entry(key_of(data), data, len(data) // ID_BYTES)
        if self._tier.put([entry]) != 1:
            raise DeviceOutOfMemory(f"the tier vram has no room for {len(self._matrix):,} vectors; raise its budget")
        self._keys.append(entry.key)
        (ids,) = self._tier.ids([entry.key])
        assert ids is not None
        memory = self._arrays.asarray(ids).view(np.uint8) if self._view is None else self._view(ids)
        self._blocks.append(memory.view(values.dtype).reshape(padded.shape))

    def close(self) -> None:
        """Give the memory back to the tier."""
        self._blocks.clear()
        self._tier.discard(self._keys)
        self._keys.clear()


def cupy_module() -> Any:
    """CuPy. Raises ResourceMissing where it is not installed."""
    try:
        import cupy
    except ImportError as error:
        raise ResourceMissing("vectors on a card need CuPy; install it: pip install 'exosuit-cli[gpu13]'") from error
    return cupy
