"""The order of the candidates, and the share that each signal has in it.

A linear score over the features of files, with weights that `scripts/train_ranker.py` fits by the likelihood of a
softmax over the candidates of each question.
"""

from __future__ import annotations

import functools
import json
import os
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.features import COLUMNS, chunk_scores, file_features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.search.lexical import Candidates
    from exosuit_cli.search.path_facts import PathFacts
    from exosuit_cli.search.question import Question

SIGNALS: Final = {
    "text": ("chunk", "chunk_top", "chunks", "chunks_top", "chunks_slow_top", "text", "text_top", "coverage", "pair"),
    "definitions": (
        "definitions", "definitions_top", "defined", "defines_name", "defines_name_rare",
        "defines_exactly", "defines_exactly_rare", "defines_pair",
    ),
    "comments": ("comments", "comments_top", "commented", "head_commented", "first_commented"),
    "path": (
        "name", "name_top", "name_explained", "name_explained_rare", "directories", "path", "called", "named_path",
        "depth", "directory_share", "head_path", "head_explained", "first_path",
    ),
    "kind": (
        "test", "test_asked", "example", "vendored", "docs_directory", "tools", "declaration", "platform", "docs",
        "docs_asked", "config", "config_asked", "ci_asked",
    ),
    "size": ("size",),
}  # fmt: skip
"""The features whose shares are shown together."""
VECTORS: Final = "vectors"
"""The signal of a context that has vectors, beside those of the features."""
_VECTOR_WEIGHTS: Final = {"lsa": 2.0}
_OTHER_VECTOR_WEIGHT: Final = 3.0
"""What a cosine of 1 adds to the score of a file, by model. Set by hand, not trained. Over 378 questions to
19 repositories, `lsa` gave an nDCG@10 of 0.890, and 0.886 without; other weights up to 2 gave as much within 0.005.
Other models were not measured."""
_TEXT_WEIGHT: Final = 5.0
"""About what the best text adds to the score of a file: a cosine has the same part in the order of a file's chunks."""


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


@dataclass(frozen=True, slots=True)
class Cosines:
    """How near a question is to each chunk of the candidates, by vectors.

    Attributes:
        chunks: float32[m], from 0 to 1; 0 where a chunk has no vector.
        near: float32[m], the same for the nearest of them, and 0 for the others.
        weight: what a cosine of 1 adds to the score of a file.

    """

    chunks: npt.NDArray[np.float32]
    near: npt.NDArray[np.float32]
    weight: float


def rank(
    question: Question,
    candidates: Candidates,
    facts: Sequence[PathFacts],
    kinds: npt.NDArray[np.uint8],
    is_named: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float32] | None = None,
    cosines: Cosines | None = None,
) -> Ranking:
    """Order the candidates of a question; equal ones stay in the order of the index.

    `is_named`, bool[m], says which chunks have a symbol that the question names. `weights` are
    float32[len(COLUMNS)], those of the package without. With `cosines` there is one more signal, `VECTORS`.
    """
    chunks = chunk_scores(candidates, is_named)
    features = file_features(question, candidates, facts, kinds, chunks, is_named)
    shares = features * (packaged_weights() if weights is None else weights)
    signals = {name: shares[:, places].sum(axis=1) for name, places in _signal_places().items()}
    if cosines is not None:
        best = np.zeros(len(candidates.files), np.float32)
        np.maximum.at(best, candidates.file_of_chunk, cosines.chunks)
        signals[VECTORS] = best * np.float32(cosines.weight)
        most = max(float(chunks.max(initial=0)), 1.0)
        chunks = chunks + np.float32(most * cosines.weight / _TEXT_WEIGHT) * cosines.near
    scores = np.stack(list(signals.values())).sum(axis=0)
    order = np.lexsort((candidates.files, -scores))
    return Ranking(order, scores[order], {name: each[order] for name, each in signals.items()}, chunks)


def vector_weight(spec: str) -> float:
    """What a cosine of 1 adds to the score of a file, by what the vectors were made with: `lsa`, a folder or a URL."""
    return _VECTOR_WEIGHTS.get(spec, _OTHER_VECTOR_WEIGHT)


@functools.cache
def packaged_weights() -> npt.NDArray[np.float32]:
    """The weights of the package: float32[len(COLUMNS)]; a feature that has none weighs nothing."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "weights.json"), "rb") as file:
        found = json.load(file)["weights"]
    return np.array([found.get(column, 0.0) for column in COLUMNS], np.float32)


@functools.cache
def _signal_places() -> dict[str, list[int]]:
    return {
        signal: [number for number, column in enumerate(COLUMNS) if column.removesuffix("_of_name") in features]
        for signal, features in SIGNALS.items()
    }
