"""Chunk format `parquet`: a table with a row a chunk."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from exosuit_cli.report.arrow import pyarrow_modules
from exosuit_cli.report.chunk.formats.format import ChunkFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.chunk.batch import Renderer
    from exosuit_cli.ingest.collector import ChunkSink


def _check() -> None:
    pyarrow_modules("--format parquet")


@contextmanager
def _opened(file: BinaryIO, with_text: bool) -> Iterator[tuple[Renderer, ChunkSink]]:
    from exosuit_cli.report.chunk.parquet import ParquetRenderer, ParquetSink

    renderer = ParquetRenderer(with_text=with_text)
    with ParquetSink(file, renderer) as sink:
        yield renderer, sink


FORMAT: Final = ChunkFormat("parquet", (".parquet",), "a table, by pyarrow", False, _opened, _check)
