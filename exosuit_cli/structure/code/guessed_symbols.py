"""The symbols of the chunks of a slab, as `definitions` guesses them, text by text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.structure.symbols import NO_SYMBOLS, Symbols, joined_names

if TYPE_CHECKING:
    import numpy.typing as npt


class GuessedSymbols:
    """The symbols of the chunks of a slab, handed out text by text."""

    def __init__(
        self,
        files: npt.NDArray[np.int64],
        lines: npt.NDArray[np.int64],
        kinds: npt.NDArray[np.uint8],
        paths: list[str],
        symbols: npt.NDArray[np.int64],
        chunks: npt.NDArray[np.int64],
    ) -> None:
        self._files = files
        self._lines = lines
        self._kinds = kinds
        self._paths = paths
        self._symbols: list[int] = symbols.tolist()
        self._chunks = chunks
        self._bounds: list[int] = np.searchsorted(lines, files).tolist()

    def of_slab(self) -> tuple[list[str | None], Symbols]:
        """As `of_text` for all texts one after the other, whose chunks are counted through."""
        paths = self._paths
        symbols = [paths[place] if place >= 0 else None for place in self._symbols]
        if not len(self._lines):
            return symbols, NO_SYMBOLS
        lines = self._lines - np.repeat(self._files[:-1], np.diff(self._bounds)) + 1
        return symbols, Symbols(self._chunks, lines, self._kinds, joined_names(paths))

    def of_text(self, position: int, first: int, stop: int) -> tuple[list[str | None], Symbols]:
        """The symbol of each chunk of a text, those from `first` up to `stop`, and all definitions that begin there."""
        paths = self._paths
        symbols = [paths[place] if place >= 0 else None for place in self._symbols[first:stop]]
        start, end = self._bounds[position], self._bounds[position + 1]
        if start == end:
            return symbols, NO_SYMBOLS
        own = slice(start, end)
        lines = self._lines[own] - int(self._files[position]) + 1
        return symbols, Symbols(self._chunks[own] - first, lines, self._kinds[own], joined_names(paths[own]))
