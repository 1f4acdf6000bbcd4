"""Whole benchmarks of small commands: validity, verdicts, confirmation, what is left."""

from __future__ import annotations

import io
import os
import re
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from exosuit_cli.measure.bench import bench
from exosuit_cli.measure.block import Measurer
from exosuit_cli.measure.control import judge_control
from exosuit_cli.measure.gates import parse_floors, parse_gates
from exosuit_cli.measure.interval import FEWEST_PAIRS
from exosuit_cli.measure.plan import check_plan
from exosuit_cli.measure.suites import SUITES
from exosuit_cli.measure.synthetic import parse_synthetic
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.errors import ExitCode, UsageError
from exosuit_cli.report.bench.document import verdict_document
from exosuit_cli.report.bench.exports import render
from exosuit_cli.report.bench.terminal import print_bench
from exosuit_cli.system.stop import StopRequest
from tests.measure.conftest import WORK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.measure.plan import BenchPlan
    from exosuit_cli.measure.sides import Side


def _other(**changes: Any) -> dict[str, Any]:
    return {**WORK, **changes}


def test_a_slow_side_is_a_regression_that_recurs(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str
) -> None:
    slow, fast = command("slow", before="sleep 0.1"), command("fast")
    result = bench(plan(slow, fast, gates=parse_gates(["throughput:-20%"]), most_repeats=3), corpus)
    (suite,) = result.suites
    assert result.verdict is Verdict.REGRESSION
    assert result.exit_code(strict=False) is ExitCode.CHECK_FAILED
    (gate,) = suite.gates
    assert (gate.first, gate.second) == (Verdict.REGRESSION, Verdict.REGRESSION)
    assert "recurred in a second block" in gate.why
    assert suite.confirmation is not None
    assert suite.block is not None
    assert suite.confirmation.order != suite.block.order
    assert suite.block.repeats == 3
    assert suite.block.order.count("A") == suite.block.order.count("B") == 6 * suite.block.repeats


def test_a_fast_side_is_improved_and_needs_no_second_block(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str
) -> None:
    slow, fast = command("slow", before="sleep 0.1"), command("fast")
    result = bench(plan(fast, slow, gates=parse_gates(["throughput:-20%"]), most_repeats=3), corpus)
    assert result.verdict is Verdict.IMPROVED
    assert result.suites[0].confirmation is None
    assert result.exit_code(strict=True) is ExitCode.SUCCESS


def _with_stages(**seconds: float) -> dict[str, Any]:
    return _other(throughput={"device": "cpu", "stages_s": seconds})


def test_a_regression_names_the_stage_that_got_slower(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str
) -> None:
    slow = command("slow", _with_stages(hash=1.18, read=0.5, walk=0.001), before="sleep 0.03")
    fast = command("fast", _with_stages(hash=1.0, read=0.5, walk=0.002))
    result = bench(plan(slow, fast, gates=parse_gates(["throughput:-20%"]), pairs=8, max_pairs=8), corpus)
    (suite,) = result.suites
    assert suite.gates[0].why.endswith("it recurred in a second block; by stage: hash +18%, the rest unchanged")
    assert suite.gates[0].why in suite.reasons
    assert {change.stage: change.state for change in suite.stages} == {
        "hash": "slower", "read": "unchanged", "walk": "small",
    }  # fmt: skip
    (hashed, *_) = suite.stages
    assert hashed.ratio is not None
    assert hashed.ratio.count == 16, "every pair of both blocks counts"
    rendered = {name: b"".join(render(name, result, strict=False).values()) for name in ("junit", "md", "html")}
    for content in rendered.values():
        assert b"hash +18%, the rest unchanged" in content
    assert b'<failure message="throughput' in rendered["junit"]
    assert re.search(rb"<failure[^>]*by stage: hash \+18%, the rest unchanged", rendered["junit"])
    assert b"| hash | 1.180 s | 1.000 s | +18% | +18% to +18% | slower |" in rendered["md"]
    assert verdict_document(result, strict=False)["stages"] == {"scan": "hash +18%, the rest unchanged"}
    output = io.StringIO()
    print_bench(Console(file=output, width=200), result)
    assert "stages      hash +18%, the rest unchanged" in output.getvalue()


def test_stages_that_one_side_does_not_report_are_not_compared(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str
) -> None:
    slow, fast = command("slow", _with_stages(hash=1.0), before="sleep 0.1"), command("fast")
    result = bench(plan(slow, fast, gates=parse_gates(["throughput:-20%"]), confirm=False), corpus)
    assert result.verdict is Verdict.REGRESSION
    assert not result.suites[0].stages
    assert "by stage" not in result.suites[0].gates[0].why


