"""A profile for speedscope: one evented profile a track (www.speedscope.app/file-format-schema.json)."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Final

from exosuit_cli import __version__
from exosuit_cli.report.profile.stages import working
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from exosuit_cli.measure.profile.records import Profile, Track

SCHEMA: Final = "exosuit.speedscope/1"
_FORMAT: Final = "https://www.speedscope.app/file-format-schema.json"


def write_speedscope(profile: Profile, stream: IO[bytes]) -> None:
    """Write every track as one profile of nanoseconds; its frames are the stages. What no span covers is empty."""
    partial = f", interrupted by {profile.partial}" if profile.partial else ""
    head = {
        "schema": SCHEMA,
        "$schema": _FORMAT,
        "exporter": f"exosuit {__version__}",
        "name": display_name(f"exosuit profile: {profile.work}{partial}"),
        "activeProfileIndex": _busiest(profile),
        "shared": {"frames": [{"name": display_name(name)} for name in profile.stage_names]},
    }
    stream.write(json.dumps(head)[:-1].encode("ascii") + b', "profiles": [\n')
    last = max((int(track.spans.end_ns.max()) for track in profile.tracks if len(track.spans)), default=0)
    end = max(last, round(profile.wall_s * 1e9))
    stream.write(b",\n".join(_profile(track, end) for track in profile.tracks))
    stream.write(b"\n]}\n")


def _busiest(profile: Profile) -> int:
    names = profile.stage_names
    took = [(track.spans.end_ns - track.spans.start_ns)[working(track.spans, names)] for track in profile.tracks]
    busy = [int(nanoseconds.sum()) for nanoseconds in took]
    return busy.index(max(busy)) if busy else 0


def _profile(track: Track, end: int) -> bytes:
    spans = track.spans
    events = ",".join(
        f'{{"type":"O","frame":{stage},"at":{first}}},{{"type":"C","frame":{stage},"at":{last}}}'
        for stage, first, last in zip(spans.stage.tolist(), spans.start_ns.tolist(), spans.end_ns.tolist(), strict=True)
    )
    name = json.dumps(display_name(track.name))
    return (
        f'{{"type":"evented","name":{name},"unit":"nanoseconds","startValue":0,"endValue":{end},"events":[{events}]}}'
    ).encode("ascii")
