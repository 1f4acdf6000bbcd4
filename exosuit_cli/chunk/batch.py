"""The chunks of a batch of files on their way from a worker to whoever writes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from exosuit_cli.chunk.records import join
from exosuit_cli.chunk.slab_chunks import slab_chunks
from exosuit_cli.chunk.statistics import ChunkStatistics
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.symbols import NO_SYMBOLS

if TYPE_CHECKING:
    import mmap
    from collections.abc import Sequence

    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.chunk.records import FileChunks
    from exosuit_cli.chunk.slab_chunks import SlabChunks


class Rendered(NamedTuple):
    """Chunks in the form of an output: that of chunk i is the next `sizes[i]` bytes, the first `heads[i]` its head.

    `sizes` and `heads` are int64[n].
    """

    content: bytes
    sizes: npt.NDArray[np.int64]
    heads: npt.NDArray[np.int64]


NOTHING: Final = Rendered(b"", np.zeros(0, np.int64), np.zeros(0, np.int64))
"""No chunks, in any form."""


class Renderer(Protocol):
    """Puts chunks into the form of an output; it crosses to the workers, which do the work."""

    needs_symbols: bool
    """Whether the writer needs symbols beside what was rendered; else they stay with the workers."""

    def render(self, slab: SlabChunks) -> Rendered:
        """The chunks of some texts, one after the other.

        A repeated chunk keeps its head; the writer decides what replaces the rest.
        """
        ...


@dataclass(frozen=True, slots=True)
class Chunking:
    """What a worker needs to chunk: how to cut, and what to make of it; whether chunks get flags."""

    options: ChunkOptions
    renderer: Renderer
    with_flags: bool = True

    @property
    def encoding(self) -> str:
        """The encoding that tokens are counted in."""
        return self.options.encoding

    @property
    def needs_table(self) -> bool:
        """Whether the table of tokens is needed beside the vocabulary: always, to find the tokens before a line."""
        return True


@dataclass(frozen=True, slots=True)
class RenderedBatch:
    """What was rendered of the first files of a batch: text i is the next `sizes[i]` bytes of `rendered`."""

    rendered: bytes | mmap.mmap
    sizes: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ChunkBatch(RenderedBatch):
    """The chunks of the first files of a batch, file by file, each rendered as one text.

    `counts` is int64[files], the chunks of each file; `guessed` is bool[files], as in `FileChunks`. `chunks` has those
    of all files, with symbols where `Renderer.needs_symbols`. Of the text of chunk i, the first `heads[i]` bytes
    are its head.
    """

    counts: npt.NDArray[np.int64]
    guessed: npt.NDArray[np.bool_]
    chunks: FileChunks
    heads: npt.NDArray[np.int64]
    statistics: ChunkStatistics

    def __len__(self) -> int:
        return len(self.chunks)


class BatchBuilder:
    """Collects the chunks of the files at `paths` in order."""

    def __init__(self, chunking: Chunking, paths: list[bytes]) -> None:
        self._renderer = chunking.renderer
        self._with_flags = chunking.with_flags
        self._max_tokens = chunking.options.max_tokens
        self._paths = paths
        self._counts = np.zeros(len(paths), np.int64)
        self._guessed = np.zeros(len(paths), np.bool_)
        self._fallbacks: dict[int, str | None] = {}
        self._parts: list[FileChunks] = []
        self._rendered: list[Rendered] = []
        self.bytes = 0
        """Bytes rendered so far."""

    def add(self, position: int, language: str, data: memoryview, offset: int, chunks: FileChunks) -> None:
        """Enter chunks of the file at `position`, whose text's byte 0 is `data[offset]`.

        The parts of a long text come one after the other.
        """
        self.add_slab([position], slab_chunks([self._paths[position]], [language], data, [offset], [chunks]))

    def add_slab(self, positions: Sequence[int], slab: SlabChunks) -> None:
        """Enter the files at `positions` as a whole, or one part of a long one; see `add`."""
        if not len(positions):
            return
        if self._with_flags:
            from exosuit_cli.chunk.flags import flags_of_slab

            slab = replace(slab, chunks=replace(slab.chunks, flags=flags_of_slab(slab, self._flags_before(positions))))
        for position, fallback in zip(positions, slab.fallbacks, strict=True):
            self._fallbacks[position] = self._fallbacks.get(position) or fallback
        self._counts[positions] += slab.counts
        self._guessed[positions] = slab.guessed
        rendered = self._renderer.render(slab)
        self._parts.append(slab.chunks)
        self._rendered.append(rendered)
        self.bytes += len(rendered.content)

    def _flags_before(self, positions: Sequence[int]) -> int | None:
        """The flags of the last chunk that was entered, where what comes now goes on with the same text."""
        if not self._counts[positions[0]]:
            return None
        last = next(part.flags for part in reversed(self._parts) if len(part))
        return int(last[-1]) if last is not None else None

    def forget(self, position: int) -> None:
        """Take back the last file, at `position`, which came in parts: it changed while it was read."""
        self._fallbacks.pop(position, None)
        while self._counts[position]:
            self._counts[position] -= len(self._parts.pop())
            self._rendered.pop()

    def build(self, files: int) -> ChunkBatch:
        """The chunks of the first `files` files."""
        parts = self._parts
        if not self._renderer.needs_symbols:
            parts = [replace(part, symbols=[], defined=NO_SYMBOLS) for part in parts]
        joined = replace(join(parts), fallback=None)  # each file has its own
        statistics = ChunkStatistics(self._max_tokens)
        statistics.add(joined, len(self._fallbacks))
        statistics.fallbacks.update(reason for reason in self._fallbacks.values() if reason is not None)
        rendered = self._rendered or [NOTHING]
        return ChunkBatch(
            counts=self._counts[:files],
            guessed=self._guessed[:files],
            chunks=joined,
            rendered=b"".join([each.content for each in rendered]),
            heads=np.concatenate([each.heads for each in rendered]),
            sizes=np.concatenate([each.sizes for each in rendered]),
            statistics=statistics,
        )
