"""The speedscope file, by the rules of its published schema."""

from __future__ import annotations

import io
import json
from typing import Any

from exosuit_cli.measure.profile.records import Track
from exosuit_cli.model.marks import is_marked
from exosuit_cli.report.profile.speedscope import write_speedscope
from tests.measure.profile.profiles import HOSTILE, MS, STAGES, profile, spans


def _written(**changes: object) -> dict[str, Any]:
    stream = io.BytesIO()
    write_speedscope(profile(**changes), stream)
    assert is_marked(stream.getvalue()[:8192])
    document: dict[str, Any] = json.loads(stream.getvalue())
    return document


def _check(document: dict[str, Any]) -> None:
    """What file-format-schema.json of speedscope 1.25 demands, and the order that its importer demands."""
    assert document["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = document["shared"]["frames"]
    assert all(isinstance(frame["name"], str) for frame in frames)
    for made in document["profiles"]:
        assert made["type"] == "evented"
        assert made["unit"] == "nanoseconds"
        assert isinstance(made["name"], str)
        at, opened = made["startValue"], None
        for event in made["events"]:
            assert 0 <= event["frame"] < len(frames)
            assert event["type"] == ("O" if opened is None else "C")
            assert opened in (None, event["frame"])
            assert at <= event["at"] <= made["endValue"]
            at, opened = event["at"], event["frame"] if opened is None else None
        assert opened is None


def test_a_profile_a_track() -> None:
    document = _written()
    _check(document)
    assert [made["name"] for made in document["profiles"]] == ["main", "worker 1", "worker 2", "cuda:0 stream 1"]
    assert [frame["name"] for frame in document["shared"]["frames"]] == list(STAGES)
    assert document["profiles"][1]["events"][4:] == [
        {"type": "O", "frame": 2, "at": 40 * MS}, {"type": "C", "frame": 2, "at": 70 * MS},
    ]  # fmt: skip
    assert {made["endValue"] for made in document["profiles"]} == {100 * MS}
    assert document["activeProfileIndex"] == 1, "the busiest, 50 of 100 ms"


def test_odd_profiles_are_valid_too() -> None:
    name = HOSTILE.decode("utf-8", "surrogateescape")
    late = Track(name, "worker", 7, spans(("read", 90, 130, -1)))
    document = _written(tracks=(late, Track("idle", "worker", 8, spans())), partial="SIGTERM")
    _check(document)
    assert document["profiles"][0]["name"].isprintable()
    assert document["name"] == "exosuit profile: scan, interrupted by SIGTERM"
    _check(_written(tracks=()))
