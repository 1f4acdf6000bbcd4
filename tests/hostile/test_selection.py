"""Ignore rules, configuration and arguments that are hostile, wrong or merely many."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.system.surroundings import WORKING_DIRECTORY_GONE

from .harness import HANG, scan_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .harness import Scanner

    RunExosuit = Callable[..., subprocess.CompletedProcess[bytes]]


def fill(tree: Path, *names: str) -> None:
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(f"{name}\n")


def one_error(done: subprocess.CompletedProcess[bytes], code: int) -> str:
    """The one line with which a command refused."""
    assert done.returncode == code, done.stderr
    assert done.stdout == b""
    line = done.stderr.decode()
    assert line.startswith("exosuit: error: ")
    assert line.count("\n") == 1
    return line


def test_a_rule_that_hides_everything_is_named(tree: Path, scan: Scanner) -> None:
    fill(tree, "a.txt", "sub/b.txt")
    (tree / ".gitignore").write_text("# a comment\n\n*\n")
    scanned = scan(tree)
    assert scanned.document["totals"]["files"] == 0
    expected = "0 files: every entry is ignored by .gitignore:3; give --no-ignore to have them"
    assert scanned.document["warnings"] == [expected]
    assert scanned.stderr == f"exosuit: warning: {expected}\n"
    assert scan(tree, "--no-ignore").document["totals"]["files"] == 3


def test_a_rule_from_above_that_hides_everything_is_named(tree: Path, scan: Scanner) -> None:
    fill(tree, "sub/b.txt", "sub/.git/HEAD")
    (tree / ".git").mkdir()
    (tree / ".git" / "info").mkdir()
    (tree / ".git" / "info" / "exclude").write_text("*.txt\n*\n")
    (tree / "sub" / ".git" / "HEAD").unlink()
    (tree / "sub" / ".git").rmdir()
    scanned = scan(tree / "sub")
    (warning,) = scanned.document["warnings"]
    assert warning.startswith("0 files: every entry is ignored by ")
    assert f"{tree}/.git/info/exclude:2;" in warning


def test_bad_lines_are_told_and_the_others_apply(tree: Path, scan: Scanner) -> None:
    fill(tree, "a.txt", "a.log", "b.tmp", "keep.log")
    lines = ["[", "*.log", "!", "[[:nothing:]]", "*.tmp", "/", "!keep.log", "trailing\\", "a" * 9000]
    (tree / ".gitignore").write_text("\n".join(lines) + "\n")
    scanned = scan(tree)
    assert scanned.outcomes() == {
        b".gitignore": "ingested",
        b"a.txt": "ingested",
        b"a.log": "ignored",
        b"b.tmp": "ignored",
        b"keep.log": "ingested",
    }
    assert scanned.records[b"a.log"]["detail"] == ".gitignore:2"
    problems = scanned.document["ignore_problems"]
    assert {problem["line"] for problem in problems} == {1, 3, 4, 6, 8, 9}
    assert scanned.stderr.count("\n") == len(problems)
    assert all(f".gitignore:{problem['line']}: {problem['why']}" in scanned.stderr for problem in problems)


def test_an_ignore_file_that_is_no_text_is_no_error(tree: Path, scan: Scanner) -> None:
    fill(tree, "a.txt", "sub/b.txt", "linked/c.txt", "fifo/d.txt", "directory/e.txt")
    (tree / ".gitignore").write_bytes(bytes(range(256)) * 300)
    (tree / "sub" / ".gitignore").write_bytes(b"\xff\xfe*\0.\0t\0x\0t\0")
    (tree / "linked" / ".gitignore").symlink_to("/etc/passwd")
    os.mkfifo(tree / "fifo" / ".gitignore")
    (tree / "directory" / ".gitignore").mkdir()
    scanned = scan(tree)
    files = {path for path, outcome in scanned.outcomes().items() if outcome == "ingested"}
    assert {b"a.txt", b"linked/c.txt", b"fifo/d.txt", b"directory/e.txt"} <= files
    assert "linked/.gitignore: not applied: a symbolic link" in scanned.stderr
    assert "fifo/.gitignore: not applied: not a regular file" in scanned.stderr
    assert "root:" not in scanned.stderr


def test_a_hundred_thousand_patterns(tree: Path, scan: Scanner) -> None:
    fill(tree, *(f"directory{number}/file{number}.txt" for number in range(50)))
    kinds = ("name{}.o", "*.ext{}", "pre{}*", "/rooted{}/*.c", "**/deep{}/**/x", "*in{}side*", "[ab]{}?", "!not{}")
    lines = [kinds[number % len(kinds)].format(number) for number in range(100_000)]
    (tree / ".gitignore").write_text("\n".join([*lines, "file7.txt"]) + "\n")
    scanned = scan(tree)
    assert scanned.records[b"directory7/file7.txt"]["detail"] == ".gitignore:100001"
    assert scanned.skipped == {"ignored": 1}
    assert scanned.document["ignore_problems"] == []


DENSE = {
    "sets": "[a-z]x{0}[0-9]*",
    "sets behind a star": "*[!a]q{0}",
    "sets in a row": "[a-c][d-f][g-i]{0}",
    "sets that are written out": "[ab][cd][ef][gh]{0}",
    "many directories": "{0}/" + "a/" * 100,
}
"""Patterns that would take a thousand bytes for each of theirs, with a number to fill in."""


@pytest.mark.parametrize("pattern", DENSE.values(), ids=DENSE)
def test_two_megabytes_of_patterns_take_little_memory(tree: Path, scan: Scanner, pattern: str) -> None:
    fill(tree, "file.txt", "xyz.py", "bx7z", "1/a/b")
    lines = (pattern.format(number) for number in range(2_000_000 // (len(pattern) + 3)))
    (tree / ".gitignore").write_text("\n".join(lines) + "\n*.txt\n")
    scanned = scan(tree, "--no-index")
    assert scanned.document["memory"]["ram"]["peak_bytes"] < 400 << 20
    assert scanned.outcome("file.txt") == "ignored"
    assert scanned.outcome("xyz.py") == "ingested"


def test_patterns_that_make_careless_matchers_explode(tree: Path, scan: Scanner) -> None:
    name = "a" * 200
    deep = "/".join(["d"] * 60)
    fill(tree, name, f"{deep}/{name}")
    patterns = ["**/" * 1000 + "b", "*a" * 100 + "b", "**/d/" * 60 + "**/c", "a**" * 100 + "?b", "*?" * 150 + "[b]"]
    patterns += ["*[ab]" * 100 + "c", "*[a-z]*a" * 50 + "[!a]", "[a-z]*" * 120 + "b"]
    (tree / ".gitignore").write_text("\n".join(patterns) + "\n")
    scanned = scan(tree)
    assert scanned.outcome(name) == scanned.outcome(f"{deep}/{name}") == "ingested"


def test_nothing_of_a_repository_is_run(tree: Path, scan: Scanner, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    script = tmp_path / "bin" / "git"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\necho $0 $@ >> {marker}\n")
    script.chmod(0o755)
    fill(tree, "a.txt", ".git/HEAD", ".git/hooks/post-checkout", ".git/hooks/fsmonitor-watchman")
    run = f"sh -c 'echo ran >> {marker}'"
    (tree / ".git" / "config").write_text(
        f'[core]\n fsmonitor = "{run}"\n hooksPath = .git/hooks\n excludesFile = {tmp_path}/excludes\n'
        f' sshCommand = "{run}"\n pager = "{run}"\n[filter "x"]\n clean = "{run}"\n[diff "x"]\n textconv = "{run}"\n'
        f'[alias]\n ls-files = "!{run}"\n[include]\n path = {tmp_path}/included\n'
    )
    (tmp_path / "excludes").write_text("a.txt\n")
    (tree / ".gitattributes").write_text("* filter=x diff=x\n")
    for hook in (tree / ".git" / "hooks").iterdir():
        hook.write_text(f"#!/bin/sh\n{run}\n")
        hook.chmod(0o755)
    before = tree_state(tree)
    scanned = scan(tree, env={"PATH": f"{script.parent}:{os.environ['PATH']}"})
    assert scanned.outcomes() == {b".git": "version_control", b".gitattributes": "ingested", b"a.txt": "ingested"}
    assert not marker.exists()
    assert tree_state(tree) == before


def tree_state(tree: Path) -> dict[str, tuple[int, int, int]]:
    """What a scan must leave as it was; times of access aside."""
    return {
        str(path): ((status := path.lstat()).st_mtime_ns, status.st_ctime_ns, stat.S_IMODE(status.st_mode))
        for path in [tree, *tree.rglob("*")]
    }


def test_the_scanned_trees_own_configuration_is_never_read(tree: Path, run: RunExosuit) -> None:
    fill(tree, "a.txt")
    hostile = json.dumps({"scan": {"encoding": "cl100k_base", "hash": "xxh3", "hidden": False}, "unknown": 1})
    names = ("token-upgrade-config.json", "config/token-upgrade-config.json", ".exosuit.json", "exosuit.toml")
    for name in (*names, ".config/exosuit/token-upgrade-config.json", "pyproject.toml", "setup.cfg", ".env"):
        fill(tree, name)
        (tree / name).write_text(hostile)
    (tree / "sitecustomize.py").write_text("raise SystemExit(99)\n")
    (tree / "numpy.py").write_text("raise SystemExit(99)\n")
    done = run("scan", ".", "--json", cwd=tree)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["encoding"], document["hash"]) == ("o200k_base", "blake3")
    assert document["totals"]["files"] == 11


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('{"scan": {"encodng": "o200k_base"}}', ("scan.encodng", "encoding")),
        ('{"scan": {"workers": "many"}}', ("scan.workers", "0", "1024")),
        ('{"scan": {"workers": -1}}', ("scan.workers", "0", "1024")),
        ('{"scan": {"workers": 1e99}}', ("scan.workers", "1024")),
        ('{"scan": {"max_file_size": "big"}}', ("scan.max_file_size", "0 B", "EiB")),
        ('{"current_phase": 9}', ("current_phase", "8")),
        ("encoding: o200k_base", ("not JSON",)),
        ("[1, 2]", ("object",)),
        ("\x00\xff", ()),
    ],
)
def test_a_wrong_configuration_names_file_key_and_range(
    tree: Path, tmp_path: Path, run: RunExosuit, content: str, named: tuple[str, ...]
) -> None:
    file = tmp_path / "wrong.json"
    file.write_bytes(content.encode("latin-1"))
    message = one_error(run("scan", tree, "--config", file), 2)
    assert all(part in message for part in (str(file), *named)), message


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["--encoding", "p50k"], 2, ("p50k", "o200k_base", "cl100k_base")),
        (["--hash", "md5"], 2, ("md5", "blake3", "xxh3")),
        (["--hash", "xxh3_64"], 2, ("xxh3_64", "blake3, xxh3")),
        (["--device", "gpu"], 2, ("gpu", "auto", "cpu", "cuda:")),
        (["--device", "cuda:999"], 6, ("cuda:999",)),
        (["--workers", "-1"], 2, ("-1", "0")),
        (["--max-file-size", "4 parsecs"], 2, ("4 parsecs", "0 B", "EiB")),
        (["--json", "--jsonl"], 2, ("--json", "--jsonl")),
        (["--include", "["], 2, ("--include", "[")),
        (["--no-index", "--verify"], 2, ("--verify", "--no-index")),
        (["--stdin0", "another"], 2, ("--stdin0",)),
        (["--config", "/nowhere/x.json"], 2, ("/nowhere/x.json",)),
    ],
)
def test_arguments_that_cannot_be_carried_out(
    tree: Path, run: RunExosuit, arguments: list[str], code: int, named: tuple[str, ...]
) -> None:
    fill(tree, "a.txt")
    message = one_error(run("scan", tree, *arguments), code)
    assert all(part in message for part in named), message


def test_settings_from_a_pipe_are_read_once(tree: Path, exosuit: Path) -> None:
    fill(tree, "a.txt")
    shell = f'{exosuit} scan {tree} --json --no-tokens --config <(echo \'{{"scan": {{"top": 1}}}}\')'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, timeout=HANG, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_cuda_device_is_a_demand(tree: Path, run: RunExosuit) -> None:
    """Where there is none; `auto` then says what it chose and why."""
    fill(tree, "a.txt")
    document = json.loads(run("scan", tree, "--json", "--no-tokens", "--device", "auto").stdout)["throughput"]
    if document["device"] != "cpu":
        pytest.skip("this machine has a CUDA device")
    assert document["device_reason"]
    assert "cuda:0" in one_error(run("scan", tree, "--device", "cuda:0"), 6)


@pytest.mark.parametrize("path", ["nothing", "a.txt/below", "", "dangling", "n" * 300, "x/" * 3000])
def test_a_path_that_is_not_there_is_named(tree: Path, run: RunExosuit, path: str) -> None:
    fill(tree, "a.txt")
    (tree / "dangling").symlink_to("nowhere")
    message = one_error(run("scan", path, cwd=tree), 2)
    assert f"cannot read '{path}'" in message


@pytest.mark.parametrize("paths", [["."], []], ids=["a dot", "no path"])
def test_a_working_directory_that_is_gone(tree: Path, exosuit: Path, paths: list[str]) -> None:
    leave = ("sh", "-c", 'rmdir "$0" && exec "$@"', str(tree))
    process = scan_command(exosuit, *paths, before=leave, cwd=tree)
    output, errors = process.communicate(timeout=HANG)
    tree.mkdir()
    assert (process.returncode, output) == (2, b"")
    assert errors.decode() == f"exosuit: error: cannot read '.': {WORKING_DIRECTORY_GONE}\n"


def test_a_file_as_path_is_scanned_as_such(tree: Path, scan: Scanner) -> None:
    fill(tree, "a.txt", "b.txt")
    (tree / ".gitignore").write_text("a.txt\n")
    assert scan(tree / "a.txt").outcomes() == {b"a.txt": "ingested"}


def test_an_empty_directory_has_no_files(tree: Path, scan: Scanner) -> None:
    scanned = scan(tree)
    assert scanned.records == {}
    assert scanned.document["warnings"] == []
    assert scan(tree).document["tree_digest"] == scanned.document["tree_digest"]


def test_each_file_once_however_often_it_is_named(tree: Path, scan: Scanner) -> None:
    fill(tree, "a.txt", "sub/b.txt", "sub/deep/c.txt")
    (tree / "link").symlink_to("sub")
    paths = [tree, tree, tree / "sub", tree / "sub" / "deep" / "..", tree / "sub" / "b.txt", tree / "link", f"{tree}//"]
    scanned = scan(*paths)
    assert scanned.outcomes() == {
        b"a.txt": "ingested",
        b"link": "symlink",
        b"sub/b.txt": "ingested",
        b"sub/deep/c.txt": "ingested",
    }
    assert scanned.document["totals"] == scan(tree).document["totals"]


def test_names_on_stdin_are_data(tree: Path, tmp_path: Path, run: RunExosuit) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    fill(outside, "secret.txt")
    fill(tree, "a.txt", "sub/b.txt")
    (tree / "link").symlink_to(outside)
    os.mkfifo(tree / "fifo")
    names = [b"a.txt", b"./a.txt", b"sub", b"sub/../a.txt", b"nothing", b"link", b"link/secret.txt", b"fifo", b""]
    done = run("scan", "--stdin0", "--jsonl", "--no-tokens", tree, input=b"\0".join(names))
    assert done.returncode == 7, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    outcomes = {record["path"]: record.get("skipped", "ingested") for record in records}
    assert len(outcomes) == len(records)
    secret = outcomes.pop("link/secret.txt", None)
    assert secret in (None, "symlink", "vanished", "unreadable")
    assert outcomes == {
        "a.txt": "ingested",
        "sub/b.txt": "ingested",
        "nothing": "vanished",
        "link": "symlink",
        "fifo": "special",
    }
    assert "outside" in one_error(run("scan", "--stdin0", tree, input=b"../outside/secret.txt"), 2)
