"""Gives every chunk of a context a vector: those that have none yet, or all of them where the model is another."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.database import write_back
from exosuit_cli.context.names import index_directory
from exosuit_cli.context.transactions import transaction
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.search.vectors.lsa import SAMPLE, LatentModel, fit
from exosuit_cli.search.vectors.matrix import build_matrix, open_matrix, write_matrix
from exosuit_cli.search.vectors.models import (
    LSA,
    known_spec,
    lsa_path,
    made_elsewhere,
    matrix_path,
)
from exosuit_cli.search.vectors.rows import (
    CODECS,
    DEFAULT_CODEC,
    VectorMeta,
    delete_unsound,
    delete_vectors,
    read_vector_meta,
    write_vector_meta,
    write_vectors,
)
from exosuit_cli.system.paths import ensure_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exosuit_cli.context import Context
    from exosuit_cli.search.vectors.matrix import VectorMatrix
    from exosuit_cli.search.vectors.protocol import Embedder
    from exosuit_cli.system.stop import StopRequest

_BATCH: Final = 256
"""Chunks that are embedded at once."""
_TRANSACTION: Final = 4096
"""Chunks that are written at once: a crash loses no more."""
_STALE: Final = 0.3
"""The share of new chunks from which on the context's own model is made anew."""


@dataclass(frozen=True, slots=True)
class EmbedResult:
    """What an embedding did, and what the context has now.

    chunks: that have a vector now; embedded: of them, in this run; unreadable: chunks that are damaged and have none.
    damaged: vectors that were not what was written, and were made again. is_new_model: another model than before.
    largest_error: of a component that was written in this run, by the codec. nbytes: of the vectors in memory.
    partial: the signal that ended it before its time; what was done stays, and the next run goes on from there.
    """

    context: str
    model: str
    spec: str
    codec: str
    dimensions: int
    chunks: int
    embedded: int
    unreadable: int
    damaged: int
    is_new_model: bool
    largest_error: float
    clusters: int
    nbytes: int
    seconds: float
    partial: str | None = None


