"""The columns of a plan for a whole slab, and the chunks of each text from them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.chunk.records import ID_BYTES, FileChunks

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.chunk.measured import Row
    from exosuit_cli.kernels import Kernels
    from exosuit_cli.structure.guessed import Guesses
    from exosuit_cli.syntax.columns import SyntaxColumns


class PlanColumns:
    """A plan's columns as arrays, and the ids: made for a whole slab at once, handed out text by text."""

    def __init__(
        self,
        rows: list[Row],
        data: npt.NDArray[np.uint8],
        kernels: Kernels,
        guesses: Guesses,
        before: npt.NDArray[np.int64],
    ) -> None:
        """`before` is int64[chunks], the lines of the slab before those of the chunk's text."""
        table = np.fromiter(chain.from_iterable(rows), np.int64, 6 * len(rows)).reshape(-1, 6).T.copy()
        self._starts, self._ends, self._first_lines, self._last_lines, self._tokens, kinds = table
        self._first_lines += 1
        self._last_lines += 1
        self._boundaries = kinds.astype(np.uint8)
        self._data = data.data
        self._guessed = guesses.of_chunks(self._first_lines + before - 1, self._last_lines + before - 1)
        self._ids = kernels.span_digests(data, self._starts, self._ends - self._starts, ID_BYTES)

    def part(
        self,
        position: int,
        first: int,
        stop: int,
        offset: int,
        size: int,
        tokens: int,
        tree: SyntaxColumns | None,
        fallback: str | None,
    ) -> FileChunks:
        """The chunks from `first` up to `stop`, those of the text at `position`, of `size` bytes at `offset`."""
        rows = slice(first, stop)
        starts, ends = self._starts[rows] - offset, self._ends[rows] - offset
        if tree is None or not tree.symbol_kinds:  # a page has headings, which no grammar knows
            symbols, defined = self._guessed.of_text(position, first, stop)
        else:
            symbols = tree.symbols(self._data[offset : offset + size], starts, ends)
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
            fallback=fallback,
            text_tokens=tokens,
        )
