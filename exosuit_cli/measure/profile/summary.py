"""Each stage over all tracks: what it did, how long, what it waited for, and what the whole would be without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.measure.profile.records import StageSummary
from exosuit_cli.measure.profile.tracks import is_busy
from exosuit_cli.model.spans import STAGES, WAITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.measure.profile.records import Spans, Track
    from exosuit_cli.measure.profile.replay import Replay

_OUTPUT_WAIT = STAGES.index("output wait")


def stage_summaries(
    tracks: Sequence[Track], wall_s: float, replay: Replay, peaks: Mapping[str, float]
) -> tuple[StageSummary, ...]:
    """The stages that did anything, in the order of `STAGES`; `peaks` are bytes/s of this machine by stage."""
    waits = [_waits_of(track.spans) for track in tracks]
    found = []
    for code, name in enumerate(STAGES):
        rows = [np.flatnonzero(track.spans.stage == code) for track in tracks]
        if name in WAITS or not any(map(len, rows)):
            continue
        taken = np.concatenate(
            [track.spans.end_ns[own] - track.spans.start_ns[own] for track, own in zip(tracks, rows, strict=True)]
        )
        files, bytes_in, bytes_out = (
            sum(int(column[own].sum()) for column, own in zip(columns, rows, strict=True))
            for columns in zip(
                *((each.spans.files, each.spans.bytes_in, each.spans.bytes_out) for each in tracks), strict=True
            )
        )
        busy_s = float(taken.sum()) / 1e9
        moved = max(bytes_in, bytes_out)
        rate = moved / busy_s if moved and busy_s else None
        peak = peaks.get(name)
        p50, p95 = (float(each) / 1e9 for each in np.percentile(taken, (50, 95)))
        found.append(
            StageSummary(
                name=name,
                calls=len(taken),
                files=files,
                bytes_in=bytes_in,
                bytes_out=bytes_out,
                busy_s=busy_s,
                input_wait_s=sum(before[code] for before, _ in waits) / 1e9,
                output_wait_s=sum(after[code] for _, after in waits) / 1e9,
                bytes_per_busy_s=rate,
                bytes_per_wall_s=moved / wall_s if moved and wall_s else None,
                p50_s=p50,
                p95_s=p95,
                max_s=float(taken.max()) / 1e9,
                peak_bytes_per_s=peak,
                share_of_peak=rate / peak if rate is not None and peak else None,
                speedup_if_free=replay.speedup(name),
            )
        )
    return tuple(found)


def _waits_of(spans: Spans) -> tuple[list[int], list[int]]:
    """Nanoseconds by stage: waited just before it for work, and just after it to hand on what it made."""
    before, after = [0] * len(STAGES), [0] * len(STAGES)
    taken = (spans.end_ns - spans.start_ns).tolist()
    waiting = 0
    last = -1
    for stage, is_work, nanoseconds in zip(spans.stage.tolist(), is_busy(spans).tolist(), taken, strict=True):
        if is_work:
            before[stage] += waiting
            waiting, last = 0, stage
        elif stage != _OUTPUT_WAIT:
            waiting += nanoseconds
        elif last >= 0:
            after[last] += nanoseconds
    return before, after
