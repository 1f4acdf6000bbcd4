"""The measures of the query evaluation, and the fit of the ranker's weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import query_history
import query_tasks
import train_ranker

from exosuit_cli.measure.history import read_history
from exosuit_cli.search.features import COLUMNS
from exosuit_cli.search.records import Answer

if TYPE_CHECKING:
    from pathlib import Path

TARGETS = (query_tasks.Target("src/a.py", None), query_tasks.Target("b.py", (10, 20)))


def answer(path: str, first: int, last: int, tokens: int = 300) -> Answer:
    return Answer(b"", path.encode(), None, first, last, 0, 1, tokens, None, 0.0, {}, 1, 0)


def test_a_gain_counts_places_of_chunks() -> None:
    first = [answer("a.py", 1, 5), answer("a.py", 6, 9), answer("lib/b.py", 20, 30)]
    best = 1 + 1 / math.log2(3)
    assert query_tasks.ndcg(first, TARGETS) == pytest.approx((1 + 1 / math.log2(4)) / best)
    assert query_tasks.ndcg([answer("lib/b.py", 21, 30)], TARGETS) == 0
    assert query_tasks.ndcg(first[:1], TARGETS[:1]) == 1


def test_recall_counts_whole_chunks_within_the_budget() -> None:
    answers = [answer("a.py", 1, 5, 400), answer("c.py", 1, 5, 100), answer("b.py", 1, 15, 400)]
    assert query_tasks.recalls(answers, TARGETS) == [0.5, 1, 1, 1]


def test_weights_prefer_what_the_targets_have_and_are_the_same_each_time(tmp_path: Path) -> None:
    features = np.random.default_rng(7).random((40, len(COLUMNS)))
    features[:, [COLUMNS.index(kind) for kind in ("docs", "config")]] = 0
    tells = COLUMNS.index("coverage")
    examples = [
        train_ranker.Example(f"r{n % 2}", "root", part, part[None, :, tells] == part[:, tells].max())
        for n, part in enumerate(features.reshape(8, 5, -1))
    ]
    weights, others = train_ranker.fit(train_ranker.Examples(examples), 1.0)
    assert weights.argmax() in (tells, COLUMNS.index("named_path"))
    assert weights[tells] > 0.3
    assert set(others) == {"r0", "r1"}
    half, _ = train_ranker.fit(train_ranker.Examples(examples[1::2]), 1.0)
    assert np.abs(others["r0"] - half).max() < 0.1 < np.abs(weights - half).max()
    train_ranker.save_examples(str(tmp_path / "examples.npz"), examples)
    kept = train_ranker.load_examples(str(tmp_path / "examples.npz"))
    assert np.array_equal(weights, train_ranker.fit(train_ranker.Examples(kept), 1.0)[0])
    best = {name: np.eye(len(COLUMNS))[tells] for name in others}
    assert train_ranker.gains(kept, best) == {"root": [1.0] * 8}


def test_an_evaluation_is_held_against_the_last_ones_of_its_questions(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "repos.json").write_text("[]")
    result = {
        "trees": "roots", "boundaries": "structure", "max_tokens": 256, "kind": "code", "weights": "packaged",
        "queries": 400, "ndcg10": 0.9, "interval": [0.88, 0.92],
    }  # fmt: skip
    history = str(tmp_path / "history.jsonl")

    def judged(**changed: object) -> int:
        entry = query_history.entry_of(result | changed, str(tmp_path))
        return query_history.hold_against(history, entry, 0.005)

    assert [judged(), judged(ndcg10=0.896), judged(ndcg10=0.89), judged(ndcg10=0.5, trees="whole")] == [0, 0, 3, 0]
    figures = [entry.figures["ndcg10"].median for entry in read_history(history)]
    assert figures == [0.9, 0.896, 0.89, 0.5]
    (tmp_path / "annotations" / "a.json").write_text("[]")  # other questions: nothing to hold it against
    assert judged(ndcg10=0.5) == 0
