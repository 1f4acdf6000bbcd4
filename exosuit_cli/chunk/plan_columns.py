"""The columns of a plan for a whole slab, and the chunks from them: of all texts, or text by text."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.chunk.records import ID_BYTES, FileChunks
from exosuit_cli.chunk.slab_chunks import SlabChunks, slab_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.chunk.measured import Row
    from exosuit_cli.kernels import Kernels
    from exosuit_cli.model.slab import Slab
    from exosuit_cli.structure.code.definitions import Guesses
    from exosuit_cli.syntax.columns import SyntaxColumns


class PlanColumns:
    """A plan's columns as arrays, and the ids: made for a whole slab at once.

    The rows of text i end before `stops[i]`, `tokens[i]` are those of the text, `trees[i]` is its syntax where it was
    parsed, and `fallbacks[i]` says why it was not, although that was asked for.
    """

    def __init__(
        self,
        slab: Slab,
        rows: list[Row],
        stops: list[int],
        kernels: Kernels,
        guesses: Guesses,
        files: npt.NDArray[np.int64],
        tokens: list[int],
        trees: list[SyntaxColumns | None],
        fallbacks: list[str | None],
    ) -> None:
        """`files` is int64[texts + 1], the lines of the slab before those of each text."""
        table = np.fromiter(chain.from_iterable(rows), np.int64, 6 * len(rows)).reshape(-1, 6).T.copy()
        self._starts, self._ends, self._first_lines, self._last_lines, self._tokens, kinds = table
        self._first_lines += 1
        self._last_lines += 1
        self._boundaries = kinds.astype(np.uint8)
        self._slab = slab
        self._bounds = [0, *stops]
        self._counts = np.diff(self._bounds)
        before = np.repeat(files[:-1], self._counts)
        self._guessed = guesses.of_chunks(self._first_lines + before - 1, self._last_lines + before - 1)
        self._ids = kernels.span_digests(slab.data, self._starts, self._ends - self._starts, ID_BYTES)
        self.text_tokens = tokens
        self._trees = trees
        self._fallbacks = fallbacks

    def of_slab(self, paths: Sequence[bytes], languages: Sequence[str]) -> SlabChunks:
        """The chunks of all texts."""
        data, offsets = self._slab.data.data, self._slab.offsets
        if any(tree is not None for tree in self._trees):
            return slab_chunks(paths, languages, data, offsets.tolist(), self.parts())
        before = np.repeat(offsets, self._counts)
        symbols, defined = self._guessed.of_slab()
        chunks = FileChunks(
            size=int(self._slab.lengths.sum()),
            starts=self._starts - before,
            ends=self._ends - before,
            start_lines=self._first_lines,
            end_lines=self._last_lines,
            tokens=self._tokens,
            boundaries=self._boundaries,
            ids=self._ids,
            symbols=symbols,
            defined=defined,
            is_guessed=True,
            text_tokens=sum(self.text_tokens),
        )
        guessed = [True] * len(paths)
        return SlabChunks(
            paths, languages, data, self._counts, guessed, self._fallbacks, chunks, self._starts, self._ends
        )

    def parts(self) -> list[FileChunks]:
        """The chunks of each text."""
        spans = zip(self._slab.offsets.tolist(), self._slab.lengths.tolist(), pairwise(self._bounds), strict=True)
        return [
            self._part(position, first, stop, offset, size)
            for position, (offset, size, (first, stop)) in enumerate(spans)
        ]

    def _part(self, position: int, first: int, stop: int, offset: int, size: int) -> FileChunks:
        """The chunks from `first` up to `stop`, those of the text at `position`, of `size` bytes at `offset`."""
        rows = slice(first, stop)
        starts, ends = self._starts[rows] - offset, self._ends[rows] - offset
        tree = self._trees[position]
        if tree is None or not tree.symbol_kinds:  # a page has headings, which no grammar knows
            symbols, defined = self._guessed.of_text(position, first, stop)
        else:
            symbols = tree.symbols(self._slab.data.data[offset : offset + size], starts, ends)
            defined = tree.defined(self._last_lines[rows])
        return FileChunks(
            size=size,
            starts=starts,
            ends=ends,
            start_lines=self._first_lines[rows],
            end_lines=self._last_lines[rows],
            tokens=self._tokens[rows],
            boundaries=self._boundaries[rows],
            ids=self._ids[rows],
            symbols=symbols,
            defined=defined,
            is_guessed=tree is None,
            fallback=self._fallbacks[position],
            text_tokens=self.text_tokens[position],
        )
