"""Chunk format `jsonl`: one JSON line a chunk."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from exosuit_cli.report.chunk.formats.format import ChunkFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.chunk.batch import Renderer
    from exosuit_cli.ingest.collector import ChunkSink


@contextmanager
def _opened(file: BinaryIO, with_text: bool) -> Iterator[tuple[Renderer, ChunkSink]]:
    from exosuit_cli.report.chunk.jsonl import JsonlRenderer, JsonlSink

    renderer = JsonlRenderer(with_text=with_text)
    yield renderer, JsonlSink(file, renderer)


FORMAT: Final = ChunkFormat("jsonl", ("", ".jsonl", ".ndjson", ".json"), "JSON lines", True, _opened)
