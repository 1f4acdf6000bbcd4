"""The chunks of files in UTF-16 and UTF-32: cut in their UTF-8, with the offsets of the file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.read.wide import mark_size, places_in_file

if TYPE_CHECKING:
    from exosuit_cli.chunk.records import FileChunks


def spans_in_file(chunks: FileChunks, text: bytes, codec: str, *, before: int = 0, file_before: int = 0) -> FileChunks:
    """The chunks of `text`, UTF-8, with `starts` and `ends` in the file that it was decoded from.

    `text` is a whole text, or one that `before` bytes of UTF-8 and `file_before` bytes of the file precede. The byte
    order mark belongs to the first chunk.
    """
    offsets = np.append(chunks.starts, chunks.ends) - before
    places = places_in_file(text, offsets, codec) + (file_before or mark_size(codec))
    starts, ends = places[: len(chunks)], places[len(chunks) :]
    if not before:
        starts[chunks.starts == 0] = 0
    return replace(
        chunks,
        size=file_size(text, codec, file_before=file_before),
        starts=starts,
        ends=ends,
        text_starts=chunks.starts,
        text_ends=chunks.ends,
    )


def file_size(text: bytes, codec: str, *, file_before: int = 0) -> int:
    """The bytes of the file up to the end of `text`."""
    return int(places_in_file(text, np.array([len(text)]), codec)[0]) + (file_before or mark_size(codec))
