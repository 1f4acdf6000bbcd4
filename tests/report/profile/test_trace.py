"""The Chrome trace: valid by the rules of its format, with the right arrows and nothing that a viewer cannot read."""

from __future__ import annotations

import io
import itertools
import json
from typing import Any

import numpy as np

from exosuit_cli.measure.profile.records import Track
from exosuit_cli.model.marks import is_marked
from exosuit_cli.report.profile.trace import write_trace
from tests.measure.profile.profiles import HOSTILE, MS, profile, series, spans


def _written(**changes: object) -> dict[str, Any]:
    stream = io.BytesIO()
    write_trace(profile(**changes), stream)
    assert is_marked(stream.getvalue()[:8192])

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    document: dict[str, Any] = json.loads(stream.getvalue(), parse_constant=refuse)
    return document


def _of(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [event for event in document["traceEvents"] if event["ph"] in kind]


def test_every_event_has_what_its_kind_needs() -> None:
    document = _written(partial="SIGINT")
    needed = {
        "M": {"args"}, "X": {"ts", "dur", "args"}, "C": {"ts", "args"}, "i": {"ts", "s"},
        "s": {"ts", "id", "cat"}, "t": {"ts", "id", "cat", "bp"}, "f": {"ts", "id", "cat", "bp"},
    }  # fmt: skip
    for event in document["traceEvents"]:
        assert needed[event["ph"]] | {"name", "pid"} <= set(event)
        assert event.get("ts", 0) >= 0
        assert event.get("dur", 0) >= 0
    assert {event["ph"] for event in document["traceEvents"]} == set(needed)
    assert document["otherData"]["partial"] == "SIGINT"
    assert document["otherData"]["dropped_spans"] == 3


def test_spans_have_a_track_each_and_their_work() -> None:
    document = _written()
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in _of(document, "M") if e["name"] == "thread_name"}
    assert names == {
        (100, 100): "main", (101, 101): "worker 1", (102, 102): "worker 2", (102, 103): "cuda:0 stream 1",
    }  # fmt: skip
    hashed = [event for event in _of(document, "X") if event["name"] == "hash"]
    assert [(event["tid"], event["ts"], event["dur"]) for event in hashed] == [(101, 40e3, 30e3), (102, 60e3, 30e3)]
    walks = [(event["ts"], event["dur"]) for event in _of(document, "X") if event["name"] in ("walk", "read")]
    assert walks[:2] == [(0, 9999.999), (10e3, 9999.999)], "the next one begins at once"
    assert hashed[0]["args"] == {"files": 2, "bytes_in": 100, "bytes_out": 10, "batch": 0}
    (walk,) = (event for event in _of(document, "X") if event["name"] == "walk")
    assert "batch" not in walk["args"]
    assert {event["pid"] for event in _of(document, "X")} == {100, 101, 102}


def test_arrows_follow_a_batch_and_begin_inside_a_span() -> None:
    document = _written()
    steps = [(e["id"], e["ph"], e["tid"], e["ts"]) for e in _of(document, "stf")]
    assert steps == [
        (0, "s", 100, 10e3), (0, "t", 101, 20e3), (0, "f", 100, 70e3),
        (1, "s", 100, 20e3), (1, "t", 102, 32e3), (1, "t", 103, 50e3), (1, "t", 102, 60e3), (1, "f", 100, 90e3),
    ]  # fmt: skip
    alone = Track("main", "main", 7, spans(("read", 0, 10, 0), ("hash", 10, 20, 0)))
    assert not _of(_written(tracks=(alone,)), "stf"), "one track waits for nobody"
    places = {(e["cat"], e["pid"], e["tid"], e["ts"]) for e in _of(document, "X")}
    assert {(e["cat"], e["pid"], e["tid"], e["ts"]) for e in _of(document, "stf")} <= places


def test_no_two_spans_of_a_track_overlap_as_a_viewer_reads_them() -> None:
    edges = np.cumsum(np.random.default_rng(4).integers(1, 5000, 3000))
    row = spans(*[("read", 0, 1, -1)] * 2999)
    row.start_ns[:], row.end_ns[:] = edges[:-1], edges[1:]
    events = _of(_written(tracks=(Track("main", "main", 7, row),), series=()), "X")
    for one, following in itertools.pairwise(events):
        assert one["ts"] + one["dur"] <= following["ts"]
        assert int(one["ts"] * 1000) + int(one["dur"] * 1000) <= int(following["ts"] * 1000)


def test_counters_leave_out_what_is_no_number() -> None:
    counters = [(e["name"], e["ts"], e["args"]) for e in _of(_written(), "C")]
    assert counters[3:5] == [("ram uss", 0, {"bytes": 1e6}), ("ram uss", 50e3, {"bytes": 2e6})]
    assert counters[5:7] == [("queue", 0, {"count": 0}), ("queue", 100e3, {"count": 2})]
    assert counters[-1] == ("files", 100e3, {"per_s": 20.5})


def test_times_are_exact_to_the_nanosecond() -> None:
    track = Track("main", "main", 7, spans(("read", 0, 1, -1)))
    track.spans.start_ns[:] = 3600 * 1000 * MS + 7
    track.spans.end_ns[:] = 3600 * 1000 * MS + 1016
    stream = io.BytesIO()
    write_trace(profile(tracks=(track,), series=()), stream)
    assert b'"ts":3600000000.007,"dur":1.009' in stream.getvalue()


def test_names_cannot_break_it_and_nothing_is_fine() -> None:
    name = HOSTILE.decode("utf-8", "surrogateescape")
    track = Track(name, "main", 7, spans(("read", 0, 1, -1)))
    document = _written(tracks=(track,), series=(series(name, "bytes", [0], [1.0]),))
    (shown,) = (e["args"]["name"] for e in _of(document, "M") if e["name"] == "thread_name")
    assert "</script>" in shown
    assert shown.isprintable()
    assert "\\xff" in shown
    empty = _written(tracks=(), series=(), stages=(), limiter=None)
    assert empty["traceEvents"] == []
    idle = Track("main", "main", 7, spans())
    assert [event["ph"] for event in _written(tracks=(idle,), series=())["traceEvents"]] == ["M"] * 4
    assert np.size(idle.spans.batch) == 0
