"""The flags of a chunk: what it is besides code or prose that someone wrote. Imports little."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Flag(IntEnum):
    """What a flag says of a chunk. The flags of a chunk are the sum of their values."""

    LICENCE = 1
    """A licence, or a licence header and nothing else that counts."""
    IMPORTS = 2
    """Imports only."""
    GENERATED = 4
    """Of a file that a program wrote."""
    MINIFIED = 8
    """Code or data whose blanks were taken out."""
    ENCODED = 16
    """Base64, hex or data URLs for the most part."""
    TEST = 32
    """Of a test."""
    OUTPUT = 64
    """What cells of a notebook printed, and nothing else."""

    @property
    def label(self) -> str:
        """The name used in every output."""
        return str(self.name).lower()


LICENCE, IMPORTS, GENERATED, MINIFIED, ENCODED, TEST, OUTPUT = map(int, Flag)
"""The values as plain numbers, which are quick to combine."""

FLAG_NAMES: Final = tuple(tuple(flag.label for flag in Flag if flag & value) for value in range(1 << len(Flag)))
"""The names of the flags by their sum."""
