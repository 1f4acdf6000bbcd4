"""Which texts were cut by structure although `ast` was asked for: why, and in which language."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from exosuit_cli.chunk.batch import BatchBuilder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.chunk.batch import Chunking
    from exosuit_cli.chunk.slab_chunks import SlabChunks

Fallbacks = Counter[tuple[str, str]]
"""Number of files by the reason (see `syntax.NoSyntax`) and the language, "" where that is not known."""


class FallbackBuilder(BatchBuilder):
    """Collects the chunks of the files at `paths` in order, and which of the files fell back."""

    def __init__(self, chunking: Chunking, paths: list[bytes]) -> None:
        super().__init__(chunking, paths)
        self._reasons: dict[int, tuple[str, str]] = {}

    def add_slab(self, positions: Sequence[int], slab: SlabChunks) -> None:
        """See `BatchBuilder.add_slab`. The first segment of a file that fell back gives the reason."""
        super().add_slab(positions, slab)
        for position, language, fallback in zip(positions, slab.languages, slab.fallbacks, strict=True):
            if fallback is not None:
                self._reasons.setdefault(position, (fallback, language))

    def forget(self, position: int) -> None:
        """See `BatchBuilder.forget`."""
        super().forget(position)
        self._reasons.pop(position, None)

    def fallbacks(self) -> Fallbacks:
        """The fallbacks of the files that were added so far."""
        return Counter(self._reasons.values())
