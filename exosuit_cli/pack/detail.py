"""How much of a file a pack has."""

from __future__ import annotations

from enum import IntEnum


class Detail(IntEnum):
    """The steps from nothing to the whole text, from the least to the most."""

    LEFT_OUT = 0
    """Nothing: not even its path."""
    PATH = 1
    """Its path, in the file tree."""
    OUTLINE = 2
    """The names of what it defines, or its headings."""
    SIGNATURES = 3
    """What it defines, with signatures and doc comments, without bodies."""
    PIECES = 4
    """Lines of its text that answer a question, with the gaps between them marked."""
    FULL = 5
    """Its text."""

    @property
    def label(self) -> str:
        """The name used in every output."""
        return self.name.lower()
