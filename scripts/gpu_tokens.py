"""The part of gpu_check.py that checks and measures the tokens of a card."""

from __future__ import annotations

import random
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import token_cases as cases

from exosuit_cli.kernels.device_kernels import DeviceKernels
from exosuit_cli.kernels.device_tokens import DeviceTables
from exosuit_cli.model.encodings import DEFAULT_ENCODING, ENCODINGS
from exosuit_cli.tokens import load_counter
from exosuit_cli.tokens.tables import counting_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from exosuit_cli.model.slab import Slab

STRINGS = 60_000
SCALARS = 20_000
FILES = 20_000
RANDOM_SECONDS = 1.0
VOCABULARY: int | None = None
"""How many of its texts; None for all."""


def token_differences(opened: Any, tree: str, document: dict[str, Any]) -> Iterator[str]:
    """Compare the place of every token with the packaged counter's: one line for each text that differs."""
    counts = document["tokens_checked"] = {"files": 0, "bytes": 0, "tokens": 0, "left": 0}
    for encoding in ENCODINGS:
        keeper, queue = opened.queue(), opened.queue()
        tables = DeviceTables.upload(keeper, counting_tables(encoding))
        encode = load_counter(encoding).encode
        for group in cases.batches(texts(encoding, tree), FILES):
            ids = [encode(text) for text in group]
            slab = cases.slab_of(group)
            bad, left = cases.differences(encoding, group, ids, cases.count_alone(queue, tables, slab))
            yield from (f"tokens {encoding} {text[:60]!r}" for text in bad)
            pending = DeviceKernels(queue, "xxh3_64", tables).begin(slab, lines=True, tokens=encoding)
            _, lines = pending.finish()
            found = pending.tokens()
            assert lines is not None
            assert found is not None
            assert found.before is not None
            sums = np.append(0, np.cumsum(cases.expected_starts(encoding, len(slab.data), ids)))
            of_lines = np.diff(lines.files)
            before = sums[lines.starts[:-1]] - np.repeat(sums[slab.offsets], of_lines)
            wrong = (found.before != before) & np.repeat(found.counts >= 0, of_lines)
            yield from (f"tokens {encoding} before line {place}" for place in np.flatnonzero(wrong)[:20].tolist())
            counts["files"] += len(group)
            counts["bytes"] += len(slab.data)
            counts["tokens"] += sum(map(len, ids))
            counts["left"] += left
        keeper.release()


def texts(encoding: str, tree: str) -> Iterable[bytes]:
    """Short strings of every class, scalars, the vocabulary, random texts, and those of a tree."""
    rng = random.Random(1)
    short = chain.from_iterable(map(cases.strings, range(1, 4)))
    longer = ("".join(rng.choices(cases.REPRESENTATIVES, k=rng.choice((4, 5)))) for _ in range(STRINGS))
    contracting = ("".join(rng.choices(cases.CONTRACTING, k=4)) for _ in range(STRINGS))
    scalars = map("".join, cases.batches(cases.scalar_texts(rng.sample(range(0x110000), SCALARS)), 90))
    return chain(
        (text.encode() for text in chain(short, longer, contracting, scalars)),
        islice(cases.vocabulary_texts(encoding), VOCABULARY),
        cases.random_files(RANDOM_SECONDS),
        cases.tree_texts(Path(tree)),
    )


def text_slab(tree: str, size: int) -> Slab:
    """The texts of a tree again and again, up to `size` bytes: real words, unlike those of `example_slab`."""
    found = list(cases.tree_texts(Path(tree))) or [b"words and more words\n"]
    files: list[bytes] = []
    held = place = 0
    while held < size:
        files.append(found[place % len(found)][: size - held])
        held += len(files[-1])
        place += 1
    return cases.slab_of([file.decode("utf-8", "ignore").encode() for file in files])


def default_tables(opened: Any) -> tuple[Any, DeviceTables]:
    """The tables of the default encoding on a card, and the queue that keeps them there."""
    keeper = opened.queue()
    return keeper, DeviceTables.upload(keeper, counting_tables(DEFAULT_ENCODING))
