"""Chunks: byte spans of one file that begin and end where its structure does, under a cap of exact tokens.

The public names are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.lazy import lazy_names

if TYPE_CHECKING:
    from exosuit_cli.chunk.api import chunk_file, chunk_text
    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.chunk.records import Chunk, FileChunks
    from exosuit_cli.structure.boundary import Boundary

_HOMES = {
    "Boundary": "exosuit_cli.structure.boundary",
    "Chunk": "exosuit_cli.chunk.records",
    "ChunkOptions": "exosuit_cli.chunk.options",
    "FileChunks": "exosuit_cli.chunk.records",
    "chunk_file": "exosuit_cli.chunk.api",
    "chunk_text": "exosuit_cli.chunk.api",
}

__all__ = ["Boundary", "Chunk", "ChunkOptions", "FileChunks", "chunk_file", "chunk_text"]

__getattr__ = lazy_names(__name__, _HOMES)
