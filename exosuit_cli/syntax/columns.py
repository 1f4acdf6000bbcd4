"""What a parse gives, as columns: they leave the process that parses, as its nodes cannot."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import field
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.code.strength import LineStrengths
from exosuit_cli.structure.symbols import SymbolKind, symbol_columns
from exosuit_cli.syntax.tree import SyntaxTree

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.structure.symbols import Symbols

_SLIGHT: Final = frozenset([SymbolKind.OTHER, SymbolKind.CONSTANT])
"""What names a chunk only where nothing else does."""


@dataclass(frozen=True, slots=True)
class SyntaxColumns:
    """The costs of cuts before the lines of a text, and its definitions in the order of the text.

    `costs` and `kinds` are those of `LineStrengths`, a byte a line; empty where the text fits the cap. The definition i
    has the bytes from `starts[i]` up to `ends[i]`, whole lines with its leading comments. Its own first line is
    `lines[i]`, from 0, its node's type `types[i]`, and its name `names[i]`, None where it has none. The definition
    `parents[i]` is around it, -1 for none. A container only may have definitions within, and is none itself.
    Its name begins at the byte `name_starts[i]`, on the line `name_lines[i]`; `symbol_kinds[i]` is its `SymbolKind`.
    What shares its line with what comes before, and all but the first of several names, have no bytes of their own:
    `ends[i]` is `starts[i]`, and they come before what has.
    """

    costs: bytes
    kinds: bytes
    starts: list[int]
    ends: list[int]
    lines: list[int]
    types: list[str]
    names: list[str | None]
    parents: list[int]
    is_container: list[bool]
    separator: str
    name_starts: list[int]
    name_lines: list[int]
    symbol_kinds: list[int]
    _paths: dict[int, str | None] = field(default_factory=dict, compare=False)

    @property
    def strengths(self) -> LineStrengths:
        """The costs and the kinds of the lines."""
        return LineStrengths(np.frombuffer(self.costs, np.uint8), np.frombuffer(self.kinds, np.uint8))

    def symbols(
        self, data: bytes | memoryview, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
    ) -> list[str | None]:
        """The path of names for each chunk of bytes of the text `data`: `Class.method`; `Title > Heading` in Markdown.

        That of the innermost definition that holds the whole chunk; where none does, of the innermost that its first
        text is in; where there is none, of the first that begins in it. A constant that begins in it gives way to the
        first definition of another kind that begins in it, and not within a constant.
        """
        return [self._symbol(data, start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]

    def defined(self, last_lines: npt.NDArray[np.int64]) -> Symbols:
        """The definitions that begin in chunks; `last_lines` is int64[n], the last line of each, from 1."""
        places = [place for place, name in enumerate(self.names) if name and not self.is_container[place]]
        places.sort(key=self.name_starts.__getitem__)
        kinds = [self.symbol_kinds[place] for place in places]
        lines = [self.name_lines[place] + 1 for place in places]
        chunks = np.minimum(np.searchsorted(last_lines, lines), max(len(last_lines) - 1, 0)).tolist()
        return symbol_columns(chunks, lines, kinds, [self.path(place) or "" for place in places])

    def path(self, definition: int) -> str | None:
        """The names of a definition and of those around it; None where none of them has one."""
        names = []
        step = definition
        while step >= 0:
            if step in self._paths:
                names.append(self._paths[step])
                break
            names.append(self.names[step])
            step = self.parents[step]
        path = self.separator.join(name for name in reversed(names) if name) or None
        self._paths[definition] = path
        return path

    def _symbol(self, data: bytes | memoryview, start: int, end: int) -> str | None:
        text = bytes(data[start:end])
        first, last = start, end
        if stripped := text.rstrip():
            first, last = end - len(text.lstrip()), start + len(stripped)
        around = bisect_right(self.starts, first) - 1
        while around >= 0 and (self.is_container[around] or self.ends[around] <= first):
            around = self.parents[around]
        whole = around
        while whole >= 0 and (self.is_container[whole] or self.ends[whole] < last):
            whole = self.parents[whole]
        found = whole if whole >= 0 else around
        if found >= 0 and (found == whole or self.starts[found] < start or self.symbol_kinds[found] not in _SLIGHT):
            return self.path(found)
        later = range(bisect_left(self.starts, start), bisect_left(self.starts, end))
        own = [place for place in later if self.ends[place] > self.starts[place]]
        chosen = [] if found < 0 else [found]
        weighty = (place for place in own if self._has_weight(place, later.start))
        return next((path for place in (*weighty, *chosen, *own, *later) if (path := self.path(place))), None)

    def _has_weight(self, place: int, first: int) -> bool:
        """Whether a definition is of more weight than a constant, and within none of those from `first` on."""
        above = self.parents[place]
        while above >= first and self.is_container[above]:
            above = self.parents[above]
        return above < first and self.symbol_kinds[place] not in _SLIGHT and not self.is_container[place]


def syntax_columns(
    data: bytes,
    language: str,
    line_starts: npt.NDArray[np.int64],
    sums: npt.NDArray[np.int64],
    cap: int,
    looks: LineStrengths,
) -> SyntaxColumns:
    """Parse a text and give its columns; see `SyntaxTree.parse`, also for what it raises.

    `line_starts` is int64[n], the byte where each line starts, the first at 0; `sums` is int64[n + 1], the tokens
    before each line and in all. What has at most `cap` tokens is not looked into. `looks` are the lines' strengths by
    `strength`.
    """
    tree = SyntaxTree.parse(data, language)
    tokens = sums.data

    def fits(begin: int, end: int) -> bool:
        within: bool = tokens[end] - tokens[begin] <= cap
        return within

    costs = kinds = b""
    if not fits(0, len(line_starts)):  # else it is one chunk: nobody asks where it could be cut
        found = tree.strengths(line_starts, fits, looks)
        costs, kinds = found.costs.tobytes(), found.kinds.tobytes()
        tree.find_all()  # also what is in nodes that fit the cap
    return columns_of(tree, costs, kinds)


def columns_of(tree: SyntaxTree, costs: bytes = b"", kinds: bytes = b"") -> SyntaxColumns:
    """The columns of a tree with the costs and kinds of its lines."""
    rows: list[tuple[int, int, int, str, str | None, int, bool, int, int, int]] = []
    places: dict[int, int] = {-1: -1}
    line_starts = tree.line_starts
    for each in tree.definitions():
        start, line, node = each.start, each.line, each.node
        parent = id(each.parent) if each.parent is not None else -1
        named = tree.names(each)
        # What else it names comes before it, with no line of its own.
        for name, at, kind in named[1:]:
            name_line = max(bisect_right(line_starts, at) - 1, line)
            rows.append((start, start, line, node.type, name, parent, each.is_container, at, name_line, int(kind)))
        own, at = named[0][:2] if named else (None, node.start_byte)
        name_line = max(bisect_right(line_starts, at) - 1, line)
        places[id(each)] = len(rows)
        rows.append((start, each.end, line, node.type, own, parent, each.is_container, at, name_line, int(each.kind)))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(10)]
    starts, ends, lines, types, names, parents, is_container, name_starts, name_lines, kinds_found = columns
    return SyntaxColumns(
        costs=costs,
        kinds=kinds,
        starts=starts,
        ends=ends,
        lines=lines,
        types=types,
        names=names,
        parents=[places[parent] for parent in parents],
        is_container=is_container,
        separator=tree.separator,
        name_starts=name_starts,
        name_lines=name_lines,
        symbol_kinds=kinds_found,
    )
