"""Seals: what tells a damaged row from a sound one."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import numpy as np
from blake3 import blake3

from exosuit_cli.chunk.records import ID_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exosuit_cli.context.records import StoredFile

SEAL_BYTES: Final = 8
_SPAN: Final = struct.Struct("<16s6q")
SPAN: Final = np.dtype([("chunk", "u1", (ID_BYTES,)), ("numbers", "<i8", (6,))])
"""A span as it is sealed: chunk, tokens, start byte, end byte, start line, end line, boundary."""


def packed_seal(spans: bytes, symbols: Iterable[str | None]) -> bytes:
    """The seal of spans that are packed as `SPAN`, in order, with their symbols."""
    names = "\0".join(["\1" if symbol is None else symbol for symbol in symbols])
    return blake3(spans + names.encode("utf-8", "surrogateescape")).digest(SEAL_BYTES)


def spans_seal(rows: list[tuple[bytes, int, int, int, int, int, int, str | None]]) -> bytes | None:
    """The seal of spans as rows of the table, in order; None where a value is not of its type."""
    try:
        return packed_seal(b"".join([_SPAN.pack(*row[:7]) for row in rows]), [row[7] for row in rows])
    except (struct.error, TypeError, AttributeError):
        return None


def file_seal(file: StoredFile, spans: bytes | None) -> bytes | None:
    """The seal of a file's row, over that of its spans.

    The sign of the source, the executable bit and `below` may change, and are not in it.
    """
    if spans is None:
        return None
    source = abs(file.source) if isinstance(file.source, int) else None
    numbers = (file.size, file.lines, file.tokens, file.language, file.spans, file.span_tokens)
    return row_seal((source, file.path, file.digest, *numbers), spans)


def row_seal(values: tuple[object, ...], before: bytes = b"") -> bytes:
    """The seal of a row's values."""
    return blake3(before + repr(values).encode("utf-8", "surrogateescape")).digest(SEAL_BYTES)
