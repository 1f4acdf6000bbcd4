"""Measure the search of a tree: the first index, a refresh, and questions; beside tantivy where it is asked for.

    python scripts/bench_query.py TREE [--peer tantivy] [--questions 200] [--runs 5] [-o FILE]

The tree is copied before it is changed, and has cache and state directories of its own. It is loaded with chunks of
at most 256 tokens. The index is built anew `--runs` times, in turn with the peer; quoted are medians of seconds of wall
and of processor time, all processes. Questions are words of random chunks (seeded), two to six, each asked once after
ten others; quoted are the median and the 99th percentile. The page cache is warm.

tantivy (`pip install tantivy`) gets the same chunks as text that is split already: the terms of each word, with blanks
between them. Splitting is not in its time. It indexes with one thread and holds 128 MB; frequencies without positions.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paired_runs import EXOSUIT, machine, version_of

from exosuit_cli.context import Context
from exosuit_cli.search.searcher import Searcher
from exosuit_cli.search.splitter import split_word
from exosuit_cli.search.words import find_words, slab_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NAME = "bench"
CAP = 256
SEED = 20240501
WARM_UP = 10
TANTIVY_BYTES = 128 << 20


def seconds_of(work: Callable[[], object]) -> dict[str, float]:
    """Seconds of wall, and of processors by this process and its children that have ended."""
    before, started = _processors(), time.perf_counter()
    work()
    return {"wall_s": time.perf_counter() - started, "cpu_s": _processors() - before}


def _processors() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(run[key] for run in runs), 4) for key in runs[0]}


def whole_command(arguments: Sequence[str]) -> dict[str, float]:
    """A whole process, start included. Ends the measurement where it fails."""

    def run() -> None:
        done = subprocess.run([EXOSUIT, *arguments], capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"exosuit {' '.join(arguments)} failed: {done.stderr.decode(errors='replace')[-400:]}")

    return seconds_of(run)


def questions_of(texts: Sequence[bytes], count: int) -> list[str]:
    """Words of random chunks, two to six of at least four letters."""
    chance = random.Random(SEED)
    found = []
    while len(found) < count:
        text = chance.choice(texts)
        slab = slab_of([text])
        words = find_words(slab)
        spans = zip(words.starts.tolist(), words.lengths.tolist(), strict=True)
        each = sorted({text[start : start + size] for start, size in spans if size >= 4})
        if len(each) >= 2:
            chosen = chance.sample(each, min(len(each), chance.randint(2, 6)))
            found.append(" ".join(word.decode("utf-8", "replace") for word in chosen))
    return found


def ask(questions: Sequence[str], answer: Callable[[str], object]) -> dict[str, float]:
    for question in questions[:WARM_UP]:
        answer(question)
    runs = [seconds_of(partial(answer, question)) for question in questions[WARM_UP:]]
    found: dict[str, float] = {"asked": len(runs)}
    for key in ("wall", "cpu"):
        took = sorted(run[f"{key}_s"] for run in runs)
        found[f"{key}_p50_ms"] = round(1e3 * took[len(took) // 2], 3)
        found[f"{key}_p99_ms"] = round(1e3 * took[min(int(0.99 * len(took)), len(took) - 1)], 3)
    return found


@cache
def split(word: bytes) -> str:
    return " ".join(split_word(word))


def split_text(text: bytes) -> str:
    words = find_words(slab_of([text]))
    spans = zip(words.starts.tolist(), words.lengths.tolist(), strict=True)
    return " ".join(filter(None, (split(text[start : start + size]) for start, size in spans)))


class Tantivy:
    """The peer: BM25 over one field of text that is split already."""

    def __init__(self, directory: Path, texts: Sequence[bytes]) -> None:
        self._package: Any = importlib.import_module("tantivy")
        self._directory = directory
        self._texts = [split_text(text) for text in texts]
        builder = self._package.SchemaBuilder()
        builder.add_text_field("text", stored=False, tokenizer_name="whitespace", index_option="freq")
        builder.add_unsigned_field("number", stored=True)
        self._schema = builder.build()

    def build(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir()
        self._index = self._package.Index(self._schema, path=str(self._directory))
        writer = self._index.writer(heap_size=TANTIVY_BYTES, num_threads=1)
        for number, text in enumerate(self._texts):
            writer.add_document(self._package.Document(text=text, number=number))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def answer(self, question: str) -> object:
        query_of, occur = self._package.Query, self._package.Occur
        terms = dict.fromkeys(split_text(question.encode()).split())
        parts = [(occur.Should, query_of.term_query(self._schema, "text", term)) for term in terms]
        return self._searcher.search(query_of.boolean_query(parts), 10).hits


def size_of(directory: Path) -> int:
    return sum(each.stat().st_size for each in directory.rglob("*") if each.is_file())


def rate(size: int, seconds: dict[str, float]) -> dict[str, float]:
    return {
        **seconds,
        "MB_per_s": round(size / 1e6 / seconds["wall_s"], 2),
        "MB_per_cpu_s": round(size / 1e6 / seconds["cpu_s"], 2),
    }


def measure(tree: Path, room: Path, *, peer: str | None, runs: int, count: int) -> dict[str, Any]:
    shutil.copytree(tree, room / "tree", symlinks=True)
    load = ["context", "load", str(room / "tree"), "--name", NAME, "--max-tokens", str(CAP)]
    found: dict[str, Any] = {"commands": {"first_load": medians([whole_command(load)])}}
    found["commands"]["load_unchanged"] = medians([whole_command(load) for _ in range(runs)])
    with Context.open(NAME, read_only=True) as context:
        texts = [chunk.text for chunk in context.iterate() if chunk.text is not None]
    size = sum(map(len, texts))
    questions = questions_of(texts, count + WARM_UP)
    other = Tantivy(room / "tantivy", texts) if peer == "tantivy" else None
    directory = room / "state" / "exosuit" / "contexts" / f"{NAME}.search"

    def build() -> None:
        shutil.rmtree(directory, ignore_errors=True)
        with Context.open(NAME, read_only=True) as context, Searcher.open(context):
            pass

    ours, theirs = [], []
    for _ in range(runs):
        ours.append(seconds_of(build))
        if other is not None:
            theirs.append(seconds_of(other.build))
    found["work"] = {"chunks": len(texts), "bytes": size, "cap": CAP, "seed": SEED}
    with Context.open(NAME, read_only=True) as context, Searcher.open(context) as searcher:
        found["exosuit"] = {
            "index": rate(size, medians(ours)),
            "bytes": size_of(directory),
            "query": ask(questions, searcher.query),
        }
        opened = [seconds_of(lambda: Searcher.open(context).close()) for _ in range(runs)]
        found["exosuit"]["open_unchanged"] = medians(opened)
    if other is not None:
        found["tantivy"] = {
            "index": rate(size, medians(theirs)),
            "bytes": size_of(room / "tantivy"),
            "query": ask(questions, other.answer),
        }
    found["commands"] |= change_one(room, load, runs)
    return found


def change_one(room: Path, load: list[str], runs: int) -> dict[str, Any]:
    """One file gets a line, and the context and the index are brought into step."""
    path = max((room / "tree").rglob("*.[chp]*"), key=lambda each: each.stat().st_size if each.is_file() else 0)
    loads, refreshes = [], []
    for number in range(runs):
        with path.open("ab") as file:
            file.write(f"int changed_{number};\n".encode())
        loads.append(whole_command(load))
        with Context.open(NAME, read_only=True) as context:
            refreshes.append(seconds_of(lambda: Searcher.open(context).close()))
    found: dict[str, Any] = {"load_one_changed": medians(loads), "index_one_changed": medians(refreshes)}
    if subprocess.run([EXOSUIT, "query", "--help"], capture_output=True, check=False).returncode == 0:
        ask_again = ["query", "changed", str(room / "tree"), "--context", NAME]
        found["query_unchanged"] = medians([whole_command(ask_again) for _ in range(runs)])
        found["query_one_changed"] = medians([_changed_query(path, ask_again, number) for number in range(runs)])
    return found


def _changed_query(path: Path, command: list[str], number: int) -> dict[str, float]:
    with path.open("ab") as file:
        file.write(f"int asked_{number};\n".encode())
    return whole_command(command)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--peer", choices=("tantivy",))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exosuit-bench-") as room:
        for kind in ("STATE", "CACHE", "CONFIG"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(room) / kind.lower())
        found = measure(given.tree, Path(room), peer=given.peer, runs=given.runs, count=given.questions)
    versions = {"tantivy": version_of("tantivy")} if given.peer else {}
    found = {"tree": given.tree.name, "runs": given.runs, "machine": machine(), "versions": versions, **found}
    text = json.dumps(found, indent=2) + "\n"
    if given.output is not None:
        given.output.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
