"""The history survives cuts, company and clocks; a baseline counts only where it is comparable."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.measure.baseline import incomparable, judge_baseline, load_baseline
from exosuit_cli.measure.gates import parse_gates
from exosuit_cli.measure.history import Entry, Figure, append_entries, clock_stepped_back, parse_entry, read_history
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.measure.plan import BenchPlan
    from exosuit_cli.measure.sides import Side


def entry(number: int = 0, rate: float = 1000.0, spread: float = 0.01, **changes: object) -> Entry:
    figures = {"throughput": Figure(rate, rate * (1 - spread), rate * (1 + spread), 10)}
    default = Entry(
        id=f"run{number}", time=f"2026-01-01T00:00:{number:02d}.000Z", label=f"commit{number}", version="1",
        bench_version=1, fingerprint="f" * 16, suite="scan", corpus="repo", corpus_digest="d" * 64, files=3, size=3000,
        cache="warm", device="cpu", mode="single", verdict=None, figures=figures, ratios={},
    )  # fmt: skip
    return replace(default, **changes)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "history.jsonl")


def test_what_is_appended_is_read_in_order(path: str) -> None:
    assert read_history(path) == []
    append_entries(path, [entry(5), entry(1)])
    append_entries(path, [entry(3)])
    assert read_history(path) == [entry(5), entry(1), entry(3)]
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_line_cut_anywhere_costs_only_itself(path: str, caplog: pytest.LogCaptureFixture) -> None:
    line = entry(2).line()
    for cut in range(1, len(line) - 1, 37):
        with open(path, "wb") as file:
            file.write(entry(1).line() + line[:cut])
        with caplog.at_level(logging.WARNING):
            assert read_history(path) == [entry(1)]
        assert "1 of 2 lines are no entries and were left out (line 2)" in caplog.text
        append_entries(path, [entry(3)])
        assert read_history(path) == [entry(1), entry(3)]
        caplog.clear()


@pytest.mark.parametrize(
    "text",
    ["null", "[]", "{}", "nonsense", '{"schema": "exosuit.bench_history/2"}', '"\\ud800"', "1" * 5000],
)
def test_lines_that_are_no_entries(text: str) -> None:
    assert parse_entry(text.encode()) is None


@pytest.mark.parametrize("field", Entry.__slots__)
def test_entries_with_a_missing_or_wrong_field(field: str) -> None:
    fields = json.loads(entry().line())
    del fields[field]
    assert parse_entry(json.dumps(fields).encode()) is None
    for bad in ([], {"x": 1}):
        found = parse_entry(json.dumps(json.loads(entry().line()) | {field: bad}).encode())
        assert found is None or field in ("figures", "ratios"), field


def test_two_processes_append_whole_lines(path: str) -> None:
    script = (
        "import sys; from tests.measure.test_history import entry; "
        "from exosuit_cli.measure.history import append_entries\n"
        "for n in range(50): append_entries(sys.argv[1], [entry(n, label=sys.argv[2] * 5000)])"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    writers = [
        subprocess.Popen([sys.executable, "-c", script, path, name], cwd=root, env=os.environ | {"PYTHONPATH": root})
        for name in "ab"
    ]
    try:
        assert [writer.wait(60) for writer in writers] == [0, 0]
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    entries = read_history(path)
    assert len(entries) == 100
    for name in "ab":
        assert [e.id for e in entries if e.label == name * 5000] == [f"run{n}" for n in range(50)]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="--history"):
        append_entries(str(tmp_path / "missing" / "history"), [entry()])
    with pytest.raises(OutputError, match="--history"):
        append_entries("/dev/full", [entry()])
    with pytest.raises(UsageError, match="cannot be read"):
        read_history(str(tmp_path))


def test_a_clock_that_steps_back_is_noticed() -> None:
    assert clock_stepped_back([entry(5), entry(9), entry(2)], "2026-01-01T00:00:05.000Z") == entry(9).time
    assert clock_stepped_back([entry(5)], "2026-01-01T00:00:06.000Z") is None
    assert clock_stepped_back([], "2026-01-01T00:00:06.000Z") is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fingerprint": "0" * 16}, "other machine"),
        ({"corpus_digest": "e" * 64}, "other corpus"),
        ({"files": 4}, "other corpus"),
        ({"bench_version": 0}, "bench version 0, now 1"),
        ({"cache": "cold"}, "cache cold"),
        ({"device": "cuda:0"}, "device cuda:0"),
        ({"suite": "chunk"}, "other suite"),
        ({"version": "0.9", "label": "x", "time": "2020", "verdict": "regression"}, None),
    ],
)
def test_only_what_is_comparable_counts(changes: dict[str, object], reason: str | None) -> None:
    assert incomparable(entry(**changes), entry()) == reason


@pytest.fixture
def gated(command: Callable[..., Side], plan: Callable[..., BenchPlan]) -> BenchPlan:
    return plan(command("one"), baseline="window:20", gates=parse_gates(["baseline:throughput:-5%"]))


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [
        (1000.0, Verdict.PASS),
        (900.0, Verdict.REGRESSION),
        (1200.0, Verdict.IMPROVED),
        (955.0, Verdict.INCONCLUSIVE),
    ],
)
def test_a_window_of_runs_is_judged(gated: BenchPlan, rate: float, verdict: Verdict) -> None:
    stored = [entry(number, 1000.0 + number - 5) for number in range(11)]
    baseline, (gate,) = judge_baseline(gated, entry(rate=rate), (stored, 20))
    assert (baseline.entries, gate.verdict, gate.advisory) == (11, verdict, False)


def test_without_a_gate_a_baseline_is_advisory(command: Callable[..., Side], plan: Callable[..., BenchPlan]) -> None:
    _, (gate,) = judge_baseline(plan(command("one"), baseline="x"), entry(rate=500.0), ([entry()], 1))
    assert (gate.verdict, gate.advisory) == (Verdict.REGRESSION, True)


def test_the_window_holds_the_last_comparable_runs(gated: BenchPlan) -> None:
    stored = [entry(1, 500.0), entry(2), entry(3, fingerprint="0" * 16), entry(4)]
    baseline, (gate,) = judge_baseline(gated, entry(), (stored, 2))
    assert (baseline.entries, gate.verdict) == (2, Verdict.PASS)
    assert baseline.refused == {"other machine": 1}


def test_nothing_comparable(gated: BenchPlan) -> None:
    baseline, gates = judge_baseline(gated, entry(), ([entry(fingerprint="0" * 16)], 20))
    assert (baseline.entries, gates) == (0, ())
    assert baseline.reason == "no comparable baseline in window:20: 1 of other machine"


def test_a_baseline_without_the_gated_metric_is_none(gated: BenchPlan) -> None:
    stored = [entry(1, figures={"startup_s": Figure(0.1, 0.1, 0.1, 10)})]
    baseline, gates = judge_baseline(gated, entry(), (stored, 20))
    assert (baseline.entries, gates) == (1, ())
    assert baseline.reason == "no comparable baseline in window:20: no throughput"


def test_a_metric_that_the_baseline_lacks_hides_no_regression_of_another(gated: BenchPlan) -> None:
    both = replace(gated, gates=parse_gates(["baseline:throughput:-5%", "baseline:startup_s:+10%"]))
    now = entry(figures={**entry(rate=500.0).figures, "startup_s": Figure(0.1, 0.1, 0.1, 10)})
    baseline, (gate,) = judge_baseline(both, now, ([entry()], 20))
    assert (baseline.entries, gate.metric.name, gate.verdict) == (1, "throughput", Verdict.REGRESSION)
    assert baseline.reason == "no comparable baseline in window:20: no startup_s"


def test_baselines_that_are_none(tmp_path: Path, path: str) -> None:
    for text, told in (("window:0", "at least 1"), (str(tmp_path / "gone"), "window:N"), (__file__, "no document")):
        with pytest.raises(UsageError, match=told):
            load_baseline(text, path)
    (tmp_path / "cut.json").write_text('{"schema": "exosuit.bench/1", "suites": [{"candidate": {}}]}')
    with pytest.raises(UsageError, match="no whole document"):
        load_baseline(str(tmp_path / "cut.json"), path)
    append_entries(path, [entry(1), entry(2)])
    assert load_baseline(path, "") == ([entry(1), entry(2)], 2)
    assert load_baseline("window:1", path) == ([entry(1), entry(2)], 1)
