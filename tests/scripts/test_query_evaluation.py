"""The measures of the query evaluation, and the fit of the ranker's weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
import query_tasks
import train_ranker

from exosuit_cli.search.features import COLUMNS
from exosuit_cli.search.records import Answer

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


def test_weights_prefer_what_the_targets_have_and_are_the_same_each_time() -> None:
    features = np.random.default_rng(7).random((40, len(COLUMNS)))
    tells = COLUMNS.index("coverage")
    examples = [
        train_ranker.Example(f"r{n % 2}", part, np.array([part[:, tells].argmax()]))
        for n, part in enumerate(features.reshape(8, 5, -1))
    ]
    weights = train_ranker.fit(examples)
    assert weights.argmax() in (tells, COLUMNS.index("named_path"))
    assert weights[tells] > 0.3
    assert np.array_equal(weights, train_ranker.fit(examples))
    assert set(train_ranker.without_each(examples)) == {"r0", "r1"}
