"""The report as a person sees it, on terminals of any width."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.ingest import ScanOptions, ScanResult, scan
from exosuit_cli.report.terminal import LANGUAGES_SHOWN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SGR = re.compile(r"\x1b\[([0-9;]*)m")
PROGRESS = re.compile(r"\r[^\r\x1b]*\x1b\[K")


def on_a_terminal(command: Sequence[object], columns: int, **variables: str) -> str:
    """What a command writes to a terminal of that width, both its streams, without the live line."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    with subprocess.Popen(
        [os.fsencode(str(word)) for word in command],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**environment, "TERM": "xterm-256color", **variables},
    ) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 1 << 16)
            except OSError:  # EIO: the other side is closed
                break
            shown += piece
    os.close(master)
    assert process.returncode == 0, shown
    return PROGRESS.sub("", shown.decode().replace("\r\n", "\n"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of many languages under long names, with numbers of many digits."""
    base = tmp_path_factory.mktemp("shown") / "tree"
    long = base / ("directory " * 8).strip() / ("\N{CJK UNIFIED IDEOGRAPH-6F22}" * 30)
    long.mkdir(parents=True)
    for suffix in ("py", "c", "rs", "go", "js", "ts", "java", "rb", "php", "pl", "sh", "md", "txt", "css", "sql"):
        (base / f"file.{suffix}").write_text("word = 1\n" * 40)
    (long / "large.py").write_text("number = 123456789\n" * 60_000)
    shutil.copy(long / "large.py", base / "copy of the large one.py")
    (base / "[red]markup[bold].py").write_text("x = 1\n" * 9000)
    (base / "binary").write_bytes(bytes(10**5))
    return base


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_nothing_is_cut_at_any_width(exosuit: Path, tree: Path, columns: int) -> None:
    shown = SGR.sub("", on_a_terminal([exosuit, "scan", tree, "--no-index", "--tree"], columns))
    result = scan(tree, ScanOptions(use_index=False))
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    for position in result.largest(3):
        assert os.fsdecode(result.paths[position]) in shown
        assert f"{int(result.rows['tokens'][position]):,}" in shown
    for language in result.languages()[:LANGUAGES_SHOWN]:
        name = language.language or ("(binary)" if language.kind else "(other text)")
        row = next(line for line in shown.splitlines() if line.startswith(name + " "))
        assert f" {language.files:,} " in row
        if not language.kind:
            assert f" {language.lines:,} " in row
            assert f" {language.tokens:,} " in row
    assert result.tree_digest in shown
    assert f"{result.discovered:,} discovered = {len(result.paths):,} ingested + 0 skipped" in shown


def test_the_whole_report_is_there(exosuit: Path, tree: Path) -> None:
    shown = on_a_terminal([exosuit, "scan", tree, "--no-index", "--tree"], 200, NO_COLOR="1")
    for section in ("scan", "total", "tree", "duplicates", "ledger", "context", "speed", "memory"):
        assert re.search(rf"^{section}\b", SGR.sub("", shown), re.MULTILINE), section
    assert re.search(r"^ *tokens +size +largest files", SGR.sub("", shown), re.MULTILINE)
    assert re.search(r"^ *tokens +files +size +directory", SGR.sub("", shown), re.MULTILINE)


PROGRAM = """
import sys
from dataclasses import replace
from exosuit_cli.config import load_settings
from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.model.records import Outcome, Skip
from exosuit_cli.report.terminal import open_console, print_scan
options = ScanOptions(use_index=False, encoding=None if "plain" in sys.argv else "o200k_base")
result = scan(sys.argv[1], options)
if "partial" in sys.argv:
    result = replace(result, partial="SIGINT", skips=[Skip(b"x", Outcome.NOT_REACHED)])
if "unreadable" in sys.argv:
    skips = [Skip(b"%d\\n" % number, Outcome.UNREADABLE, "Permission denied") for number in range(25)]
    result = replace(result, skips=[Skip(b"", Outcome.UNREADABLE, "Input/output error", True), *skips])
if "empty" in sys.argv:
    result = replace(result, paths=[], rows=result.rows[:0])
if "estimated" in sys.argv:
    result.rows["estimated"][0] = 1
print_scan(open_console(), result, load_settings().settings.phases, 0, top=5, tree=True)
"""


def report(tree: Path, *what: str) -> str:
    command = [sys.executable, "-c", PROGRAM, os.fspath(tree), *what]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def test_colour_only_where_it_is_wanted(tree: Path) -> None:
    """NO_COLOR (no-color.org) takes colours; bold and dim are none."""
    command = [sys.executable, "-c", PROGRAM, tree, "unreadable", "plain"]
    assert "31" in SGR.findall(on_a_terminal(command, 100))
    assert set(SGR.findall(on_a_terminal(command, 100, NO_COLOR="1"))) <= {"0", "1", "2"}
    assert SGR.findall(on_a_terminal(command, 100, TERM="dumb")) == []
    plain = on_a_terminal([sys.executable, "-c", PROGRAM, tree, "plain"], 100)
    assert "\x1b[1mtotal       \x1b[0m19 files" in plain, "what is said is no label"
    assert "\x1b" not in report(tree, "unreadable", "plain")


def test_a_partial_report_says_so(tree: Path) -> None:
    assert "(partial: SIGINT)" in report(tree, "partial", "plain").splitlines()[0]


def test_unreadable_paths_are_listed_up_to_ten(tree: Path) -> None:
    shown = report(tree, "unreadable", "plain")
    assert "unreadable: .  Input/output error" in shown
    assert "unreadable: 8\\n  Permission denied" in shown
    assert "unreadable: 9\\n" not in shown
    assert "and 16 more; --jsonl lists all" in shown


def test_without_tokens_nothing_pretends_to_count_them(tree: Path) -> None:
    shown = report(tree, "plain")
    assert "tokens (" not in shown
    assert "context" not in shown
    assert not re.search(r"^ *0 +.*large\.py", shown, re.MULTILINE)


def test_estimates_are_told(tree: Path) -> None:
    assert "1 files estimated" in report(tree, "estimated")
    assert "estimated" not in report(tree)


def test_a_report_of_nothing(tree: Path) -> None:
    shown = report(tree, "empty")
    assert "0 files" in shown
    assert "largest files" not in shown


def test_languages_beyond_the_first_are_counted(tree: Path) -> None:
    result: ScanResult = scan(tree, replace(ScanOptions(use_index=False), encoding=None))
    assert f"and {len(result.languages()) - LANGUAGES_SHOWN} more" in report(tree, "plain")
