"""The order of the candidates, and the share that each signal has in it.

A linear score over the features of files, with weights that `scripts/train_ranker.py` fits by the likelihood of a
softmax over the candidates of each question.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files as package_files
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.search.features import COLUMNS, chunk_scores, file_features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.search.lexical import Candidates
    from exosuit_cli.search.path_facts import PathFacts
    from exosuit_cli.search.question import Question

SIGNALS: Final = {
    "text": ("chunk", "chunk_top", "chunks", "chunks_top", "text", "text_top", "coverage", "pair"),
    "definitions": (
        "definitions", "definitions_top", "defined", "defines_name", "defines_name_rare",
        "defines_exactly", "defines_exactly_rare", "defines_pair",
    ),
    "comments": ("comments", "comments_top", "commented"),
    "path": ("name", "name_top", "name_explained", "directories", "path", "called", "named_path", "depth"),
    "kind": (
        "test", "test_asked", "example", "vendored", "docs_directory", "tools", "declaration", "docs", "docs_asked",
        "config", "config_asked",
    ),
    "size": ("size",),
}  # fmt: skip
"""The features whose shares are shown together."""


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


def rank(
    question: Question,
    candidates: Candidates,
    facts: Sequence[PathFacts],
    kinds: npt.NDArray[np.uint8],
    is_named: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float32] | None = None,
) -> Ranking:
    """Order the candidates of a question; equal ones stay in the order of the index.

    `is_named`, bool[m], says which chunks have a symbol that the question names. `weights` are
    float32[len(COLUMNS)], those of the package without.
    """
    chunks = chunk_scores(candidates, is_named)
    features = file_features(question, candidates, facts, kinds, chunks, is_named)
    shares = features * (packaged_weights() if weights is None else weights)
    signals = {name: shares[:, places].sum(axis=1) for name, places in _signal_places().items()}
    scores = np.stack(list(signals.values())).sum(axis=0)
    order = np.lexsort((candidates.files, -scores))
    return Ranking(order, scores[order], {name: each[order] for name, each in signals.items()}, chunks)


@functools.cache
def packaged_weights() -> npt.NDArray[np.float32]:
    """The weights of the package: float32[len(COLUMNS)]; a feature that has none weighs nothing."""
    found = json.loads(package_files("exosuit_cli.search").joinpath("weights.json").read_bytes())["weights"]
    return np.array([found.get(column, 0.0) for column in COLUMNS], np.float32)


@functools.cache
def _signal_places() -> dict[str, list[int]]:
    return {
        signal: [number for number, column in enumerate(COLUMNS) if column.removesuffix("_of_name") in features]
        for signal, features in SIGNALS.items()
    }
