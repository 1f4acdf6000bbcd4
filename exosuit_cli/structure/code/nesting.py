"""What each definition is in: the nearest one above it in its text that is further to the left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.structure.chains import least_of_chain, nearest_kept, nearest_reaching, outermost
from exosuit_cli.structure.families import IS_APART, Family
from exosuit_cli.structure.next_lines import nearest_above
from exosuit_cli.structure.symbols import HOLDS_METHODS, HOLDS_VARIABLES, SymbolKind

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.structure.code.defining_lines import DefiningLines

_LONGEST_PATH: Final = 300
_HOLDS_VARIABLES: Final = np.isin(np.arange(len(SymbolKind)), list(HOLDS_VARIABLES))
_HOLDS_METHODS: Final = np.isin(np.arange(len(SymbolKind)), list(HOLDS_METHODS))


class Nesting:
    """What each definition is in, text by text; variables within functions are left out.

    `columns` is int64[6, n]: lines, levels, parents (-1: none), lines of the outermost definition around, kinds, and
    the line that closes it or one around it. `paths` has the n paths of names.
    """

    def __init__(
        self,
        found: DefiningLines,
        families: npt.NDArray[np.uint8],
        outer: npt.NDArray[np.int64],
        texts: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
    ) -> None:
        """`outer` has the lines that end what was before, `texts` the number of the text of each definition.

        `ends` are the lines that close them, as of `closing_lines`.
        """
        self._found, self._ends = found, ends.copy()
        is_heading = families[found.lines] == Family.HEADINGS
        parents, dropped = self._parents(is_heading, outer, texts)
        kinds = found.kinds.copy()
        inner = np.flatnonzero(parents >= 0)
        kinds[inner[(kinds[inner] == SymbolKind.FUNCTION) & _HOLDS_METHODS[kinds[parents[inner]]]]] = SymbolKind.METHOD
        tops = outermost(parents)
        is_apart = IS_APART[families[found.lines]]
        self.paths = _paths(found.names, inner.tolist(), parents[inner].tolist(), is_apart[inner].tolist())
        columns = np.array([found.lines, found.levels, parents, found.lines[tops], kinds, self._ends], np.int64)
        if dropped.any():
            is_kept = ~dropped
            places = np.append(np.cumsum(is_kept) - 1, -1)  # nothing is within what is dropped
            columns[2] = places[columns[2]]
            columns = columns[:, is_kept]
            self.paths = [path for path, kept in zip(self.paths, is_kept.tolist(), strict=True) if kept]
        self.columns: npt.NDArray[np.int64] = columns

    def _parents(
        self, is_heading: npt.NDArray[np.bool_], outer: npt.NDArray[np.int64], texts: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """The parent of each definition, and which ones are variables within functions: int64[n], bool[n]."""
        lines, levels, kinds = self._found.lines, self._found.levels, self._found.kinds
        parents, dropped = np.full(len(lines), -1), np.zeros(len(lines), np.bool_)
        nested = np.flatnonzero(levels > 0)
        if not len(nested):
            return parents, dropped
        base = np.maximum.accumulate(np.where(levels == 0, np.arange(len(lines)), -1))[nested]
        base[base < np.searchsorted(texts, texts[nested])] = -1
        # What is after a line that ends the outermost definition is in none, or in others after that line.
        last_outer = np.append(-1, outer)[np.searchsorted(outer, lines[nested])]
        is_after = (last_outer > np.where(base >= 0, lines[base], -1)) & ~is_heading[nested]
        keys = np.stack((texts[nested], base, np.where(is_after, last_outer, -1)))
        is_first = np.ones(len(nested), np.bool_)
        is_first[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        base[is_after | (self._ends[base] < lines[nested])] = -1
        above = nearest_above(levels[nested], is_first)
        ends = least_of_chain(self._ends[nested], above)
        self._ends[nested] = ends
        above = nearest_reaching(above, ends, above, lines[nested])
        parents[nested] = np.where(above >= 0, nested[above], base)
        holds = np.append(_HOLDS_VARIABLES[kinds], False)
        dropped[nested] = (kinds[nested] == SymbolKind.CONSTANT) & holds[parents[nested]]
        above = nearest_kept(above, dropped[nested])
        parents[nested] = np.where(above >= 0, nested[above], base)
        parents[dropped] = -1
        return parents, dropped


def _paths(names: list[str], places: list[int], parents: list[int], are_apart: list[bool]) -> list[str]:
    """The paths of all names, where those at `places`, in order, are within their parents.

    Headings, keys and selectors have blanks and dots of their own: what parts them is ` > `.
    """
    paths = names.copy()
    for place, parent, is_apart in zip(places, parents, are_apart, strict=True):
        path = f"{paths[parent]} > {paths[place]}" if is_apart else f"{paths[parent]}.{paths[place]}"
        if len(path) <= _LONGEST_PATH:
            paths[place] = path
    return paths
