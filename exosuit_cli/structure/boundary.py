"""What a chunk begins at: a word for each strength of a border."""

from __future__ import annotations

from enum import IntEnum


class Boundary(IntEnum):
    """What a chunk begins at."""

    FILE = 0
    """The start of the file."""
    SECTION = 1
    """A heading of a document."""
    DEFINITION = 2
    """An outermost construct of the file: a function, a class, a top-level key."""
    NESTED = 3
    """A construct within another: a method, a block."""
    LINE = 4
    """Some other line."""
    FORCED = 5
    """A place within a line, since the line alone exceeds the cap."""

    @property
    def label(self) -> str:
        """The name used in every output."""
        return self.name.lower()
