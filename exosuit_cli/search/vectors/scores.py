"""How near the chunks of a context are to a question, by their vectors: one signal for a ranker."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.chunk.records import ID_BYTES
from exosuit_cli.model.errors import OutputError
from exosuit_cli.search.vectors.matrix import build_matrix, open_matrix, write_matrix
from exosuit_cli.search.vectors.models import embedder_of, matrix_path
from exosuit_cli.search.vectors.rows import VectorMeta, read_vector_meta

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.vectors.matrix import VectorMatrix
    from exosuit_cli.search.vectors.protocol import Embedder

_MANY: Final = 200_000
"""Vectors that are compared in some 15 ms."""
_ROUTED: Final = 0.05
_MOST_QUESTION: Final = 8192
"""Characters of a question that are embedded: a model takes no more, or does not gain by it."""


class ContextVectors:
    """The vectors of a context, open for questions. What was loaded after they were made has none."""

    def __init__(self, context: ContextReader, meta: VectorMeta, matrix: VectorMatrix) -> None:
        self.meta, self.matrix = meta, matrix
        self._context = context
        self._embedder: Embedder | None = None
        self._last: tuple[str, npt.NDArray[np.float32]] | None = None

    def question(self, text: str) -> npt.NDArray[np.float32]:
        """The vector of a question, float32[d]. The last one is kept, so a model is asked once for each.

        Raises as the model does, and UsageError where it is not the one any more that made the vectors.
        """
        if self._embedder is None:
            self._embedder = embedder_of(self._context, self.meta)
        if self._last is None or self._last[0] != text:
            self._last = text, self._embedder.embed_queries([text[:_MOST_QUESTION]])[0]
        return self._last[1]

    def scores(self, text: str, chunks: Sequence[bytes] | npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The cosine of a question and each chunk, float32[n]; 0 where a chunk has no vector.

        `chunks` are ids of 16 bytes, as a sequence or as uint8[n, 16]. Raises as `question` does.
        """
        return self.matrix.scores(self.question(text), _ids(chunks))

    def nearest(self, text: str, top: int, *, share: float | None = None) -> list[tuple[bytes, float]]:
        """The ids and cosines of the `top` chunks that are nearest to a question, the nearest first.

        `share`: of the vectors that are looked at, by their clusters; see `VectorMatrix.nearest`. None: all of them, or
        a twentieth where there are many.
        """
        if share is None:
            share = 1.0 if len(self.matrix) <= _MANY else _ROUTED
        places, scores = self.matrix.nearest(self.question(text), top, share=share)
        return list(zip(self.matrix.ids(places), scores.tolist(), strict=True))


def open_vectors(context: ContextReader) -> ContextVectors | None:
    """The vectors of a context; None where it has none. A matrix that is not in step is made again from its rows."""
    with context.snapshot():
        meta = read_vector_meta(context.connection)
        if meta is None:
            return None
        path = matrix_path(context)
        matrix = open_matrix(path, meta)
        if matrix is None:
            matrix = build_matrix(context.connection, meta, None)
            with contextlib.suppress(OutputError, OSError):  # it is good for this process
                write_matrix(path, meta, matrix)
    return ContextVectors(context, meta, matrix)


def vector_scores(
    context: ContextReader, question: str, chunks: Sequence[bytes] | npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32] | None:
    """The cosine of a question and each chunk, float32[n], or None where the context has no vectors.

    For one question; who asks several keeps what `open_vectors` gives.
    """
    vectors = open_vectors(context)
    return None if vectors is None else vectors.scores(question, chunks)


def _ids(chunks: Sequence[bytes] | npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    if isinstance(chunks, np.ndarray):
        return chunks
    return np.frombuffer(b"".join(chunks), np.uint8).reshape(len(chunks), ID_BYTES)
