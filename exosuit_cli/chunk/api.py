"""Chunks of one text or one file, for programs."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from exosuit_cli.chunk.chunker import Chunker
from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.languages import LANGUAGES, language_of_name, language_of_shebang
from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.slab import SHEBANG_BYTES, TEXT_PROBE_BYTES
from exosuit_cli.read.text import is_text
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from exosuit_cli.chunk.records import Chunk, FileChunks
    from exosuit_cli.model.protocols import TokenCounter


def chunk_text(text: str | bytes, *, language: str | None = None, options: ChunkOptions | None = None) -> FileChunks:
    """Cut a text in memory into chunks; a `str` is cut as its UTF-8. See `FileChunks` for what comes back.

    `language` is a display name as in `languages.LANGUAGES`, None where it is not known. For one thread at a time. The
    first call for an encoding takes 0.4 s to load its vocabulary.

    Raises UsageError for an encoding that is not known.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return _chunker(options or ChunkOptions()).chunk_bytes(data, language or "")


def chunk_file(path: str | os.PathLike[str], *, options: ChunkOptions | None = None) -> list[Chunk]:
    """Cut a file into chunks, its language told by its name, or by its first line where the name tells none.

    Raises OSError where it cannot be read, UsageError where it is binary or the encoding is not known.
    """
    with open(path, "rb") as file:
        data = file.read()
    name = os.fspath(path)
    language, chunks = chunk_named(data, os.fsencode(name), options or ChunkOptions())
    return list(chunks.records(data, path=name, language=language or None))


def chunk_named(data: bytes, path: bytes, options: ChunkOptions) -> tuple[str, FileChunks]:
    """Cut what a file of that path holds; the language, "" where it is not known, and the chunks.

    Raises UsageError where the data is binary or the encoding is not known.
    """
    if not is_text(data[:TEXT_PROBE_BYTES]):
        raise UsageError(f"{os.fsdecode(path)!r} is binary: only text is cut into chunks")
    code = language_of_name(os.path.basename(path)) or language_of_shebang(data[:SHEBANG_BYTES])
    language = LANGUAGES[code]
    return language, chunk_text(data, language=language, options=options)


@lru_cache(maxsize=8)
def _chunker(options: ChunkOptions) -> Chunker:
    return Chunker(options, _counter(options.encoding), CpuKernels("blake3"))


@cache
def _counter(encoding: str) -> TokenCounter:
    return load_counter(encoding)
