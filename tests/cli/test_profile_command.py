"""`exosuit profile` as its users run it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from exosuit_cli.commands.profile_difference import older_profile
from exosuit_cli.commands.profile_request import profile_request
from exosuit_cli.model.errors import UsageError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    base = tmp_path / "tree"
    base.mkdir()
    for number in range(5):
        (base / f"{number}.py").write_text(f"def f{number}():\n    return {number}\n" * 20)
    (base / "long.js").write_text("x=1;" * 20_000)
    os.mkfifo(base / "fifo")
    (base / "link").symlink_to("elsewhere")
    return base


def test_a_profile_of_chunks(run: Any, tree: Path, project: Path) -> None:
    done = run("profile", tree, "--work", "chunk", "--boundaries", "ast", "--json", "--repeat", "2")
    assert done.returncode == 0, done.stderr.decode()
    profile = json.loads(done.stdout)
    schema = json.loads((project / "exosuit_cli" / "report" / "schemas" / "profile.schema.json").read_text())
    jsonschema.validate(profile, schema)
    assert profile["totals"]["files"] == 6
    assert len(profile["repeats"]) == 2
    assert profile["overhead_pct"] is not None
    assert profile["cache"] == "warm"
    assert {stage["name"] for stage in profile["stages"]} >= {"vocabulary", "lines", "boundaries", "plan", "render"}
    whys = {file["path"]: file["why"] for file in profile["files"]}
    assert "long lines: 80,000 bytes" in whys["long.js"]
    assert profile["tiers"]["ram"]["peak_bytes"] > 10_000_000
    assert profile["tiers"]["vram"]["reason"]
    assert profile["tiers"]["page_cache"]["start_bytes"] is not None or profile["tiers"]["page_cache"]["reason"]

    files = {name: tree.parent / f"profile.{name}" for name in ("trace", "speedscope", "html")}
    old = tree.parent / "old.json"
    old.write_bytes(done.stdout)
    outputs = [each for name, path in files.items() for each in (f"--{name}", path)]
    done = run("profile", tree, "--work", "chunk", "--boundaries", "ast", "--json", "--diff", old, *outputs)
    assert done.returncode == 0, done.stderr.decode()
    profile = json.loads(done.stdout)
    jsonschema.validate(profile, schema)
    assert profile["difference"]["runs"] == {"new": 1, "old": 2}
    assert json.loads(files["trace"].read_text())["traceEvents"]
    assert json.loads(files["speedscope"].read_text())["profiles"]
    assert files["html"].read_text().lower().startswith("<!doctype html>")


def test_another_work_is_compared_by_force_only(tree: Path, run: Any) -> None:
    old = tree.parent / "old.json"
    old.write_bytes(run("profile", tree, "--work", "scan", "--json").stdout)
    with pytest.raises(UsageError, match="cannot be compared: work scan and now tokens"):
        older_profile(profile_request([str(tree)], {"diff": str(old)}))
    assert older_profile(profile_request([str(tree)], {"diff": str(old), "force": True})) is not None


def test_a_load_leaves_no_context(run: Any, tree: Path, tmp_path: Path) -> None:
    """A person reads the report; a narrow terminal is not needed for its first line to name the stage."""
    state, cache = tmp_path / "state", tmp_path / "cache"
    environ = os.environ | {"XDG_STATE_HOME": str(state), "XDG_CACHE_HOME": str(cache)}
    done = run("profile", tree, "--work", "context", env=environ)
    assert done.returncode == 0, done.stderr.decode()
    shown = done.stdout.decode()
    assert shown.startswith("limiter     ")
    assert "times as fast" in shown.splitlines()[0]
    assert all(word in shown for word in ("timeline", "store", "page_cache", "recording took"))
    assert [path for path in state.rglob("*") if path.is_file()] == []
    assert not cache.exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trace": "nowhere/x.json"}, "cannot write 'nowhere/x.json'"),
        ({"html": "."}, "it is a directory"),
        ({"html": "a", "trace": "./a"}, "two outputs name one file"),
        ({"speedscope": "tree/link"}, "symbolic link inside the tree"),
        ({"repeat": 0}, "accepted: 1 to 1,000"),
        ({"sample_ms": 0}, "accepted: 1 to 60,000"),
        ({"top": -1}, "accepted: 0 to 10,000"),
        ({"cache": "lukewarm"}, "accepted: warm, cold"),
        ({"work": "play"}, "accepted: tokens, scan, chunk, context"),
        ({"force": True}, "--force is for --diff"),
    ],
)
def test_what_is_wrong_is_found_before_the_run(
    tree: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, object], message: str
) -> None:
    monkeypatch.chdir(tree.parent)
    path = str(given.pop("path", tree))
    with pytest.raises(UsageError, match=re.escape(message)):
        profile_request([path], given)


def test_what_is_missing(run: Any, tree: Path) -> None:
    """A path, and a card, unless there is one."""
    for arguments, code, message in (
        (("missing", "--work", "context"), 2, "missing"),
        ((tree, "--nvtx"), 6, "--nvtx marks the stages for a CUDA card"),
    ):
        if code == 6 and os.path.exists("/proc/driver/nvidia/version"):
            continue
        done = run("profile", *arguments)
        assert (done.returncode, done.stdout) == (code, b""), done.stderr.decode()
        assert message in done.stderr.decode()
        assert b"Traceback" not in done.stderr


def test_an_empty_tree(run: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("profile", tmp_path / "empty", "--work", "scan", "--cache", "cold", "--json")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["totals"]["files"] == 0


def test_an_interrupted_profile_is_marked(exosuit: Path, tree: Path) -> None:
    command = [exosuit, "profile", tree, "--work", "scan", "--repeat", "1000", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not _has_begun(process.pid):
            assert time.monotonic() < deadline
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 143, err.decode()
    profile = json.loads(out)
    assert profile["partial"] == "SIGTERM"
    assert len(profile["repeats"]) < 1000
    assert b"interrupted by SIGTERM" in err


def _has_begun(pid: int) -> bool:
    """Whether the process beside a profiled run is there: the run is about to begin, or has."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return any(b"sampler" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)
    except OSError:
        return False
