"""Files larger than a slab: streamed through its buffer, in bounded memory."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.slab import TEXT_PROBE_BYTES, Slab, SlabColumns
from exosuit_cli.read.reader import same_content
from exosuit_cli.shards.rows import FileFacts, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exosuit_cli.chunk.chunker import Chunker
    from exosuit_cli.chunk.records import FileChunks
    from exosuit_cli.model.protocols import StreamCount, TokenStream
    from exosuit_cli.read import LargeFile
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.system.stop import StopRequest

ATTEMPTS = 2


class Interrupted(Exception):
    """The scan was asked to stop while it read the file."""


@dataclass(frozen=True, slots=True)
class LargeContent:
    """A file that was read through a buffer: `size` in bytes, its stat before that, and its facts (of one file).

    `counted` is None for a binary file, and where nothing was to be counted.
    """

    size: int
    status: os.stat_result
    facts: FileFacts
    counted: StreamCount | None

    @property
    def is_text(self) -> bool:
        """Whether it is text."""
        return bool(self.facts.text[0])


def read_large(
    file: LargeFile,
    name: bytes,
    buffer: memoryview,
    settings: ShardSettings,
    start_stream: Callable[[], TokenStream] | None,
    stop: StopRequest,
) -> LargeContent | None:
    """Read an open file through `buffer`; None if it changed twice meanwhile.

    A file that grows is read up to the size that it had; one that reports no size (/proc), up to the largest size of
    the settings. Its tokens are exact as long as the stream can cut the text; where it cannot, they are an estimate.
    Raises OSError, and Interrupted on a request to `stop`.
    """
    for _ in range(ATTEMPTS):
        before = os.fstat(file.descriptor)
        os.lseek(file.descriptor, 0, os.SEEK_SET)
        limit = before.st_size or settings.max_file_size or None
        stream = start_stream() if start_stream is not None else None
        found = _read_through(file.descriptor, name, buffer, limit, settings.hash, stream, stop)
        if found is None and not before.st_size:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        if found is not None:
            size, facts, counted = found
            if before.st_size in (size, 0) and same_content(before, os.fstat(file.descriptor)):
                return LargeContent(size, before, facts, counted)
    return None


def _read_through(
    descriptor: int,
    name: bytes,
    buffer: memoryview,
    limit: int | None,
    algorithm: str,
    stream: TokenStream | None,
    stop: StopRequest,
) -> tuple[int, FileFacts, StreamCount | None] | None:
    """The size, the facts and the tokens of everything up to the end; None where that lies beyond `limit` bytes."""
    digest = DIGESTS[algorithm].load_hasher()()
    data = np.frombuffer(buffer, np.uint8)
    size = newlines = 0
    facts: FileFacts | None = None
    last = -1
    while read := _fill(descriptor, buffer):
        if stop:
            raise Interrupted
        size += read
        if limit is not None and size > limit:
            return None
        piece = buffer[:read]
        digest.update(piece)
        if facts is None:
            facts = _first_facts(data[:read], name)
        if facts.text[0]:
            newlines += int(np.count_nonzero(data[:read] == ord("\n")))
            if stream is not None:
                stream.feed(bytes(piece))
        last = piece[-1]
    if facts is None:
        facts = _first_facts(data[:0], name)
    columns = SlabColumns(
        digests=np.frombuffer(digest.digest(), np.uint8).reshape(1, -1),
        newlines=np.array([newlines]),
        last_bytes=np.array([last], np.int16),
        max_bytes=facts.columns.max_bytes,
        has_nul=facts.columns.has_nul,
    )
    counted = stream.finish() if stream is not None and facts.text[0] else None
    return size, FileFacts(columns, facts.text, facts.languages), counted


def _first_facts(piece: np.ndarray, name: bytes) -> FileFacts:
    """The facts of one file by its first piece: all but its digest, its lines and its last byte are final."""
    probe = piece[:TEXT_PROBE_BYTES]
    columns = SlabColumns(
        digests=np.zeros((1, 0), np.uint8),
        newlines=np.zeros(1, np.int64),
        last_bytes=np.full(1, -1, np.int16),
        max_bytes=np.array([probe.max(initial=0)], np.uint8),
        has_nul=np.array([(probe == 0).any()]),
    )
    return describe(Slab(probe, np.zeros(1, np.int64), np.array([len(probe)])), columns, [name])


def chunk_large(
    file: LargeFile, status: os.stat_result, chunker: Chunker, language: str, stop: StopRequest
) -> Iterator[tuple[bytes, int, FileChunks]]:
    """Yield the segments of an open text file, the offset of each and its chunks. Raises OSError and Interrupted.

    A file that grows is read up to the size that it had.
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
