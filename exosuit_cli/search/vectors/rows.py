"""Vectors in the table `vectors` of a context: packed, written beside each other, checked when they are read."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.chunk.records import ID_BYTES
from exosuit_cli.context.rows import read_meta, write_meta
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.tiers.codecs import pack_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

CODECS: Final[dict[str, str]] = {"fp32": "<f4", "fp16": "<f2", "int8": "|i1"}
"""How a number of a vector is stored."""
DEFAULT_CODEC: Final = "int8"
META: Final = "vectors"
_READ_ROWS: Final = 4096
_WELL_FORMED: Final = (
    "typeof(chunk) = 'blob' AND length(chunk) = ? AND codec = ? AND (typeof(scale) = 'real') = ? "
    "AND typeof(error) = 'real' AND typeof(data) = 'blob' AND length(data) = ?"
)
_MOST_ERROR: Final = 0.005
"""The largest error that a codec may leave in a component of a unit vector: half a step of `int8`."""
_SLACK: Final = 1e-3
"""What the length of a sound vector may differ from one, beside the error of its components."""


@dataclass(frozen=True, slots=True)
class VectorMeta:
    """What a context says of its vectors.

    model: of the rows that count; others are of an embedding that did not end. spec: what was asked for: `lsa`, a
    folder or a URL. stamp: another one after each change. folded: chunks that came after the model was made of them,
    for a model that is.
    """

    model: str
    spec: str
    codec: str
    dimensions: int
    stamp: str
    folded: int = 0


@dataclass(frozen=True, slots=True)
class PackedVectors:
    """Vectors as they are stored: values[n, d] of the codec, and for int8 what one step is worth, float32[n].

    errors: the largest error of a component of each, float32[n], as measured.
    """

    values: npt.NDArray[Any]
    scales: npt.NDArray[np.float32] | None
    errors: npt.NDArray[np.float32]


def pack_vectors(vectors: npt.NDArray[np.float32], codec: str) -> PackedVectors:
    """Pack float32[n, d]: as it is, to two bytes a number, or to one with a scale for each vector."""
    if codec == "int8":
        packed = pack_rows(vectors, codec)
        values, scales = packed.values, packed.scales
    else:
        values, scales = vectors.astype(CODECS[codec]), None
    wrong = np.abs(unpack_vectors(values, scales).astype(np.float64) - vectors).max(axis=1, initial=0.0)
    return PackedVectors(values, scales, np.nextafter(wrong.astype(np.float32), np.float32(np.inf)))


def unpack_vectors(values: npt.NDArray[Any], scales: npt.NDArray[np.float32] | None) -> npt.NDArray[np.float32]:
    """The vectors again, float32[n, d]."""
    wide = values.astype(np.float32)
    return wide if scales is None else wide * scales[:, None]


def are_sound(vectors: npt.NDArray[np.float32], errors: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Whether each vector has the length that its model gave it, 1 or 0, as far as its errors allow; bool[n]."""
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    room = np.minimum(np.abs(errors), _MOST_ERROR) * np.sqrt(vectors.shape[1]) + _SLACK
    return np.asarray((np.abs(length - 1) <= room) | (length == 0))


def write_vectors(
    connection: sqlite3.Connection, meta: VectorMeta, chunks: Sequence[bytes], vectors: npt.NDArray[np.float32]
) -> float:
    """Write the vectors of chunks; the largest error. The transaction is the caller's."""
    packed = pack_vectors(vectors, meta.codec)
    scales = [None] * len(chunks) if packed.scales is None else packed.scales.tolist()
    connection.executemany(
        "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?, ?, ?)",
        (
            (chunk, meta.model, meta.codec, scale, error, row.tobytes())
            for chunk, scale, error, row in zip(chunks, scales, packed.errors.tolist(), packed.values, strict=True)
        ),
    )
    return float(packed.errors.max(initial=0.0))


def read_vectors(connection: sqlite3.Connection, meta: VectorMeta) -> Iterator[tuple[list[bytes], PackedVectors]]:
    """The sound vectors of the model, some thousand at a time, in the order of their chunks' ids."""
    for rows, values, scales, errors, is_sound in _checked(connection, meta):
        sound = np.flatnonzero(is_sound)
        chunks = [rows[place][0] for place in sound.tolist()]
        yield chunks, PackedVectors(values[sound], None if scales is None else scales[sound], errors[sound])


def delete_unsound(connection: sqlite3.Connection, meta: VectorMeta) -> int:
    """Delete the vectors of the model that are damaged or of another codec; how many. The caller commits."""
    execute = connection.execute
    size = meta.dimensions * np.dtype(CODECS[meta.codec]).itemsize
    found = execute(
        f"DELETE FROM vectors WHERE model = ? AND NOT ({_WELL_FORMED})",  # noqa: S608
        (meta.model, ID_BYTES, meta.codec, meta.codec == "int8", size),
    ).rowcount
    unsound = [
        row[0]
        for rows, _, _, _, is_sound in _checked(connection, meta)
        for row, sound in zip(rows, is_sound.tolist(), strict=True)
        if not sound
    ]
    connection.executemany(
        "DELETE FROM vectors WHERE chunk = ? AND model = ?", ((each, meta.model) for each in unsound)
    )
    return found + len(unsound)


def _checked(connection: sqlite3.Connection, meta: VectorMeta) -> Iterator[tuple[Any, ...]]:
    """The well-formed rows of the model; their values, scales and errors; and whether each is sound."""
    dtype, has_scale = np.dtype(CODECS[meta.codec]), meta.codec == "int8"
    cursor = connection.execute(
        f"SELECT chunk, scale, error, data FROM vectors WHERE model = ? AND {_WELL_FORMED} ORDER BY chunk",  # noqa: S608
        (meta.model, ID_BYTES, meta.codec, has_scale, meta.dimensions * dtype.itemsize),
    )
    while rows := cursor.fetchmany(_READ_ROWS):
        values = np.frombuffer(b"".join(row[3] for row in rows), dtype).reshape(len(rows), meta.dimensions)
        with np.errstate(over="ignore"):
            scales = np.array([row[1] for row in rows], np.float32) if has_scale else None
            errors = np.array([row[2] for row in rows], np.float32)
        yield rows, values, scales, errors, are_sound(unpack_vectors(values, scales), errors)


def read_vector_meta(connection: sqlite3.Connection) -> VectorMeta | None:
    """What the context says of its vectors; None where it has none, or says it in a way that is not known here."""
    text = read_meta(connection, META)
    if not isinstance(text, str):
        return None
    try:
        found = VectorMeta(**json.loads(text))
    except (ValueError, TypeError):
        return None
    numbers = (found.dimensions, found.folded)
    is_known = found.codec in CODECS and all(isinstance(each, int) for each in numbers) and found.dimensions > 0
    return found if is_known else None


def write_vector_meta(connection: sqlite3.Connection, meta: VectorMeta) -> None:
    """Say of the context that it has these vectors."""
    write_meta(connection, META, json.dumps(asdict(meta)))


def delete_vectors(connection: sqlite3.Connection, *, but: str | None = None) -> None:
    """Delete all vectors, but for those of one model. The transaction is the caller's."""
    connection.execute("DELETE FROM vectors WHERE model IS NOT ?", (but,))
    if but is None:
        connection.execute("DELETE FROM meta WHERE key = ?", (META,))
