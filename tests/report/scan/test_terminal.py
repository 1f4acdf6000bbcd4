"""The report as a person sees it, on terminals of any width."""

from __future__ import annotations

import fcntl
import io
import itertools
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from exosuit_cli.chunk import ChunkOptions
from exosuit_cli.config import load_settings
from exosuit_cli.index.storage import FINE_SLACK_NS
from exosuit_cli.ingest import ScanOptions, ScanResult, chunk, scan
from exosuit_cli.model.records import Outcome, Skip
from exosuit_cli.report.chunk.jsonl import JsonlRenderer, JsonlSink
from exosuit_cli.report.chunk.terminal import print_chunks
from exosuit_cli.report.scan.terminal import LANGUAGES_SHOWN, print_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from warm import WarmProcess

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


@pytest.fixture
def exosuit(warm_exosuit: str) -> str:
    """What is started here is only looked at."""
    return warm_exosuit


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
def test_nothing_is_cut_at_any_width(exosuit: str, tree: Path, columns: int) -> None:
    shown = SGR.sub("", on_a_terminal([exosuit, "scan", tree, "--no-index", "--tree"], columns))
    result = scan(tree, ScanOptions(use_index=False))
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    for position in result.largest(3):
        assert os.fsdecode(result.paths[position]) in shown
        assert f"{int(result.rows['tokens'][position]):,}" in shown
    for language in result.languages()[:LANGUAGES_SHOWN]:
        name = language.language or ("(binary)" if language.kind else "(other text)")
        # On a narrow terminal a row goes on in a further table, after its first column.
        row = " ".join(line for line in shown.splitlines() if line.startswith(name + " ")) + " "
        assert f" {language.files:,} " in row
        if not language.kind:
            assert f" {language.lines:,} " in row
            assert f" {language.tokens:,} " in row
    assert result.tree_digest in shown
    words = " ".join(shown.split())
    assert f"{result.discovered:,} discovered = {len(result.paths):,} ingested + 0 skipped" in words


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_no_number_is_broken(exosuit: str, tree: Path, columns: int) -> None:
    """Neither by the terminal, within its digits, nor from its unit by a line that the report itself breaks."""
    for command in (
        ["scan", tree, "--no-index", "--tree", "--top", "3"],
        ["chunk", tree, "--stats", "-v", "-o", os.devnull],
    ):
        lines = SGR.sub("", on_a_terminal([exosuit, *command], columns)).splitlines()
        for line, following in itertools.pairwise(lines):
            if not line.startswith(("scan ", "chunk ", "tree ")) and "directory" not in line:  # a path, a digest
                for edge in range(columns, len(line), columns):
                    assert not re.fullmatch(r"[0-9.,%]{2}", line[edge - 1 : edge + 1]), line
            if re.match(r" {12}\S", following):
                assert not re.search(r"[0-9]$", line), f"{line!r} goes on with {following!r}"


def test_a_short_tree_gets_a_short_report(exosuit: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    shown = subprocess.run([exosuit, "scan", tmp_path, "--no-index"], capture_output=True, check=True, text=True).stdout
    assert "file        a.py  (Python)\n" in shown
    for absent in ("language", "largest files", "duplicates", "group", "vram", "shared", "nvme"):
        assert not re.search(rf"\b{absent}\b", shown), absent
    assert shown.count("NVIDIA") <= 1
    assert len(shown.splitlines()) <= 16
    (tmp_path / "b.bin").write_bytes(bytes(9))
    both = subprocess.run([exosuit, "scan", tmp_path, "--no-index"], capture_output=True, check=True, text=True).stdout
    assert re.search(r"^\(binary\) ", both, re.MULTILINE)
    assert "duplicates" not in both


def test_a_chunk_report_says_why_its_tokens_are_not_those_of_scan(exosuit: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"word{number} another line of text\n" for number in range(500)))
    scanned = scan(tmp_path, ScanOptions(use_index=False)).totals.tokens
    command = [exosuit, "chunk", tmp_path, "--stats", "-o", os.devnull, "--max-tokens", "64"]
    plain, overlapping = (
        " ".join(subprocess.run([*command, *more], capture_output=True, check=True, text=True).stdout.split())
        for more in ([], ["--overlap", "16"])
    )
    assert f"{scanned:,} tokens (o200k_base)" in plain
    assert "in whole files" not in plain
    assert f"scan counts {scanned:,} tokens, in whole files: overlaps count twice" in overlapping


