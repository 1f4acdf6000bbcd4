"""Every export against its consumer's own parser or schema, and against the result."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from typing import TYPE_CHECKING, Any

import junitparser
import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.report.bench.document import bench_document
from exosuit_cli.report.bench.exports import EXPORTS, render
from exosuit_cli.report.bench.exports.markdown import report
from tests.report.bench.results import HOSTILE, STAGES, run_bench, with_alerts

if TYPE_CHECKING:
    from pathlib import Path

    from exosuit_cli.measure.result import BenchResult


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> BenchResult:
    return run_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def alerted() -> BenchResult:
    return with_alerts()


@pytest.fixture(scope="module")
def invalid(tmp_path_factory: pytest.TempPathFactory) -> BenchResult:
    """Nothing was measured: the formats must live with that."""
    from exosuit_cli.measure.sides import Side

    return run_bench(tmp_path_factory.mktemp("invalid"), base=Side("none", ("false", "{path}"), complete=True))


def _schema(name: str) -> Draft202012Validator:
    text = (resources.files("exosuit_cli.report") / "schemas" / f"{name}.schema.json").read_text()
    Draft202012Validator.check_schema(json.loads(text))
    return Draft202012Validator(json.loads(text))


def _text(name: str, result: BenchResult, suffix: str = "") -> str:
    return render(name, result, strict=False)[suffix].decode("utf-8")


def test_the_result_is_what_the_formats_show(result: BenchResult, invalid: BenchResult) -> None:
    assert [gate.verdict for gate in result.suites[0].gates] == [Verdict.REGRESSION, Verdict.PASS, Verdict.PASS]
    assert invalid.verdict is Verdict.INVALID
    assert invalid.suites[0].block is None


@pytest.mark.parametrize("name", EXPORTS)
def test_an_invalid_run_is_exported_too(invalid: BenchResult, name: str) -> None:
    for content in render(name, invalid, strict=False).values():
        assert content


def test_the_document_follows_its_schema(result: BenchResult, invalid: BenchResult) -> None:
    for found in (result, invalid):
        text = json.dumps(bench_document(found, strict=True), allow_nan=False)
        assert text.isascii()
        _schema("bench").validate(json.loads(text))
    document = bench_document(result, strict=False)
    del document["suites"][0]["gates"][0]["why"]
    assert not _schema("bench").is_valid(json.loads(json.dumps(document)))


def test_hyperfine_writes_the_same_fields(result: BenchResult, tmp_path: Path) -> None:
    hyperfine = shutil.which("hyperfine")
    if hyperfine is None:
        pytest.skip("hyperfine is not installed: apt-get install hyperfine")
    real = tmp_path / "real.json"
    subprocess.run([hyperfine, "--runs", "3", "--export-json", real, "true"], check=True, capture_output=True)
    wanted = json.loads(real.read_text())
    ours = json.loads(_text("hyperfine", result))
    assert ours.keys() == wanted.keys()
    assert len(ours["results"]) == 2
    for row in ours["results"]:
        assert row.keys() == wanted["results"][0].keys()
        for key, value in wanted["results"][0].items():
            assert type(row[key]) is type(value), key
        assert row["min"] <= row["median"] <= row["max"]
        assert len(row["times"]) == len(row["exit_codes"]) == result.suites[0].block.pairs  # type: ignore[union-attr]


def test_pytest_benchmark_compares_it(result: BenchResult, tmp_path: Path) -> None:
    file = tmp_path / "0001_run.json"
    file.write_text(_text("pytest", result))
    command = [sys.executable, "-m", "pytest_benchmark", "compare", str(file), "--csv", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    shown = done.stdout.decode()
    assert "scan[candidate]" in shown
    assert "scan[base]" in shown
    assert (tmp_path / "out.csv").read_text().count("\n") == 3


def test_github_action_benchmark_fields(result: BenchResult) -> None:
    """As the action documents its custom tools; it is on no package index."""
    row = {
        "type": "object",
        "properties": {
            "name": {"type": "string"}, "unit": {"type": "string"}, "value": {"type": "number"},
            "range": {"type": "string"}, "extra": {"type": "string"},
        },
        "required": ["name", "unit", "value"],
        "additionalProperties": False,
    }  # fmt: skip
    smaller, bigger = (json.loads(_text("gab", result, suffix)) for suffix in ("", "-bigger"))
    for rows in (smaller, bigger):
        Draft202012Validator({"type": "array", "items": row, "minItems": 2}).validate(rows)
    assert any("wall_s" in row["name"] for row in smaller)
    assert any("throughput" in row["name"] for row in bigger)
    names = [row["name"] for row in (*smaller, *bigger)]
    assert len(names) == len(set(names))


def test_bencher_schema(result: BenchResult) -> None:
    """The schema that https://bencher.dev/bmf.json publishes, in its own words of JSON Schema."""
    measure = {
        "type": "object",
        "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")},
        "required": ["value"],
    }
    schema = {"type": "object", "patternProperties": {".+": {"type": "object", "patternProperties": {".+": measure}}}}
    document = json.loads(_text("bmf", result))
    Draft7Validator(schema).validate(document)
    assert set(document) == {"exosuit/scan/candidate", "exosuit/scan/base"}
    for measures in document.values():
        assert measures["throughput"]["lower_value"] <= measures["throughput"]["value"]
        assert all(re.fullmatch(r"[a-z-]{1,64}", name) for name in measures)


