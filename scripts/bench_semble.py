"""Questions to trees, beside semble: the first answer, an answer where nothing changed, and questions to an open index.

    python scripts/bench_semble.py --semble PYTHON TREE... [--grammars DIR] [--runs 3] [--questions 100] [-o FILE]

`--semble` is the Python of an environment of its own: `pip install semble==0.7.0`. It ranks by its BM25 mode and its
rules (`alpha` 0). Its model, which it loads even so, is one of three words, made here: nothing is downloaded, but for
its grammars; `--grammars` is a directory of them, copied into its cache before it starts. It indexes code, documents
and settings, as exosuit does. Each side keeps its index where it does by default, in a cache of its own.

The two run in turn. "first" and "unchanged" are whole processes, start included, that answer one question: without an
index, and with it. "open" is one process that has the index and asks each question once, after ten others. Quoted are
the median, the least and the most; the page cache is warm.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from paired_runs import EXOSUIT, Side, machine, spread, version_of

WARM_UP = 10
LEAST = 10
"""Files of a tree that its questions are words of, at least."""


class Semble:
    """The peer's index of a tree; it is kept, and found again."""

    def __init__(self, tree: str) -> None:
        import semble
        from semble.cache import save_index_to_cache

        content = [semble.ContentType.CODE, semble.ContentType.DOCS, semble.ContentType.CONFIG]
        self._index = semble.SembleIndex.from_path(tree, content=content, model_path=_small_model())
        save_index_to_cache(self._index, tree)

    def answer(self, question: str) -> int:
        return len(self._index.search(question, top_k=10, alpha=0.0))

    def close(self) -> None:
        """It holds nothing open."""


class Exosuit:
    """An open index of the context that the command made."""

    def __init__(self, tree: str) -> None:
        from exosuit_cli.context import Context
        from exosuit_cli.search.searcher import Searcher

        self._context = Context.open(Path(tree).name, read_only=True)
        self._searcher = Searcher.open(self._context)

    def answer(self, question: str) -> int:
        return len(self._searcher.query(question, top=10).answers)

    def close(self) -> None:
        self._searcher.close()
        self._context.close()


def _small_model() -> str:
    """A model of three words, made once in the cache: BM25 does not use it."""
    import numpy as np
    from model2vec import StaticModel
    from tokenizers import Tokenizer, models, pre_tokenizers

    place = Path(os.environ["XDG_CACHE_HOME"]) / "model"
    if not place.is_dir():
        words = Tokenizer(models.WordLevel({"[UNK]": 0, "[PAD]": 1, "a": 2}, unk_token="[UNK]"))
        words.pre_tokenizer = pre_tokenizers.Whitespace()
        vectors = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
        StaticModel(vectors, words).save_pretrained(str(place))
    return str(place)


def child(side: str, tree: str, questions: str) -> None:
    """One process of a side: its index, then each question of a file of them; the seconds of each."""
    index = Semble(tree) if side == "semble" else Exosuit(tree)
    seconds, found = [], 0
    for question in json.loads(Path(questions).read_text()):
        started = time.perf_counter()
        found += index.answer(question)
        seconds.append(time.perf_counter() - started)
    index.close()
    sys.stdout.write(json.dumps({"seconds": seconds, "answers": found}))


def questions_in(tree: Path, count: int) -> list[str]:
    """Words of files of the tree, drawn with a seed."""
    from bench_query import questions_of

    texts = []
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in path.parts):
            data = path.read_bytes()[: 64 << 10]
            texts += [data[at : at + 2000] for at in range(0, len(data), 20000)] if b"\0" not in data else []
    if len(texts) < LEAST:
        sys.exit(f"{tree} has fewer than {LEAST} texts")
    return [question for question in questions_of(texts, 2 * count) if _asks(question)][:count]


def _asks(question: str) -> bool:
    """Whether it has a word that is not one of grammar only."""
    from exosuit_cli.model.errors import UsageError
    from exosuit_cli.search.question import read_question

    try:
        read_question(question)
    except UsageError:
        return False
    return True


def measure(tree: Path, room: Path, python: str, *, grammars: Path | None, runs: int, count: int) -> dict[str, Any]:
    """One tree's rows, the two sides in turn."""
    questions = questions_in(tree, count + WARM_UP)
    one, many = room / "one.json", room / "many.json"
    one.write_text(json.dumps(questions[:1]))
    many.write_text(json.dumps(questions))

    def sides(number: int) -> list[Side]:
        places = {f"XDG_{kind}_HOME": str(room / f"{number}-{kind.lower()}") for kind in ("CACHE", "STATE", "CONFIG")}
        places |= {"HF_HUB_OFFLINE": "1", "HOME": str(room)}
        theirs = [python, __file__, "child", "semble", str(tree), str(one)]
        query = [EXOSUIT, "query", questions[0], str(tree), "--jsonl"]
        return [Side("exosuit", query, environment=places), Side("semble", theirs, environment=places)]

    seconds: dict[str, dict[str, list[float]]] = {}
    for number in range(runs):
        pair = sides(number)
        if grammars is not None:
            shutil.copytree(grammars, Path(pair[1].environment["XDG_CACHE_HOME"]) / "semble" / "grammars")
        for kind in ("first", "unchanged"):
            for side in pair:
                side.run()
                seconds.setdefault(kind, {}).setdefault(side.label, []).append(side.seconds[-1])
    rows: dict[str, Any] = {
        kind: {
            "exosuit": spread(both["exosuit"]),
            "semble": spread(both["semble"]),
            "ratio": round(spread(both["exosuit"])["median_s"] / spread(both["semble"])["median_s"], 3),  # type: ignore[operator]
        }
        for kind, both in seconds.items()
    }
    rows["open"] = {side.label: _asked(side, tree, many, python) for side in pair}
    return {"tree": tree.name, "questions": count, **rows}


def _asked(side: Side, tree: Path, questions: Path, python: str) -> dict[str, float]:
    runner = python if side.label == "semble" else sys.executable
    whole = Side(side.label, [runner, __file__, "child", side.label, str(tree), str(questions)])
    whole.environment = side.environment
    took = sorted(json.loads(whole.run())["seconds"][WARM_UP:])
    at = (("p50_ms", len(took) // 2), ("p99_ms", min(int(0.99 * len(took)), len(took) - 1)))
    return {name: round(1e3 * took[place], 2) for name, place in at}


def main() -> None:
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--semble", required=True, metavar="PYTHON")
    parser.add_argument("--grammars", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    asked = [given.semble, "-c", "import importlib.metadata as m; print(m.version('semble'))"]
    version = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    versions = {"exosuit": version_of("exosuit-cli"), "semble": version}
    trees = []
    for tree in given.trees:
        with tempfile.TemporaryDirectory(prefix="exosuit-bench-") as room:
            one = partial(measure, tree.resolve(), Path(room), given.semble, grammars=given.grammars)
            trees.append(one(runs=given.runs, count=given.questions))
    found = {"machine": machine(), "versions": versions, "trees": trees}
    text = json.dumps(found, indent=1) + "\n"
    if given.output is not None:
        given.output.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
