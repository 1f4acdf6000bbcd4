"""Cutting within a line that alone exceeds the cap: minified code, data, one endless word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.tokens import token_table
from exosuit_cli.tokens.boundaries import safe_places
from exosuit_cli.tokens.text import last_character_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.model.protocols import TokenCounter

_GRADES = (byte_set(b";}"), byte_set(b",)] \t>"))
"""Bytes that a cut had better follow, the best first."""
_LAST_SHARE = 4
"""A better place is worth giving up this part of the cap for."""


def split_line(data: bytes, options: ChunkOptions, counter: TokenCounter) -> Iterator[tuple[int, int]]:
    """Yield (bytes, exact tokens) of pieces that tile `data` and do not exceed the caps, as long as possible.

    Cuts fall where counts add up, of these in the last quarter of the cap after a semicolon or the like, if there is
    one; where no such place is within reach, between two characters. A piece of one character is yielded whatever it
    counts. The one before the last is shorter where the last would have less than `min_tokens`.
    """
    places, prefix = _places(data, counter)
    start = tokens = 0
    while start < len(data):
        cap = options.max_tokens
        left = int(prefix[-1]) - tokens
        if cap < left < cap + options.min_tokens:
            cap = max(left - options.min_tokens, (left + 1) // 2)
        first = int(np.searchsorted(places, start, "right"))
        reach = int(np.searchsorted(prefix, tokens + cap, "right"))
        if options.max_chars:
            reach = min(reach, int(np.searchsorted(places, start + options.max_chars, "right")))
        if reach > first:
            chosen = _best(data, places[first:reach], prefix[first:reach], tokens, cap) + first
            end = int(places[chosen])
            yield end - start, int(prefix[chosen]) - tokens
        else:
            end = int(places[first])
            chosen = first
            yield from _split_hard(data[start:end], options, counter)
        start, tokens = end, int(prefix[chosen])


def _places(data: bytes, counter: TokenCounter) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The places where counts add up, the end included, and the tokens before each of them."""
    ids = counter.encode(data)
    ends = np.cumsum(token_table(counter.encoding).bytes[ids], dtype=np.int64)
    if len(ends) and ends[-1] == len(data):
        places = np.append(np.flatnonzero(safe_places(data, 0, len(data))) + 1, len(data))
    else:  # undecodable bytes were replaced, so the offsets are those of another text
        places = np.array([len(data)], np.int64)
        ends = np.full(len(ids), len(data), np.int64)
    return places, np.searchsorted(ends, places, "right")


def _best(data: bytes, places: npt.NDArray[np.int64], prefix: npt.NDArray[np.int64], tokens: int, cap: int) -> int:
    """The position, among places within reach, of the last one of the best grade in the last part of the cap."""
    late = int(np.searchsorted(prefix, tokens + cap - cap // _LAST_SHARE, "right"))
    before = np.frombuffer(data, np.uint8)[places[late:] - 1]
    for grade in _GRADES:
        found = np.flatnonzero(grade.take(before))
        if len(found):
            return late + int(found[-1])
    return len(places) - 1


def _split_hard(data: bytes, options: ChunkOptions, counter: TokenCounter) -> Iterator[tuple[int, int]]:
    """The same where no count is known in advance: each piece is counted by itself, and shortened until it fits."""
    cap, most = options.max_tokens, options.max_chars
    start = 0
    size = 4 * cap
    while start < len(data):
        piece = data[start : start + size]
        while True:
            if start + len(piece) < len(data):
                piece = _whole_characters(piece)
                if piece[-1:] == b"\r" and data[start + len(piece)] == ord("\n"):
                    piece = piece[:-1] or piece
            tokens = counter.count(piece)
            excess = max(tokens / cap, len(piece.decode("utf-8", "replace")) / most if most else 0)
            if excess <= 1 or len(piece) <= 1:
                break
            shorter = min(int(len(piece) / excess), len(piece) - 1)
            shortened = _whole_characters(piece[: shorter + 1]) if shorter else b""
            if not shortened or len(shortened) >= len(piece):
                break  # one character
            piece = shortened
        yield len(piece), tokens
        start += len(piece)
        # The text goes on as it was: try for a piece of the cap, and a little more.
        size = max(16, min(int(len(piece) * 1.25 * cap / max(tokens, 1)), 16 * cap))


def _whole_characters(piece: bytes) -> bytes:
    """The piece without its last character, so that it ends between two; never empty."""
    end = last_character_start(piece)
    return piece[:end] if end else piece
