"""Chunks of one text or one file, for programs."""

from __future__ import annotations

import os
import stat
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from exosuit_cli.chunk.chunker import Chunker
from exosuit_cli.chunk.contexts import with_contexts
from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.chunk.wide import spans_in_file
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.languages import LANGUAGES, claim_of_name, language_of
from exosuit_cli.languages.modelines import language_of_mode
from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.slab import TEXT_PROBE_BYTES
from exosuit_cli.read.text import is_text
from exosuit_cli.read.wide import MARK_BYTES, decode_beginning, decode_wide, wide_codec
from exosuit_cli.system.safe_open import FOLLOWED_FILE_FLAGS
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from exosuit_cli.chunk.records import Chunk, FileChunks
    from exosuit_cli.model.protocols import TokenCounter


def chunk_text(
    text: str | bytes, *, language: str | None = None, options: ChunkOptions | None = None, path: str = ""
) -> FileChunks:
    """Cut a text in memory into chunks; a `str` is cut as its UTF-8. See `FileChunks` for what comes back.

    `language` is a display name as in `languages.LANGUAGES`, or what editors call it, in any letter case, None where it
    is not known. `path` is named in contexts, where the options ask for them.

    For one thread at a time. The first call for an encoding takes 0.4 s to load its vocabulary.

    Raises UsageError for an encoding or a language that is not known.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    options = options or ChunkOptions()
    chunks = _chunker(options).chunk_bytes(data, _language(language))
    if options.context:
        return with_contexts(chunks, os.fsencode(path), memoryview(data), 0, _counter(options.encoding), options)
    return chunks


def chunk_file(path: str | os.PathLike[str], *, options: ChunkOptions | None = None) -> list[Chunk]:
    """Cut a file into chunks. Its language follows from its name and its first bytes, as in a scan.

    Raises OSError where it cannot be read, UsageError where it is no regular file or binary, or the encoding is not
    known.
    """
    with open(os.open(path, FOLLOWED_FILE_FLAGS), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UsageError(f"{os.fspath(path)!r} is no regular file; give its content to chunk_text")
        data = file.read()
    name = os.fspath(path)
    language, text, chunks = chunk_named(data, os.fsencode(name), options or ChunkOptions())
    return list(chunks.records(text, path=name, language=language or None))


def chunk_named(data: bytes, path: bytes, options: ChunkOptions) -> tuple[str, bytes, FileChunks]:
    """Cut what a file of that path holds: the language, "" where it is not known, the text in UTF-8, and the chunks.

    Raises UsageError where the data is binary or the encoding is not known.
    """
    probe = data[:TEXT_PROBE_BYTES]
    codec = wide_codec(data[:MARK_BYTES])
    text, head = (data, probe) if codec is None else (decode_wide(data, codec), decode_beginning(probe, codec))
    if text is None or head is None or not is_text(head):
        raise UsageError(f"{os.fsdecode(path)!r} is binary: only text is cut into chunks")
    claim = claim_of_name(os.path.basename(path))
    language = LANGUAGES[language_of(claim, head[:TEXT_PROBE_BYTES], is_whole=len(data) < TEXT_PROBE_BYTES)]
    chunks = chunk_text(text, language=language, options=options, path=os.fsdecode(path))
    return language, text, chunks if codec is None else spans_in_file(chunks, text, codec)


def _language(name: str | None) -> str:
    """The display name of a language, "" for None. Raises UsageError."""
    if not name:
        return ""
    found = _names().get(name.casefold()) or language_of_mode(name.lower().replace(" ", "-").encode())
    if found is None:
        close = get_close_matches(name, LANGUAGES, n=3, cutoff=0.7)
        hint = f"; did you mean {' or '.join(close)}?" if close else "; exosuit_cli.languages.LANGUAGES has them all"
        raise UsageError(f"unknown language {name!r}{hint}")
    return found


@cache
def _names() -> dict[str, str]:
    return {name.casefold(): name for name in reversed(LANGUAGES)}


@lru_cache(maxsize=8)
def _chunker(options: ChunkOptions) -> Chunker:
    return Chunker(options, _counter(options.encoding), CpuKernels("blake3"))


@cache
def _counter(encoding: str) -> TokenCounter:
    return load_counter(encoding)
