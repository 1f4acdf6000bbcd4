"""The chunks of files as the index reads them from a context: every row and every text verified, a slab at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.context.rows import FILE_COLUMNS, file_of
from exosuit_cli.context.seal import file_seal, spans_seal
from exosuit_cli.search.segment_builder import FilePart, SpanRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from exosuit_cli.tiers.nvme import NvmeTier

SLAB_CHUNKS: Final = 2048
"""Chunks whose texts are looked at together: some 1 to 2 MB, which stay in the processor's cache."""
_ASKED: Final = 500
_SEALS: Final = (
    "SELECT id, CASE WHEN typeof(seal) = 'blob' AND length(seal) = 8 THEN seal ELSE x'0000000000000000' END "
    "FROM files WHERE source > 0 AND spans > 0 ORDER BY id"
)
_SPANS: Final = (
    "SELECT chunk, tokens, start_byte, end_byte, start_line, end_line, boundary, symbol FROM spans "
    "WHERE file = ? ORDER BY ordinal"
)

_CHUNKS: Final = (
    "SELECT id, codec, data FROM chunks WHERE number >= (SELECT number FROM chunks WHERE id = ?) "
    "ORDER BY number LIMIT ?"
)
"""Chunks in the order in which they came, which is mostly that of a file: one look-up for all of them."""


class ContextChanged(Exception):
    """A file is not what it was when the files were listed: another process has loaded the context meanwhile."""


def file_keys(connection: sqlite3.Connection) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """The number of every file that has chunks, ascending, and its seal: whether the index has it as it is.

    int64[n] and uint64[n]; a seal that is damaged is 0.
    """
    rows = connection.execute(_SEALS).fetchall()
    numbers = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    return numbers, np.frombuffer(b"".join([row[1] for row in rows]), np.uint64)


def count_files(connection: sqlite3.Connection) -> int:
    """How many files have chunks."""
    (count,) = connection.execute("SELECT count(*) FROM files WHERE source > 0 AND spans > 0").fetchone()
    return int(count)


def with_chunks(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[int]:
    """Those of the files that have chunks."""
    query = "SELECT 1 FROM files WHERE id = ? AND source > 0 AND spans > 0"
    return [number for number in numbers if connection.execute(query, (number,)).fetchone() is not None]


def list_parts(connection: sqlite3.Connection, numbers: Sequence[int] | None, most: int) -> Iterator[FilePart]:
    """Files by number, or all of them, in the order of the context; a file of more than `most` chunks in parts."""
    query = f"SELECT {FILE_COLUMNS}, seal FROM files WHERE source > 0 AND spans > 0"  # noqa: S608
    if numbers is None:
        rows = connection.execute(f"{query} ORDER BY source, path").fetchall()
    else:
        rows = []
        for start in range(0, len(numbers), _ASKED):
            asked = numbers[start : start + _ASKED]
            rows += connection.execute(f"{query} AND id IN ({', '.join('?' * len(asked))})", asked).fetchall()
        rows.sort(key=lambda row: (row[1], isinstance(row[2], bytes), row[2]))
    for *columns, seal in rows:
        file = file_of(tuple(columns))
        for first in range(0, file.spans, most):
            yield FilePart(file, seal, first, min(first + most, file.spans))


def read_slabs(
    connection: sqlite3.Connection, chunks: NvmeTier, parts: Iterable[FilePart]
) -> Iterator[tuple[list[FilePart], list[SpanRow], list[bytes]]]:
    """The files with the rows and the texts of their chunks, some `SLAB_CHUNKS` chunks at a time.

    A text that is damaged is empty. A file whose rows are damaged has no chunks. Raises ContextChanged.
    """
    held: list[FilePart] = []
    rows: list[SpanRow] = []
    texts: dict[bytes, bytes | None] = {}
    for part in parts:
        found = connection.execute(_SPANS, (part.file.id,)).fetchall()
        if file_seal(part.file, spans_seal(found)) != part.seal or len(found) != part.file.spans:
            _check_unchanged(connection, part)
            found = []
        found = found[part.first : part.stop]
        held.append(part if found else FilePart(part.file, part.seal, part.first, part.first))
        rows += found
        _read_texts(connection, chunks, found, texts)
        if len(rows) >= SLAB_CHUNKS:
            yield held, rows, _in_order(chunks, rows, texts)
            held, rows, texts = [], [], {}
    if held:
        yield held, rows, _in_order(chunks, rows, texts)


def _read_texts(
    connection: sqlite3.Connection, chunks: NvmeTier, rows: Sequence[SpanRow], texts: dict[bytes, bytes | None]
) -> None:
    """Read what `texts` lacks of the chunks of a file as far as they came with its first one."""
    if rows and any(row[0] not in texts for row in rows):
        for row in connection.execute(_CHUNKS, (rows[0][0], len(rows))):
            if row[0] not in texts:
                texts[row[0]] = chunks.text_of(*row)


def _in_order(chunks: NvmeTier, rows: Sequence[SpanRow], texts: dict[bytes, bytes | None]) -> list[bytes]:
    """The text of each row; those that other files brought are looked for one by one."""
    missing = list({row[0] for row in rows} - texts.keys())
    texts.update(zip(missing, chunks.get(missing), strict=True))
    return [texts[row[0]] or b"" for row in rows]


def _check_unchanged(connection: sqlite3.Connection, part: FilePart) -> None:
    row = connection.execute("SELECT seal FROM files WHERE id = ? AND source > 0", (part.file.id,)).fetchone()
    if row is None or row[0] != part.seal:
        raise ContextChanged(part.file.path)