def embed(
    context: Context,
    spec: str | None = None,
    *,
    codec: str | None = None,
    anew: bool = False,
    stop: StopRequest | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EmbedResult:
    """Bring the vectors of a context up to date with its chunks, as its one writer.

    Args:
        context: open for writing.
        spec: `lsa`, a folder or a URL; None: the model that the context has, else `lsa`.
        codec: `fp32`, `fp16` or `int8`; None: what the context has, else `int8`.
        anew: embed every chunk, as if there were no vector.
        stop: asked between batches.
        progress: takes chunks done and chunks to do.

    Raises UsageError: a model or codec that is not accepted, another writer, or a context without chunks. Otherwise as
    the model does; what was written until then stays for the next run.

    """
    started = time.monotonic()
    with context.writing() as connection:
        known = read_vector_meta(connection)
        spec = known_spec(spec) if spec is not None else (known.spec if known is not None else LSA)
        codec = codec or (known.codec if known is not None else DEFAULT_CODEC)
        if codec not in CODECS:
            raise UsageError(f"the codec {codec!r} is not accepted; accepted: {', '.join(CODECS)}")
        ensure_private(index_directory(context.path))
        if spec == LSA:
            embedder: Embedder = _lsa(context, known, anew=anew)
        else:
            embedder = made_elsewhere(known_spec(spec), None if anew else known)
        meta = VectorMeta(embedder.name, spec, codec, embedder.dimensions, os.urandom(8).hex())
        is_new = known is None or known.model != meta.model
        with transaction(connection):
            if anew:
                connection.execute("DELETE FROM vectors WHERE model = ?", (meta.model,))
            damaged = delete_unsound(connection, meta)
        todo = _missing(context, meta.model)
        run = _run(context, embedder, meta, todo, stop, progress)
        is_over = run.done == len(todo)
        matrix = None
        if is_over or not is_new:
            folded = 0 if known is None or is_new else known.folded + run.embedded
            matrix = _finish(context, replace(meta, folded=folded), known)
        write_back(connection)
    return EmbedResult(
        context=context.name,
        model=meta.model,
        spec=spec,
        codec=codec,
        dimensions=meta.dimensions,
        chunks=len(matrix) if matrix is not None else 0,
        embedded=run.embedded,
        unreadable=run.unreadable,
        damaged=damaged if known is not None and known.codec == codec else 0,
        is_new_model=is_new,
        largest_error=run.largest_error,
        clusters=matrix.clusters if matrix is not None else 0,
        nbytes=matrix.nbytes if matrix is not None else 0,
        seconds=time.monotonic() - started,
        partial=None if is_over or stop is None or stop.signal is None else stop.signal.name,
    )


def forget_vectors(context: Context) -> int:
    """Delete the vectors of a context and its model; how many there were."""
    with context.writing() as connection:
        (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
        with transaction(connection):
            delete_vectors(connection)
        for path in (matrix_path(context), lsa_path(context)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        return int(count)


@dataclass(slots=True)
class _Run:
    done: int = 0
    embedded: int = 0
    unreadable: int = 0
    largest_error: float = 0.0


def _run(
    context: Context,
    embedder: Embedder,
    meta: VectorMeta,
    todo: Sequence[bytes],
    stop: StopRequest | None,
    progress: Callable[[int, int], None] | None,
) -> _Run:
    """Embed chunks, and write their vectors in transactions of some thousand."""
    run = _Run()
    for first in range(0, len(todo), _TRANSACTION):
        found = []
        try:
            for start in range(first, min(first + _TRANSACTION, len(todo)), _BATCH):
                if stop:
                    return run
                chunks = todo[start : start + _BATCH]
                texts = context.get_many(chunks)
                read = [(key, text) for key, text in zip(chunks, texts, strict=True) if text is not None]
                found.append(([key for key, _ in read], embedder.embed([text for _, text in read])))
                run.done += len(chunks)
                run.embedded += len(read)
                run.unreadable += len(chunks) - len(read)
                if progress is not None:
                    progress(run.done, len(todo))
        finally:  # what a server was paid for stays, also where it fails
            with transaction(context.connection):
                for keys, vectors in found:
                    error = write_vectors(context.connection, meta, keys, vectors)
                    run.largest_error = max(run.largest_error, error)
    return run


def _finish(context: Context, meta: VectorMeta, known: VectorMeta | None) -> VectorMatrix:
    """Let these vectors be those of the context, delete all others, and write the matrix."""
    connection = context.connection
    old = open_matrix(matrix_path(context), known) if known is not None and known.model == meta.model else None
    with transaction(connection):
        delete_vectors(connection, but=meta.model)
        connection.execute("DELETE FROM vectors WHERE chunk NOT IN (SELECT id FROM chunks)")
        write_vector_meta(connection, meta)
    matrix = build_matrix(connection, meta, old)
    write_matrix(matrix_path(context), meta, matrix)
    return matrix


def _lsa(context: Context, known: VectorMeta | None, *, anew: bool) -> LatentModel:
    """The context's own model: the one that it has, or another one where too much has changed since."""
    path = lsa_path(context)
    chunks = _chunk_ids(context)
    found = None if anew else LatentModel.load(path)
    if found is not None:
        is_used = known is not None and known.model == found.name
        new = known.folded + len(_missing(context, found.name)) if known is not None and is_used else 0
        if new <= _STALE * found.texts and abs(len(chunks) - found.texts) <= _STALE * found.texts:
            return found
    if not chunks:
        raise UsageError(f"the context {context.name!r} has no chunk to embed; load a repository into it")
    step = -(-len(chunks) // SAMPLE)
    found = fit(_texts(context, chunks[::step]), texts=len(chunks))
    found.save(path)
    return found


def _texts(context: Context, chunks: Sequence[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(chunks), _BATCH):
        yield [text for text in context.get_many(chunks[start : start + _BATCH]) if text is not None]


def _chunk_ids(context: Context) -> list[bytes]:
    """The ids of all chunks, in the order in which they came."""
    return [row[0] for row in context.connection.execute("SELECT id FROM chunks ORDER BY number")]


def _missing(context: Context, model: str) -> list[bytes]:
    """The ids of the chunks without a vector of this model."""
    rows = context.connection.execute(
        "SELECT id FROM chunks WHERE NOT EXISTS "
        "(SELECT 1 FROM vectors WHERE vectors.chunk = chunks.id AND vectors.model = ?) ORDER BY number",
        (model,),
    )
    return [row[0] for row in rows]