def test_the_default_gate_is_advisory(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str
) -> None:
    slow, fast = command("slow", before="sleep 0.1"), command("fast")
    result = bench(plan(slow, fast, confirm=False, most_repeats=3), corpus)
    (gate,) = result.suites[0].gates
    assert gate.advisory
    assert gate.text == "throughput:-5%"
    assert result.verdict is Verdict.REGRESSION
    assert result.exit_code(strict=True) is ExitCode.SUCCESS


def test_floors_need_no_other_side(command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str) -> None:
    one = command("one")
    met = bench(plan(one, floors=parse_floors(["files_per_s>=0.001", "wall_s<=1000"])), corpus)
    assert (met.verdict, met.mode) == (Verdict.PASS, "single")
    missed = bench(plan(one, floors=parse_floors(["files_per_s>=1e9"]), confirm=False), corpus)
    assert missed.exit_code(strict=False) is ExitCode.CHECK_FAILED


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (_other(totals={"files": 4, "bytes": 3000}), "files is 3 for ours and 4 for theirs"),
        (_other(totals={"files": 3, "bytes": 3001}), "bytes is 3000"),
        (_other(tree_digest="e" * 64), "tree_digest is"),
        (_other(totals={"files": 0, "bytes": 0}), "theirs: it did nothing (files is 0)"),
        (_other(totals={"files": 3}), "has no totals.bytes"),
        ({}, "has no totals.files and no totals.bytes"),
        ([1], "no JSON object"),
    ],
)
def test_other_work_is_invalid(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str, document: Any, told: str
) -> None:
    result = bench(plan(command("ours"), command("theirs", document)), corpus)
    assert result.verdict is Verdict.INVALID
    assert result.exit_code(strict=False) == 6
    assert told in result.reasons[0]


@pytest.mark.parametrize(
    ("text", "before", "told"),
    [("", "", "printed nothing"), ("hello", "", "no JSON object"), ("{}", "exit 9", "exit code 9")],
)
def test_a_side_that_does_not_answer_is_invalid(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str, text: str, before: str, told: str
) -> None:
    result = bench(plan(command("ours"), command("theirs", text=text, before=before)), corpus)
    assert result.exit_code(strict=False) == 6
    assert told in result.reasons[0]


def test_a_corpus_that_changes_is_invalid(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str, tmp_path: Path
) -> None:
    text = '{"totals": {"files": 3, "bytes": 3000}, "tree_digest": "'
    count = f"echo x >> {tmp_path}/n; printf '%s%s\"}}\\n' '{text}' $(wc -l < {tmp_path}/n); exit"
    result = bench(plan(command("ours"), command("theirs", before=count), warmup=2), corpus)
    assert result.exit_code(strict=False) == 6
    assert "the corpus changed during the run" in result.reasons[0]


def test_another_device_than_asked_is_invalid(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str
) -> None:
    result = bench(plan(command("ours"), command("theirs"), device="cuda:0"), corpus)
    assert "--device cuda:0 was asked for and it says cpu" in result.reasons[0]


def test_a_gate_on_what_was_not_measured_is_invalid(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str
) -> None:
    result = bench(plan(command("ours"), command("theirs"), gates=parse_gates(["peak_memory:+10%"])), corpus)
    assert result.exit_code(strict=False) == 6
    assert "peak_memory was not measured" in result.reasons[0]


def test_time_is_up(command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str) -> None:
    slow = command("slow", before="sleep 0.3")
    result = bench(plan(slow, slow, max_seconds=4.0, pairs=10, max_pairs=20), corpus)
    block = result.suites[0].block
    assert block is not None
    assert block.stopped == "max_time"
    assert result.verdict is Verdict.INCONCLUSIVE
    assert any("time was up" in warning for warning in result.suites[0].warnings)
    assert result.exit_code(strict=False) is ExitCode.SUCCESS
    assert result.exit_code(strict=True) is ExitCode.INCONCLUSIVE


def test_a_request_to_stop_leaves_a_partial_result(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str
) -> None:
    stop = StopRequest()
    said = []

    def report(text: str) -> None:
        said.append(text)
        if "pair 2" in text:
            import signal

            stop.signal = signal.SIGINT

    result = bench(plan(command("ours"), command("theirs")), corpus, stop=stop, report=report)
    assert result.partial == "SIGINT"
    assert result.suites[0].block is not None
    assert result.suites[0].block.stopped == "interrupted"


