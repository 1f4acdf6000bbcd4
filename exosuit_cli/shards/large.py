"""Files larger than a slab: streamed through its buffer, in bounded memory."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.chunk.wide import file_size, spans_in_file
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.slab import TEXT_PROBE_BYTES, Slab, SlabColumns
from exosuit_cli.read.reader import same_content
from exosuit_cli.read.wide import MARK_BYTES, WideDecoder, wide_codec
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
_PIECE_BYTES: Final = 128 << 10
"""What is read at a time where nothing is counted: it is digested while it is in the cache nearest to the processor."""
_COUNTED_BYTES: Final = 1 << 20
"""What is read at a time where tokens are counted: a counter takes less time for a long text than for its parts."""


class Interrupted(Exception):
    """The scan was asked to stop while it read the file."""


@dataclass(frozen=True, slots=True)
class LargeContent:
    """A file that was read through a buffer: `size` in bytes, its stat before that, and its facts (of one file).

    `counted` is None for a binary file, and where nothing was to be counted. `codec` is that of a text in UTF-16 or
    UTF-32.
    """

    size: int
    status: os.stat_result
    facts: FileFacts
    counted: StreamCount | None
    codec: str | None = None

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
            size, facts, counted, codec = found
            if before.st_size in (size, 0) and same_content(before, os.fstat(file.descriptor)):
                return LargeContent(size, before, facts, counted, codec)
    return None


def _read_through(
    descriptor: int,
    name: bytes,
    buffer: memoryview,
    limit: int | None,
    algorithm: str,
    stream: TokenStream | None,
    stop: StopRequest,
) -> tuple[int, FileFacts, StreamCount | None, str | None] | None:
    """The size, facts, tokens and wide encoding of all up to the end; None where that lies beyond `limit` bytes."""
    digest = DIGESTS[algorithm].load_hasher()()
    buffer = buffer[: _PIECE_BYTES if stream is None else _COUNTED_BYTES]
    data = np.frombuffer(buffer, np.uint8)
    size = newlines = 0
    facts: FileFacts | None = None
    decoder: WideDecoder | None = None
    codec: str | None = None
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
            if facts.decoded:
                codec = wide_codec(bytes(piece[:MARK_BYTES]))
                decoder = WideDecoder(codec) if codec is not None else None
        if decoder is not None and facts.text[0]:
            try:
                text = decoder.decode(bytes(piece), final=False)
            except UnicodeDecodeError:
                facts = _illegible(facts)
            else:
                newlines += text.count(b"\n")
                last = text[-1] if text else last
                if stream is not None:
                    stream.feed(text)
        elif facts.text[0]:
            newlines += int(np.count_nonzero(data[:read] == ord("\n")))
            last = piece[-1]
            if stream is not None:
                stream.feed(bytes(piece))
    if facts is None:
        facts = _first_facts(data[:0], name)
    if decoder is not None and facts.text[0]:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            facts = _illegible(facts)
    columns = SlabColumns(
        digests=np.frombuffer(digest.digest(), np.uint8).reshape(1, -1),
        newlines=np.array([newlines]),
        last_bytes=np.array([last], np.int16),
        max_bytes=facts.columns.max_bytes,
        has_nul=facts.columns.has_nul,
    )
    counted = stream.finish() if stream is not None and facts.text[0] else None
    return size, replace(facts, columns=columns), counted, codec


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
    return describe(Slab(probe, np.zeros(1, np.int64), np.array([len(probe)])), columns, [name], begun=True)


def _illegible(facts: FileFacts) -> FileFacts:
    """The facts of a file that began as a text in UTF-16 or UTF-32 and is malformed further on."""
    return replace(facts, text=np.zeros(1, np.bool_), languages=[0], illegible=np.ones(1, np.bool_), decoded={})


def chunk_large(
    file: LargeFile, content: LargeContent, chunker: Chunker, language: str, stop: StopRequest
) -> Iterator[tuple[tuple[bytes, int], FileChunks]]:
    """Yield the segments of an open text file in UTF-8, the offset of each in the UTF-8 of all, and its chunks.

    A file that grows is read up to the size that it had. Raises OSError and Interrupted, and UnicodeDecodeError where
    it cannot be decoded any more.
    """
    os.lseek(file.descriptor, 0, os.SEEK_SET)
    left = content.status.st_size or sys.maxsize

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
    if content.codec is None:
        for segment, chunks in chunker.chunk_stream(read, language):
            yield (segment, offset), chunks
            offset += len(segment)
        return
    file_offset = 0
    for segment, chunks in chunker.chunk_stream(_decoded(read, content.codec), language):
        codec = content.codec
        yield (segment, offset), spans_in_file(chunks, segment, codec, before=offset, file_before=file_offset)
        file_offset = file_size(segment, codec, file_before=file_offset)
        offset += len(segment)


def _decoded(read: Callable[[int], bytes], codec: str) -> Callable[[int], bytes]:
    """Reads the UTF-8 of what `read` reads: as many bytes as are asked for, fewer at the end only."""
    decoder = WideDecoder(codec)
    held = b""
    is_at_end = False

    def read_text(size: int) -> bytes:
        nonlocal held, is_at_end
        while len(held) < size and not is_at_end:
            data = read(size)
            is_at_end = not data
            held += decoder.decode(data, final=is_at_end)
        text, held = held[:size], held[size:]
        return text

    return read_text


def _fill(descriptor: int, buffer: memoryview) -> int:
    """Read until the buffer is full or the file ends; the bytes read."""
    filled = 0
    while filled < len(buffer) and (read := os.readv(descriptor, [buffer[filled:]])):
        filled += read
    return filled
