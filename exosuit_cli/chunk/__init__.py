"""Chunks: byte spans of one file that begin and end where its structure does, under a cap of exact tokens.

The public names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exosuit_cli.chunk.api import chunk_file, chunk_text
    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.chunk.records import Boundary, Chunk, FileChunks

_HOMES = {
    "Boundary": "records",
    "Chunk": "records",
    "ChunkOptions": "options",
    "FileChunks": "records",
    "chunk_file": "api",
    "chunk_text": "api",
}

__all__ = ["Boundary", "Chunk", "ChunkOptions", "FileChunks", "chunk_file", "chunk_text"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
