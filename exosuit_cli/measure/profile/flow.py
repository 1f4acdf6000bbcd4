"""Series that follow from the spans: batches that wait for a worker, and files and bytes that were read a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.measure.profile.records import Series
from exosuit_cli.model.spans import STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.measure.profile.records import Track

_BINS: Final = 100
"""Readings of a rate in a run."""
_READS: Final = tuple(STAGES.index(name) for name in ("read", "large"))


def flow_series(tracks: Sequence[Track], wall_ns: int) -> tuple[Series, ...]:
    """The series of a run of `wall_ns` nanoseconds; without those that nothing was recorded for."""
    found = (queue_depth(tracks), *read_rates(tracks, wall_ns))
    return tuple(series for series in found if len(series.times_ns))


def queue_depth(tracks: Sequence[Track]) -> Series:
    """Batches that the main process had handed out and no worker had begun, at each change."""
    given = _first_spans(tracks, "main", ends=True)
    begun = _first_spans(tracks, "worker", ends=False)
    both = [(given[batch], max(begun[batch], given[batch])) for batch in given.keys() & begun.keys()]
    times = np.array([time for pair in both for time in pair], np.int64)
    steps = np.tile(np.array([1, -1], np.int64), len(both))
    order = np.lexsort((-steps, times))
    return Series("batches waiting", "count", times[order], np.cumsum(steps[order]).astype(np.float64))


def read_rates(tracks: Sequence[Track], wall_ns: int) -> tuple[Series, Series]:
    """Files and bytes that ended to be read, a second, in each hundredth of the run."""
    if not wall_ns:
        nothing = np.zeros(0, np.int64), np.zeros(0)
        return Series("files read", "per_s", *nothing), Series("bytes read", "per_s", *nothing)
    spans = [track.spans for track in tracks]
    are_reads = [np.isin(each.stage, _READS) for each in spans]
    edges = np.linspace(0, wall_ns, _BINS + 1)
    ends = _joined([each.end_ns[reads] for each, reads in zip(spans, are_reads, strict=True)])
    rates = []
    for name, column in (("files read", "files"), ("bytes read", "bytes_in")):
        weights = _joined([getattr(each, column)[reads] for each, reads in zip(spans, are_reads, strict=True)])
        sums = np.histogram(ends, edges, weights=weights)[0].astype(np.float64)
        kept = _BINS if sums.any() else 0
        per_bin = wall_ns / 1e9 / _BINS
        rates.append(Series(name, "per_s", edges[1 : kept + 1].astype(np.int64), sums[:kept] / per_bin))
    return rates[0], rates[1]


def _first_spans(tracks: Sequence[Track], kind: str, *, ends: bool) -> dict[int, int]:
    """When the first span of each batch began (or ended) on tracks of a kind."""
    found: dict[int, int] = {}
    for track in tracks:
        if track.kind != kind:
            continue
        spans = track.spans
        times = (spans.end_ns if ends else spans.start_ns)[spans.batch >= 0].tolist()
        for batch, time in zip(spans.batch[spans.batch >= 0].tolist(), times, strict=True):
            found[batch] = min(time, found.get(batch, time))
    return found


def _joined(columns: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(columns) if columns else np.zeros(0, np.int64)
