"""What a chunk format is."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from exosuit_cli.chunk.batch import Renderer
    from exosuit_cli.ingest.collector import ChunkSink


def _nothing_is_missing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class ChunkFormat:
    """One format.

    Args:
        name: as `--format` takes it.
        suffixes: endings of file names that choose it, in lower case, with their dot; '' is a name without one.
        help: what the format is, in a few words.
        is_text: whether a terminal can show it.
        opened: the renderer, which runs in the workers, and the sink, which writes to the file; the end of the block
            completes the file. Its second argument says whether the chunks have their text.
        check: raises UsageError where what the format needs is not installed.

    """

    name: str
    suffixes: tuple[str, ...]
    help: str
    is_text: bool
    opened: Callable[[BinaryIO, bool], AbstractContextManager[tuple[Renderer, ChunkSink]]]
    check: Callable[[], None] = _nothing_is_missing
