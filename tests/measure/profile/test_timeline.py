"""What processes recorded of real runs, and the stage that is named as the limit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from exosuit_cli.measure.profile.records import Spans, Track
from exosuit_cli.measure.profile.replay import Replay
from exosuit_cli.measure.profile.tracks import covered_ns
from exosuit_cli.model.spans import STAGES, WAITS
from exosuit_cli.system.spans import Laps, Recorder, SpanTrack

SLOW = ("hash", "tokens", "read", "walk")


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The profile of a run in which a stage is slow, by that stage."""
    tree = tmp_path_factory.mktemp("tree")
    for number in range(16):
        (tree / f"d{number}").mkdir()
        (tree / f"d{number}" / "file.py").write_text(f"value = {number}\n" * 300)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("slowed.py"), tree],
        capture_output=True,
        timeout=120,
        check=False,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr.decode()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["slow"]: line["profile"] for line in lines}


@pytest.mark.parametrize("stage", SLOW)
def test_the_slow_stage_is_the_limiter(profiles: dict[str, Any], stage: str) -> None:
    profile = profiles[stage]
    assert profile["limiter"] == stage, {each["name"]: each["speedup_if_free"] for each in profile["stages"]}
    assert profile["speedup_if_free"] == max(each["speedup_if_free"] for each in profile["stages"]) > 1.2


def test_a_profile_is_of_its_schema(profiles: dict[str, Any], project: Path) -> None:
    schema = json.loads((project / "exosuit_cli" / "report" / "schemas" / "profile.schema.json").read_text())
    for profile in profiles.values():
        jsonschema.validate(profile, schema)


def test_spans_agree_with_the_wall(profiles: dict[str, Any]) -> None:
    for profile in profiles.values():
        wall_ns = profile["wall_s"] * 1e9
        assert [track["kind"] for track in profile["tracks"]] == ["main", "worker", "worker"]
        busy = 0.0
        for track in profile["tracks"]:
            spans = track["spans"]
            assert all(start < end for start, end in zip(spans["start_ns"], spans["end_ns"], strict=True))
            assert all(end <= start for end, start in zip(spans["end_ns"], spans["start_ns"][1:], strict=False))
            assert spans["start_ns"][0] >= 0
            assert spans["end_ns"][-1] <= wall_ns
            taken = [
                end - start
                for stage, start, end in zip(spans["stage"], spans["start_ns"], spans["end_ns"], strict=True)
                if profile["stage_names"][stage] not in WAITS
            ]
            busy += sum(taken)
        assert sum(each["busy_s"] for each in profile["stages"]) == pytest.approx(busy / 1e9)


def test_every_file_passes_every_stage_once(profiles: dict[str, Any]) -> None:
    for profile in profiles.values():
        files = {each["name"]: each["files"] for each in profile["stages"]}
        assert {files[name] for name in ("read", "hash", "columns", "tokens", "result")} == {16}
        batches = {
            name: sorted(
                batch
                for track in profile["tracks"]
                for stage, batch in zip(track["spans"]["stage"], track["spans"]["batch"], strict=True)
                if profile["stage_names"][stage] == name
            )
            for name in ("dispatch", "receive", "output wait")
        }
        assert batches["dispatch"] == batches["receive"] == batches["output wait"] == list(range(0, 16, 2))


def _track(kind: Any, *spans: tuple[str, int, int, int]) -> Track:
    stages, starts, ends, batches = zip(*spans, strict=True)
    zeros = np.zeros(len(spans), np.int64)
    return Track(
        kind,
        kind,
        1,
        Spans(
            np.array([STAGES.index(name) for name in stages], np.uint8),
            np.array(starts),
            np.array(ends),
            zeros,
            zeros,
            zeros,
            np.array(batches),
        ),
    )


def test_a_replay_keeps_what_waits_for_what() -> None:
    """Without the walk the worker would still have to start: 16 of its 20 are won."""
    main = _track(
        "main",
        ("walk", 0, 20, -1),
        ("dispatch", 20, 21, 0),
        ("worker wait", 21, 81, -1),
        ("receive", 81, 90, 0),
        ("store", 90, 100, 0),
    )
    worker = _track(
        "worker", ("start", 0, 5, -1), ("input wait", 5, 21, 0), ("read", 21, 51, 0), ("hash", 51, 80, 0),
        ("result", 80, 81, 0), ("output wait", 81, 82, 0),
    )  # fmt: skip
    replay = Replay([main, worker], 100)
    expected = {"walk": 84, "read": 70, "hash": 71, "store": 90, "receive": 91, "start": 100, "dispatch": 99}
    assert {name: round(100 / replay.speedup(name)) for name in expected} == expected
    assert covered_ns([main, worker]) == 100
    without_main = Replay([worker], 100)
    assert without_main.speedup("read") == 1


def test_a_track_is_bounded_and_counts_what_it_drops() -> None:
    track = SpanTrack(3)
    clock = Recorder(track)
    for stage in ("read", "hash", "tokens", "plan", "result"):
        clock.step(stage, files=1)
    clock.lap("columns", step="render")
    recorded = track.recorded("worker")
    assert [STAGES[code] for code in recorded.spans[:, 0]] == ["read", "hash", "tokens"]
    assert recorded.dropped == 3
    assert list(clock.seconds) == ["columns"]
    silent = Laps()
    silent.step("read")
    silent.lap("columns", step="render")
    assert list(silent.seconds) == ["columns"]
