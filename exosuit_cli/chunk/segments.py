"""A long text in segments, each cut by itself in bounded memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.chunk import options as limits
from exosuit_cli.model.slab import Slab
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.tokens.boundaries import SAFE_PAIRS, last_boundary
from exosuit_cli.tokens.text import last_character_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exosuit_cli.chunk.records import FileChunks

_LINES_BACK = 1000
_NEWLINE = 10


def chunk_segments(
    chunk: Callable[[Slab], FileChunks], read: Callable[[int], bytes]
) -> Iterator[tuple[bytes, FileChunks]]:
    """Yield a text's segments with their chunks, whose offsets and lines are those of the whole text.

    `chunk` cuts a slab of one text. `read(n)` gives the next n bytes, fewer at the end only.
    """
    held = b""
    offset = line = 0
    last = _NEWLINE
    while data := held + read(limits.SEGMENT_BYTES - len(held)):
        end, is_safe = _segment_end(data) if len(data) == limits.SEGMENT_BYTES else (len(data), True)
        segment, held = data[:end], data[end:]
        slab = Slab(np.frombuffer(segment, np.uint8), np.zeros(1, np.int64), np.array([end], np.int64))
        chunks = replace(chunk(slab), text_is_exact=is_safe)
        if offset:
            chunks.starts[:] += offset
            chunks.ends[:] += offset
            chunks.start_lines[:] += line
            chunks.end_lines[:] += line
            chunks.defined.lines[:] += line
            chunks.boundaries[0] = Boundary.LINE if last == _NEWLINE else Boundary.FORCED
        yield segment, chunks
        offset += end
        line += segment.count(b"\n")
        last = segment[-1]


def _segment_end(data: bytes) -> tuple[int, bool]:
    """Where to end a segment, and whether token counts add up there.

    At the last line that begins with a visible character, else at the last place where they do, else between two
    characters.
    """
    end = len(data)
    for _ in range(_LINES_BACK):
        end = data.rfind(b"\n", 0, end - 1) + 1
        if end <= 0:
            break
        if SAFE_PAIRS[data[end - 1] << 8 | data[end]]:
            return end, True
    end = last_boundary(data, 0, len(data))
    if end > 0:
        return end, True
    end = last_character_start(data)
    end -= data[end - 1 : end + 1] == b"\r\n"
    return end or len(data), False
