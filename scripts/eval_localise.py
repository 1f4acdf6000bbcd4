"""Judge `exosuit query` on issues whose fix is known: is a changed file among the first, and the changed lines.

    python scripts/eval_localise.py TASKS.jsonl.gz GIT_DIRECTORY --state DIR [--most N] [--json FILE] [--answers FILE]

A task has `id`, `commit`, `problem_statement`, `gold` (the files) and `gold_spans` ([path, first, last]). The commits
are laid out one after another in a scratch folder, and one context is brought up to date. Nothing is fetched.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import time
from statistics import fmean, median
from typing import TYPE_CHECKING

import query_tasks as tasks

from exosuit_cli.search.records import Filters

if TYPE_CHECKING:
    from exosuit_cli.search.records import Answer

_SHOWN = 50
_BUDGET = 4000
PLACES = (1, 3, 5, 10, 20)


def lay_out(git: str, commit: str, tree: str) -> None:
    """Make the folder what the commit holds; only what differs is written."""
    environment = {**os.environ, "GIT_INDEX_FILE": tree + ".index"}
    command = ["git", f"--git-dir={git}", f"--work-tree={tree}", "read-tree", "--reset", "-u", commit]
    subprocess.run(command, env=environment, cwd=tree, check=True)


def spans_found(answers: tuple[Answer, ...], spans: list[list], budget: int) -> float:
    """The share of the changed spans that the first answers touch within a budget of tokens."""
    used, found = 0, set()
    for answer in answers:
        used += answer.tokens
        if used > budget:
            break
        for number, (path, first, last) in enumerate(spans):
            if os.fsdecode(answer.path) == path and answer.start_line <= last and answer.end_line >= first:
                found.add(number)
    return len(found) / max(len(spans), 1)


def judge(arguments: argparse.Namespace) -> dict:
    with gzip.open(arguments.tasks, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file][: arguments.most]
    tree = os.path.join(os.path.abspath(arguments.state), "tree")
    os.makedirs(tree, exist_ok=True)
    found, answers_of, seconds, refreshes = [], [], [], []
    for row in rows:
        lay_out(os.path.abspath(arguments.git), row["commit"], tree)
        started = time.perf_counter()
        with (
            tasks.open_context(
                "issues", tree, boundaries=arguments.boundaries, max_tokens=arguments.max_tokens
            ) as context,
            tasks.open_searcher(context) as searcher,
        ):
            refreshes.append(time.perf_counter() - started)
            started = time.perf_counter()
            text = row["problem_statement"]
            answers = searcher.query(text, top=_SHOWN, filters=Filters(kind=arguments.kind)).answers
            seconds.append(time.perf_counter() - started)
            packed = searcher.query(text, top=10, budget=_BUDGET, filters=Filters(kind=arguments.kind)).answers
        files = list(dict.fromkeys(os.fsdecode(answer.path) for answer in answers))
        found.append(
            {
                "id": row["id"],
                **{f"acc{most}": set(row["gold"]) <= set(files[:most]) for most in PLACES},
                "spans": spans_found(packed, row["gold_spans"], _BUDGET),
                "first": files[:5],
                "gold": row["gold"],
            }
        )
        answers_of.append((row["id"], answers))
        if arguments.verbose:
            print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    if arguments.answers:
        with open(arguments.answers, "w", encoding="utf-8") as file:
            for name, answers in answers_of:
                results = [
                    {"path": os.fsdecode(a.path), "start_line": a.start_line, "end_line": a.end_line} for a in answers
                ]
                file.write(json.dumps({"id": name, "results": results}) + "\n")
    return {
        "schema": "exosuit.localisation-evaluation/1",
        "tasks": len(found),
        **{f"acc{most}": round(100 * fmean(each[f"acc{most}"] for each in found), 1) for most in PLACES},
        "gold_span_recall_4k": round(fmean(each["spans"] for each in found), 4),
        "query_seconds": round(median(seconds), 4),
        "refresh_seconds": round(median(refreshes), 2),
        "boundaries": arguments.boundaries,
        "max_tokens": arguments.max_tokens,
        "kind": arguments.kind,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("tasks", help="JSON lines, compressed with gzip")
    parser.add_argument("git", help="the git directory that has the commits")
    parser.add_argument("--state", required=True, help="folder for the tree, the context and the index")
    parser.add_argument("--most", type=int, default=None, help="judge the first tasks only")
    parser.add_argument("--kind", default="code", help="code, docs, config or all")
    parser.add_argument("--boundaries", default="ast")
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--answers", help="file for the answers, a JSON line a task")
    parser.add_argument("--verbose", action="store_true", help="print each task")
    arguments = parser.parse_args()
    os.environ["XDG_STATE_HOME"] = os.environ["XDG_CACHE_HOME"] = os.path.abspath(arguments.state)
    text = json.dumps(judge(arguments), indent=1)
    print(text)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
