"""The order of the candidates, and the share that each signal has in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from exosuit_cli.search.lexical import Candidates


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidates in order, the best first.

    Attributes:
        files: int64[k], places in `Candidates.files`.
        scores: float32[k], of these files in this order.
        signals: by name, float32[k]: shares of the scores, which add up to them.
        chunks: float32[m], how well each chunk of `Candidates.chunks` answers; it orders the chunks of a file.

    """

    files: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    signals: Mapping[str, npt.NDArray[np.float32]]
    chunks: npt.NDArray[np.float32]


def rank(candidates: Candidates) -> Ranking:
    """Order the candidates by BM25 of their best chunk."""
    scores = candidates.scores["chunk"]
    order = np.lexsort((candidates.files, -scores))
    order = order[scores[order] > 0]
    return Ranking(order, scores[order], {"chunk": scores[order]}, candidates.chunk_scores["text"])
