"""What a scan writes: inside the tree that it scans, into a pipe that nobody reads, onto a disk that is full."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from .harness import HANG, UNPRIVILEGED, limited, plain, scan_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Mounts

    RunExosuit = Callable[..., subprocess.CompletedProcess[bytes]]

FORMATS = (["--no-tokens"], ["--no-tokens", "--json"], ["--no-tokens", "--jsonl"], ["--no-tokens", "--tree"])
FULL = os.strerror(errno.ENOSPC)


@pytest.fixture
def filled(tree: Path) -> Path:
    (tree / "sub").mkdir()
    for number in range(10):
        (tree / "sub" / f"{number}.txt").write_text(f"file {number}\n")
    return tree


@pytest.fixture
def wide(tree: Path) -> Path:
    """A tree whose every report is more than a pipe holds."""
    for number in range(400):
        directory = tree / f"{number}{'d' * 200}"
        directory.mkdir()
        (directory / ("f" * 200)).write_text("a\n")
    return tree


def outcomes(jsonl: bytes) -> dict[str, str]:
    records = [json.loads(line) for line in jsonl.splitlines()]
    return {record["path"]: record.get("skipped", "ingested") for record in records}


def one_error(done: subprocess.CompletedProcess[bytes]) -> str:
    assert done.returncode == 2, done.stderr
    line = done.stderr.decode()
    assert line.startswith("exosuit: error: ")
    assert line.count("\n") == 1, line
    return line


# Inside the tree


def test_own_outputs_are_left_out_and_two_runs_agree(filled: Path, exosuit: Path) -> None:
    contents = {f"sub/{number}.txt": "ingested" for number in range(10)}
    env = {**os.environ, "XDG_CACHE_HOME": str(filled / "cache"), "XDG_STATE_HOME": str(filled / "state")}
    (filled / "state" / "exosuit").mkdir(parents=True)
    (filled / "state" / "exosuit" / "history").write_text("of exosuit\n")
    (filled / "state" / "other").write_text("of another program\n")
    contents["state/other"] = "ingested"
    command = [str(exosuit), "scan", ".", "--jsonl", "--no-tokens", "--manifest", "out.jsonl", "--log-file", "sub/log"]
    manifests, answers = [], []
    for _ in range(3):
        with open(filled / "redirected", "wb") as stdout, open(filled / "errors", "wb") as stderr:
            subprocess.run(command, cwd=filled, env=env, stdout=stdout, stderr=stderr, check=True, timeout=HANG)
        assert (filled / "errors").read_bytes() == b""
        manifests.append((filled / "out.jsonl").read_bytes())
        answers.append(outcomes((filled / "redirected").read_bytes()))
    own = dict.fromkeys(["cache/exosuit", "state/exosuit", "redirected", "errors", "sub/log"], "own_output")
    assert answers == [{**contents, **own}] + [{**contents, **own, "out.jsonl": "own_output"}] * 2
    assert manifests[0] == manifests[1] == manifests[2]
    assert outcomes(manifests[0]) == contents
    logged = [json.loads(line) for line in (filled / "sub" / "log").read_bytes().splitlines()]
    assert len({line["tree_digest"] for line in logged}) == 1


def test_the_index_in_the_tree_is_no_content_without_it_either(filled: Path, run: RunExosuit) -> None:
    env = {**os.environ, "XDG_CACHE_HOME": str(filled / "cache")}

    def digest(*arguments: str) -> str:
        return str(json.loads(run("scan", filled, "--json", "--no-tokens", *arguments, env=env).stdout)["tree_digest"])

    assert digest("--no-index") == digest() == digest("--tokens") == digest() == digest("--no-index")


def test_a_scan_writes_nothing_else_into_the_tree(filled: Path, run: RunExosuit) -> None:
    def state() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in [filled, *filled.rglob("*")]}

    before = state()
    assert run("scan", filled, "--no-tokens", cwd=filled).returncode == 0
    assert run("scan", filled, "--no-tokens", "--verify", cwd=filled).returncode == 0
    assert state() == before


# Nobody reads


@pytest.mark.parametrize("form", FORMATS)
def test_a_reader_that_leaves_ends_the_command_quietly(wide: Path, exosuit: Path, form: list[str]) -> None:
    process = scan_command(exosuit, wide, "--top", "400", *form)
    assert process.stdout is not None
    assert process.stdout.read(10)
    process.stdout.close()
    process.stdout = None
    _, errors = process.communicate(timeout=HANG)
    assert (process.returncode, errors) == (0, b"")


@pytest.mark.parametrize("form", FORMATS[:3:2])
def test_a_reader_that_was_never_there(filled: Path, exosuit: Path, form: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = plain([exosuit, "scan", filled, *form])
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=HANG)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("closed", ["1>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_streams_take_no_file_and_break_nothing(filled: Path, exosuit: Path, closed: str) -> None:
    manifest = filled.parent / "out.jsonl"
    script = f'exec "$0" scan "$1" --no-tokens --workers 2 --manifest "$2" {closed}'
    done = subprocess.run(
        ["sh", "-c", script, str(exosuit), str(filled), str(manifest)], capture_output=True, check=False, timeout=HANG
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert set(outcomes(manifest.read_bytes()).values()) == {"ingested"}


def test_names_on_a_closed_stdin_are_none(filled: Path, exosuit: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" scan --stdin0 --jsonl --no-tokens "$1" 0<&-', str(exosuit), str(filled)],
        capture_output=True,
        check=False,
        timeout=HANG,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.startswith(b"exosuit: warning: no names came on stdin")


# It cannot be written


@pytest.mark.parametrize("form", [*FORMATS[:3], None])
def test_a_full_stdout_is_one_clear_error(filled: Path, exosuit: Path, form: list[str] | None) -> None:
    command = plain([exosuit, "config", "show"] if form is None else [exosuit, "scan", filled, *form])
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=HANG)
    done.stdout = b""
    assert one_error(done) == f"exosuit: error: cannot write to stdout: {FULL}\n"


@pytest.mark.parametrize("name", ["missing/out.jsonl", "directory.jsonl", "out.csv", ""])
def test_a_manifest_that_cannot_be_written_is_found_out_before_the_scan(
    filled: Path, tmp_path: Path, run: RunExosuit, name: str
) -> None:
    (tmp_path / "directory.jsonl").mkdir()
    (tmp_path / "a.txt").touch()
    done = run("scan", filled, "--jsonl", "--manifest", f"{tmp_path}/{name}" if name else "")
    assert name in one_error(done)
    assert done.stdout == b""


def test_a_manifest_without_permission(filled: Path, tmp_path: Path, exosuit: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "out.jsonl").write_text("as it was\n")
    closed.chmod(0o500)
    command = [*UNPRIVILEGED, *plain([exosuit, "scan", filled, "--no-tokens", "--manifest", closed / "out.jsonl"])]
    done = subprocess.run(command, capture_output=True, check=False, timeout=HANG)
    closed.chmod(0o700)
    assert "no permission" in one_error(done)
    assert (closed / "out.jsonl").read_text() == "as it was\n"


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.zst", "parquet"])
def test_a_manifest_on_a_full_disk_leaves_the_old_one(
    filled: Path, tmp_path: Path, mounts: Mounts, run: RunExosuit, suffix: str
) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    small = mounts.tmpfs(tmp_path / "small", "size=8k")
    manifest = small / f"out.{suffix}"
    manifest.write_bytes(b"x" * 4000)
    (small / "ballast").write_bytes(b"x" * 4000)
    done = run("scan", filled, "--no-tokens", "--manifest", manifest)
    assert str(manifest) in one_error(done)
    assert FULL in done.stderr.decode()
    assert manifest.read_bytes() == b"x" * 4000
    assert sorted(os.listdir(small)) == ["ballast", manifest.name]


def test_a_manifest_over_the_limit_of_file_sizes(filled: Path, tmp_path: Path, exosuit: Path) -> None:
    manifest = tmp_path / "out.jsonl"
    arguments = plain([exosuit, "scan", filled, "--no-tokens", "--no-index", "--manifest", manifest])
    done = subprocess.run([*limited("RLIMIT_FSIZE", 100), *arguments], capture_output=True, check=False, timeout=HANG)
    assert os.strerror(errno.EFBIG) in one_error(done)
    assert not manifest.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_a_manifest_replaces_no_device(filled: Path, tmp_path: Path, run: RunExosuit) -> None:
    os.mkfifo(tmp_path / "fifo.jsonl")
    assert "not a regular file" in one_error(run("scan", filled, "--no-tokens", "--manifest", tmp_path / "fifo.jsonl"))
    assert (tmp_path / "fifo.jsonl").is_fifo()


@pytest.mark.parametrize("path", ["directory", "missing/log"])
def test_a_log_file_that_cannot_be_opened(filled: Path, tmp_path: Path, run: RunExosuit, path: str) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "a.txt").touch()
    done = run("scan", filled, "--log-file", tmp_path / path)
    assert str(tmp_path / path) in one_error(done)
    assert done.stdout == b""


def test_a_log_file_on_a_full_disk_is_told_and_the_report_still_printed(filled: Path, run: RunExosuit) -> None:
    done = run("scan", filled, "--jsonl", "--no-tokens", "--log-file", "/dev/full")
    assert one_error(done) == f"exosuit: error: cannot write the log file '/dev/full': {FULL}\n"
    assert len(outcomes(done.stdout)) == 10


def test_a_log_file_on_a_full_disk_hides_no_other_error(filled: Path, run: RunExosuit) -> None:
    done = run("scan", filled / "nothing", "--log-file", "/dev/full")
    assert done.returncode == 2
    first, second = done.stderr.decode().splitlines()
    assert "cannot read" in first
    assert "cannot write the log file" in second


def test_a_log_file_that_is_a_fifo_without_a_reader_is_refused(exosuit: Path, tree: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    done = subprocess.run(
        [exosuit, "scan", tree, "--log-file", tmp_path / "log"], capture_output=True, timeout=HANG, check=False
    )
    assert done.returncode == 2
    assert b"cannot write the log file" in done.stderr
    assert done.stderr.count(b"\n") == 1


# Links in the tree that lead elsewhere


OUTPUTS = {
    "chunk": ("chunk", "{tree}", "-o", "{output}"),
    "manifest": ("scan", "{tree}", "--manifest", "{output}"),
    "scan log": ("scan", "{tree}", "--log-file", "{output}"),
    "chunk log": ("chunk", "{tree}", "--log-file", "{output}"),
    "export": ("bench", "{tree}", "--aa", "--export", "json={output}"),
    "history": ("bench", "{tree}", "--aa", "--history", "{output}"),
    "bench log": ("bench", "{tree}", "--aa", "--log-file", "{output}"),
}


@pytest.mark.parametrize("way", ["the file", "a directory", "a link outside to the file"])
@pytest.mark.parametrize("command", OUTPUTS)
def test_no_output_is_written_through_a_link_in_the_tree(
    tree: Path, tmp_path: Path, run: RunExosuit, command: str, way: str
) -> None:
    (tree / "a.py").write_text("x = 1\n")
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = outside / "out.jsonl"
    victim.write_text("precious\n")
    output = tree / "out.jsonl"
    if way == "a directory":
        (tree / "out").symlink_to(outside)
        output = tree / "out" / "out.jsonl"
    else:
        output.symlink_to(victim)
        if way == "a link outside to the file":
            (tmp_path / "mine.jsonl").symlink_to(output)
            output = tmp_path / "mine.jsonl"
    arguments = [part.format(tree=tree, output=output) for part in OUTPUTS[command]]
    done = run(*arguments)
    assert done.returncode == 2
    errors = done.stderr.decode()
    assert errors.count("\n") == 1
    assert "is a symbolic link inside the tree that is read; name a file outside of the tree" in errors
    assert str(tree / ("out" if way == "a directory" else "out.jsonl")) in errors
    assert victim.read_text() == "precious\n"
    assert os.listdir(outside) == ["out.jsonl"]


def test_a_link_outside_of_the_tree_is_its_users_own(tree: Path, tmp_path: Path, run: RunExosuit) -> None:
    (tree / "a.py").write_text("x = 1\n")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "file.jsonl").symlink_to("there.jsonl")
    assert run("chunk", tree, "-o", tmp_path / "link" / "file.jsonl").returncode == 0
    assert (tmp_path / "real" / "there.jsonl").read_text().count("\n") == 1
    assert run("chunk", tree, "-o", tree / "plain.jsonl").returncode == 0  # no link: the tree's owner may have it there
    linked = tmp_path / "linked_tree"
    linked.symlink_to(tree)
    assert run("chunk", linked, "-o", linked / "plain.jsonl").returncode == 0  # the tree itself is named by a link
