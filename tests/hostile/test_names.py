"""Names that are no text, that act on a terminal, that are very long, deep, many, or equal to a careless eye."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.index.storage import FINE_SLACK_NS

from .harness import HANG, UNPRIVILEGED, Scanner, limited, plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    RunExosuit = Callable[..., subprocess.CompletedProcess[bytes]]

SHOWN = {
    b"new\nline.txt": r"new\nline.txt",
    b"return\rover.txt": r"return\rover.txt",
    b"tab\tbed": r"tab\tbed",
    b"escape\x1b[31mred": r"escape\x1b[31mred",
    b"bell\x07": r"bell\x07",
    b"delete\x7f": r"delete\x7f",
    b"[red]markup[!]": "[red]markup[!]",
    b"[bold]": "[bold]",
    b":smile:": ":smile:",
    "bidi\u202egnp.exe".encode(): r"bidi\u202egnp.exe",
    "isolate\u2066x".encode(): r"isolate\u2066x",
    "zero\u200bwidth".encode(): r"zero\u200bwidth",
    "c1\x9b31m".encode(): r"c1\x9b31m",
    "separator\u2028x".encode(): r"separator\u2028x",
    b"bad\xff\xfe.txt": r"bad\xff\xfe.txt",
    b"latin\xe9.py": r"latin\xe9.py",
    b"surrogate\xed\xa0\x80": r"surrogate\xed\xa0\x80",
    b"overlong\xc0\xaf": r"overlong\xc0\xaf",
    b"-rf": "-rf",
    b"--help": "--help",
    b" space ": " space ",
    "na\u00efve.txt".encode(): "na\u00efve.txt",
    "\U0001f600".encode(): "\U0001f600",
    b"x" * 255: "x" * 255,
}
"""Names, and how a terminal shows them."""

CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]")
"""Control characters but the line feed, and what directs the flow of text."""


@pytest.fixture
def named(tree: Path) -> Path:
    for number, name in enumerate(SHOWN):
        with open(os.path.join(os.fsencode(tree), name), "wb") as file:
            file.write(b"%d\n" % number)
    return tree


def test_a_terminal_shows_every_name_and_obeys_none(named: Path, run: RunExosuit) -> None:
    done = run("scan", named, "--no-tokens", "--top", "100", "--tree")
    assert done.returncode == 0
    assert CONTROL.search(done.stdout) is None
    lines = done.stdout.decode().splitlines()
    for shown in SHOWN.values():
        assert any(line.endswith(f"  {shown}") for line in lines), shown


def test_a_coloured_terminal_interprets_no_markup(named: Path, run: RunExosuit) -> None:
    env = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    env.pop("NO_COLOR", None)
    done = run("scan", named, "--no-tokens", "--top", "100", env=env)
    assert b"\x1b[1m" in done.stdout, "the report is styled"
    assert b"[red]markup[!]" in done.stdout
    styles_removed = re.sub(rb"\x1b\[[0-9;]*m", b"", done.stdout)
    assert CONTROL.search(styles_removed) is None
    assert rb"escape\x1b[31mred" in done.stdout


def test_json_holds_every_name_exactly(named: Path, scan: Scanner) -> None:
    scanned = scan(named)
    assert set(scanned.records) == set(SHOWN)
    for name, record in scanned.records.items():
        try:
            assert (record["path"], record.get("path_b64")) == (name.decode(), None)
        except UnicodeDecodeError:
            assert record["path"] == name.decode("utf-8", "backslashreplace")
            assert "path_b64" in record


def test_jsonl_is_one_line_of_ascii_a_path(named: Path, run: RunExosuit) -> None:
    lines = run("scan", named, "--jsonl", "--no-tokens").stdout.decode("ascii").splitlines()
    assert len(lines) == len(SHOWN)
    assert all(json.loads(line)["path"] for line in lines)


def test_the_index_keeps_every_name(named: Path, scan: Scanner) -> None:
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)  # what is younger is read again
    first = scan(named)
    second = scan(named)
    assert second.document["throughput"]["index_hits"] == len(SHOWN)
    assert second.records == first.records


@pytest.mark.parametrize("variables", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "LC_ALL": "C"}])
def test_a_terminal_that_knows_ascii_only(named: Path, run: RunExosuit, variables: dict[str, str]) -> None:
    done = run(
        "scan", named, "--no-tokens", "--top", "100", env={**os.environ, "PYTHONCOERCECLOCALE": "0", **variables}
    )
    assert done.returncode == 0, done.stderr
    assert rb"bidi\u202egnp.exe" in done.stdout
    assert CONTROL.search(done.stdout) is None


def test_messages_escape_names_too(tree: Path, run: RunExosuit, tmp_path: Path) -> None:
    directory = os.path.join(os.fsencode(tree), b"bad\xff\x1b[31m[red]\nline")
    os.mkdir(directory)
    with open(os.path.join(directory, b".gitignore"), "wb") as file:
        file.write(b"[\x1b0;title\x07\n")
    done = run("scan", tree, "--no-tokens", "--log-file", tmp_path / "log")
    assert done.returncode == 0
    assert CONTROL.search(done.stderr) is None
    assert done.stderr.startswith(rb"exosuit: warning: bad\xff\x1b[31m[red]\nline/.gitignore:1: ")
    assert all(json.loads(line) for line in (tmp_path / "log").read_bytes().splitlines())
    missing = run("scan", directory + b"/nothing")
    assert missing.returncode == 2
    assert CONTROL.search(missing.stderr) is None
    assert missing.stderr.count(b"\n") == 1


def test_an_unreadable_name_is_escaped_in_the_report(tree: Path, exosuit: Path) -> None:
    path = os.path.join(os.fsencode(tree), b"\x1b]0;title\x07[red]")
    with open(path, "wb"):
        pass
    os.chmod(path, 0)
    command = [*UNPRIVILEGED, *plain([exosuit, "scan", tree, "--no-tokens"])]
    done = subprocess.run(command, capture_output=True, timeout=HANG, check=False)
    assert done.returncode == 7
    assert rb"unreadable: \x1b]0;title\x07[red]  Permission denied" in done.stdout
    assert CONTROL.search(done.stdout) is None


def test_names_equal_after_folding_or_normalisation_are_apart(tree: Path, scan: Scanner) -> None:
    names = ["README", "readme", "ReadMe", "\u00e9.txt", "e\u0301.txt", "\ufb01le", "file", "stra\u00dfe", "strasse"]
    for name in names:
        (tree / name).write_text(name)
    if len(os.listdir(tree)) < len(names):
        pytest.skip("this file system folds names")
    scanned = scan(tree)
    assert set(scanned.records) == {name.encode() for name in names}
    assert len({record["blake3"] for record in scanned.records.values()}) == len(names)


def make_deep(top: Path, name: bytes, levels: int) -> bytes:
    """Nest directories below `top`, with a file in the last; the path of that file relative to `top`."""
    current = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=current)
        below = os.open(name, os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = below
    for file, content in ((b".gitignore", b"*.log\n"), (b"end.txt", b"end\n"), (b"end.log", b"no\n")):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, dir_fd=current)
        os.write(descriptor, content)
        os.close(descriptor)
    os.close(current)
    return b"/".join([name] * levels)


@pytest.mark.parametrize(("name", "levels"), [(b"d", 2000), (b"n" * 200, 60)])
def test_a_path_of_any_depth_and_length(tree: Path, scan: Scanner, name: bytes, levels: int) -> None:
    deep = make_deep(tree, name, levels)
    expected = {deep + b"/.gitignore": "ingested", deep + b"/end.txt": "ingested", deep + b"/end.log": "ignored"}
    assert levels == 2000 or len(deep) > 4096 * 2
    few = limited("RLIMIT_NOFILE", 32)
    scanned = scan(tree, before=few)
    assert scanned.outcomes() == expected
    assert scanned.document["ledger"]["directories"] == levels + 1
    again = scan(tree, before=few)
    assert again.records == scanned.records
    # A new file at the bottom has the rules of the whole way applied, whose directories stand in the index.
    bottom = descend(tree, name, levels)
    os.close(os.open(b"new.log", os.O_WRONLY | os.O_CREAT, dir_fd=bottom))
    os.close(bottom)
    assert scan(tree, before=few).outcomes() == {**expected, deep + b"/new.log": "ignored"}


def descend(top: Path, name: bytes, levels: int) -> int:
    current = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        below = os.open(name, os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = below
    return current


@pytest.mark.parametrize("workers", [1, 2])
def test_hard_links_are_read_once_and_all_recorded(tree: Path, scan: Scanner, workers: int) -> None:
    (tree / "a").mkdir()
    (tree / "z").mkdir()
    content = b"#!/bin/sh\n" + b"echo linked\n" * 1000
    (tree / "a" / "tool").write_bytes(content)
    for name in ("a/tool.py", "z/tool.rb", "z/tool", "z/another"):
        (tree / name).hardlink_to(tree / "a" / "tool")
    (tree / "alone.txt").write_text("alone\n")
    scanned = scan(tree, "--workers", workers, "--no-index")
    assert scanned.document["throughput"]["bytes_read"] <= 3 * len(content) + 6  # once for each extension
    assert scanned.document["totals"]["bytes"] == 5 * len(content) + 6
    languages = {path: scanned.records[path]["language"] for path in scanned.records}
    assert languages == {
        b"a/tool": "Shell",
        b"a/tool.py": "Shell",
        b"z/tool.rb": "Shell",
        b"z/tool": "Shell",
        b"z/another": "Shell",
        b"alone.txt": "Text",
    }
    assert len({record["blake3"] for path, record in scanned.records.items() if path != b"alone.txt"}) == 1


def test_equal_names_for_one_file_are_read_exactly_once(tree: Path, scan: Scanner) -> None:
    (tree / "a.txt").write_bytes(b"linked\n" * 1000)
    for number in range(2000):
        (tree / f"{number}.txt").hardlink_to(tree / "a.txt")
    scanned = scan(tree, "--no-index")
    assert scanned.document["ledger"]["ingested"] == 2001
    assert scanned.document["throughput"]["bytes_read"] == 7000


def test_many_pairs_of_hard_links_take_linear_time(memory_tree: Path, scan: Scanner) -> None:
    (memory_tree / "a").mkdir()
    (memory_tree / "b").mkdir()
    for number in range(5_000):
        (memory_tree / "a" / f"{number}.txt").write_bytes(b"x")
        (memory_tree / "b" / f"{number}.txt").hardlink_to(memory_tree / "a" / f"{number}.txt")
    scanned = scan(memory_tree, "--no-index")
    assert scanned.document["ledger"]["ingested"] == 10_000
    assert scanned.document["throughput"]["bytes_read"] == 5_000


def test_a_hundred_thousand_files_in_one_directory(memory_tree: Path, run: RunExosuit) -> None:
    directory = os.open(memory_tree, os.O_RDONLY)
    for number in range(100_000):
        os.mknod(b"%d" % number, dir_fd=directory)
    os.close(directory)
    document = json.loads(run("scan", memory_tree, "--json", "--no-index", "--no-tokens").stdout)
    assert document["ledger"] == {"discovered": 100_000, "ingested": 100_000, "skipped": {}, "directories": 1}
    assert document["memory"]["ram"]["peak_bytes"] < 512 << 20
