"""Queues and rates that follow from spans with known answers."""

from __future__ import annotations

import numpy as np

from exosuit_cli.measure.profile.flow import flow_series, queue_depth, read_rates
from exosuit_cli.measure.profile.records import Spans, Track
from exosuit_cli.model.spans import STAGES

MS = 1_000_000


def _track(kind: str, *rows: tuple[str, int, int, int]) -> Track:
    stages, starts, ends, batches = zip(*rows, strict=True)
    count = len(rows)
    spans = Spans(
        np.array([STAGES.index(stage) for stage in stages], np.uint8),
        np.array(starts, np.int64) * MS,
        np.array(ends, np.int64) * MS,
        np.full(count, 5, np.int64),
        np.full(count, 1000, np.int64),
        np.zeros(count, np.int64),
        np.array(batches, np.int64),
    )
    return Track(kind, kind, 1, spans)  # type: ignore[arg-type]


TRACKS = (
    _track("main", ("dispatch", 0, 2, 0), ("dispatch", 3, 4, 1), ("dispatch", 5, 6, 2), ("ledger", 60, 70, 0)),
    _track("worker", ("read", 10, 20, 0), ("hash", 20, 30, 0), ("read", 30, 45, 1), ("read", 50, 99, 2)),
)


def test_the_queue_is_what_was_handed_out_and_not_begun() -> None:
    queue = queue_depth(TRACKS)
    assert (queue.times_ns // MS).tolist() == [2, 4, 6, 10, 30, 50]
    assert queue.values.tolist() == [1, 2, 3, 2, 1, 0]


def test_rates_add_up_to_what_was_read() -> None:
    files, size = read_rates(TRACKS, 100 * MS)
    assert len(files.times_ns) == 100
    assert files.values.sum() * 0.001 == 15
    assert size.values.sum() * 0.001 == 3000
    assert files.values[20] == 5 / 0.001


def test_nothing_recorded_gives_no_series() -> None:
    assert flow_series((), 0) == ()
