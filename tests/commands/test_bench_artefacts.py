"""What a benchmark leaves behind: exports, the verdict beside them, the summary, the textfile of a collector."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as classic_families

from exosuit_cli.commands.bench_artefacts import append_summary, parse_exports, write_export
from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.report.bench.exports import EXPORTS
from exosuit_cli.report.bench.exports.markdown import report
from exosuit_cli.report.bench.renderers import RENDERERS
from tests.report.bench.results import with_alerts, with_silent_alert

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from exosuit_cli.measure.result import BenchResult


@pytest.fixture(scope="module")
def result() -> BenchResult:
    return with_alerts()


@pytest.fixture(scope="module")
def silent() -> BenchResult:
    return with_silent_alert()


def write(texts: Sequence[str], result: BenchResult) -> None:
    for export in parse_exports(texts, EXPORTS):
        write_export(export, result, RENDERERS.verdict, strict=False)


def test_the_summary_is_appended_and_bounded(result: BenchResult, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("# before\n")
    append_summary(str(file), result, report)
    assert file.read_text().startswith("# before\n## exosuit bench: regression")
    file.write_text("x" * 999_900)
    append_summary(str(file), result, report)
    assert file.stat().st_size <= 1_000_000
    with pytest.raises(OutputError, match="GITHUB_STEP_SUMMARY"):
        append_summary(str(tmp_path / "gone" / "summary"), result, report)


def test_artefacts_lie_beside_their_verdict(result: BenchResult, tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    files = [f"gab={tmp_path}/g.json", f"md={tmp_path}/two/r.md", f"json={tmp_path}/d"]
    write(files, result)
    assert {path.name for path in tmp_path.iterdir()} == {"g.json", "g-bigger.json", "d", "two", "verdict.json"}
    assert {path.name for path in (tmp_path / "two").iterdir()} == {"r.md", "verdict.json"}
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    text = (resources.files("exosuit_cli.report") / "schemas" / "bench_verdict.schema.json").read_text()
    Draft202012Validator(json.loads(text)).validate(verdict)
    assert (verdict["verdict"], verdict["exit_code"]) == ("regression", 3)


@pytest.mark.parametrize("text", ["md", "md=", "pdf=x", "md=/nonexistent/x", "md=verdict.json", "=x"])
def test_exports_that_cannot_be_written(text: str) -> None:
    with pytest.raises(UsageError, match="--export"):
        parse_exports([text], EXPORTS)


def test_two_exports_into_one_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name another file"):
        parse_exports([f"md={tmp_path}/x", f"html={tmp_path}/../{tmp_path.name}/x"], EXPORTS)


def test_the_textfile_keeps_the_last_success(result: BenchResult, silent: BenchResult, tmp_path: Path) -> None:
    """Both parsers of Prometheus read it; a former file that is damaged counts as none."""
    file = tmp_path / "bench.prom"
    exports = [f"openmetrics={file}"]

    def values() -> dict[str, float]:
        found = {}
        for parse in (classic_families, text_string_to_metric_families):
            for family in parse(file.read_text()):
                for sample in family.samples:
                    name = sample.name + "".join(f",{key}={value}" for key, value in sorted(sample.labels.items()))
                    assert found.setdefault(name, sample.value) == sample.value
        return found

    run, success = (f"exosuit_bench_last_{what}_timestamp_seconds" for what in ("run", "success"))
    write(exports, result)
    assert success not in values()
    write(exports, silent)
    before = values()
    assert before[success] == before[run]
    assert before["exosuit_bench_exit_code"] == 0
    assert before["exosuit_bench_alert,alert=files_per_s<0.001,suite=scan"] == 0
    assert before["exosuit_bench_tier_peak_bytes,side=candidate,suite=scan,tier=ram"] == 5_000_000
    for _ in range(2):
        write(exports, result)
    after = values()
    assert after[success] == before[success]
    assert after[run] != before[run]
    assert after["exosuit_bench_exit_code"] == 3
    assert after["exosuit_bench_alert,alert=wall_s>0.001,suite=scan"] == 1
    for damaged in (b"\xff\x00", file.read_bytes().replace(success.encode() + b" ", success.encode() + b" x")):
        file.write_bytes(damaged)
        write(exports, result)
        assert success not in values()
    assert {path.name for path in tmp_path.iterdir()} == {"bench.prom", "verdict.json"}
