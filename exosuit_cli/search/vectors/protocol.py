"""What makes vectors of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

Text: TypeAlias = "bytes | str"


class Embedder(Protocol):
    """Makes vectors of texts: of unit length, or zero for a text that says nothing to the model."""

    @property
    def name(self) -> str:
        """What tells its vectors from those of every other model, in at most 40 characters."""
        ...

    @property
    def dimensions(self) -> int:
        """The width of a vector."""
        ...

    def embed(self, texts: Sequence[Text]) -> npt.NDArray[np.float32]:
        """The vectors of documents, float32[n, dimensions]. Bytes that are not UTF-8 are replaced."""
        ...

    def embed_queries(self, texts: Sequence[Text]) -> npt.NDArray[np.float32]:
        """The vectors of questions to these documents, float32[n, dimensions]."""
        ...


def unit_rows(rows: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """Rows of unit length, float32[n, width]; a row that is zero, or no number, becomes zero."""
    wide = rows.astype(np.float64)
    largest = np.abs(wide).max(axis=1, initial=0.0, keepdims=True)
    usable = np.isfinite(largest) & (largest > 0)
    wide = np.where(usable, wide, 0.0) / np.where(usable, largest, 1.0)  # a square of it may be beyond every float
    length = np.sqrt((wide * wide).sum(axis=1, keepdims=True))
    return (wide / np.where(length > 0, length, 1.0)).astype(np.float32)


def as_text(text: Text) -> str:
    """The text as a string."""
    return text if isinstance(text, str) else text.decode("utf-8", "replace")


def as_bytes(text: Text) -> bytes:
    """The text as bytes."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
