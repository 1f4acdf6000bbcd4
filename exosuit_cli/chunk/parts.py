"""The parts of a long text, each with the ids of the chunks beside its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from exosuit_cli.chunk.records import FileChunks

_Content = TypeVar("_Content")


def linked(parts: Iterable[tuple[_Content, FileChunks]]) -> Iterator[tuple[_Content, FileChunks]]:
    """Yield the parts in order, each when the next one is there; see `FileChunks.before` and `after`."""
    held: tuple[_Content, FileChunks] | None = None
    for content, chunks in parts:
        part = chunks
        if held is not None:
            before = held[1]
            if len(before) and len(chunks):
                part = replace(chunks, before=before.ids[-1].tobytes())
                before = replace(before, after=chunks.ids[0].tobytes())
            yield held[0], before
        held = content, part
    if held is not None:
        yield held
