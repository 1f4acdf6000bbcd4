"""What the vectors of a context add to a question: more candidates, and how near each of their chunks is.

Words alone answer where the model fails, with a warning.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.model.units import counted
from exosuit_cli.search.lexical import SEGMENT_BITS
from exosuit_cli.search.ranker import Cosines, vector_weight
from exosuit_cli.search.segment import ID_BYTES
from exosuit_cli.search.vectors.scores import open_vectors
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.lexical import Candidates
    from exosuit_cli.search.scope import Scope
    from exosuit_cli.search.segment import Segment
    from exosuit_cli.search.vectors.scores import ContextVectors

NEAREST: Final = 50
"""The nearest chunks within the filters, whose files become candidates."""
_LOOKED_AT: Final = 2000
"""The nearest chunks of all, among which those within the filters are looked for."""
_NEAR: Final = 0.5
"""The share of the best cosine from which on a chunk is near."""
_WAIT_SECONDS: Final = 60.0
"""How long a model that failed is not asked again."""
_MOST_SHOWN: Final = 300
_IN_SEGMENT: Final = (1 << SEGMENT_BITS) - 1


class VectorSignal:
    """The vectors of a context, for the questions to one index of it. Nothing here fails: `warnings` say what did.

    For one thread.
    """

    def __init__(self, context: ContextReader) -> None:
        self.warnings: tuple[str, ...] = ()
        """What keeps the last question from being weighed by all vectors."""
        self._context = context
        self._vectors: ContextVectors | None = None
        self._failed: float | None = None
        self._without: int | None = None

    def near_files(self, text: str, segments: Sequence[Segment], scope: Scope) -> npt.NDArray[np.int64]:
        """The files within a scope that hold the chunks nearest to a question, int64[n], ascending.

        Raises DamagedIndex.
        """
        nearest = self._nearest(text, NEAREST if scope.is_everything else _LOOKED_AT)
        if not nearest:
            return np.zeros(0, np.int64)
        order, files = _places(segments, nearest, scope)
        kept = np.unique(order)[:NEAREST]
        return np.unique(files[np.isin(order, kept)])

    def cosines(self, text: str, segments: Sequence[Segment], candidates: Candidates) -> Cosines | None:
        """The cosine of each chunk of the candidates, 0 where it has no vector; None where the model failed.

        To be asked after `near_files`, with the same question. Raises DamagedIndex.
        """
        if self._vectors is None or self._failed is not None:
            return None
        ids = np.zeros((len(candidates.chunks), ID_BYTES), np.uint8)
        places = candidates.chunks >> SEGMENT_BITS
        for place in np.unique(places).tolist():
            here = np.flatnonzero(places == place)
            ids[here] = _ids(segments[place])[candidates.chunks[here] & _IN_SEGMENT]
        if self._without is None:
            self._without = _without_vector(segments, self._vectors)
        if self._without:
            verb = "has" if self._without == 1 else "have"
            count = f"{counted(self._without, 'chunk')} of the context {verb} no vector"
            self.warnings = (f"{count}; to embed what is new: exosuit context embed --name {self._context.name}",)
        chunks = np.maximum(self._vectors.scores(text, ids), np.float32(0))
        near = np.where(chunks >= np.float32(_NEAR) * chunks.max(initial=0), chunks, np.float32(0))
        return Cosines(chunks, near, vector_weight(self._vectors.meta.spec))

    def _nearest(self, text: str, top: int) -> list[bytes]:
        """The ids of the chunks that are near to a question, the nearest first; none where the model fails."""
        if self._failed is not None and time.monotonic() - self._failed < _WAIT_SECONDS:
            return []
        self.warnings, self._failed = (), None
        try:
            if self._vectors is None:
                self._vectors = open_vectors(self._context)
            found = self._vectors.nearest(text, top) if self._vectors is not None else []
        except Exception as error:  # noqa: BLE001  (whatever a model, its file or its server raises)
            said = str(error) if isinstance(error, ExosuitError) else f"{type(error).__name__}: {error}"
            self._failed = time.monotonic()
            self.warnings = (f"answered by words alone, without vectors: {display_name(said[:_MOST_SHOWN])}",)
            return []
        least = _NEAR * found[0][1] if found else 0
        return [chunk for chunk, cosine in found if cosine > 0 and cosine >= least]


def _ids(segment: Segment) -> npt.NDArray[np.uint8]:
    """The ids of the chunks of a segment, uint8[chunks, 16]."""
    found: npt.NDArray[np.uint8] = segment.column("id").reshape(-1, ID_BYTES)
    return found


def _places(
    segments: Sequence[Segment], ids: Sequence[bytes], scope: Scope
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where chunks of these ids are within a scope: places in `ids` and numbers of files, int64[n] each.

    Ids are looked up by their first two bytes, which few chunks of a segment share.
    """
    number_of = {each: number for number, each in enumerate(ids)}
    is_start = np.zeros(1 << 16, np.bool_)
    is_start[np.frombuffer(b"".join(each[:2] for each in ids), np.uint16)] = True
    found: list[tuple[int, int]] = []
    for place, segment in enumerate(segments):
        column = _ids(segment)
        maybe = np.flatnonzero(is_start[column.view(np.uint16)[:, 0]])
        hits = [(number_of.get(column[chunk].tobytes()), chunk) for chunk in maybe.tolist()]
        if any(number is not None for number, _ in hits):
            allowed = scope.files(segment)
            for number, chunk in hits:
                file = int(segment.file_of_chunk[chunk])
                if number is not None and allowed[file]:
                    found.append((number, file | place << SEGMENT_BITS))
    numbers = np.array(found, np.int64).reshape(-1, 2)
    return numbers[:, 0], numbers[:, 1]


def _without_vector(segments: Sequence[Segment], vectors: ContextVectors) -> int:
    """How many chunks of the index have no vector."""
    live = [_ids(segment)[~segment.is_dead_chunk] for segment in segments]
    return vectors.matrix.count_missing(np.concatenate([np.zeros((0, ID_BYTES), np.uint8), *live]))
