"""The formats that chunks are written in: one declaration a module, each cheap to import.

A new format is a new module here, which declares `FORMAT`. Its name, the endings of file names that choose it and its
help are read from there.
"""

from __future__ import annotations

from typing import Final

from exosuit_cli.report.chunk.formats.format import ChunkFormat
from exosuit_cli.report.registry import declarations

CHUNK_FORMATS: Final[dict[str, ChunkFormat]] = {
    found.name: found for found in declarations(__name__, __path__, ChunkFormat)
}
"""By the name that `--format` takes; the first is the one of a stream."""

CHUNK_SUFFIXES: Final[dict[str, str]] = {
    suffix: found.name for found in CHUNK_FORMATS.values() for suffix in found.suffixes
}
"""The name of the format by the ending of a file's name, in lower case."""
