"""Files larger than a slab: streamed through its buffer, in bounded memory."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.languages import language_of_shebang
from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.records import ROW, Kind, Rows
from exosuit_cli.model.slab import SHEBANG_BYTES, TEXT_PROBE_BYTES
from exosuit_cli.read.reader import same_content
from exosuit_cli.read.text import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.chunk.chunker import Chunker
    from exosuit_cli.chunk.records import FileChunks
    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.read import LargeFile
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.system.stop import StopRequest

ATTEMPTS = 2


class Interrupted(Exception):
    """The scan was asked to stop while it read the file."""


def ingest_large(
    file: LargeFile, buffer: memoryview, settings: ShardSettings, counter: TokenCounter | None, stop: StopRequest
) -> tuple[Rows, os.stat_result] | None:
    """The row of an open file, ROW[1], read through `buffer`: its content columns and size; and its stat before that.

    None if it changed twice while it was read; one that grows is not read beyond the size that it had, one that tells
    no size (/proc) not beyond the largest size of the settings. Tokens are exact as long as `TokenStream` can cut the
    text; where it cannot, the row says that they are estimated.
    Raises OSError, and Interrupted on a request to `stop`.
    """
    for _ in range(ATTEMPTS):
        before = os.fstat(file.descriptor)
        os.lseek(file.descriptor, 0, os.SEEK_SET)
        limit = before.st_size or settings.max_file_size or None
        row = _read_through(file.descriptor, buffer, limit, settings.hash, counter, stop)
        if row is None and not before.st_size:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        if (
            row is not None
            and before.st_size in (int(row["size"][0]), 0)
            and same_content(before, os.fstat(file.descriptor))
        ):
            return row, before
    return None


def _read_through(
    descriptor: int,
    buffer: memoryview,
    limit: int | None,
    algorithm: str,
    counter: TokenCounter | None,
    stop: StopRequest,
) -> Rows | None:
    """The row of everything up to the end; None where that lies beyond `limit` bytes."""
    digest = DIGESTS[algorithm].load_hasher()()
    stream = counter.stream() if counter is not None else None
    data = np.frombuffer(buffer, np.uint8)
    text: bool | None = None
    size = newlines = language = 0
    last = ord("\n")
    while read := _fill(descriptor, buffer):
        if stop:
            raise Interrupted
        size += read
        if limit is not None and size > limit:
            return None
        piece = buffer[:read]
        digest.update(piece)
        if text is None:
            text = is_text(bytes(piece[:TEXT_PROBE_BYTES]))
            language = language_of_shebang(bytes(piece[:SHEBANG_BYTES])) if text else 0
        if text:
            newlines += int(np.count_nonzero(data[:read] == ord("\n")))
            if stream is not None:
                stream.feed(bytes(piece))
        last = piece[-1]
    row = np.zeros(1, ROW)
    hashed = digest.digest()
    row["digest"][0, : len(hashed)] = np.frombuffer(hashed, np.uint8)
    row["size"] = size
    row["language"] = language
    row["kind"] = Kind.TEXT if text is not False else Kind.BINARY
    row["lines"] = newlines + (last != ord("\n")) if text is not False else -1
    row["tokens"] = -1
    if stream is not None and text is not False:
        counted = stream.finish()
        row["tokens"] = counted.tokens
        row["estimated"] = not counted.exact
    return row


def chunk_large(
    file: LargeFile, status: os.stat_result, chunker: Chunker, language: str, stop: StopRequest
) -> Iterator[tuple[bytes, int, FileChunks]]:
    """Yield the segments of an open text file, the offset of each and its chunks. Raises OSError and Interrupted.

    Not more is read than the size that it had.
    """
    os.lseek(file.descriptor, 0, os.SEEK_SET)
    left = status.st_size or sys.maxsize

    def read(size: int) -> bytes:
        nonlocal left
        if stop:
            raise Interrupted
        parts = []
        size = min(size, left)
        while size and (part := os.read(file.descriptor, size)):
            parts.append(part)
            size -= len(part)
            left -= len(part)
        return b"".join(parts)

    offset = 0
    for segment, chunks in chunker.chunk_stream(read, language):
        yield segment, offset, chunks
        offset += len(segment)


def _fill(descriptor: int, buffer: memoryview) -> int:
    """Read until the buffer is full or the file ends; the bytes read."""
    filled = 0
    while filled < len(buffer) and (read := os.readv(descriptor, [buffer[filled:]])):
        filled += read
    return filled
