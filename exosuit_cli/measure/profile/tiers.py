"""The tiers of a run over time, from what was read beside it and what the run says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.measure.profile.records import Series, TierProfile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.measure.cache import CacheReading
    from exosuit_cli.measure.profile.records import Track
    from exosuit_cli.measure.profile.sampler import Readings
    from exosuit_cli.system.memory import MemoryReport, TierReading

_AT_ENDS = "read before and after the run only: to ask about every file takes longer than the run"
_PEAK_ONLY = "its owner reports the peak only"


def memory_series(readings: Readings, tracks: Sequence[Track], started_ns: int) -> tuple[Series, ...]:
    """Every reading as a series, with times since `started_ns`; those of a process under the name of its track."""
    names = {track.pid: track.name for track in reversed(tracks)}
    found = [
        _series(
            "ram pss", [(time, sum(pss for pss, _ in each.values())) for time, each in readings.memory], started_ns
        ),
        _series(
            "ram uss", [(time, sum(uss for _, uss in each.values())) for time, each in readings.memory], started_ns
        ),
        _series("ram rss", readings.resident, started_ns),
        _series("nvme read", [(time, read) for time, read, _ in readings.disk], started_ns),
        _series("nvme written", [(time, written) for time, _, written in readings.disk], started_ns),
        _series("vram card", readings.card, started_ns),
    ]
    for pid in dict.fromkeys(pid for _, each in readings.memory for pid in each):
        own = [(time, each[pid][0]) for time, each in readings.memory if pid in each]
        found.append(_series(f"pss {names.get(pid, f'process {pid}')}", own, started_ns))
    return tuple(series for series in found if len(series.times_ns))


def tier_profiles(
    memory: MemoryReport, readings: Readings, before: CacheReading | None, after: CacheReading | None
) -> tuple[TierProfile, ...]:
    """Every tier; None with a reason where nobody knows."""
    return (
        _reported("vram", memory.vram, [used for _, used in readings.card]),
        _reported("shared", memory.shared, []),
        _ram(memory.ram, readings),
        _nvme(memory.nvme, readings),
        _page_cache(before, after),
    )


def _series(name: str, points: Sequence[tuple[int, int]], started_ns: int) -> Series:
    kept = [(time - started_ns, value) for time, value in points if time >= started_ns]
    times, values = zip(*kept, strict=True) if kept else ((), ())
    return Series(name, "bytes", np.array(times, np.int64), np.array(values, np.float64))


def _reported(name: str, reading: TierReading, over_time: Sequence[int]) -> TierProfile:
    details: dict[str, float | None] = dict(reading.details)
    if over_time:
        details["card_peak_bytes"] = max(over_time)
    reason = reading.reason or _PEAK_ONLY
    return TierProfile(name, None, reading.peak_bytes, None, reason, details)


def _ram(reading: TierReading, readings: Readings) -> TierProfile:
    sums = [(sum(pss for pss, _ in each.values()), sum(uss for _, uss in each.values())) for _, each in readings.memory]
    if not sums or not any(pss for pss, _ in sums):
        return TierProfile("ram", None, reading.peak_bytes, None, reading.reason or readings.reason)
    details: dict[str, float | None] = {
        "uss_peak_bytes": max(uss for _, uss in sums),
        "rss_peak_bytes": max((value for _, value in readings.resident), default=None),
        "readings": len(sums),
        "own_peak_bytes": reading.peak_bytes,
    }
    peak = max(reading.peak_bytes or 0, *(pss for pss, _ in sums)) if len(sums) > 1 else sums[0][0]
    return TierProfile("ram", sums[0][0], peak, sums[-1][0], None, details)


def _nvme(reading: TierReading, readings: Readings) -> TierProfile:
    details: Mapping[str, float | None] = dict(reading.details)
    if not readings.disk:
        return TierProfile("nvme", None, reading.peak_bytes, None, readings.reason or "not read", details)
    _, read, written = readings.disk[-1]
    return TierProfile("nvme", 0, written, written, None, {**details, "read_bytes": read, "written_bytes": written})


def _page_cache(before: CacheReading | None, after: CacheReading | None) -> TierProfile:
    unknown = next((each.reason for each in (before, after) if each is not None and each.reason), None)
    details: dict[str, float | None] = {}
    if before is not None:
        details["corpus_bytes"] = before.sampled_bytes
    return TierProfile(
        "page_cache",
        before.cached_bytes if before is not None else None,
        None,
        after.cached_bytes if after is not None else None,
        unknown or _AT_ENDS,
        details,
    )
