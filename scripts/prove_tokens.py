"""Prove the token kernels equal to tiktoken and to the packaged counter, on the emulation of a card. Needs no card.

    python scripts/prove_tokens.py [--output FILE.json] [--seconds S] [TREE ...]

Of every encoding, each compared by the place of every token and by the counts of files:

1. every string of up to five characters of one representative of each class, and of up to four of those of contractions
2. every scalar in three contexts, up to where none is assigned, and a sample of those beyond, all of one class
3. every token of the vocabulary that is whole characters, alone and among letters and spaces
4. random texts of words, symbols, numbers and white space, laid so that files end at every byte of a tile
5. the texts in UTF-8 of every TREE

Parts 1, 3 and 4 ask tiktoken; 2 and 5 ask the packaged counter, which follows the same version of Unicode. The exit
code is 3 where one token differs.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))  # the emulation and the oracle are the tests'

import token_cases as cases
from kernels.emulated import EmulatedQueue, build
from paired_runs import version_of
from tokens.conftest import Oracle

from exosuit_cli.kernels.device_tokens import DeviceTables
from exosuit_cli.model.encodings import ENCODINGS
from exosuit_cli.tokens import load_counter
from exosuit_cli.tokens.tables import counting_tables

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Encode = Callable[[bytes], Sequence[int]]

SHOWN = 10
BEYOND = 5000
PACKAGES = ("tiktoken", "gigatoken", "numpy")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*", metavar="TREE")
    parser.add_argument("--output", help="write the result as JSON")
    parser.add_argument("--seconds", type=float, default=60, help="how long to compare random texts")
    arguments = parser.parse_args()
    document: dict[str, Any] = {"schema": "exosuit.token_proof/1", "device": EmulatedQueue.device, "parts": []}
    document["versions"] = {name: version_of(name) for name in PACKAGES}
    with tempfile.TemporaryDirectory() as folder:
        libraries = build(Path(folder))
        for encoding in ENCODINGS:
            for row in Proof(encoding, libraries).parts(arguments.trees, arguments.seconds):
                document["parts"].append(row)
                print(row, flush=True)
                if arguments.output:
                    Path(arguments.output).write_text(json.dumps(document, indent=1) + "\n")
    return 3 if any(row["different"] for row in document["parts"]) else 0


class Proof:
    """The comparison in one encoding."""

    def __init__(self, encoding: str, libraries: dict[str, ctypes.CDLL]) -> None:
        self._encoding = encoding
        self._queue, self._keeper = EmulatedQueue(libraries), EmulatedQueue(libraries)
        self._tables = DeviceTables.upload(self._keeper, counting_tables(encoding))
        self._tiktoken: Encode = Oracle(encoding).ids
        self._packaged: Encode = load_counter(encoding).encode

    def parts(self, trees: list[str], seconds: float) -> Iterator[dict[str, Any]]:
        short = chain.from_iterable(map(cases.strings, range(1, 6)))
        contracting = chain.from_iterable(cases.strings(length, cases.CONTRACTING) for length in range(1, 5))
        texts = (text.encode() for text in chain(short, contracting))
        yield self._compare("every string of representatives", "tiktoken", self._tiktoken, texts)
        codes = chain(*cases.ASSIGNED, random.Random(3).sample(range(0x35000, 0x110000), BEYOND))
        scalars = ("".join(group).encode() for group in cases.batches(cases.scalar_texts(codes), 300))
        yield self._compare(
            "every assigned scalar in three contexts, and some others", "gigatoken", self._packaged, scalars, files=300
        )
        vocabulary = cases.vocabulary_texts(self._encoding)
        yield self._compare("every token of the vocabulary", "tiktoken", self._tiktoken, vocabulary)
        yield self._compare("random texts", "tiktoken", self._tiktoken, cases.random_files(seconds), files=400)
        for tree in trees:
            texts = cases.tree_texts(Path(tree))
            yield self._compare(f"texts of {Path(tree).name}", "gigatoken", self._packaged, texts, files=200)

    def _compare(
        self, what: str, oracle: str, encode: Encode, texts: Iterable[bytes], files: int = 40_000
    ) -> dict[str, Any]:
        begun = time.monotonic()
        row: dict[str, Any] = {"encoding": self._encoding, "what": what, "oracle": oracle}
        row |= {"files": 0, "bytes": 0, "tokens": 0, "left": 0, "different": 0, "examples": []}
        for group in cases.batches(texts, files):
            ids = [encode(text) for text in group]
            found = cases.count_alone(self._queue, self._tables, cases.slab_of(group))
            bad, left = cases.differences(self._encoding, group, ids, found)
            row["files"] += len(group)
            row["bytes"] += sum(map(len, group))
            row["tokens"] += sum(map(len, ids))
            row["left"] += left
            row["different"] += len(bad)
            row["examples"] += [repr(text[:80]) for text in bad[: SHOWN - len(row["examples"])]]
        return row | {"seconds": round(time.monotonic() - begun, 1)}


if __name__ == "__main__":
    sys.exit(main())