def _go_results(text: str) -> list[tuple[str, dict[str, float]]]:
    """A reader of Go's benchmark format by its documented grammar, which refuses what the document does not allow."""
    results = []
    for line in text.splitlines():
        if line.startswith("Benchmark"):
            fields = line.split()
            assert len(fields) >= 4
            assert len(fields) % 2 == 0
            assert int(fields[1]) > 0
            units = fields[3::2]
            assert len(units) == len(set(units))
            results.append((fields[0], dict(zip(units, map(float, fields[2::2]), strict=True))))
        elif line.startswith("Unit "):
            assert re.fullmatch(r"Unit \S+ better=(higher|lower)", line)
        elif line:
            assert re.fullmatch(r"[a-z][^\sA-Z]*:( .*)?", line), line
    return results


def test_go_benchmark_grammar(result: BenchResult) -> None:
    results = _go_results(_text("gobench", result))
    block = result.suites[0].block
    assert block is not None
    assert len(results) == 2 * block.pairs
    assert {name for name, _ in results} == {
        f"BenchmarkScan/side={side}-{result.machine.processors}" for side in ("candidate", "base")
    }
    wall = block.metric("wall_s")
    assert wall is not None
    assert results[0][1]["ns/op"] == pytest.approx(wall.candidate[0] * 1e9)


def test_benchstat_reads_it(result: BenchResult, tmp_path: Path) -> None:
    benchstat = shutil.which("benchstat")
    if benchstat is None:
        pytest.skip("benchstat is not installed: go install golang.org/x/perf/cmd/benchstat@latest")
    (tmp_path / "go.txt").write_text(_text("gobench", result))
    done = subprocess.run([benchstat, "-col", "/side", tmp_path / "go.txt"], capture_output=True, check=True)
    assert b"sec/op" in done.stdout
    assert not done.stderr


def test_junit(result: BenchResult, invalid: BenchResult, tmp_path: Path) -> None:
    counts = {}
    for name, found in (("result", result), ("invalid", invalid)):
        file = tmp_path / f"{name}.xml"
        file.write_bytes(render("junit", found, strict=False)[""])
        parsed = junitparser.JUnitXml.fromfile(str(file))
        counts[name] = (parsed.tests, parsed.failures, parsed.errors)
        cases = [case for suite in parsed for case in suite]
        assert len(cases) == parsed.tests
        assert (
            sum(isinstance(outcome, junitparser.Failure) for case in cases for outcome in case.result)
            == parsed.failures
        )
    assert counts == {"result": (4, 1, 0), "invalid": (1, 0, 1)}


