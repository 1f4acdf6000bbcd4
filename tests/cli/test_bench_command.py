"""`exosuit bench` as it is typed: exit codes, artefacts, history; on real trees with real builds."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from exosuit_cli.measure.score import WEIGHTS, load_reference

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHORT = ("--pairs", "6", "--max-pairs", "6", "--warmup", "1")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(5):
        (root / f"{number}.py").write_text(f"x = {number}\n" * 200)
    return root


@pytest.fixture
def answer(run: Any, tree: Path, tmp_path: Path) -> Callable[..., str]:
    """Make an `--against` command that did the same work as a scan of the tree, at once or after some shell."""
    document = json.loads(run("scan", tree, "--json", "--no-index", "--no-tokens").stdout)

    def make(before: str = "", **changes: Any) -> str:
        script = tmp_path / "answer.sh"
        script.write_text(f"{before}\ncat <<'END'\n{json.dumps(document | changes)}\nEND\n")
        return f"sh {shlex.quote(str(script))} {{path}}"

    return make


def _schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        json.loads((resources.files("exosuit_cli.report") / "schemas" / f"{name}.schema.json").read_text())
    )


def _told(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode()


def test_a_question_to_an_indexed_tree(run: Any, run_briefly: Any) -> None:
    corpus = ["bench", "--synthetic", "files=20,size=1k,seed=1", "--suite", "query"]
    done = run_briefly(*corpus, *SHORT, "--json")
    assert done.returncode == 0, _told(done)
    assert _told(done).startswith("exosuit: measuring query on a corpus of files=20,size=1024,seed=1: ")
    (suite,) = json.loads(done.stdout)["suites"]
    assert (suite["candidate"]["work"]["files"], suite["candidate"]["work"]["bytes"]) == (20, 20 * 1024)
    assert suite["candidate"]["work"]["chunks"] >= 20
    done = run(*corpus, "--no-ignore")
    assert (done.returncode, "takes no --no-ignore; leave it out" in _told(done)) == (2, True)


def test_every_suite_and_every_figure(run: Any, run_briefly: Any, project: Path, tmp_path: Path) -> None:
    """The document follows its schema, the history has a line a suite, and a reference can be made of the run."""
    history = tmp_path / "history.jsonl"
    done = run_briefly(
        "bench", "--synthetic", "files=20,size=1k,seed=1", "--suite", "all", *SHORT, "--json", "--history", history,
        "--floor", "files_per_s>=0.1", "--label", "abc",
    )  # fmt: skip
    assert done.returncode == 0, _told(done)
    document = json.loads(done.stdout)
    _schema("bench").validate(document)
    made = "files=20,size=1024,seed=1"
    assert (document["mode"], document["label"], document["corpus"]["synthetic"]) == ("single", "abc", made)
    measured = {}
    for suite in document["suites"]:
        assert (suite["candidate"]["work"]["files"], suite["candidate"]["work"]["bytes"]) == (20, 20 * 1024)
        assert [gate["verdict"] for gate in suite["gates"]] == ["pass"]
        measured[suite["suite"]] = {row["metric"] for row in suite["block"]["metrics"] if row["candidate"]}
    common = {"throughput", "files_per_s", "mb_per_s", "wall_s", "cpu_s", "peak_memory", "max_rss", "startup_s"}
    assert common <= measured["scan"]
    assert measured["tokens"] >= common | {"tokens_per_s"}
    assert measured["chunk"] >= common | {"tokens_per_s", "chunks_per_s"}
    assert measured["context"] >= common | {"tokens_per_s", "chunks_per_s", "peak_nvme"}
    lines = history.read_text().splitlines()
    assert [json.loads(line)["suite"] for line in lines] == ["scan", "tokens", "chunk", "context"]
    for line in lines:
        _schema("bench_history").validate(json.loads(line))
    score = document["score"]
    assert score["value"] is None
    assert "the corpus is not the reference's; give --synthetic files=10000,size=4096,seed=1" in score["reason"]

    run_file, reference_file = tmp_path / "run.json", tmp_path / "reference.json"
    run_file.write_bytes(done.stdout)
    export = [sys.executable, project / "scripts" / "export_reference.py", run_file, reference_file]
    subprocess.run(export, check=True, capture_output=True)
    reference = load_reference(str(reference_file))
    assert (reference.corpus, reference.cache) == (made, "warm")
    assert reference.figures.keys() == WEIGHTS.keys()
    (scanned,) = (suite for suite in document["suites"] if suite["suite"] == "scan")
    assert reference.work["scan"] == scanned["candidate"]["work"]
    run_file.write_text(json.dumps(document | {"partial": "SIGINT"}))
    assert subprocess.run(export, check=False, capture_output=True).returncode == 1


def test_a_failed_gate_leaves_everything_behind(run_briefly: Any, tree: Path, tmp_path: Path, answer: Any) -> None:
    """Exit code 3, and by then the exports, the verdict, the history and the summary are written."""
    place = tmp_path / "out"
    place.mkdir()
    summary = tmp_path / "summary.md"
    done = run_briefly(
        "bench", tree, "--against", answer(), "--gate", "throughput:-5%", "--no-confirm", *SHORT,
        "--export", f"junit={place}/j.xml", "--export", f"json={place}/d.json", "--history", place / "h.jsonl",
        env=os.environ | {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_SHA": "c0ffee"},
    )  # fmt: skip
    assert done.returncode == 3, _told(done)
    assert "throughput -" in _told(done)
    assert "regression" in done.stdout.decode()
    verdict = json.loads((place / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["exit_code"]) == ("regression", 3)
    assert {path.name for path in place.iterdir()} == {"j.xml", "d.json", "h.jsonl", "verdict.json"}
    assert summary.read_text().startswith("## exosuit bench: regression")
    assert json.loads((place / "h.jsonl").read_text())["label"] == "c0ffee"


def test_a_stored_baseline(run: Any, run_briefly: Any, tree: Path, tmp_path: Path) -> None:
    """None is exit code 5, and the run that found none becomes one; another corpus is none."""
    history = tmp_path / "h.jsonl"
    common = ("--history", history, "--baseline", "window:5", *SHORT)
    first = run_briefly("bench", tree, *common)
    assert first.returncode == 5, _told(first)
    assert "no comparable baseline in window:5: there are none" in _told(first)
    second = run_briefly("bench", tree, *common, "--gate", "baseline:throughput:-99%", "--json")
    assert second.returncode == 0, _told(second)
    assert json.loads(second.stdout)["suites"][0]["gates"][0]["kind"] == "baseline"
    (tree / "0.py").write_text("changed\n")
    third = run_briefly("bench", tree, *common)
    assert third.returncode == 5
    assert "2 of other corpus" in _told(third)

    shown = run("bench", "history", "--history", history)
    assert shown.returncode == 0
    assert shown.stdout.decode().count("files") == 0
    assert "trend" in shown.stdout.decode()
    stored = [json.loads(line) for line in run("bench", "history", "--history", history, "--jsonl").stdout.splitlines()]
    assert len(stored) == 3
    both = run("bench", "compare", stored[0]["id"], stored[1]["id"], "--history", history)
    assert both.returncode == 0, _told(both)
    assert "scan throughput" in both.stdout.decode()
    assert run("bench", "compare", stored[0]["id"], stored[2]["id"], "--history", history).returncode == 5
    page = tmp_path / "trend.html"
    assert run("bench", "report", "--html", page, "--history", history).returncode == 0
    assert page.read_text().count("<svg") >= 2

    with history.open("ab") as file:
        file.write(b'{"schema": "exosuit.bench_his')
    cut = run("bench", "history", "--history", history)
    assert cut.returncode == 0
    assert "1 of 4 lines are no entries" in _told(cut)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--gate", "speed:-5%"], 2, "unknown metric 'speed'"),
        (["--gate", "throughput:5%"], 2, "without a sign; write throughput:-5%"),
        (["--aa", "--gate", "throughput:-5%", "--gate", "throughput:-9%"], 2, "contradict each other"),
        (["--gate", "throughput:-5%"], 2, "give --against"),
        (["--aa", "--against", "true"], 2, "give one of them"),
        (["--against", "venv:/nonexistent"], 2, "no exosuit is installed there"),
        (["--against", "no-such-command-anywhere"], 2, "no command"),
        (["--against", "true {path}"], 6, "printed nothing"),
        (["--against", "false {path}"], 6, "failed with exit code 1"),
        (["--against", "echo {path}"], 6, "no JSON object"),
        (["--suite", "store"], 2, "known are scan, tokens, chunk, context, query and all"),
        (["--pairs", "3"], 2, "--pairs 3: from 6"),
        (["--max-time", "soon"], 2, "--max-time 'soon'"),
        (["--cache", "tepid"], 2, "known are warm and cold"),
        (["--device", "cuda:9"], 6, "cuda:9"),
        (["--device", "tpu"], 2, "unknown device 'tpu'"),
        (["--export", "pdf=x"], 2, "--export 'pdf=x'"),
        (["--baseline", "/nonexistent"], 2, "cannot be read"),
        (["--synthetic", "files=3"], 2, "PATH and --synthetic"),
        (["--history", "/nonexistent/h", "--against", "false {path}"], 2, "name another --history"),
    ],
)
def test_what_goes_wrong_is_told_in_a_line(
    run_briefly: Any, tree: Path, arguments: list[str], code: int, told: str
) -> None:
    done = run_briefly("bench", tree, "--warmup", "1", *arguments)
    assert done.returncode == code, _told(done)
    assert told in _told(done)
    assert "Traceback" not in _told(done)


def test_other_work_is_exit_code_6_with_artefacts(run_briefly: Any, tree: Path, tmp_path: Path, answer: Any) -> None:
    against = answer(totals={"files": 4, "bytes": 1})
    done = run_briefly("bench", tree, "--against", against, "--warmup", "1", "--export", f"md={tmp_path}/r.md")
    assert done.returncode == 6
    assert "did not do the same work: files is 5 for this build and 4 for" in _told(done)
    assert json.loads((tmp_path / "verdict.json").read_text())["verdict"] == "invalid"
    assert (tmp_path / "r.md").read_text().startswith("## exosuit bench: invalid")


def test_an_empty_corpus_is_exit_code_6(run_briefly: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run_briefly("bench", tmp_path / "empty", "--warmup", "1")
    assert done.returncode == 6
    assert "it did nothing (files is 0)" in _told(done)


def test_a_corpus_that_is_written_to_is_exit_code_6(run_briefly: Any, tree: Path, answer: Any) -> None:
    done = run_briefly("bench", tree, "--against", answer("echo y >> $1/0.py"), "--warmup", "2")
    assert done.returncode == 6
    assert "the corpus changed during the run" in _told(done)


def test_a_history_that_cannot_be_written_any_more_comes_last(
    run_briefly: Any, tree: Path, tmp_path: Path, answer: Any
) -> None:
    place = tmp_path / "gone"
    place.mkdir()
    against = answer(f"rm -rf {shlex.quote(str(place))}")
    done = run_briefly(
        "bench", tree, *SHORT, "--against", against, "--history", place / "h",
        "--export", f"md={tmp_path}/r.md",
    )  # fmt: skip
    assert done.returncode == 2
    assert "name another --history" in _told(done)
    assert (tmp_path / "r.md").exists()
    assert b"verdict" in done.stdout


def test_an_interrupt_leaves_a_partial_result_and_no_process(exosuit: Path, tree: Path, tmp_path: Path) -> None:
    place, history = tmp_path / "temporary", tmp_path / "h.jsonl"
    place.mkdir()
    with subprocess.Popen(
        [exosuit, "bench", tree, "--aa", "--json", "--pairs", "500", "--max-pairs", "1000", "--history", history],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(place)},
    ) as process:
        deadline = time.monotonic() + 60
        while not list(place.glob("*/compiled")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    document = json.loads(out)
    assert document["partial"] == "SIGINT"
    assert not history.exists(), "it would count as a baseline"
    _schema("bench").validate(document)
    assert list(place.iterdir()) == []


def test_a_venv_is_another_side(run_briefly: Any, tree: Path, tmp_path: Path) -> None:
    """An environment of its own whose build is this one: equal work, and the labels tell which is which."""
    script = tmp_path / "venv" / "bin" / "exosuit"
    script.parent.mkdir(parents=True)
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m exosuit_cli "$@"\n')
    script.chmod(0o755)
    done = run_briefly(
        "bench", tree, "--against", f"venv:{tmp_path}/venv", *SHORT, "--json", "--gate", "throughput:-95%"
    )
    assert done.returncode == 0, _told(done)
    document = json.loads(done.stdout)
    _schema("bench").validate(document)
    suite = document["suites"][0]
    assert suite["block"]["control"] is not None
    assert suite["base"]["label"] == f"venv:{tmp_path}/venv"
    assert suite["candidate"]["work"] == suite["base"]["work"]
    assert suite["gates"][0]["verdict"] in ("pass", "improved", "inconclusive")


def test_a_browser_shows_the_trend(run: Any, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser is installed: apt-get install chromium")
    history = tmp_path / "h.jsonl"
    entry = {
        "schema": "exosuit.bench_history/1", "version": "1", "bench_version": 1, "fingerprint": "f" * 16,
        "suite": "scan", "corpus": "<i>repo</i>", "corpus_digest": "d", "files": 3, "size": 30, "cache": "warm",
        "device": "cpu", "mode": "single", "verdict": None, "ratios": {},
    }  # fmt: skip
    with history.open("w") as file:
        for number in range(24):
            rate = 1000.0 + number % 3 if number < 12 else 800.0 + number % 3
            figures = {"throughput": {"median": rate, "low": rate - 5, "high": rate + 5, "count": 10}}
            more = {"id": f"r{number}", "time": f"2026-01-{number + 1:02d}T00:00:00.000Z", "label": f"commit{number}"}
            file.write(json.dumps({**entry, **more, "figures": figures}) + "\n")
    page = tmp_path / "trend.html"
    assert run("bench", "report", "--html", page, "--history", history).returncode == 0
    command = [
        browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--dump-dom",
        f"file://{page}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    shown = done.stdout.decode()
    assert shown.count("<circle") == 24
    assert shown.count('class="step"') == 1
    assert "step of -20.0%" in shown
    assert "commit12" in shown
    assert "<i>" not in shown


@pytest.mark.parametrize("command", [["bench"], ["bench", "history"], ["bench", "compare"], ["bench", "report"]])
def test_every_bench_command_has_help(run: Any, command: list[str]) -> None:
    done = run(*command, "--help", env=os.environ | {"COLUMNS": "200"})
    assert done.returncode == 0
    assert b"Usage" in done.stdout
    for line in done.stdout.decode().splitlines():
        if line.lstrip(" │").startswith("--"):
            words = [word for word in line.strip(" │").split("  ") if word.strip()]
            assert len(words) >= 2, f"no help: {line}"
