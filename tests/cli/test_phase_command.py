"""`exosuit phase` as a user types it: real proofs of small phases, killed, interrupted, refused and taken back."""

from __future__ import annotations

import glob
import json
import os
import pty
import random
import signal
import subprocess
import time
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from exosuit_cli.context.phases import history_path, one_change
from exosuit_cli.system.paths import cache_directory, state_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL: dict[str, Any] = {
    "baseline_token_limit": 3000,
    "target_token_limit": 400_000,
    "phase_load_share": 0,
    "scan": {"encoding": "cl100k_base"},
    "phases": [
        {"phase": number, "token_limit": limit}
        for number, limit in enumerate((4000, 20_000, 30_000, 40_000, 40_000, 50_000, 60_000, 70_000, 80_000))
    ],
}
"""Phases that are proven in seconds; loads of a few files say nothing of rates."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home" / "exosuit" / "token-upgrade-config.json"
    path.parent.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    path.write_text(json.dumps(SMALL, indent=2))
    return path


@pytest.fixture
def phase(run: Callable[..., Any], settings: Path) -> Callable[..., dict[str, Any]]:
    """Run `exosuit phase`; its document, which follows the schema."""
    return _phase_by(run)


@pytest.fixture
def started_phase(run_anew: Callable[..., Any], settings: Path) -> Callable[..., dict[str, Any]]:
    """As `phase`, and as long as it takes a user."""
    return _phase_by(run_anew)


def _phase_by(run: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    text = (resources.files("exosuit_cli.report") / "schemas" / "phase.schema.json").read_text()
    schema = Draft202012Validator(json.loads(text))

    def phase_command(*words: object, code: int = 0) -> dict[str, Any]:
        done = run("phase", *words, "--json")
        assert done.returncode == code, done.stderr.decode()
        document: dict[str, Any] = json.loads(done.stdout)
        schema.validate(document)
        return {**document, "stderr": done.stderr.decode()}

    return phase_command


def current_of(settings: Path) -> tuple[Any, Any]:
    document = json.loads(settings.read_text())
    return document.get("current_phase"), document.get("current_token_limit")


def test_a_phase_is_proven_before_it_is_set(phase: Callable[..., dict[str, Any]], settings: Path, run: Any) -> None:
    before = json.loads(settings.read_text())
    done = phase("set", 1)
    change = done["change"]
    assert (change["action"], change["before"], change["after"], change["proven"]) == ("set", None, 1, True)
    figures = change["figures"]
    assert all(criterion["passed"] for criterion in figures["criteria"])
    assert figures["load"]["tokens"] >= 20_000
    assert figures["recall"]["verified"] == figures["recall"]["chunks"] > 30
    assert 18_000 <= figures["memory"]["resident_tokens"] <= 20_000
    assert (figures["crash"]["intact"], figures["crash"]["completed"]) == (figures["crash"]["kills"], True)
    assert figures["baseline"]["tokens"] >= 3000
    assert figures["soak"] is None
    # One file is changed, and no other key in it; nothing of the proof stays.
    assert json.loads(settings.read_text()) == {"current_phase": 1, "current_token_limit": 20_000, **before}
    assert sorted(os.listdir(state_directory())) == ["phases.json", "phases.lock"]
    assert os.listdir(os.path.join(cache_directory(), "index")) == []
    # What was found is listed, and can be taken back.
    listed = phase("list")
    assert (listed["current_phase"], listed["current_token_limit"]) == (1, 20_000)
    assert [state["proven"] for state in listed["phases"]] == [False, True, *[False] * 7]
    assert listed["phases"][1]["proof"]["figures"] == figures
    shown = phase("show")["phases"]
    assert [state["phase"] for state in shown] == [1]
    text = run("phase", "show").stdout.decode()
    assert "20,000 tokens, batches of 800 files" in text
    assert "chunks/s" in text
    row = next(
        line for line in run("phase", "list").stdout.decode().splitlines() if line.startswith("1 (256K) current")
    )
    assert f"{figures['share']:.0%}" in row
    # A second one is compared with the same baseline.
    again = phase("set", 0)
    assert again["change"]["figures"]["baseline"]["at"] == figures["baseline"]["at"]
    assert phase("rollback")["change"]["after"] == 1
    assert current_of(settings) == (1, 20_000)
    assert phase("list")["phases"][1]["proven"]


def test_a_repository_can_be_the_tree(phase: Callable[..., dict[str, Any]], project: Path) -> None:
    done = phase("set", 2, "--from", project / "exosuit_cli", "--seed", 7)
    load = done["change"]["figures"]["load"]
    assert 30_000 <= load["tokens"] < 40_000
    assert done["change"]["figures"]["baseline"]["source"].startswith("tree ")
    assert done["change"]["figures"]["baseline"]["files"] < load["files"]


def test_a_soak_loads_evicts_and_recalls(phase: Callable[..., dict[str, Any]]) -> None:
    soak = phase("set", 3, "--soak", "3s")["change"]["figures"]["soak"]
    assert soak["seconds"] >= 3
    assert soak["loads"] >= 1
    assert soak["recalled"] >= 10_000
    assert soak["evictions"] > 0
    assert soak["wrong"] == 0


def test_phases_without_a_proof(phase: Callable[..., dict[str, Any]], settings: Path) -> None:
    """Set, replaced, taken back one by one, cleared; each step is a whole state."""
    for number in (3, 5, 5):
        change = phase("set", number, "--no-validate")["change"]
        assert (change["after"], change["proven"], change["reason"]) == (number, False, "set with --no-validate")
    assert current_of(settings) == (5, 50_000)
    assert phase("show", 5)["phases"][0]["last_attempt"]["proven"] is False
    assert phase("unset")["current_phase"] is None
    assert current_of(settings) == (None, None)
    assert phase("rollback")["change"]["after"] == 5
    assert phase("rollback")["change"]["after"] == 3
    assert phase("rollback")["change"]["after"] is None
    assert current_of(settings) == (None, None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["set", "9"], "'9' is no phase; accepted: a whole number from 0 to 8"),
        (["set", "three"], "'three' is no phase"),
        (["set", "٣"], "is no phase"),
        (["show", "1.0"], "'1.0' is no phase"),
        (["set", "1", "--soak", "soon"], "--soak 'soon': not a time"),
        (["set", "1", "--soak", "1s", "--no-validate"], "--soak is for the validation"),
        (["set", "1", "--from", ".", "--no-validate"], "--from is for the validation"),
        (["set", "1", "--from", "/nowhere"], "no such directory"),
        (["rollback"], "no earlier phase to return to: no phase is set"),
        (["list", "--config", "/nowhere.json"], "/nowhere.json"),
    ],
)
def test_what_cannot_be_carried_out(run: Any, settings: Path, words: list[str], told: str) -> None:
    done = run("phase", *words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert told in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert current_of(settings) == (None, None)


def test_a_tree_that_is_too_small(run: Any, settings: Path, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("x = 1\n" * 100)
    (tmp_path / "tree" / "b.py").write_text("x = 1\n" * 100)
    done = run("phase", "set", "1", "--from", tmp_path / "tree")
    assert done.returncode == 2
    assert b"tokens of text, copies not counted, and 20,000 are needed" in done.stderr


@pytest.mark.parametrize("options", [[], ["--no-validate"]], ids=["proven", "unproven"])
def test_a_phase_that_memory_cannot_hold(phase: Callable[..., Any], settings: Path, options: list[str]) -> None:
    """What is missing is said in bytes, by tier; the old phase stays."""
    phase("set", 0, "--no-validate")
    layers = {"shared_memory": {"token_capacity": 6000}, "system_ram": {"capacity_gb": 0.00001}}
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "memory_layers": layers}))
    done = phase("set", 4, *options, *([] if options else ["--soak", "1s"]), code=3)
    assert (done["current_phase"], done["change"]["action"], done["change"]["after"]) == (0, "failed", 0)
    assert current_of(settings) == (0, 4000)
    assert "phase 4 is not set, phase 0 stays: phase 4 (1M under load) needs 40,000 tokens" in done["stderr"]
    for words in ("bytes are missing", "shared holds 6,000 tokens", "ram holds ", "capacity_gb"):
        assert words in done["stderr"]
    assert phase("list")["phases"][4]["last_attempt"]["passed"] is False


def test_a_phase_that_was_edited_by_hand(run: Any, phase: Callable[..., Any], settings: Path) -> None:
    phase("set", 1, "--no-validate")
    text = settings.read_text()
    settings.write_text(text.replace('"current_phase": 1', '"current_phase": 7'))
    for words in (["list"], ["show"], ["set", "3"], ["rollback"], ["unset"]):
        done = run("phase", *words)
        assert done.returncode == 2
        assert b"current_token_limit 20000" in done.stderr
        assert b"current_phase 7" in done.stderr
    # With the limit of its phase it counts, and is not proven; nothing says what stood before it.
    settings.write_text(text.replace('"current_phase": 1', '"current_phase": 7').replace("20000", "70000", 1))
    listed = phase("list")
    assert (listed["current_phase"], listed["phases"][7]["proven"]) == (7, False)
    assert b"phase 7 is the first that was set" in run("phase", "rollback").stderr
    settings.write_text(text.replace('"current_phase": 1', '"current_phase": 11'))
    assert b"current_phase: 11 is out of range" in run("phase", "list").stderr


def test_a_limit_that_holds_for_one_run_is_not_written(run: Any, settings: Path) -> None:
    limits = os.environ | {"EXOSUIT_PHASES_1_TOKEN_LIMIT": "21000"}
    done = run("phase", "set", "1", "--no-validate", env=limits)
    assert done.returncode == 2
    assert b"EXOSUIT_PHASES_1_TOKEN_LIMIT: phases.1.token_limit is given for this run only" in done.stderr
    done = run("phase", "set", "1", "--no-validate", env=os.environ | {"EXOSUIT_CURRENT_PHASE": "2"})
    assert done.returncode == 0
    assert b"EXOSUIT_CURRENT_PHASE is stronger" in done.stderr
    assert current_of(settings) == (1, 20_000)


def test_another_settings_file(phase: Callable[..., Any], settings: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert phase("set", 2, "--no-validate", "--config", other)["settings_file"] == str(other)
    assert json.loads(other.read_text()) == {"current_phase": 2, "current_token_limit": 30_000}
    assert current_of(settings) == (None, None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere: run the tests as another user")
def test_a_state_directory_that_is_read_only(run: Any, settings: Path) -> None:
    os.makedirs(state_directory(), mode=0o700)
    os.chmod(state_directory(), 0o500)
    done = run("phase", "set", "1")
    os.chmod(state_directory(), 0o700)
    assert done.returncode == 2
    assert b"the phase is as it was" in done.stderr


def test_a_state_directory_that_cannot_be_one(run: Any, settings: Path) -> None:
    os.makedirs(os.path.dirname(state_directory()), exist_ok=True)
    with open(state_directory(), "wb"):
        pass
    done = run("phase", "set", "1")
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"cannot be used as a directory" in done.stderr
    assert current_of(settings) == (None, None)


def test_a_full_disk(exosuit: Path, settings: Path) -> None:
    """A limit of the size of files stands for it: the write that goes beyond fails."""
    command = f"ulimit -f 64; trap '' XFSZ; exec {exosuit} phase set 8"
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr.decode()
    assert done.stderr.count(b"\n") == 1, done.stderr.decode()
    assert current_of(settings) == (None, None)
    assert left_in_state() == []


def test_a_damaged_history_is_named(run: Any, phase: Callable[..., Any], settings: Path) -> None:
    phase("set", 1, "--no-validate")
    with open(history_path(), "ab") as file:
        file.write(b"x")
    for words in (["list"], ["set", "2", "--no-validate"], ["rollback"], ["unset"]):
        done = run("phase", *words)
        assert done.returncode == 2
        assert b"the history of phases is damaged or was edited; move it away" in done.stderr
    assert current_of(settings) == (1, 20_000)


def test_two_at_once(run: Any, settings: Path) -> None:
    with one_change():
        done = run("phase", "set", "1")
    assert done.returncode == 6
    assert b"another `exosuit phase` is at work" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_proof_leaves_the_old_phase(exosuit: Path, phase: Any, settings: Path, number: int) -> None:
    phase("set", 2, "--no-validate")
    with started(exosuit, "8") as process:
        wait_for(lambda: any("tree" in os.listdir(each) for each in left_in_state()))
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert stderr.count(b"\n") == 1
    assert f"interrupted by {signal.Signals(number).name}".encode() in stderr
    assert current_of(settings) == (2, 30_000)
    assert left_in_state() == []


def test_killed_at_any_moment_a_phase_is_the_old_or_the_new_one(
    exosuit: Path, phase: Any, started_phase: Any, settings: Path
) -> None:
    phase("set", 2, "--no-validate")
    begun = time.monotonic()
    started_phase("set", 1)
    seconds = time.monotonic() - begun
    draw = random.Random(4)
    for old, new in ((1, 0), (1, 0), (1, 0)):
        with started(exosuit, str(new)) as process:
            try:
                process.communicate(timeout=draw.random() * seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        listed = phase("list")
        assert listed["current_phase"] in (old, new)
        assert current_of(settings) == (
            listed["current_phase"],
            SMALL["phases"][listed["current_phase"]]["token_limit"],
        )
        if listed["current_phase"] == new:
            assert listed["phases"][new]["proven"]
            assert phase("rollback")["current_phase"] == old
    assert phase("rollback")["current_phase"] == 2
    assert phase("set", 1)["change"]["proven"]  # what the killed ones left is in nobody's way
    assert left_in_state() == []


def test_a_terminal_shows_what_is_being_done(warm_exosuit: str, settings: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([warm_exosuit, "phase", "set", "0"], stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:
                break
            shown += piece
        assert process.stdout is not None
        report = process.stdout.read().decode()
    os.close(ours)
    assert process.returncode == 0, shown
    assert b"baseline: load 1 of 5" in shown
    assert b"\n" not in shown
    assert shown.endswith(b"\r\x1b[K")
    assert "phase 0 (128K) is set, proven," in report


def left_in_state() -> list[str]:
    """The directories of proofs."""
    return glob.glob(os.path.join(state_directory(), "phase-proof-*"))


def started(exosuit: Path, number: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([exosuit, "phase", "set", number], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
