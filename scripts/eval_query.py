"""Judge `exosuit query` on repositories that are laid out: nDCG@10 and recall under budgets of tokens.

    python scripts/eval_query.py DATA REPOSITORIES --state DIR [--whole] [--json FILE] [--answers FILE]

With `--weights cross` (the default), the weights for a repository come from the other repositories; with `packaged`,
they are those of the package; else it is the file that `train_ranker.py --cross` wrote. Nothing is fetched.

With `--history FILE`, the figure is added to the history of `exosuit bench`, and held against the last ones there of
the same questions: the exit code is 3 where it is lower by more than `--most-lost`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING

import numpy as np
import query_history
import query_tasks as tasks
import train_ranker

from exosuit_cli.search.records import Filters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.search.records import Answer

_SHOWN = 50
"""Files that are asked for: more than any budget here has room for."""


def judge(arguments: argparse.Namespace) -> dict:
    found = list(tasks.load_repositories(arguments.data, arguments.repositories, is_whole=arguments.whole))
    searchers, seconds = {}, []
    for repository in found:
        name = f"{repository.name}-{'whole' if arguments.whole else 'root'}-{arguments.boundaries}"
        started = time.perf_counter()
        context = tasks.open_context(
            f"{name}-{arguments.max_tokens}",
            repository.root,
            boundaries=arguments.boundaries,
            max_tokens=arguments.max_tokens,
        )
        searchers[repository.name] = tasks.open_searcher(context)
        seconds.append(time.perf_counter() - started)
    filters = Filters(kind=arguments.kind)
    weights: dict[str, np.ndarray] = {}
    if arguments.weights == "cross":
        examples = [each for repo in found for each in train_ranker.collect(repo, searchers[repo.name], filters)]
        _, weights = train_ranker.fit(train_ranker.Examples(examples))
    elif arguments.weights != "packaged":
        weights = train_ranker.read_cross(arguments.weights)
    rows = []
    for repository in found:
        searcher = searchers[repository.name]
        given = weights.get(repository.name)
        searcher.weights = None if given is None else given.astype(np.float32)
        for task in repository.tasks:
            result = searcher.query(task.query, top=_SHOWN, filters=filters)
            started = time.perf_counter()
            searcher.query(task.query, filters=filters)
            elapsed = time.perf_counter() - started
            gain, recalls = tasks.ndcg(result.answers, task.targets), tasks.recalls(result.answers, task.targets)
            rows.append((task, gain, recalls, elapsed, result.answers))
    if arguments.answers:
        with open(arguments.answers, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(_answers(task, answers)) + "\n" for task, _, _, _, answers in rows)
    if arguments.worst:
        _print_worst(rows, arguments.worst)
    times = [1000 * row[3] for row in rows]
    return {
        "schema": "exosuit.query-evaluation/1",
        "trees": "whole" if arguments.whole else "roots",
        "kind": arguments.kind,
        "boundaries": arguments.boundaries,
        "max_tokens": arguments.max_tokens,
        "weights": arguments.weights if arguments.weights in ("cross", "packaged") else "cross, of all trees",
        "queries": len(rows),
        "files": sum(searcher.query("main").files for searcher in searchers.values()),
        "chunks": sum(searcher.query("main").chunks for searcher in searchers.values()),
        "ndcg10": round(fmean(row[1] for row in rows), 4),
        "interval": [round(each, 4) for each in _interval([row[1] for row in rows])],
        "recall": {
            str(budget): round(fmean(row[2][number] for row in rows), 4) for number, budget in enumerate(tasks.BUDGETS)
        },
        "category": _means(rows, lambda task: task.category),
        "repository": _means(rows, lambda task: task.repository),
        "milliseconds": {"p50": round(median(times), 2), "p99": round(quantiles(times, n=100)[98], 2)},
        "load_and_index_seconds": round(sum(seconds), 2),
    }


def _interval(values: list[float]) -> tuple[float, float]:
    """The mean's 95% interval over questions like these, by the normal approximation."""
    half = 1.96 * float(np.std(values)) / max(len(values), 1) ** 0.5
    return fmean(values) - half, fmean(values) + half


def _means(rows: list[tuple], key: object) -> dict[str, float]:
    groups: dict[str, list[float]] = {}
    for row in rows:
        groups.setdefault(key(row[0]), []).append(row[1])
    return {name: round(fmean(values), 4) for name, values in sorted(groups.items())}


def _answers(task: tasks.Task, answers: tuple[Answer, ...]) -> dict:
    results = [
        {"path": os.fsdecode(a.path), "start_line": a.start_line, "end_line": a.end_line, "tokens": a.tokens}
        for a in answers
    ]
    return {"repo": task.repository, "query": task.query, "results": results}


def _print_worst(rows: list[tuple], most: int) -> None:
    for task, gain, _, _, answers in sorted(rows, key=lambda row: row[1])[:most]:
        print(f"{gain:.2f} {task.repository} [{task.category}] {task.query}", file=sys.stderr)
        for target in task.targets:
            place = next((n for n, answer in enumerate(answers, 1) if target.is_covered(answer)), None)
            print(f"     wanted {target.path}: place {place}", file=sys.stderr)
        print("     first", ", ".join(os.fsdecode(answer.path) for answer in answers[:4]), file=sys.stderr)


def _lines(result: dict) -> Iterator[str]:
    yield f"{result['trees']}, {result['boundaries']} {result['max_tokens']}, kind {result['kind']}"
    yield f"  nDCG@10 {result['ndcg10']:.4f} over {result['queries']} queries, weights {result['weights']}"
    yield "  recall  " + "  ".join(f"{budget}: {value:.3f}" for budget, value in result["recall"].items())
    yield "  " + "  ".join(f"{name}: {value:.3f}" for name, value in result["category"].items())
    yield "  " + "  ".join(f"{name}: {value:.3f}" for name, value in result["repository"].items())
    times = result["milliseconds"]
    yield f"  query p50 {times['p50']} ms, p99 {times['p99']} ms; {result['chunks']} chunks"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", help="folder of repos.json and annotations/")
    parser.add_argument("repositories", help="folder in which the repositories are laid out by name")
    parser.add_argument("--state", required=True, help="folder for contexts and indexes")
    parser.add_argument("--whole", action="store_true", help="whole repositories in place of their benchmark roots")
    parser.add_argument("--weights", default="cross", help="cross, packaged, or a file of train_ranker.py")
    parser.add_argument("--kind", default="code", help="code, docs, config or all")
    parser.add_argument("--boundaries", default="ast")
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--answers", help="file for the answers, a JSON line a query")
    parser.add_argument("--history", help="history of exosuit bench to add the figure to, and to hold it against")
    parser.add_argument("--most-lost", type=float, default=0.005, help="what nDCG@10 may lose against that history")
    parser.add_argument("--worst", type=int, default=0, help="print so many of the worst queries")
    arguments = parser.parse_args()
    os.environ["XDG_STATE_HOME"] = os.environ["XDG_CACHE_HOME"] = os.path.abspath(arguments.state)
    result = judge(arguments)
    print("\n".join(_lines(result)))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            file.write(json.dumps(result, indent=1) + "\n")
    if arguments.history is not None:
        return query_history.hold_against(
            arguments.history, query_history.entry_of(result, arguments.data), arguments.most_lost
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
