"""The tracks of a profile, from what the processes recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.measure.profile.records import Spans, Track
from exosuit_cli.model.spans import STAGES, WAITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from exosuit_cli.model.spans import RecordedTrack

WAIT_CODES: Final = np.array([STAGES.index(name) for name in WAITS], np.uint8)


def tracks_of(recorded: Sequence[RecordedTrack], started_ns: int, wall_ns: int) -> tuple[Track, ...]:
    """The tracks with times since `started_ns`; what lies before it or after `wall_ns` is cut off.

    The main process comes first, then workers and streams in the order in which they began.
    """
    ordered = sorted(recorded, key=lambda each: (_ORDER[each.kind], each.spans[0, 1] if len(each.spans) else 0))
    tracks = []
    workers = 0
    for each in ordered:
        workers += each.kind == "worker"
        name = each.name or ("main" if each.kind == "main" else f"{each.kind} {workers}")
        tracks.append(Track(name, each.kind, each.pid, _spans(each.spans, started_ns, wall_ns), each.dropped))
    return tuple(tracks)


_ORDER: Final = {"main": 0, "worker": 1, "device": 2}


def _spans(rows: npt.NDArray[np.int64], started_ns: int, wall_ns: int) -> Spans:
    starts = np.clip(rows[:, 1] - started_ns, 0, wall_ns)
    ends = np.clip(rows[:, 2] - started_ns, 0, wall_ns)
    kept = ends > starts
    columns = [column[kept] for column in (rows[:, 0], starts, ends, *rows.T[3:])]
    return Spans(columns[0].astype(np.uint8), *columns[1:])


def is_busy(spans: Spans) -> npt.NDArray[np.bool_]:
    """bool[n]: which spans are work, not a wait."""
    return ~np.isin(spans.stage, WAIT_CODES)


def covered_ns(tracks: Iterable[Track]) -> int:
    """The time during which some track works."""
    edges = [(track.spans.start_ns[is_busy(track.spans)], track.spans.end_ns[is_busy(track.spans)]) for track in tracks]
    starts = np.concatenate([start for start, _ in edges]) if edges else np.zeros(0, np.int64)
    ends = np.concatenate([end for _, end in edges]) if edges else np.zeros(0, np.int64)
    if not len(starts):
        return 0
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    reached = np.concatenate([[starts[0]], ends[:-1]])
    return int((ends - np.maximum(starts, reached)).clip(0).sum())
