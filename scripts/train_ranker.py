"""Fit the weights of the ranker by the likelihood of a softmax over the candidates of each question.

    python scripts/train_ranker.py DATA REPOSITORIES --state DIR [--output FILE]

The same data give the same weights: there is no chance in it. A question's targets share its likelihood. The weights
are held small (L2), and judged on each repository with those that the others give.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass

import numpy as np
import query_tasks as tasks

from exosuit_cli.search.features import COLUMNS
from exosuit_cli.search.records import Filters

PENALTY = 1.0
PRIOR = {"named_path": 4.0, "docs_asked": 1.5, "config_asked": 1.0}
"""What the weights are held near, 0 for the others: few questions of the data tell of these."""
_CANDIDATES = 150
"""Candidates of a question that are trained on, the best by text, besides the targets."""
_STEPS = 30


@dataclass(frozen=True, slots=True)
class Example:
    """A question: features of its candidates, float64[n, columns], and the places of those that answer it."""

    repository: str
    features: np.ndarray
    targets: np.ndarray


def collect(repository: tasks.Repository, searcher: tasks.Searcher, filters: Filters) -> list[Example]:
    """The questions of a repository whose candidates have a target."""
    found = []
    for task in repository.tasks:
        paths, features = searcher.features(task.query, filters=filters)
        names = [os.fsdecode(path) for path in paths]
        is_target = np.array([any(target.is_in(name) for target in task.targets) for name in names], bool)
        crude = features[:, COLUMNS.index("chunks")] + features[:, COLUMNS.index("path")]
        kept = np.zeros(len(names), bool)
        kept[np.argsort(-crude, kind="stable")[:_CANDIDATES]] = True
        kept |= is_target
        if is_target.any():
            found.append(Example(repository.name, features[kept].astype(float), np.flatnonzero(is_target[kept])))
    return found


def fit(examples: list[Example], penalty: float = PENALTY, start: np.ndarray | None = None) -> np.ndarray:
    """The weights by Newton's method: the loss is convex, so they are the only ones."""
    columns = examples[0].features.shape[1]
    prior = np.array([PRIOR.get(column, 0.0) for column in COLUMNS])
    weights = prior.copy() if start is None else start.copy()
    loss = _loss(examples, weights, penalty)
    for _ in range(_STEPS):
        slope = penalty * (weights - prior)
        curve = penalty * np.eye(columns)
        for each in examples:
            chances = _chances(each.features @ weights)
            mean = chances @ each.features
            slope += mean - each.features[each.targets].mean(axis=0)
            curve += (each.features * chances[:, None]).T @ each.features - np.outer(mean, mean)
        step = np.linalg.solve(curve, slope)
        before = loss
        while True:
            loss = _loss(examples, weights - step, penalty)
            if loss <= before or np.abs(step).max() < 1e-9:
                break
            step /= 2
        weights = weights - step
        if before - loss < 1e-6 * before:
            break
    return weights


def _chances(scores: np.ndarray) -> np.ndarray:
    found = np.exp(scores - scores.max())
    return found / found.sum()


def _loss(examples: list[Example], weights: np.ndarray, penalty: float) -> float:
    prior = np.array([PRIOR.get(column, 0.0) for column in COLUMNS])
    total = penalty * float((weights - prior) @ (weights - prior)) / 2
    for each in examples:
        scores = each.features @ weights
        most = scores.max()
        total += most + np.log(np.exp(scores - most).sum()) - scores[each.targets].mean()
    return total


def without_each(examples: list[Example], penalty: float = PENALTY) -> dict[str, np.ndarray]:
    """For each repository, the weights that the others give."""
    start = fit(examples, penalty)
    names = dict.fromkeys(each.repository for each in examples)
    return {name: fit([each for each in examples if each.repository != name], penalty, start) for name in names}


def as_json(weights: np.ndarray) -> str:
    table = {column: round(float(weight), 3) for column, weight in zip(COLUMNS, weights, strict=True)}
    return json.dumps({"weights": table}, indent=1) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", help="folder of repos.json and annotations/")
    parser.add_argument("repositories", help="folder in which the repositories are laid out by name")
    parser.add_argument("--state", required=True, help="folder for contexts and indexes")
    parser.add_argument("--output", help="weights file to write; stdout without")
    parser.add_argument("--boundaries", default="ast")
    parser.add_argument("--max-tokens", type=int, default=256)
    arguments = parser.parse_args()
    os.environ["XDG_STATE_HOME"] = os.environ["XDG_CACHE_HOME"] = os.path.abspath(arguments.state)
    examples: list[Example] = []
    for is_whole in (False, True):
        for repository in tasks.load_repositories(arguments.data, arguments.repositories, is_whole=is_whole):
            name = f"{repository.name}-{'whole' if is_whole else 'root'}-{arguments.boundaries}-{arguments.max_tokens}"
            kwargs = {"boundaries": arguments.boundaries, "max_tokens": arguments.max_tokens}
            with (
                tasks.open_context(name, repository.root, **kwargs) as context,
                tasks.open_searcher(context) as searcher,
            ):
                examples += collect(repository, searcher, Filters())
    text = as_json(fit(examples))
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        with open(arguments.output, "w", encoding="utf-8") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
