"""Fit the weights of the ranker by the likelihood of a softmax over the candidates of each question.

    python scripts/train_ranker.py DATA REPOSITORIES --state DIR [--output FILE] [--cross FILE] [--reuse]

The trees are the benchmark roots and the whole repositories, cut by each of `--boundaries`: one set of weights serves
all of them. The same data give the same weights: there is no chance in it. A question's targets share its likelihood.
The weights are held small (L2), and judged on each repository with those that the others give (`--cross` keeps these).
What was read of the trees stays in the state folder; `--reuse` fits it again without opening them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import query_tasks as tasks

from exosuit_cli.search.features import COLUMNS
from exosuit_cli.search.records import Filters

PENALTY = 3.0
PRIOR = {
    "named_path": 4.0, "docs_asked": 2.2, "config_asked": 1.0, "ci_asked": 4.0, "vendored": -1.5, "platform": -1.0,
}  # fmt: skip
"""What the weights are held near, 0 for the others: few questions of the data tell of these."""
_CANDIDATES = 80
"""Candidates of a question that are trained on, the best by text, besides the targets."""
_STEPS = 30


@dataclass(frozen=True, slots=True)
class Example:
    """A question: features of its candidates, float32[n, columns], and which of them answer it, bool[targets, n]."""

    repository: str
    trees: str
    features: np.ndarray
    answers: np.ndarray


def collect(repository: tasks.Repository, searcher: tasks.Searcher, filters: Filters, trees: str = "") -> list[Example]:
    """The questions of a repository with all of their candidates."""
    found = []
    for task in repository.tasks:
        paths, features = searcher.features(task.query, filters=filters)
        names = [os.fsdecode(path) for path in paths]
        answers = np.array([[target.is_in(name) for name in names] for target in task.targets], bool)
        found.append(Example(repository.name, trees, features, answers.reshape(len(task.targets), len(names))))
    return found


class Examples:
    """Questions as one table, those without an answer among their candidates left out.

    Attributes:
        repositories: the name of each question's.
        table: float32[rows, columns], the candidates of one question after another.
        shares: float32[rows], of the likelihood of each question.
        counts: int64[questions], how many rows each has.

    """

    def __init__(self, examples: list[Example]) -> None:
        parts, shares, self.repositories = [], [], []
        for each in examples:
            is_target = each.answers.any(axis=0)
            if not is_target.any():
                continue
            crude = each.features[:, COLUMNS.index("chunks")] + each.features[:, COLUMNS.index("path")]
            kept = is_target.copy()
            kept[np.argsort(-crude, kind="stable")[:_CANDIDATES]] = True
            parts.append(each.features[kept])
            shares.append(is_target[kept] / is_target.sum())
            self.repositories.append(each.repository)
        self.table = np.concatenate(parts).astype(np.float32)
        self.shares = np.concatenate(shares).astype(np.float32)
        self.counts = np.array([len(part) for part in parts])

    @cached_property
    def firsts(self) -> np.ndarray:
        return np.cumsum(self.counts) - self.counts

    def loss(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the logarithm of the likelihood, and the chance of each row."""
        scores = (self.table @ weights.astype(np.float32)).astype(float)
        most = np.maximum.reduceat(scores, self.firsts)
        chances = np.exp(scores - np.repeat(most, self.counts))
        sums = np.add.reduceat(chances, self.firsts)
        loss = float((most + np.log(sums)).sum() - self.shares @ scores)
        return loss, (chances / np.repeat(sums, self.counts)).astype(np.float32)

    def slope_and_curve(self, chances: np.ndarray, repository: str) -> tuple[np.ndarray, np.ndarray]:
        """The first and second derivatives of the loss of a repository's questions."""
        mine = np.array(self.repositories) == repository
        rows = np.repeat(mine, self.counts)
        table, chances, counts = self.table[rows], chances[rows], self.counts[mine]
        means = np.add.reduceat(table * chances[:, None], np.cumsum(counts) - counts, axis=0)
        slope = means.sum(axis=0) - table.T @ self.shares[rows]
        curve = (table * chances[:, None]).T @ table - means.T @ means
        return slope.astype(float), curve.astype(float)


