"""Profiles with known answers, made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.measure.profile.records import (
    FileCost,
    Profile,
    Repeat,
    Series,
    Spans,
    StageSummary,
    TierProfile,
    Track,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTILE = b"</script><b>&\"'\x1b[31m\xff\xe2\x80\xae\n|`"
"""A name that would act on a terminal, in HTML, in a script and in JSON, and that is not UTF-8."""
STAGES = ("walk", "read", "hash", "copy in", "result", "input wait")
MS = 1_000_000


def spans(*rows: tuple[str, int, int, int]) -> Spans:
    """Spans of (stage, start and end in milliseconds, batch); each has 2 files, 100 bytes in and 10 out."""
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    count = len(rows)
    return Spans(
        stage=np.array([STAGES.index(name) for name in columns[0]], np.uint8),
        start_ns=np.array(columns[1], np.int64) * MS,
        end_ns=np.array(columns[2], np.int64) * MS,
        files=np.full(count, 2, np.int64),
        bytes_in=np.full(count, 100, np.int64),
        bytes_out=np.full(count, 10, np.int64),
        batch=np.array(columns[3], np.int64),
    )


def series(name: str, unit: str, times_ms: Sequence[int], values: Sequence[float]) -> Series:
    """Readings at times in milliseconds."""
    return Series(name, unit, np.array(times_ms, np.int64) * MS, np.array(values, np.float64))  # type: ignore[arg-type]


def stage(name: str, busy_s: float, *, size: int = 10**9, speedup: float = 1.0) -> StageSummary:
    """A stage that was called twice."""
    return StageSummary(
        name=name, calls=2, files=4, bytes_in=size, bytes_out=10, busy_s=busy_s, input_wait_s=0.0, output_wait_s=0.0,
        bytes_per_busy_s=size / busy_s if busy_s else None, bytes_per_wall_s=size / 0.1, p50_s=busy_s / 2,
        p95_s=busy_s / 2, max_s=busy_s / 2, peak_bytes_per_s=None, share_of_peak=None, speedup_if_free=speedup,
    )  # fmt: skip


def profile(**changes: object) -> Profile:
    """100 ms of a parent, two workers and a stream of a card.

    Batch 0 goes from the parent (10 to 20 ms) to worker 1 and back, batch 1 to worker 2, over the card, and back. The
    first span of batch 1 in worker 2 takes no time.
    """
    tracks = (
        Track("main", "main", 100, spans(("walk", 0, 10, -1), ("read", 10, 20, 0), ("read", 20, 30, 1),
                                         ("result", 70, 78, 0), ("result", 90, 100, 1))),
        Track("worker 1", "worker", 101, spans(("input wait", 0, 20, 0), ("read", 20, 40, 0), ("hash", 40, 70, 0))),
        Track("worker 2", "worker", 102, spans(("read", 30, 30, 1), ("read", 32, 50, 1), ("hash", 60, 90, 1))),
        Track("cuda:0 stream 1", "device", 102, spans(("copy in", 50, 60, 1)), dropped=3),
    )  # fmt: skip
    made = Profile(
        work="scan",
        machine={"fingerprint": "0123456789abcdef", "processor": "test", "processors": 2},
        options={"encoding": "o200k", "paths": ["tree"]},
        cache="warm",
        wall_s=0.1,
        twin_wall_s=0.099,
        files=4,
        bytes=2 * 10**9,
        tokens=None,
        workers=2,
        processors=2,
        processor_use=0.75,
        stage_names=STAGES,
        tracks=tracks,
        series=(
            series("ram pss", "bytes", [0, 50, 100], [1e6, 3e6, 2e6]),
            series("ram uss", "bytes", [0, 50, 100], [1e6, 2e6, float("nan")]),
            series("queue", "count", [0, 100], [0, 2]),
            series("files", "per_s", [0, 100], [10.5, 20.5]),
        ),
        stages=(
            stage("hash", 0.06, speedup=1.5), stage("read", 0.038), stage("copy in", 0.01), stage("result", 0.018),
            stage("walk", 0.01, size=0),
        ),
        limiter="hash",
        speedup_if_free=1.5,
        unattributed_pct=2.0,
        overhead_pct=1.0,
        dearest=(FileCost(HOSTILE, "hash", 0.03, 12345, "a long line"), FileCost(b"plain.c", "read", 0.01, 99, None)),
        tiers=(
            TierProfile("vram", None, None, None, "no CUDA device"),
            TierProfile("ram", 10**6, 3 * 10**6, 2 * 10**6, details={"uss_bytes": 2e6, "private": None}),
        ),
        repeats=(Repeat(0.1, {"hash": 0.06, "read": 0.038, "walk": 0.01}),),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]
