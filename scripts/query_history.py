"""The figure of a query evaluation in the history of `exosuit bench`: added, and held against those before it."""

from __future__ import annotations

import glob
import os
import sys
from datetime import UTC, datetime
from statistics import median

from blake3 import blake3

from exosuit_cli import __version__
from exosuit_cli.measure.history import Entry, Figure, append_entries, read_history
from exosuit_cli.measure.plan import BENCH_VERSION

SUITE = "ranking"
METRIC = "ndcg10"
_LAST = 7
"""Entries whose median the figure is held against."""


def entry_of(result: dict, data: str) -> Entry:
    """The entry of an evaluation's result. The questions are told apart by their digest, not by where they lie."""
    digest = blake3()
    for path in (f"{data}/repos.json", *sorted(glob.glob(f"{data}/annotations/*.json"))):
        with open(path, "rb") as file:
            digest.update(os.path.basename(path).encode() + b"\0" + file.read())
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    low, high = result["interval"]
    corpus = " ".join(str(result[name]) for name in ("trees", "boundaries", "max_tokens", "kind"))
    return Entry(
        id=now.translate({ord(mark): None for mark in "-:.TZ"}) + "-ranking",
        time=now,
        label=None,
        version=__version__,
        bench_version=BENCH_VERSION,
        fingerprint="any",  # the order of answers is the same on every machine
        suite=SUITE,
        corpus=f"{corpus}, {result['weights']} weights",
        corpus_digest=digest.hexdigest(),
        files=result["queries"],
        size=0,
        cache="warm",
        device=None,
        mode="absolute",
        verdict=None,
        figures={METRIC: Figure(result[METRIC], low, high, result["queries"])},
        ratios={},
    )


def hold_against(history: str, entry: Entry, most_lost: float) -> int:
    """Add an entry to a history. 3, and a line that says so, where its figure is lower than those before; else 0."""
    before = [
        each.figures[METRIC].median
        for each in read_history(history)
        if (each.suite, each.corpus, each.corpus_digest) == (entry.suite, entry.corpus, entry.corpus_digest)
        and METRIC in each.figures
    ][-_LAST:]
    append_entries(history, [entry])
    now = entry.figures[METRIC].median
    if before and now < median(before) - most_lost:
        print(f"{entry.corpus}: nDCG@10 fell to {now:.4f} from {median(before):.4f}", file=sys.stderr)
        return 3
    return 0
