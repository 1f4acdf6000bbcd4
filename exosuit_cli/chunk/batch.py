"""The chunks of a batch of files on their way from a worker to whoever writes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from exosuit_cli.chunk.records import join
from exosuit_cli.chunk.statistics import ChunkStatistics
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import mmap
    from collections.abc import Sequence

    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.chunk.records import FileChunks


class Renderer(Protocol):
    """Puts chunks into the form of an output; it crosses to the workers, which do the work."""

    def render(
        self, path: bytes, language: str, data: memoryview, offset: int, chunks: FileChunks, flags: Sequence[int]
    ) -> tuple[list[bytes], list[int]]:
        """The text of each chunk, and how many bytes of it are its head; the text's byte 0 is `data[offset]`.

        A repeated chunk keeps its head; the writer decides what replaces the rest. `flags` are those of each chunk.
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
    of all files. Of the text of chunk i, the first `heads[i]` bytes are its head.
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
        self._files: dict[int, str | None] = {}
        self._parts: list[FileChunks] = []
        self._flags = bytearray()
        self._rendered: list[bytes] = []
        self._heads: list[int] = []
        self.bytes = 0
        """Bytes rendered so far."""

    def add(self, position: int, language: str, data: memoryview, offset: int, chunks: FileChunks) -> None:
        """Enter chunks of the file at `position`, whose text's byte 0 is `data[offset]`.

        The parts of a long text come one after the other.
        """
        flags: Sequence[int] = bytes(len(chunks))
        if self._with_flags:
            from exosuit_cli.chunk.flags import chunk_flags

            before = self._flags[-1] if self._counts[position] else None
            flags = chunk_flags(self._paths[position], language, data, offset, chunks, before=before).tolist()
        self._enter(position, language, data, offset, chunks, flags)

    def add_slab(
        self,
        positions: Sequence[int],
        languages: Sequence[str],
        data: memoryview,
        offsets: Sequence[int],
        found: Sequence[FileChunks],
    ) -> None:
        """Enter whole files; see `add`."""
        flags: Sequence[int] = bytes(sum(map(len, found)))
        if self._with_flags:
            from exosuit_cli.chunk.flags import flags_of_slab

            paths = [self._paths[position] for position in positions]
            flags = flags_of_slab(paths, languages, data, offsets, found).tolist()
        first = 0
        for position, language, offset, chunks in zip(positions, languages, offsets, found, strict=True):
            stop = first + len(chunks)
            self._enter(position, language, data, offset, chunks, flags[first:stop])
            first = stop

    def _enter(
        self, position: int, language: str, data: memoryview, offset: int, chunks: FileChunks, flags: Sequence[int]
    ) -> None:
        self._counts[position] += len(chunks)
        self._guessed[position] = chunks.is_guessed
        self._files[position] = self._files.get(position) or chunks.fallback
        self._parts.append(chunks)
        self._flags += bytes(flags)
        rendered, heads = self._renderer.render(self._paths[position], language, data, offset, chunks, flags)
        self._rendered += rendered
        self._heads += heads
        self.bytes += sum(map(len, rendered))

    def forget(self, position: int) -> None:
        """Take back the last file, at `position`: it changed while it was read."""
        self._files.pop(position, None)
        while self._counts[position]:
            chunks = self._parts.pop()
            self._counts[position] -= len(chunks)
            kept = len(self._rendered) - len(chunks)
            del self._rendered[kept:], self._heads[kept:], self._flags[kept:]

    def build(self, files: int) -> ChunkBatch:
        """The chunks of the first `files` files."""
        flags = np.frombuffer(bytes(self._flags), np.uint8) if self._with_flags else None
        joined = replace(join(self._parts), fallback=None, flags=flags)  # each file has its own fallback
        statistics = ChunkStatistics(self._max_tokens)
        statistics.add(joined, len(self._files))
        statistics.fallbacks.update(reason for reason in self._files.values() if reason is not None)
        return ChunkBatch(
            counts=self._counts[:files],
            guessed=self._guessed[:files],
            chunks=joined,
            rendered=b"".join(self._rendered),
            heads=np.array(self._heads, np.int64),
            sizes=np.fromiter(map(len, self._rendered), np.int64, len(self._rendered)),
            statistics=statistics,
        )
