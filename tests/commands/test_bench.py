"""A benchmark asked for by a program: no terminal, no argv, the outcome in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exosuit_cli.commands.bench import BenchRequest, label_of, run_bench
from exosuit_cli.model.errors import ExitCode, UsageError
from exosuit_cli.report.bench.renderers import RENDERERS

if TYPE_CHECKING:
    from pathlib import Path

    from exosuit_cli.measure.result import BenchResult


def test_the_outcome_says_how_it_went(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    shown: list[BenchResult] = []
    request = BenchRequest(
        path=str(tmp_path), against="false {path}", warmup=1, exports=(f"md={tmp_path}/r.md",),
        history=str(tmp_path / "h.jsonl"), alerts=("invalid",), alert_command="false",
    )  # fmt: skip
    outcome = run_bench(request, RENDERERS, show=shown.append)
    assert shown == [outcome.result]
    assert outcome.exit_code is ExitCode.INVALID_MEASUREMENT
    assert outcome.failure is None
    assert outcome.warnings == ("--alert-command false: the alert was not delivered: exit code 1",)
    assert "failed with exit code 1" in outcome.errors[0]
    assert "--alert 'invalid' fired" in outcome.errors[-1]
    assert (tmp_path / "r.md").read_text().startswith("## exosuit bench: invalid")
    assert capfd.readouterr() == ("", "")


def test_all_of_a_request_is_checked_before_anything_is_measured(tmp_path: Path) -> None:
    shown: list[BenchResult] = []
    for request in (
        BenchRequest(aa=True, against="true"),
        BenchRequest(path=".", synthetic="files=3"),
        BenchRequest(exports=("madeup=x",)),
        BenchRequest(alert_command="true"),
        BenchRequest(baseline=str(tmp_path / "gone")),
    ):
        with pytest.raises(UsageError):
            run_bench(request, RENDERERS, show=shown.append)
    assert shown == []


def test_the_label_is_the_given_one_or_the_commit_of_a_ci_system() -> None:
    environment = {"CI_COMMIT_SHA": "c0ffee"}
    assert label_of("mine", environment) == "mine"
    assert label_of(None, environment) == "c0ffee"
    assert label_of(None, {}) is None
