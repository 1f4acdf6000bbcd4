"""Chunks as a Parquet file: the fields of the JSON lines as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np

from exosuit_cli.chunk.batch import Rendered
from exosuit_cli.chunk.flag_kinds import FLAG_NAMES
from exosuit_cli.report.arrow import pyarrow_modules
from exosuit_cli.report.chunk.jsonl import place_record
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.system.names import text_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.chunk.batch import ChunkBatch
    from exosuit_cli.chunk.slab_chunks import SlabChunks

ROWS = 16_384
"""Rows of a row group, however large the batches are: the bytes of the file depend on the chunks alone."""


class ParquetRenderer:
    """Renders each chunk's text as UTF-8; the head is the file's language."""

    needs_symbols = True

    def __init__(self, *, with_text: bool) -> None:
        self.with_text = with_text

    def render(self, slab: SlabChunks) -> Rendered:
        """See `Renderer`; undecodable parts of a text become U+FFFD."""
        heads = [
            head
            for language, count in zip(slab.languages, slab.counts.tolist(), strict=True)
            for head in [language.encode()] * count
        ]
        sizes = np.fromiter(map(len, heads), np.int64, len(heads))
        if not self.with_text:
            return Rendered(b"".join(heads), sizes, sizes)
        texts = [head + text.encode() for head, text in zip(heads, slab.texts(), strict=True)]
        return Rendered(b"".join(texts), np.fromiter(map(len, texts), np.int64, len(texts)), sizes)


class ParquetSink:
    """Writes chunks to a Parquet file, zstd-compressed; a context manager, whose end completes the file.

    Raises UsageError where pyarrow is not installed.
    """

    def __init__(self, file: BinaryIO, renderer: ParquetRenderer) -> None:
        self._arrow, self._parquet = pyarrow_modules("--format parquet")
        self._file = file
        self._with_text = renderer.with_text
        self._schema: Any = None
        self._writer: Any = None
        self._held: list[Any] = []
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self._writer is None:
            self._begin(with_context=False)
        if self._rows and error is None:
            self._flush(self._rows)
        self._writer.close()

    def write(self, batch: ChunkBatch, paths: Sequence[bytes], repeats: dict[int, tuple[bytes, int]]) -> None:
        """See `ChunkSink`."""
        arrow = self._arrow
        chunks = batch.chunks
        if not len(batch):
            return
        if self._writer is None:
            self._begin(with_context=chunks.contexts is not None)
        counts = batch.counts.tolist()
        names = [text_name(path) for path in paths]
        digits = chunks.ids.tobytes().hex()
        ids = [digits[start : start + 32] for start in range(0, len(digits), 32)]
        previous, following = _neighbours(ids, counts)
        ends = batch.sizes.cumsum().tolist()
        heads = batch.heads.tolist()
        starts = [end - size for end, size in zip(ends, batch.sizes.tolist(), strict=True)]
        languages = [
            batch.rendered[start : start + head].decode() or None for start, head in zip(starts, heads, strict=True)
        ]
        contexts = chunks.contexts
        columns: list[object] = [
            ids,
            [name for (name, _), count in zip(names, counts, strict=True) for _ in range(count)],
            [exact for (_, exact), count in zip(names, counts, strict=True) for _ in range(count)],
            chunks.starts, chunks.ends, chunks.start_lines, chunks.end_lines, chunks.tokens,
            languages,
            [Boundary(number).label for number in chunks.boundaries.tolist()],
            chunks.symbols or [None] * len(batch),
            [
                [{"name": each.name, "kind": each.kind.label, "line": each.line} for each in found]
                for found in chunks.defined.by_chunk(len(batch))
            ],
            [guessed for guessed, count in zip(batch.guessed.tolist(), counts, strict=True) for _ in range(count)],
            [FLAG_NAMES[flags] for flags in chunks.flags] if chunks.flags is not None else [()] * len(batch),
            previous, following,
            *([contexts.texts, contexts.tokens, contexts.in_text] if contexts is not None else []),
            [place_record(*repeats[position]) if position in repeats else None for position in range(len(batch))],
        ]  # fmt: skip
        if self._with_text:
            columns.append(
                [
                    None if position in repeats else batch.rendered[start + head : end].decode()
                    for position, (start, head, end) in enumerate(zip(starts, heads, ends, strict=True))
                ]
            )
        arrays = [arrow.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._held.append(arrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows += len(batch)
        while self._rows >= ROWS:
            self._flush(ROWS)

    def _begin(self, *, with_context: bool) -> None:
        """Write the head of the file: the columns are known with the first chunks."""
        arrow = self._arrow
        place = arrow.struct([("path", arrow.string()), ("path_b64", arrow.string()), ("start_byte", arrow.int64())])
        symbol = arrow.struct([("name", arrow.string()), ("kind", arrow.string()), ("line", arrow.int64())])
        context = [("context", arrow.string()), ("context_tokens", arrow.int64()), ("context_in_text", arrow.bool_())]
        fields = [
            ("id", arrow.string()), ("path", arrow.string()), ("path_b64", arrow.string()),
            ("start_byte", arrow.int64()), ("end_byte", arrow.int64()),
            ("start_line", arrow.int64()), ("end_line", arrow.int64()),
            ("tokens", arrow.int64()), ("language", arrow.string()), ("boundary", arrow.string()),
            ("symbol", arrow.string()), ("symbols", arrow.list_(symbol)), ("guessed", arrow.bool_()),
            ("flags", arrow.list_(arrow.string())), ("previous", arrow.string()), ("next", arrow.string()),
            *(context if with_context else []),
            ("duplicate_of", place),
            *([("text", arrow.large_string())] if self._with_text else []),
        ]  # fmt: skip
        self._schema = arrow.schema(fields)
        self._writer = self._parquet.ParquetWriter(self._file, self._schema, compression="zstd", store_schema=False)

    def _flush(self, rows: int) -> None:
        table = self._arrow.concat_tables(self._held)
        # As one piece: pages would be cut where the batches were.
        self._writer.write_table(table.slice(0, rows).combine_chunks(), row_group_size=rows)
        self._held = [table.slice(rows)]
        self._rows -= rows


def _neighbours(ids: list[str], counts: list[int]) -> tuple[list[str | None], list[str | None]]:
    """The ids of the chunks before and after each in its file; `counts` are the chunks of each file."""
    previous: list[str | None] = []
    following: list[str | None] = []
    first = 0
    for count in counts:
        own = ids[first : first + count]
        previous += [None, *own[:-1]] if own else []
        following += [*own[1:], None] if own else []
        first += count
    return previous, following