def test_openmetrics(result: BenchResult, invalid: BenchResult) -> None:
    for found in (result, invalid):
        text = _text("openmetrics", found)
        assert text.endswith("\n# EOF\n")
        families = {family.name: family for family in text_string_to_metric_families(text)}
        verdicts = {sample.labels["verdict"]: sample.value for sample in families["exosuit_bench_verdict"].samples}
        assert sum(verdicts.values()) == 1
        assert verdicts[str(found.verdict)] == 1
    block = result.suites[0].block
    assert block is not None
    families = {family.name: family for family in text_string_to_metric_families(_text("openmetrics", result))}
    wall = {sample.labels["side"]: sample.value for sample in families["exosuit_bench_wall_seconds"].samples}
    measured = block.metric("wall_s")
    assert measured is not None
    assert measured.candidate_interval is not None
    assert wall["candidate"] == measured.candidate_interval.median
    assert "exosuit_bench_peak_vram_bytes" not in families
    stages = {
        (sample.labels["side"], sample.labels["stage"]): sample.value
        for sample in families["exosuit_bench_stage_seconds"].samples
    }
    assert stages == {(side, stage): seconds for side in ("candidate", "base") for stage, seconds in STAGES.items()}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]

    def handle_data(self, data: str) -> None:
        self.said += data


def test_the_page_needs_nothing_else_and_runs_nothing(result: BenchResult) -> None:
    page = _Page()
    page.feed(_text("html", result))
    assert page.addresses == []
    assert not {"script", "link", "img", "iframe", "b", "object"} & set(page.tags)
    assert {"svg", "circle", "table"} <= set(page.tags)
    assert "regression" in page.said
    assert "\x1b" not in page.said


def test_a_browser_shows_the_page(result: BenchResult, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser is installed: apt-get install chromium")
    (tmp_path / "page.html").write_bytes(render("html", result, strict=False)[""])
    shown = dump(browser, tmp_path / "page.html", tmp_path)
    assert shown.count("<circle") == result.suites[0].block.pairs  # type: ignore[union-attr]
    assert "<b>" not in shown


def dump(browser: str, file: Path, home: Path) -> str:
    """The document as the browser has it after it ran."""
    command = [
        browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home}/profile", "--dump-dom",
        f"file://{file}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_markdown_is_worst_first_and_stays_small(result: BenchResult) -> None:
    text = _text("md", result)
    rows = [line for line in text.splitlines() if line.startswith("| **")]
    assert rows[0].startswith("| **regression** | scan | throughput:-20% |")
    assert len(rows) == 3
    assert "<b>" not in text
    assert "\x1b" not in text
    for size in range(0, len(text.encode()), 97):
        cut = report(result, size)
        assert len(cut) <= size
        assert not cut or cut.endswith(b"\n")
    assert b"regression" in report(result, 700)


def test_every_format_shows_alerts(alerted: BenchResult) -> None:
    for name in ("md", "html", "json", "junit"):
        text = render(name, alerted, strict=False)[""].decode()
        assert "files_per_s" in text
        assert "fired" in text or "alert wall_s" in text
    assert re.search(r'<testsuite name="exosuit.alerts"[^>]*tests="4" failures="2"', _text("junit", alerted))


@pytest.mark.parametrize("name", EXPORTS)
def test_nothing_in_an_export_acts_on_a_terminal(result: BenchResult, alerted: BenchResult, name: str) -> None:
    acts = "\x1b[31m \x07 \x7f \x9b2J \u202e \u2066 \u200b \u2028 \u2029"
    machine = replace(result.machine, processor=f"cpu {acts}", architecture=f"arch{acts}")
    for found in (result, alerted):
        hostile = replace(found, label=f"label {acts}", machine=machine)
        for content in render(name, hostile, strict=False).values():
            text = content.decode()
            assert text.replace("\n", "").replace("\t", "").isprintable()


def test_names_stay_data(result: BenchResult) -> None:
    raw: dict[str, Any] = json.loads(_text("json", result))
    assert raw["label"] == HOSTILE
    assert raw["suites"][0]["candidate"]["label"] == f"slow {HOSTILE}"
