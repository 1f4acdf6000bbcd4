"""What is defined in a text: the kinds of definitions, and the definitions that begin in its chunks, as columns."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_SEPARATOR: Final = "\0"


class SymbolKind(IntEnum):
    """What a definition is. The numbers are part of the context's format."""

    OTHER = 0
    FUNCTION = 1
    METHOD = 2
    """A function within a class or the like."""
    CLASS = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    INTERFACE = 7
    """Also a trait or a protocol."""
    IMPLEMENTATION = 8
    """What adds methods to a type that is defined elsewhere."""
    MODULE = 9
    """Also a namespace or a package."""
    TYPE = 10
    CONSTANT = 11
    """Also a variable or a table."""
    MACRO = 12
    SECTION = 13
    """A heading, or a table of a configuration."""
    TEST = 14
    """A test case that is a call: `it("does this", ...)`."""
    RULE = 15
    """A rule of a style sheet or of a Makefile."""

    @property
    def label(self) -> str:
        """The name used in every output."""
        return self.name.lower()


HOLDS_METHODS: Final = frozenset({
    SymbolKind.CLASS, SymbolKind.STRUCT, SymbolKind.UNION, SymbolKind.ENUM, SymbolKind.INTERFACE,
    SymbolKind.IMPLEMENTATION,
})  # fmt: skip
"""A function within one of these is a method."""

HOLDS_VARIABLES: Final = frozenset({
    SymbolKind.FUNCTION, SymbolKind.METHOD, SymbolKind.TEST, SymbolKind.CONSTANT, SymbolKind.MACRO
})  # fmt: skip
"""A variable within one of these is local, and no definition."""


class Symbol(NamedTuple):
    """A definition: its path of names (`Class.method`), its kind, and its line, from 1."""

    name: str
    kind: SymbolKind
    line: int


@dataclass(frozen=True, slots=True)
class Symbols:
    r"""The definitions that begin in chunks, in the order of the text, as aligned columns.

    `chunks` is int64[n], the position of the first chunk that holds the definition's line;
    `lines` is int64[n], from 1; `kinds` is uint8[n] of `SymbolKind`. `joined` has the n paths of names, one
    `\0` between two.
    """

    chunks: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.uint8]
    joined: str

    def __len__(self) -> int:
        return len(self.chunks)

    @property
    def names(self) -> list[str]:
        """The paths of names."""
        return self.joined.split(_SEPARATOR) if len(self.chunks) else []

    def by_chunk(self, chunks: int) -> list[list[Symbol]]:
        """The definitions of each of `chunks` chunks."""
        found: list[list[Symbol]] = [[] for _ in range(chunks)]
        kinds = [SymbolKind(kind) for kind in self.kinds.tolist()]
        for chunk, *symbol in zip(self.chunks.tolist(), self.names, kinds, self.lines.tolist(), strict=True):
            found[chunk].append(Symbol(*symbol))
        return found


def joined_names(names: Sequence[str]) -> str:
    """Paths of names as `Symbols` holds them; a NUL within one is U+FFFD."""
    joined = _SEPARATOR.join(names)
    if joined.count(_SEPARATOR) >= max(len(names), 1):
        joined = _SEPARATOR.join([name.replace(_SEPARATOR, "\ufffd") for name in names])
    return joined


def symbol_columns(chunks: Sequence[int], lines: Sequence[int], kinds: Sequence[int], names: Sequence[str]) -> Symbols:
    """Definitions as columns."""
    return Symbols(
        np.array(chunks, np.int64), np.array(lines, np.int64), np.array(kinds, np.uint8), joined_names(names)
    )


NO_SYMBOLS: Final = symbol_columns((), (), (), ())


def join_symbols(parts: Sequence[tuple[Symbols, int]]) -> Symbols:
    """The definitions of texts one after the other; each comes with the number of its chunks."""
    if not any(len(symbols) for symbols, _ in parts):
        return NO_SYMBOLS
    before = np.cumsum([0, *(count for _, count in parts)]).tolist()
    return Symbols(
        np.concatenate([symbols.chunks + first for (symbols, _), first in zip(parts, before, strict=False)]),
        np.concatenate([symbols.lines for symbols, _ in parts]),
        np.concatenate([symbols.kinds for symbols, _ in parts]),
        _SEPARATOR.join(symbols.joined for symbols, _ in parts if len(symbols)),
    )
