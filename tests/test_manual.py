"""`exosuit manual`: topics inside the package, with tables that are made from the declarations."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.commands.manual import list_topics, read_topic
from exosuit_cli.config import FIELDS
from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.model.errors import MEANINGS, ExitCode, UsageError
from exosuit_cli.report.bench.exports import EXPORTS
from exosuit_cli.report.manual.tables import TABLES
from exosuit_cli.syntax.grammars import GRAMMARS

if TYPE_CHECKING:
    from pathlib import Path

TOPICS = [topic.name for topic in list_topics()]


_pages: dict[str, str] = {}


def _page(run: Any, topic: str) -> str:
    """As it is printed into a pipe; once a run of the tests."""
    if topic not in _pages:
        done = run("manual", topic)
        assert done.returncode == 0, done.stderr.decode()
        _pages[topic] = done.stdout.decode()
    return _pages[topic]


def test_prose_of_the_pages_is_wrapped(project: Path) -> None:
    long = []
    for page in sorted((project / "exosuit_cli" / "manual").glob("*.md")):
        prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        long += [f"{page.name}: {line}" for line in prose.splitlines() if len(line) > 124 and not line.startswith("|")]
    assert long == []


def test_topics_are_listed_one_a_line(run: Any) -> None:
    lines = run("manual").stdout.decode().splitlines()
    assert [line.split()[0] for line in lines[: len(TOPICS)]] == TOPICS
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_is_whole(run: Any, topic: str) -> None:
    page = _page(run, topic)
    assert page.startswith(f"# {topic}: ")
    assert not re.search(r"^\{.*\}$", page, re.MULTILINE), "a placeholder was not filled in"
    assert not re.search(r"\]\((?!https?:)", page), "a link that leads nowhere from a terminal"


def _commands(run: Any) -> list[list[str]]:
    """Every command and subcommand, as the help lists them."""
    found = []
    for name in _names(run("--help", env=os.environ | {"COLUMNS": "200"})):
        below = _names(run(name, "--help", env=os.environ | {"COLUMNS": "200"}))
        found += [[name, word] for word in below] or [[name]]
    return [*found, ["bench", "history"], ["bench", "compare"], ["bench", "report"]]


def _names(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    _, _, listed = done.stdout.decode().partition("─ Commands ")
    return re.findall(r"^│ ([a-z]+)  ", listed, re.MULTILINE)


def test_every_option_of_every_command_is_in_the_manual(run: Any) -> None:
    commands = _commands(run)
    assert {words[0] for words in commands} == {
        "scan",
        "chunk",
        "query",
        "outline",
        "related",
        "pack",
        "mcp",
        "context",
        "phase",
        "bench",
        "profile",
        "device",
        "config",
        "manual",
    }
    seen = 0
    for words in commands:
        shown = run(*words, "--help", env=os.environ | {"COLUMNS": "200"}).stdout.decode()
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", shown))
        page = _page(run, words[0])
        missing = sorted(option for option in options if not re.search(rf"`{option}[ `]", page))
        assert not missing, words
        seen += len(options)
    assert seen > 80


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_in_the_manual(run: Any, code: ExitCode) -> None:
    assert re.search(rf"^\| {code.value} \| {re.escape(MEANINGS[code])} \|$", _page(run, "exit-codes"), re.MULTILINE)


def test_what_is_declared_is_in_the_manual(run: Any) -> None:
    assert all(f"| `{name}` |" in _page(run, "bench") for name in (*EXPORTS, *METRICS))
    assert ", ".join(sorted(GRAMMARS)) in _page(run, "chunk").replace("\n", " ")
    config = _page(run, "config")
    assert all(f"| `{key}` |" in config for key in FIELDS if key.startswith("scan."))
    assert "| `phases.N.token_limit` |" in config


def test_every_schema_is_in_the_manual(run: Any, project: Path) -> None:
    names = {path.name for path in (project / "exosuit_cli" / "report" / "schemas").iterdir()}
    assert set(re.findall(r"^\| `(\S+\.schema\.json)` \|", _page(run, "formats"), re.MULTILINE)) == names


def test_an_option_is_documented_once_it_is_declared(run: Any) -> None:
    """The row has the flag, the words of the help, and the default of the setting."""
    page = _page(run, "scan")
    assert re.search(r"^\| `--workers N` \| .+ \| `0` \|$", page, re.MULTILINE)
    assert re.search(r"^\| `--hidden`, `--no-hidden` \| .+ \| `--hidden` \|$", page, re.MULTILINE)
    assert re.search(r"^\| `--include GLOB` \| .*repeatable.* \|  \|$", page, re.MULTILINE)


@pytest.mark.parametrize(("typed", "meant"), [("scam", "scan"), ("Chunk", "chunk"), ("exit-code", "exit-codes")])
def test_an_unknown_topic_names_the_nearest(run: Any, typed: str, meant: str) -> None:
    done = run("manual", typed)
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"did you mean {meant}".encode() in done.stderr


def test_a_topic_is_no_path(run: Any) -> None:
    done = run("manual", "../manual/scan")
    assert done.returncode == 2
    with pytest.raises(UsageError, match="lists the topics"):
        read_topic("/etc/passwd", TABLES)


def test_a_reader_that_leaves(exosuit: Path) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{exosuit} manual bench | head -n 1"], capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout.count(b"\n"), done.stderr) == (0, 1, b"")


@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_gets_a_rendered_page(exosuit: Path, colour: bool) -> None:
    environ = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80"} | ({} if colour else {"NO_COLOR": "1"})
    ours, theirs = pty.openpty()
    with subprocess.Popen([exosuit, "manual", "exit-codes"], stdout=theirs, env=environ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
    assert process.returncode == 0
    assert "internal error" in shown.decode()
    assert b"|---|" not in shown
    assert (re.search(rb"\x1b\[[\d;]*3\d", shown) is not None) is colour
