"""The history as trends: runs that can be compared, in their order, and the steps in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.measure.steps import Step, find_steps
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.measure.history import Entry


@dataclass(frozen=True, slots=True)
class Trend:
    """Entries that can be compared: of one suite, machine, corpus, cache state and bench version, oldest first."""

    suite: str
    corpus: str
    fingerprint: str
    cache: str
    bench_version: int
    entries: tuple[Entry, ...]

    def series(self, metric: str) -> list[tuple[Entry, float, float, float]]:
        """(entry, low, median, high) wherever the metric was measured."""
        return [
            (entry, entry.figures[metric].low, entry.figures[metric].median, entry.figures[metric].high)
            for entry in self.entries
            if metric in entry.figures
        ]

    def steps(self, metric: str) -> list[Step]:
        """Where the level of a metric changed."""
        return find_steps([median for _, _, median, _ in self.series(metric)])


def trends_of(entries: Sequence[Entry]) -> list[Trend]:
    """The entries in groups that can be compared, in the order in which they first appear."""
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        key = (
            entry.suite, entry.corpus_digest, str(entry.size), entry.fingerprint, entry.cache, str(entry.device),
            str(entry.bench_version),
        )  # fmt: skip
        groups.setdefault(key, []).append(entry)
    return [
        Trend(
            group[0].suite, group[0].corpus, group[0].fingerprint, group[0].cache, group[0].bench_version, tuple(group)
        )
        for group in groups.values()
    ]