def test_the_whole_report_is_there(exosuit: str, tree: Path) -> None:
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
from exosuit_cli.report.console import open_console
from exosuit_cli.report.scan.terminal import print_scan
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
current = 3 if "chosen" in sys.argv else None
print_scan(open_console(), result, load_settings().settings.phases, current, top=5, tree=True)
"""


@pytest.fixture
def report(warm_process: WarmProcess, tmp_path: Path, tree: Path) -> Callable[..., str]:
    """What the program prints into a pipe."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)

    def printed(*what: str) -> str:
        done = warm_process.run([os.fsencode(tree), *map(str.encode, what)], "/", os.environ, script=str(script))
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout.decode()

    return printed


def test_colour_only_where_it_is_wanted(tree: Path, report: Callable[..., str]) -> None:
    """NO_COLOR (no-color.org) takes colours; bold and dim are none."""
    command = [sys.executable, "-c", PROGRAM, tree, "unreadable", "plain"]
    assert "31" in SGR.findall(on_a_terminal(command, 100))
    assert set(SGR.findall(on_a_terminal(command, 100, NO_COLOR="1"))) <= {"0", "1", "2"}
    assert SGR.findall(on_a_terminal(command, 100, TERM="dumb")) == []
    plain = on_a_terminal([sys.executable, "-c", PROGRAM, tree, "plain"], 100)
    assert "\x1b[1mtotal       \x1b[0m19 files" in plain, "what is said is no label"
    assert "\x1b" not in report("unreadable", "plain")


def test_a_partial_report_says_so(report: Callable[..., str]) -> None:
    assert "(partial: SIGINT)" in report("partial", "plain").splitlines()[0]


def test_unreadable_paths_are_listed_up_to_ten(report: Callable[..., str]) -> None:
    shown = report("unreadable", "plain")
    assert "unreadable: .  Input/output error" in shown
    assert "unreadable: 8\\n  Permission denied" in shown
    assert "unreadable: 9\\n" not in shown
    assert "and 16 more; --jsonl lists all" in shown


def test_without_tokens_nothing_pretends_to_count_them(report: Callable[..., str]) -> None:
    shown = report("plain")
    assert "tokens (" not in shown
    assert "context" not in shown
    assert not re.search(r"^ *0 +.*large\.py", shown, re.MULTILINE)


def test_a_current_phase_is_named_once_one_is_set(report: Callable[..., str]) -> None:
    assert re.search(r"^context +fits phase \d \(\w+\) and up$", report(), re.MULTILINE)
    assert "current" not in report()
    assert re.search(r"^context +fits .* and up; current phase 3 \(1M\): .* tokens ", report("chosen"), re.MULTILINE)


def test_estimates_are_told(report: Callable[..., str]) -> None:
    assert ", 1 file estimated" in report("estimated")
    assert "estimated" not in report()


def test_a_report_of_nothing(report: Callable[..., str]) -> None:
    shown = report("empty")
    assert "0 files" in shown
    assert "largest files" not in shown


def test_languages_beyond_the_first_are_counted(tree: Path, report: Callable[..., str]) -> None:
    result: ScanResult = scan(tree, replace(ScanOptions(use_index=False), encoding=None))
    assert f"and {len(result.languages()) - LANGUAGES_SHOWN} more" in report("plain")


# Lines that are broken between words


def rendered(show: Callable[[Console], None], columns: int) -> list[str]:
    file = io.StringIO()
    show(Console(file=file, width=columns, highlight=False, emoji=False, markup=False))
    return file.getvalue().splitlines()