def test_nothing_is_left_behind(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    bench(plan(command("ours"), max_pairs=6), parse_synthetic("files=3,size=10"))
    assert os.listdir(place) == []


def test_cold_says_what_stayed(command: Callable[..., Side], plan: Callable[..., BenchPlan], tmp_path: Path) -> None:
    root = tmp_path / "many"
    root.mkdir()
    for number in range(200):
        (root / str(number)).write_text("x" * 5000)
    result = bench(plan(command("ours", before="cat $1/* > /dev/null"), cache="cold"), str(root))
    reading = result.suites[0].cache
    assert reading is not None
    assert reading.reason is not None or (reading.cached_bytes or 0) < (reading.sampled_bytes or 0)


def test_the_control_tells_a_biased_machine_from_a_noisy_one() -> None:
    steady = [1.0, 1.3, 0.8, 1.1, 1.4, 0.9, 1.2, 1.0, 1.1, 0.7]
    assert not judge_control(steady, steady).moved
    assert not judge_control([1.04] * 10, steady).moved
    biased = judge_control([1.09, 1.1, 1.1, 1.11, 1.12, 1.08, 1.1, 1.1, 1.13, 1.1], steady)
    assert biased.moved
    assert biased.ratio.median == pytest.approx(1.1)
    assert biased.drift == pytest.approx(1.0 / 1.1 - 1)
    assert not judge_control([2.0] * 7, [1.0] * 7).moved  # too few to know


@pytest.mark.parametrize(
    ("ratios", "state"),
    [
        ([0.769], "unknown"),
        ([1.0], "unknown"),
        ([1.0] * 5, "unknown"),
        ([1.0] * 6, "steady"),
        ([2.0] * 7, "unknown"),
        ([2.0] * 8, "moved"),
        ([0.5, 1.5, 1.3, 0.9, 1.4, 1.2, 0.8, 1.3], "unknown"),  # beyond 5%, and so scattered that it may be chance
    ],
)
def test_the_state_of_the_control(ratios: list[float], state: str) -> None:
    assert judge_control(ratios, [1.0] * len(ratios)).state == state


def test_what_cannot_be_judged_is_unknown(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], corpus: str
) -> None:
    one = command("one", before="sleep 0.7")
    result = bench(plan(one, one, is_aa=True, max_seconds=4.0), corpus)
    (suite,) = result.suites
    assert suite.block is not None
    assert suite.block.pairs < FEWEST_PAIRS
    assert suite.block.control is not None
    assert suite.block.control.state == "unknown"
    assert [gate.verdict for gate in suite.gates] == [Verdict.INCONCLUSIVE]
    assert "throughput is unknown: " in suite.gates[0].why
    assert (result.exit_code(strict=False), result.exit_code(strict=True)) == (ExitCode.SUCCESS, ExitCode.INCONCLUSIVE)
    without_gates = replace(result, suites=(replace(suite, gates=(), verdict=None),))
    assert without_gates.exit_code(strict=True) is ExitCode.INCONCLUSIVE
    for shown in (result, without_gates):
        file = io.StringIO()
        print_bench(Console(file=file, width=200), shown)
        assert "control unknown" in file.getvalue()
        assert "of the 6 that an interval needs" in file.getvalue()
        assert "interval " + "+" not in file.getvalue()
        assert "%" not in file.getvalue().replace("throughput:-5%", "")
        assert "A / B" not in file.getvalue()


@pytest.mark.parametrize(
    ("shortest", "slot", "seconds", "repeats"),
    [(0.25, 0.6, 600, 8), (0.25, 0.6, 14, 3), (0.25, 2.0, 14, 1), (0.25, 60, 14, 1), (1.5, 4, 600, 2), (3, 7, 600, 1)],
)
def test_repeats_leave_room_for_the_pairs_that_a_verdict_needs(
    command: Callable[..., Side],
    plan: Callable[..., BenchPlan],
    monkeypatch: pytest.MonkeyPatch,
    shortest: float,
    slot: float,
    seconds: float,
    repeats: int,
) -> None:
    monkeypatch.setattr("exosuit_cli.measure.block.control_seconds", lambda: 0.02)
    one = command("one")
    measurer = Measurer(SUITES["scan"], plan(one, one, most_repeats=8), "", {}, print)
    measurer._shortest_s, measurer._slot_s = shortest, slot
    measurer.choose_repeats(seconds)
    assert measurer.repeats == repeats


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pairs": 5}, "--pairs 5: from 6"),
        ({"pairs": 10, "max_pairs": 8}, "--max-pairs 8 is less than --pairs 10"),
        ({"warmup": 0}, "--warmup 0"),
        ({"gates": parse_gates(["throughput:-5%"])}, "give --against"),
        ({"gates": parse_gates(["baseline:throughput:-5%"])}, "give --baseline"),
        ({"floors": parse_floors(["chunks_per_s>=5"])}, "suite scan has no chunks_per_s"),
    ],
)
def test_plans_that_cannot_be_carried_out(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        check_plan(plan(command("ours"), **changes))


def test_a_corpus_that_is_not_there(
    command: Callable[..., Side], plan: Callable[..., BenchPlan], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no such file or directory"):
        bench(plan(command("ours")), str(tmp_path / "gone"))
