"""What a run of cutting amounts to: how many chunks, how full, how often a cut was forced, what repeats."""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.chunk.flag_kinds import FLAG_NAMES, Flag
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.boundary import Boundary

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.chunk.records import FileChunks

_SUMS = np.arange(len(FLAG_NAMES))


@dataclass(slots=True)
class ChunkStatistics:
    """Sums over chunks under one cap of `max_tokens`; `merge` is associative.

    `sizes` is int64[max_tokens + 1]: the number of chunks by their tokens. `boundaries` is int64[len(Boundary)]: by
    what they begin at. `repeated_chunks` and `repeated_tokens` are those whose bytes came before. `fallbacks` counts
    files by the reason why they were cut by structure although `ast` was asked for. `flags` is int64[flags], the number
    of chunks by each of `Flag`. `contexts` is the number of chunks that are emitted with a context, `context_tokens`
    the tokens of these contexts; `sizes` counts them too.
    """

    max_tokens: int
    files: int = 0
    bytes: int = 0
    repeated_chunks: int = 0
    repeated_tokens: int = 0
    contexts: int = 0
    context_tokens: int = 0
    fallbacks: Counter[str] = field(default_factory=Counter)
    sizes: npt.NDArray[np.int64] = field(init=False)
    boundaries: npt.NDArray[np.int64] = field(init=False)
    flags: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.sizes = np.zeros(self.max_tokens + 1, np.int64)
        self.boundaries = np.zeros(len(Boundary), np.int64)
        self.flags = np.zeros(len(Flag), np.int64)

    def add(self, chunks: FileChunks, files: int = 1) -> None:
        """Take in the chunks of one file, or of several at once."""
        self.files += files
        self.bytes += chunks.size
        self.sizes += np.bincount(chunks.tokens, minlength=len(self.sizes))
        self.boundaries += np.bincount(chunks.boundaries, minlength=len(self.boundaries))
        if chunks.flags is not None:
            sums = np.bincount(chunks.flags, minlength=len(FLAG_NAMES))
            self.flags += [int(sums[_SUMS & flag != 0].sum()) for flag in Flag]
        if chunks.contexts is not None:
            self.contexts += int(chunks.contexts.in_text.sum())
            self.context_tokens += int(chunks.contexts.tokens[chunks.contexts.in_text].sum())
        if chunks.fallback is not None:
            self.fallbacks[chunks.fallback] += 1

    def merge(self, other: ChunkStatistics) -> None:
        """Take in the sums of other files."""
        self.files += other.files
        self.bytes += other.bytes
        self.contexts += other.contexts
        self.context_tokens += other.context_tokens
        self.repeated_chunks += other.repeated_chunks
        self.repeated_tokens += other.repeated_tokens
        self.fallbacks.update(other.fallbacks)
        self.sizes += other.sizes
        self.boundaries += other.boundaries
        self.flags += other.flags

    @property
    def chunks(self) -> int:
        """Number of chunks, repeated ones included."""
        return int(self.sizes.sum())

    @property
    def tokens(self) -> int:
        """Tokens of all chunks, repeated ones included."""
        return int(self.sizes @ np.arange(len(self.sizes)))

    @property
    def fill(self) -> float | None:
        """Mean of tokens / cap; None without chunks."""
        return self.tokens / self.max_tokens / self.chunks if self.chunks else None

    @property
    def forced(self) -> int:
        """Chunks that begin within a line."""
        return int(self.boundaries[Boundary.FORCED])

    def percentile(self, share: float) -> int | None:
        """The least number of tokens that `share` (0 to 1) of the chunks do not exceed; None without chunks."""
        if not self.chunks:
            return None
        return int(np.searchsorted(np.cumsum(self.sizes), share * self.chunks, "left"))
