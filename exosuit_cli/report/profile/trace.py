"""A profile as a Chrome trace, for Perfetto and every other viewer of that format.

Trace Event Format, JSON object form (docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Final

import numpy as np

from exosuit_cli import __version__
from exosuit_cli.report.profile.stages import working
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.measure.profile.records import Profile, Series, Track

SCHEMA: Final = "exosuit.trace/1"
_CATEGORY: Final = "exosuit"
"""Of spans and arrows alike: the viewer of Chromium's tools joins an arrow to a span of the same category."""
_AT_ONCE: Final = 10_000
"""Events that are written with one call."""


def write_trace(profile: Profile, stream: IO[bytes]) -> None:
    """Write the timeline as ASCII JSON, event by event; times are microseconds with three decimals: nanoseconds.

    A span that touches the next one is written 1 ns shorter. Viewers read times as floating point, and take spans that
    overlap by a rounding for nested ones, or drop them.

    One track a process and a stream of a card, with a complete event for each span. An arrow joins what the tracks did
    for one batch, from the parent's submit to its result. Every series is a counter; a reading that is not finite is
    left out, since JSON has no such number.
    """
    head = {
        "schema": SCHEMA,
        "displayTimeUnit": "ms",
        "otherData": {
            "exosuit_version": __version__,
            "work": profile.work,
            "cache": profile.cache,
            "wall_s": profile.wall_s,
            "limiter": profile.limiter,
            "speedup_if_free": profile.speedup_if_free,
            "unattributed_pct": profile.unattributed_pct,
            "overhead_pct": profile.overhead_pct,
            "partial": profile.partial,
            "dropped_spans": sum(track.dropped for track in profile.tracks),
        },
    }
    stream.write(json.dumps(head)[:-1].encode("ascii") + b', "traceEvents": [\n')
    lines: list[str] = []
    separator = b""
    for event in _events(profile):
        lines.append(event)
        if len(lines) == _AT_ONCE:
            stream.write(separator + ",\n".join(lines).encode("ascii"))
            separator = b",\n"
            lines.clear()
    stream.write((separator + ",\n".join(lines).encode("ascii") if lines else b"") + b"\n]}\n")


def _events(profile: Profile) -> Iterator[str]:
    threads = _threads(profile.tracks)
    yield from _names(profile.tracks, threads)
    stages = [_text(name) for name in profile.stage_names]
    for track, thread in zip(profile.tracks, threads, strict=True):
        yield from _spans(track, thread, stages)
    # After the spans: an arrow binds to a span that begins at the same time, if that came first.
    yield from _arrows(profile, threads)
    owner = next((track.pid for track in profile.tracks if track.kind == "main"), 0)
    for series in profile.series:
        yield from _counter(series, owner)
    if profile.partial is not None:
        name = _text(f"interrupted by {profile.partial}")
        yield f'{{"ph":"i","s":"g","name":{name},"ts":{profile.wall_s * 1e6:.3f},"pid":{owner},"tid":{owner}}}'


def _threads(tracks: Sequence[Track]) -> list[int]:
    """A thread's number for each track, no two alike: the process's own, or the next one that no process has."""
    free = max((track.pid for track in tracks), default=0) + 1
    taken: set[int] = set()
    threads = []
    for track in tracks:
        thread = track.pid
        if track.kind == "device" or thread in taken:
            thread, free = free, free + 1
        taken.add(thread)
        threads.append(thread)
    return threads


def _names(tracks: Sequence[Track], threads: Sequence[int]) -> Iterator[str]:
    named: set[int] = set()
    for position, (track, thread) in enumerate(zip(tracks, threads, strict=True)):
        name = _text(track.name)
        if track.pid not in named:
            named.add(track.pid)
            yield _metadata("process_name", track.pid, track.pid, f'"name":{name}')
            yield _metadata("process_sort_index", track.pid, track.pid, f'"sort_index":{position}')
        yield _metadata("thread_name", track.pid, thread, f'"name":{name}')
        yield _metadata("thread_sort_index", track.pid, thread, f'"sort_index":{position}')


def _metadata(kind: str, process: int, thread: int, argument: str) -> str:
    return f'{{"ph":"M","name":"{kind}","pid":{process},"tid":{thread},"args":{{{argument}}}}}'


def _spans(track: Track, thread: int, stages: Sequence[str]) -> Iterator[str]:
    spans = track.spans
    where = f'"cat":"{_CATEGORY}","pid":{track.pid},"tid":{thread}'
    taken = spans.end_ns - spans.start_ns
    taken[:-1] -= (spans.end_ns[:-1] == spans.start_ns[1:]) & (taken[:-1] > 1)
    columns = (spans.stage, spans.start_ns, taken, spans.files, spans.bytes_in, spans.bytes_out, spans.batch)
    for stage, start, duration, files, given, made, batch in zip(*(column.tolist() for column in columns), strict=True):
        about = f',"batch":{batch}' if batch >= 0 else ""
        yield (
            f'{{"ph":"X","name":{stages[stage]},{where},"ts":{_micros(start)},"dur":{_micros(duration)},'
            f'"args":{{"files":{files},"bytes_in":{given},"bytes_out":{made}{about}}}}}'
        )


def _arrows(profile: Profile, threads: Sequence[int]) -> Iterator[str]:
    """A flow for each batch that more than one track worked on, through the first span of every visit to a track."""
    tracks = profile.tracks
    if not tracks:
        return
    batch = np.concatenate([track.spans.batch for track in tracks])
    start = np.concatenate([track.spans.start_ns for track in tracks])
    end = np.concatenate([track.spans.end_ns for track in tracks])
    owner = np.repeat(np.arange(len(tracks)), [len(track.spans) for track in tracks])
    usable = np.concatenate([working(track.spans, profile.stage_names) for track in tracks])
    usable &= (batch >= 0) & (end > start)  # no viewer finds a span that takes no time
    batch, start, owner = batch[usable], start[usable], owner[usable]
    order = np.lexsort((owner, start, batch))
    batch, start, owner = batch[order], start[order], owner[order]
    begins = np.ones(len(batch), np.bool_)
    begins[1:] = (batch[1:] != batch[:-1]) | (owner[1:] != owner[:-1])
    batch, start, owner = batch[begins], start[begins], owner[begins]
    same = batch[1:] == batch[:-1]
    came = np.concatenate(([False], same))[: len(batch)].tolist()
    goes_on = np.concatenate((same, [False]))[: len(batch)].tolist()
    for position, (number, at, track) in enumerate(zip(batch.tolist(), start.tolist(), owner.tolist(), strict=True)):
        if not (came[position] or goes_on[position]):
            continue
        step = ("t" if goes_on[position] else "f") if came[position] else "s"
        binding = "" if step == "s" else ',"bp":"e"'
        yield (
            f'{{"ph":"{step}","name":"batch","cat":"{_CATEGORY}","id":{number},"ts":{_micros(at)},'
            f'"pid":{tracks[track].pid},"tid":{threads[track]}{binding}}}'
        )


def _counter(series: Series, owner: int) -> Iterator[str]:
    name = _text(series.name)
    for time, value in zip(series.times_ns.tolist(), series.values.tolist(), strict=True):
        if np.isfinite(value):
            yield f'{{"ph":"C","name":{name},"ts":{_micros(time)},"pid":{owner},"args":{{"{series.unit}":{value}}}}}'


def _micros(nanoseconds: int) -> str:
    sign, size = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    return f"{sign}{size // 1000}.{size % 1000:03d}"


def _text(name: str) -> str:
    return json.dumps(display_name(name))