def fit(examples: Examples, penalty: float = PENALTY) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The weights, and for each repository those that the others give.

    By Newton's method: the loss is convex, so the weights are the only ones. Those without a repository are one step
    of it away from those of all, and that step is near enough.
    """
    prior = np.array([PRIOR.get(column, 0.0) for column in COLUMNS])
    names = list(dict.fromkeys(examples.repositories))
    weights = prior.copy()

    def total(at: np.ndarray) -> tuple[float, np.ndarray]:
        loss, chances = examples.loss(at)
        return loss + penalty * float((at - prior) @ (at - prior)) / 2, chances

    loss, chances = total(weights)
    for _ in range(_STEPS):
        parts = [examples.slope_and_curve(chances, name) for name in names]
        slope = sum((each for each, _ in parts), penalty * (weights - prior))
        curve = sum((each for _, each in parts), penalty * np.eye(len(prior)))
        step = np.linalg.solve(curve, slope)
        before, size = loss, 1.0
        loss, chances = total(weights - step)
        while loss > before and size > 1e-6:
            size /= 2
            loss, chances = total(weights - size * step)
        weights = weights - size * step
        if before - loss < 1e-5 * before:
            break
    parts = [examples.slope_and_curve(chances, name) for name in names]
    slope = sum((each for each, _ in parts), penalty * (weights - prior))
    curve = sum((each for _, each in parts), penalty * np.eye(len(prior)))
    others = {name: weights - np.linalg.solve(curve - c, slope - s) for name, (s, c) in zip(names, parts, strict=True)}
    return weights, others


def gains(examples: list[Example], weights: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """nDCG@10 of the order of files of code with the weights for each repository, by trees, whatever their chunks."""
    found: dict[str, list[float]] = {}
    is_other = [COLUMNS.index(kind) for kind in ("docs", "config")]
    for each in examples:
        order = np.argsort(-(each.features @ weights[each.repository]), kind="stable")
        order = order[~each.features[order][:, is_other].any(axis=1)]
        found.setdefault(each.trees, []).append(tasks.gain(each.answers[:, order[: tasks.SHOWN]]))
    return found


def as_table(weights: np.ndarray) -> dict[str, float]:
    return {column: round(float(weight), 3) for column, weight in zip(COLUMNS, weights, strict=True)}


def read_cross(path: str) -> dict[str, np.ndarray]:
    """The weights for each repository that `--cross` wrote."""
    with open(path, encoding="utf-8") as file:
        tables = json.load(file)
    return {name: np.array([table.get(column, 0.0) for column in COLUMNS]) for name, table in tables.items()}


def read_trees(arguments: argparse.Namespace) -> list[Example]:
    """The questions of all trees, each tree loaded and indexed where it is not."""
    examples: list[Example] = []
    for boundaries in arguments.boundaries.split(","):
        for is_whole in (False, True):
            trees = "whole" if is_whole else "root"
            for repository in tasks.load_repositories(arguments.data, arguments.repositories, is_whole=is_whole):
                name = f"{repository.name}-{trees}-{boundaries}-{arguments.max_tokens}"
                with (
                    tasks.open_context(
                        name, repository.root, boundaries=boundaries, max_tokens=arguments.max_tokens
                    ) as context,
                    tasks.open_searcher(context) as searcher,
                ):
                    examples += collect(repository, searcher, Filters(), f"{trees} {boundaries}")
    return examples


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", help="folder of repos.json and annotations/")
    parser.add_argument("repositories", help="folder in which the repositories are laid out by name")
    parser.add_argument("--state", required=True, help="folder for contexts, indexes and what was read of them")
    parser.add_argument("--output", help="weights file to write; stdout without")
    parser.add_argument("--cross", help="file for the weights that the other repositories give for each")
    parser.add_argument("--reuse", action="store_true", help="fit what the last run read of the trees")
    parser.add_argument("--boundaries", default="structure,ast")
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--penalty", type=float, default=PENALTY)
    arguments = parser.parse_args()
    os.environ["XDG_STATE_HOME"] = os.environ["XDG_CACHE_HOME"] = os.path.abspath(arguments.state)
    kept = os.path.join(arguments.state, "examples.npz")
    if arguments.reuse:
        examples = load_examples(kept)
    else:
        examples = read_trees(arguments)
        save_examples(kept, examples)
    weights, others = fit(Examples(examples), arguments.penalty)
    for trees, values in gains(examples, others).items():
        print(f"{trees}: nDCG@10 {np.mean(values):.4f} over {len(values)} queries, cross-validated", file=sys.stderr)
    text = json.dumps({"weights": as_table(weights)}, indent=1) + "\n"
    if arguments.cross is not None:
        with open(arguments.cross, "w", encoding="utf-8") as file:
            json.dump({name: as_table(each) for name, each in others.items()}, file)
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        with open(arguments.output, "w", encoding="utf-8") as file:
            file.write(text)
    return 0


def save_examples(path: str, examples: list[Example]) -> None:
    """Keep questions for another fit."""
    arrays = {f"features{n}": each.features for n, each in enumerate(examples)}
    arrays |= {f"answers{n}": each.answers for n, each in enumerate(examples)}
    labels = np.array([[each.repository, each.trees] for each in examples])
    np.savez(path, labels=labels, columns=np.array(COLUMNS), **arrays)


def load_examples(path: str) -> list[Example]:
    """The questions that `save_examples` kept. Raises SystemExit where their features are others by now."""
    with np.load(path) as found:
        if tuple(found["columns"]) != COLUMNS:
            raise SystemExit(f"{path}: other features than those of today; run without --reuse")
        labels = found["labels"].tolist()
        return [Example(*label, found[f"features{n}"], found[f"answers{n}"]) for n, label in enumerate(labels)]


if __name__ == "__main__":
    sys.exit(main())
