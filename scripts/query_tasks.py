"""Questions with known answers over repositories that are laid out, for the scripts that train and judge the ranker.

A data folder has `repos.json`, a list of repositories with `name`, and optionally `benchmark_root`, the directory that
is indexed; `commit_used` marks those that are laid out. `annotations/NAME.json` lists the questions: `query`,
`category`, and in `relevant` and `secondary` the paths that answer, with `start_line` and `end_line` where known.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.config.options import ScanOptions
from exosuit_cli.context import Context, SourceRequest
from exosuit_cli.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.search.records import Answer

BUDGETS = (500, 1000, 2000, 4000)
SHOWN = 10
"""Places that nDCG@10 looks at."""


@dataclass(frozen=True, slots=True)
class Target:
    """A file that answers; with lines, that part of it."""

    path: str
    lines: tuple[int, int] | None

    def is_in(self, path: str) -> bool:
        return path == self.path or path.endswith("/" + self.path) or self.path.endswith("/" + path)

    def is_covered(self, answer: Answer) -> bool:
        if not self.is_in(os.fsdecode(answer.path)):
            return False
        return self.lines is None or (answer.start_line <= self.lines[1] and answer.end_line >= self.lines[0])


@dataclass(frozen=True, slots=True)
class Task:
    repository: str
    query: str
    category: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Repository:
    name: str
    root: str
    tasks: tuple[Task, ...]


def load_repositories(data: str, laid_out: str, *, is_whole: bool) -> Iterator[Repository]:
    for entry in _read(f"{data}/repos.json"):
        if "commit_used" not in entry:
            continue
        name = entry["name"]
        below = "" if is_whole else entry.get("benchmark_root") or ""
        tasks = [
            Task(name, each["query"], each["category"], tuple(_targets(each)))
            for each in _read(f"{data}/annotations/{name}.json")
        ]
        yield Repository(name, os.path.join(laid_out, name, below).rstrip("/"), tuple(tasks))


def _read(path: str) -> list[dict]:
    with open(path, "rb") as file:
        return json.load(file)


def _targets(task: dict) -> Iterator[Target]:
    for each in (*task.get("relevant", ()), *task.get("secondary", ())):
        if isinstance(each, str):
            yield Target(each, None)
        else:
            first, last = each.get("start_line"), each.get("end_line")
            yield Target(each["path"], None if first is None or last is None else (first, last))


def open_context(name: str, root: str, *, boundaries: str, max_tokens: int) -> Context:
    """A context of a directory, loaded or brought up to date."""
    context = Context.open(name, create=True)
    chunking = ChunkOptions(max_tokens=max_tokens, boundaries=boundaries)
    context.load(SourceRequest(os.fsencode(os.path.realpath(root)), chunking, ScanOptions(), name="tree"))
    return context


def open_searcher(context: Context) -> Searcher:
    return Searcher.open(context)


def ndcg(answers: Sequence[Answer], targets: Sequence[Target], most: int = SHOWN) -> float:
    """The discounted gain of the first places that cover a target, over that of the best order."""
    return gain(np.array([[target.is_covered(answer) for answer in answers[:most]] for target in targets], bool), most)


def gain(is_covered: np.ndarray, most: int = SHOWN) -> float:
    """The same, of which target each of the first places covers: bool[targets, places]."""
    places = {int(row.argmax()) for row in is_covered if row.any()}
    best = sum(1 / math.log2(n + 2) for n in range(min(most, len(is_covered))))
    return sum(1 / math.log2(place + 2) for place in places) / best


def recalls(answers: Sequence[Answer], targets: Sequence[Target]) -> list[float]:
    """The share of the targets that the first answers cover within each budget of tokens."""
    found = []
    for budget in BUDGETS:
        used, covered = 0, set()
        for answer in answers:
            used += answer.tokens
            if used > budget:
                break
            covered |= {target for target in targets if target.is_covered(answer)}
        found.append(len(covered) / len(targets))
    return found
