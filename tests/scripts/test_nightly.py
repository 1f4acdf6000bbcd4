"""scripts/nightly.sh as cron runs it: one at a time, within its limit, with a textfile that is whole."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as classic_families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RUN, SUCCESS = (f"exosuit_bench_last_{what}_timestamp_seconds" for what in ("run", "success"))
SHORT = ("--max-time", "5s", "--warmup", "1")


@pytest.fixture
def nightly(project: Path, exosuit: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start the script with a state directory of its own; `build` is another exosuit than the installed one.

    What a test leaves running is killed with all that it started.
    """
    missing = [name for name in ("flock", "timeout") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed: apt-get install util-linux coreutils")
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object, build: Path = exosuit) -> subprocess.Popen[bytes]:
        command = [project / "scripts" / "nightly.sh", "-e", build, "-s", tmp_path / "state", *map(str, arguments)]
        started.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        )
        return started[-1]

    yield start
    for process in started:
        for pid in _session(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with process:  # closes its pipes and waits
            pass


def _session(leader: int) -> list[int]:
    """The processes of a session, whose leader may be gone; `timeout` has a group of its own in it."""
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.getsid(int(name)) == leader:
                found.append(int(name))
    return found


def _end(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    out, err = process.communicate(timeout=120)
    assert out == b""
    return process.returncode, err.decode()


def _build(place: Path, text: str, first: str = "") -> Path:
    """A stand-in for exosuit that does what is `first`, says that it runs, and goes on.

    Not before its parent waits for it: `timeout` ends at a signal that comes before it knows its child.
    """
    script = place / "build"
    waits = "until grep -q '^State:.S' /proc/$PPID/status; do :; done"
    script.write_text(f'#!/bin/sh\n{first}\n{waits}\necho $$ > "{place}/started"\n{text}\n')
    script.chmod(0o755)
    return script


def _wait_for(file: Path) -> str:
    deadline = time.monotonic() + 60
    while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return file.read_text().strip()


def test_two_nights(nightly: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    """A good one and a bad one: the textfile has both times, the log and the history grow, nothing else is left."""
    tree, textfiles = tmp_path / "tree", tmp_path / "textfiles"
    tree.mkdir()
    textfiles.mkdir()
    (tree / "a.py").write_text("x = 1\n")

    def values() -> dict[str, float]:
        (file,) = textfiles.iterdir()
        assert (file.name, file.stat().st_mode & 0o777) == ("exosuit_bench.prom", 0o644)
        text = file.read_text()
        assert len(list(text_string_to_metric_families(text))) == len(list(classic_families(text))) >= 5
        return {
            sample.name + "".join(sorted(sample.labels.values())): sample.value
            for family in classic_families(text)
            for sample in family.samples
        }

    assert _end(nightly("-t", textfiles, "--", tree, *SHORT)) == (0, "")
    good = values()
    assert good[RUN] == good[SUCCESS] > 1.7e9
    assert {"exosuit_bench_throughput_per_secondcandidatescan", "exosuit_bench_wall_secondscandidatescan"} <= set(good)
    assert good["exosuit_bench_tier_peak_bytescandidateramscan"] > 1e6
    code, told = _end(nightly("-t", textfiles, "--", tree, *SHORT, "--against", "false {path}"))
    place = tmp_path / "state" / "exosuit_bench"
    assert code == 6
    assert f"nightly.sh: exit code 6; {place}/exosuit_bench.log tells why" in told
    assert "failed with exit code 1" in told
    bad = values()
    assert (bad[SUCCESS], bad["exosuit_bench_exit_code"]) == (good[SUCCESS], 6)
    assert bad[RUN] > good[RUN]
    assert bad["exosuit_bench_verdictinvalidscan"] == 1
    log = (place / "exosuit_bench.log").read_text()
    assert [line.split()[3] for line in log.splitlines() if line.startswith("== exit code")] == ["0", "6"]
    assert {path.name for path in place.iterdir()} == {
        "bench.json", "verdict.json", "exosuit_bench.prom", "exosuit_bench.log", "lock"
    }  # fmt: skip
    (entry,) = (tmp_path / "state" / "history.jsonl").read_text().splitlines()
    assert json.loads(entry)["files"] == 1


def test_one_at_a_time(nightly: Callable[..., subprocess.Popen[bytes]], exosuit: Path, tmp_path: Path) -> None:
    """The second does nothing and says so; another name is another lock."""
    build = _build(tmp_path, f'while [ ! -e "{tmp_path}/go" ]; do sleep 0.05; done\nexec "{exosuit}" --version')
    first = nightly("--", "tree", build=build)
    _wait_for(tmp_path / "started")
    code, told = _end(nightly("--", "tree", build=build))
    assert code == 75
    assert "another run of 'exosuit_bench' holds" in told
    (tmp_path / "go").touch()
    assert _end(nightly("-n", "other", "--", "tree", build=build)) == (0, "")
    assert _end(first) == (0, "")
    assert _end(nightly("--", "tree", build=build)) == (0, "")
    log = (tmp_path / "state" / "exosuit_bench" / "exosuit_bench.log").read_text()
    assert log.count("== exit code 0") == 2


def test_the_lock_outlives_the_script(nightly: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    """A killed script leaves a benchmark that still runs, and none may start beside it."""
    build = _build(tmp_path, "exec sleep 600")
    first = nightly("--", "tree", build=build)
    process = int(_wait_for(tmp_path / "started"))
    first.kill()
    try:
        assert _end(first)[0] == -signal.SIGKILL
        assert _end(nightly("--", "tree", build=build))[0] == 75
    finally:
        os.kill(process, signal.SIGKILL)


def test_the_time_limit(nightly: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    code, told = _end(nightly("-l", "1s", "--", "tree", build=_build(tmp_path, "exec sleep 600")))
    assert code == 143
    assert "exit code 143" in told


def test_a_signal_is_passed_on(nightly: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    """The run ends in its own way, and its exit code is the script's."""
    trap = f"trap 'echo ended > \"{tmp_path}/ended\"; exit 9' TERM"
    first = nightly("--", "tree", build=_build(tmp_path, "while :; do sleep 0.05; done", trap))
    _wait_for(tmp_path / "started")
    first.terminate()
    code, _ = _end(first)
    assert code == 9
    assert (tmp_path / "ended").exists()


def test_a_textfile_that_cannot_be_written(nightly: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    """The directory went away during the run: the run counts, and the failure is told."""
    textfiles = tmp_path / "textfiles"
    textfiles.mkdir()
    place = tmp_path / "state" / "exosuit_bench"
    build = _build(tmp_path, f'rmdir "{textfiles}"\necho "# EOF" > "{place}/exosuit_bench.prom"')
    code, told = _end(nightly("-t", textfiles, "--", "tree", build=build))
    assert code == 2
    assert f"'{textfiles}/exosuit_bench.prom': cannot be written" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-t", "/nonexistent"], "-t '/nonexistent': no directory to write to"),
        (["-n", "../x"], "letters, digits and _ only"),
        (["-l", "soon"], "not a time"),
        (["-l", "0"], "not a time"),
        (["-l"], "-l: its value is missing"),
        (["-x"], "no such option"),
        (["-e", "no-such-command-anywhere"], "no command 'no-such-command-anywhere'"),
        (["-s", "/dev/null"], "cannot be made"),
    ],
)
def test_what_is_refused(nightly: Callable[..., subprocess.Popen[bytes]], arguments: list[str], told: str) -> None:
    code, err = _end(nightly(*arguments))
    assert code == 2
    assert told in err


@pytest.mark.parametrize(
    ("line", "percent"), [(r"^15 2 \* \* \* (.*)$", r"\%"), (r"^ExecStart=(.*)$", "%%")], ids=["cron", "systemd"]
)
def test_the_lines_of_the_manual(
    project: Path, exosuit: Path, tmp_path: Path, nightly: object, line: str, percent: str
) -> None:
    """As they stand there, with the places of this machine: the first night has no baseline yet."""
    found = re.search(line, (project / "exosuit_cli" / "manual" / "ci.md").read_text(), re.MULTILINE)
    assert found
    command = found[1]
    assert command.count("%") == command.count(percent) * percent.count("%")
    tree, textfiles = tmp_path / "tree", tmp_path / "textfiles"
    tree.mkdir()
    textfiles.mkdir()
    (tree / "a.py").write_text("x = 1\n")
    for there, here in (
        (percent, "%"), ("/opt/exosuit/.venv/bin/exosuit", exosuit), ("/opt/exosuit", project), ("/srv/corpus", tree),
        ("/var/lib/exosuit", tmp_path / "state"), ("/var/lib/prometheus/node-exporter", textfiles),
    ):  # fmt: skip
        assert there in command
        command = command.replace(there, str(here))
    done = subprocess.run([*shlex.split(command), *SHORT], capture_output=True, timeout=120)
    assert done.returncode == 5, done.stderr
    assert b"no comparable baseline in window:20" in done.stderr
    assert [path.name for path in textfiles.iterdir()] == ["exosuit_bench.prom"]


def test_help(project: Path) -> None:
    done = subprocess.run([project / "scripts" / "nightly.sh", "-h"], capture_output=True, check=True)
    assert done.stdout.startswith(b"usage: nightly.sh")


def test_shellcheck(project: Path) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed: apt-get install shellcheck")
    done = subprocess.run([shellcheck, project / "scripts" / "nightly.sh"], capture_output=True)
    assert done.returncode == 0, done.stdout.decode()


def test_questions_are_judged_after_the_benchmark(
    nightly: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Their figure goes into the history, and one that fell ends the night with 3."""
    (tmp_path / "data" / "annotations").mkdir(parents=True)
    (tmp_path / "repos" / "shop").mkdir(parents=True)
    (tmp_path / "data" / "repos.json").write_text('[{"name": "shop", "commit_used": "1"}]')
    question = {"query": "where is the cart paid", "category": "semantic", "relevant": ["cart.py"]}
    (tmp_path / "data" / "annotations" / "shop.json").write_text(json.dumps([question, question]))
    cart = tmp_path / "repos" / "shop" / "cart.py"
    cart.write_text("def pay(cart):\n    return cart\n")
    build = tmp_path / "build"
    build.write_text("#!/bin/sh\n")
    build.chmod(0o755)
    options = ("-q", tmp_path / "data", "-r", tmp_path / "repos", "-p", sys.executable)
    code, told = _end(nightly("-q", tmp_path / "data", build=build))
    assert (code, "-r DIR is missing" in told) == (2, True)
    assert _end(nightly(*options, build=build)) == (0, "")
    cart.rename(cart.with_name("basket.py"))
    code, told = _end(nightly(*options, build=build))
    assert code == 3
    assert "nDCG@10 fell to 0.0000 from 1.0000" in told
    lines = (tmp_path / "state" / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["figures"]["ndcg10"]["median"] for line in lines] == [1.0, 0.0]