def shows(tree: Path) -> Iterator[Callable[[Console], None]]:
    """Reports of real runs, and of results with more to tell."""
    phases = load_settings().settings.phases
    for options in (ScanOptions(use_index=False), ScanOptions(use_index=False, encoding=None, hash="xxh3")):
        scanned = scan(tree, options)
        busy = replace(scanned.throughput, worker_deaths=3, index_hits=10**6, bytes_read=10**9, workers=64)
        skips = [Skip(b"%d" % number, outcome) for number, outcome in enumerate(Outcome) if outcome]
        for result in (scanned, replace(scanned, throughput=busy, skips=skips, verify_failures=[0])):
            yield lambda console, result=result: print_scan(console, result, phases, 0, top=3, tree=True)
    for boundaries in ("structure", "ast"):
        chunking = ChunkOptions(boundaries=boundaries, max_tokens=1 << 20 if boundaries == "ast" else 512)
        renderer = JsonlRenderer(with_text=False)
        chunked = chunk(tree, chunking, ScanOptions(), renderer=renderer, sink=JsonlSink(io.BytesIO(), renderer))
        for detailed in (False, True):
            yield lambda console, found=chunked, how=chunking, detailed=detailed: print_chunks(
                console, found, how, detailed=detailed
            )


def test_at_eighty_columns_no_word_is_broken(tmp_path: Path) -> None:
    for number, suffix in enumerate(("py", "c", "rst", "txt", "sql", "ini", "kt", "yaml", "pl", "log", "vim", "html")):
        (tmp_path / f"f{number}.{suffix}").write_text("def f(:\n<< word\n" * 10 + "word = 1234\n" * 10_000)
    (tmp_path / "unknown").write_text("word\n")
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(bytes(100))
    for show in shows(tmp_path):
        wide, narrow, narrower = (rendered(show, columns) for columns in (1000, 80, 40))
        assert [line for line in narrow if len(line) > 80 and os.fspath(tmp_path) not in line] == []
        assert any(len(line) > 80 for line in wide), "there is something to break"
        for lines in (narrow, narrower):
            assert " ".join(lines).split() == " ".join(wide).split()
            assert [line for line in lines if line.endswith(" ")] == []


def test_no_rate_of_work_that_was_not_done(exosuit: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n" * 1000)
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    command = [exosuit, "scan", tmp_path]
    first, again = (subprocess.run(command, capture_output=True, check=True, text=True).stdout for _ in range(2))
    assert re.search(r"^speed .* files/s, [0-9.]+ [kM]B/s, [0-9.]+ [kM]tokens/s$", first, re.MULTILINE)
    assert re.search(r"^speed .* files/s from the index, nothing was read$", again, re.MULTILINE)
    document = json.loads(subprocess.run([*command, "--json"], capture_output=True, check=True).stdout)["throughput"]
    assert (document["bytes_per_s"], document["tokens_per_s"]) == (None, None)
    assert document["rates_reason"] == "nothing was read: the index knew the files"


def test_the_details_of_a_run_are_for_those_who_ask(exosuit: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b").touch()
    (tmp_path / "c").write_bytes(bytes(9))
    calm, detailed = (
        on_a_terminal([exosuit, "chunk", tmp_path, "--stats", *more], 80, NO_COLOR="1") for more in ([], ["-v"])
    )
    assert "CPU s" not in calm
    assert "memory" not in calm
    assert "1 chunk of 2 text files" in calm
    assert "3 ingested = 2 text (1 of them empty) + 1 binary" in calm
    assert "CPU s" in detailed
    assert "peak PSS" in detailed


def test_what_could_not_be_read_is_listed_where_it_is_said(tmp_path: Path, exosuit: str) -> None:
    names = b"".join(b"gone%d\0" % number for number in range(12))
    command = [exosuit, "chunk", tmp_path, "--stdin0", "--stats"]
    done = subprocess.run(command, input=names, capture_output=True, check=False)
    assert done.returncode == 7
    assert b"and 2 more; --stats --json lists all" in done.stdout
    done = subprocess.run([*command, "--json"], input=names, capture_output=True, check=False)
    assert len(json.loads(done.stdout)["unreadable"]) == len(json.loads(done.stdout)["skips"]) == 12
    assert b"12 paths could not be read, the first: gone0: vanished" in done.stderr
