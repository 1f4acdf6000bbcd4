"""What holds for the chunks of every text, whatever it is and however it is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from blake3 import blake3

from exosuit_cli.chunk import Boundary

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.chunk import ChunkOptions, FileChunks

COLUMNS = {
    "starts": np.int64,
    "ends": np.int64,
    "start_lines": np.int64,
    "end_lines": np.int64,
    "tokens": np.int64,
    "boundaries": np.uint8,
}


def plain(chunks: FileChunks) -> dict[str, Any]:
    """All that is said of a text, in a form that can be compared."""
    found: dict[str, Any] = {name: getattr(chunks, name).tolist() for name in COLUMNS}
    return found | {
        "ids": [bytes(own).hex() for own in chunks.ids],
        "symbols": chunks.symbols,
        "size": chunks.size,
        "fallback": chunks.fallback,
        "text_tokens": chunks.text_tokens,
    }


def spans(chunks: FileChunks) -> list[tuple[int, int]]:
    return list(zip(chunks.starts.tolist(), chunks.ends.tolist(), strict=True))


def parts(chunks: FileChunks, data: bytes) -> list[bytes]:
    return [data[start:end] for start, end in spans(chunks)]


def is_valid(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def check_chunks(data: bytes, chunks: FileChunks, options: ChunkOptions, count: Callable[[bytes], int]) -> None:
    """Spans, caps, counts, cuts, lines, ids and kinds, each against the text itself; counts against `count`."""
    number = len(chunks)
    assert chunks.size == len(data)
    for name, dtype in COLUMNS.items():
        column = getattr(chunks, name)
        assert (name, column.dtype, column.shape) == (name, np.dtype(dtype), (number,))
    assert (chunks.ids.dtype, chunks.ids.shape) == (np.dtype(np.uint8), (number, 16))
    assert len(chunks.symbols) in (0, number)
    check_spans(data, chunks, options, count)
    valid = is_valid(data)
    for position, part in enumerate(parts(chunks, data)):
        start, end = int(chunks.starts[position]), int(chunks.ends[position])
        tokens = int(chunks.tokens[position])
        assert tokens == count(part), (start, end)
        assert 0 < tokens <= options.max_tokens, (start, end)
        if options.max_chars:
            assert len(part.decode("utf-8", "replace")) <= options.max_chars, (start, end)
        assert not (valid and data[start] & 0xC0 == 0x80), f"{start} is within a character"
        assert data[start - 1 : start + 1] != b"\r\n", f"{start} is within an end of line"
        assert chunks.start_lines[position] == 1 + data.count(b"\n", 0, start)
        assert chunks.end_lines[position] == 1 + data.count(b"\n", 0, end - 1)
        assert bytes(chunks.ids[position]) == blake3(part).digest(16)
        kind = chunks.boundaries[position]
        assert kind in list(Boundary)
        assert (kind == Boundary.FILE) == (position == 0)
        is_within_a_line = start > 0 and data[start - 1] != ord("\n")
        assert (kind == Boundary.FORCED) == is_within_a_line, (start, kind)


def check_spans(data: bytes, chunks: FileChunks, options: ChunkOptions, count: Callable[[bytes], int]) -> None:
    """The chunks tile the text, but for what a chunk repeats of what is before it."""
    before = 0
    for start, end in spans(chunks):
        assert start < end
        if start != before:
            assert options.overlap
            assert start < before < end
            assert data[start - 1 : start] in (b"", b"\n"), "what is repeated begins a line"
            assert count(data[start:before]) <= options.overlap
        before = end
    assert before == len(data)
