"""The score: its formula, its parts, and when there is none."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from exosuit_cli.measure.interval import Interval, interval_of
from exosuit_cli.measure.machine import this_machine
from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.measure.plan import BENCH_VERSION
from exosuit_cli.measure.result import BenchResult, Block, Corpus, MetricResult, SideResult, SuiteResult
from exosuit_cli.measure.score import WEIGHTS, Score, load_reference, score_of
from exosuit_cli.measure.suites import SUITES
from exosuit_cli.measure.synthetic import make_corpus, parse_synthetic
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.report.bench.document import bench_document
from exosuit_cli.report.bench.exports import render
from exosuit_cli.report.bench.terminal import print_bench

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REFERENCE = load_reference()


def _metric(name: str, figure: float | None) -> MetricResult:
    samples = (figure,) * 6 if figure is not None else ()
    interval: Interval | None = interval_of(samples) if samples else None
    reason = None if samples else "the command does not report it"
    return MetricResult(METRICS[name], samples, (), (), interval, None, None, None, None, reason)


def _suite(name: str, figures: Mapping[str, float | None]) -> SuiteResult:
    side = SideResult("this build", ("exosuit",), "0.1.0", "cpu", REFERENCE.work[name], {})
    metrics = tuple(_metric(metric, figure) for metric, figure in figures.items())
    block = Block("A" * 6, 6, 1, "precise", 1.0, metrics, {"A": {}, "B": {}}, None)
    suite = SUITES[name]
    return SuiteResult(name, suite.title, suite.headline, side, None, block, None, (), None, None, None, (), ())


def _result(better: Mapping[tuple[str, str], float | None] | None = None, **changes: Any) -> BenchResult:
    """A run on the reference corpus, as good as the reference; `better` has factors, None for a part not reported."""
    figures: dict[str, dict[str, float | None]] = {}
    for (suite, metric), reference in REFERENCE.figures.items():
        times = (better or {}).get((suite, metric), 1.0)
        turned = times if times is None or METRICS[metric].higher_is_better else 1 / times
        figures.setdefault(suite, {})[metric] = None if turned is None else reference * turned
    result = BenchResult(
        started_at="2026-01-01T00:00:00.000Z", seconds=1.0, version="0.1.0", bench_version=BENCH_VERSION, label=None,
        machine=this_machine(), corpus=Corpus("corpus", REFERENCE.corpus), mode="single", cache="warm", device=None,
        seed=0, options={"pairs": 6, "max_pairs": 6, "max_time_s": 1.0, "warmup": 1, "confirm": True},
        suites=tuple(_suite(name, found) for name, found in figures.items()), partial=None,
    )  # fmt: skip
    return replace(result, **changes)


def test_the_reference_scores_a_hundred() -> None:
    assert score_of(_result()).value == pytest.approx(100)
    assert math.fsum(WEIGHTS.values()) == pytest.approx(1)


def test_a_suite_that_is_no_part_changes_nothing() -> None:
    assert "context" not in {suite for suite, _ in WEIGHTS}
    result = _result()
    title = SUITES["context"].title
    other = replace(result.suites[0], name="context", title=title, verdict=Verdict.INVALID, candidate=None, block=None)
    assert score_of(replace(result, suites=(*result.suites, other))) == score_of(result)


@pytest.mark.parametrize("part", WEIGHTS)
def test_a_part_counts_by_its_weight_in_its_direction(part: tuple[str, str]) -> None:
    for times in (0.25, 0.5, 2.0):
        score = score_of(_result({part: times}))
        assert score.value == pytest.approx(100 * times ** WEIGHTS[part])
        (told,) = (found for found in score.parts if (found.suite, found.metric) == part)
        assert told.ratio == pytest.approx(times)


def test_it_stays_within_its_bounds() -> None:
    assert score_of(_result(dict.fromkeys(WEIGHTS, 1.99))).value == pytest.approx(199)
    assert score_of(_result(dict.fromkeys(WEIGHTS, 3.0))).value == 200
    lowest = score_of(_result(dict.fromkeys(WEIGHTS, 1e-9))).value
    assert lowest is not None
    assert 0 <= lowest < 1e-6


def _other_work() -> BenchResult:
    result = _result()
    first, *rest = result.suites
    assert first.candidate is not None
    work = {**first.candidate.work, "tree_digest": "0" * 64}
    return replace(result, suites=(replace(first, candidate=replace(first.candidate, work=work)), *rest))


def _invalid() -> BenchResult:
    result = _result()
    return replace(result, suites=(replace(result.suites[0], verdict=Verdict.INVALID), *result.suites[1:]))


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (_result(corpus=Corpus("flask", None)), "the corpus is not the reference's; give --synthetic files=10000"),
        (_result(corpus=Corpus("c", "files=10000,size=4096,seed=2")), "the corpus is not the reference's"),
        (_result(bench_version=BENCH_VERSION + 1), f"the reference is of bench version {BENCH_VERSION}"),
        (_result(cache="cold"), "--cache warm"),
        (_result(partial="SIGINT"), "interrupted"),
        (_result(suites=_result().suites[:1]), "suite tokens was not measured; give --suite all"),
        (_result({("tokens", "peak_memory"): None}), "peak_memory of suite tokens was not measured: the command does"),
        (_other_work(), "suite scan did other work than the reference's"),
        (_invalid(), "suite scan is invalid"),
    ],
)
def test_there_is_none_and_why(result: BenchResult, reason: str) -> None:
    score = score_of(result)
    assert score.value is None
    assert score.reason is not None
    assert reason in score.reason
    assert [(part.suite, part.metric) for part in score.parts] == list(WEIGHTS)
    assert any(part.figure is part.ratio is None and part.reason for part in score.parts)


def test_the_committed_reference_is_of_this_method_and_this_corpus(tmp_path: Path, run: Any) -> None:
    """Fails when the method, the corpus or a digest changes: make the reference anew with export_reference.py."""
    assert REFERENCE.bench_version == BENCH_VERSION
    assert REFERENCE.figures.keys() == WEIGHTS.keys()
    corpus = make_corpus(parse_synthetic(REFERENCE.corpus), str(tmp_path / "corpus"))
    document = json.loads(run("scan", corpus, "--json", "--no-index", "--no-tokens").stdout)
    totals = document["totals"]
    assert REFERENCE.work["scan"] == {
        "files": totals["files"], "bytes": totals["bytes"], "tree_digest": document["tree_digest"],
    }  # fmt: skip


def test_every_part_is_shown() -> None:
    """The document follows its schema with a score and without; reports for people have all parts."""
    schema = (resources.files("exosuit_cli.report") / "schemas" / "bench.schema.json").read_text()
    result = _result({("scan", "startup_s"): 2.0})
    for found in (result, _other_work()):
        document = json.loads(json.dumps(bench_document(found, strict=False)))
        Draft202012Validator(json.loads(schema)).validate(document)
        assert len(document["score"]["parts"]) == len(WEIGHTS)
    for name in ("md", "html"):
        shown = render(name, result, strict=False)[""].decode()
        assert "score: 107.2 of 200" in shown
        assert "score:" not in render(name, _other_work(), strict=False)[""].decode()
    assert b"exosuit_bench_score 107.17" in render("openmetrics", result, strict=False)[""]
    told = io.StringIO()
    print_bench(Console(file=told, width=200), result)
    print_bench(Console(file=told, width=200), _other_work())
    assert "107.2 of 200; 100 is" in told.getvalue()
    assert "none: suite scan did other work" in told.getvalue()
    for suite, metric in WEIGHTS:
        assert f"{suite} {metric} " in told.getvalue()


def test_a_score_is_made_against_the_reference_that_is_given() -> None:
    half = replace(REFERENCE, figures={part: figure / 2 for part, figure in REFERENCE.figures.items()})
    rates = sum(weight for (_, metric), weight in WEIGHTS.items() if METRICS[metric].higher_is_better)
    score: Score = score_of(_result(), half)
    assert score.value == pytest.approx(100 * 2**rates * 0.5 ** (1 - rates))
