"""What reaches a terminal: text, line breaks and exosuit's own colours, and nothing that a tree has in its files."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.system.names import display_json

from .harness import HANG, plain

if TYPE_CHECKING:
    from pathlib import Path

ACTS = "\x1b]0;title\x07 \x1b[2J \x07 \x08 \x7f \x9b2J \x85 \u202e \u2066 \u2069 \u200b \u200f \ufeff \u2028 \u2029"
"""Escapes, controls of both kinds, direction overrides and isolates, characters without width, separators of lines."""
NAME = ACTS.replace("/", "")
STYLE = re.compile(r"\x1b\[[0-9;]*[mK]")


def on_terminal(*command: object) -> str:
    """What a command writes to the terminal that both its streams are."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(plain(command), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 1 << 16):
                parts.append(part)
        except OSError:  # the last writer has closed it
            pass
        finally:
            os.close(ours)
        process.wait(HANG)
    return b"".join(parts).decode()


def acting(shown: str) -> set[str]:
    """The characters of an output that do more than show themselves."""
    text = STYLE.sub("", shown)
    return {character for character in text if not character.isprintable()} - {"\n", "\r"}


@pytest.fixture
def exosuit(warm_exosuit: str) -> str:
    """What is started here is only looked at."""
    return warm_exosuit


@pytest.fixture
def acts(tree: Path) -> Path:
    """Hostile text wherever a tree can have some: in names, in ignore rules, in lines that are wrong, in content."""
    below = tree / NAME
    below.mkdir()
    (below / ".gitignore").write_text(f"ignored*\n[{ACTS}\n", encoding="utf-8")
    (below / f"ignored {NAME}").write_text("x\n")
    (below / f"text {NAME}.py").write_text(f"# {ACTS}\nx = 1\n", encoding="utf-8")
    (below / f"binary {NAME}").write_bytes(b"\0\x9b\x1b")
    (tree / "a.md").write_text(f"# {ACTS}\n\n{ACTS}\n", encoding="utf-8")
    return tree


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "--tree"),
        ("scan", "--json"),
        ("scan", "--jsonl"),
        ("scan", "--exclude", f"a{ACTS}", "--verify"),
        ("chunk",),
        ("chunk", "--stats"),
        ("chunk", "--stats", "--json"),
        ("chunk", "--format", "jsonl", "--no-text"),
    ],
)
def test_nothing_of_a_tree_acts_on_a_terminal(acts: Path, exosuit: str, arguments: tuple[str, ...]) -> None:
    shown = on_terminal(exosuit, *arguments, acts)
    assert acting(shown) == set()
    assert "\\x1b" in shown or "\\u001b" in shown


def test_chunks_on_a_terminal_are_the_same_json(acts: Path, exosuit: str) -> None:
    plainly = subprocess.run([exosuit, "chunk", acts], capture_output=True, check=True, timeout=HANG).stdout.decode()
    shown = [line for line in on_terminal(exosuit, "chunk", acts).splitlines() if line.startswith("{")]
    assert [json.loads(line) for line in shown] == [json.loads(line) for line in plainly.split("\n") if line]
    assert acting(plainly)  # a program gets the text as it is


@pytest.mark.parametrize(
    "arguments",
    [("scan", NAME), ("chunk", NAME), ("bench", NAME), ("config", "show", "--config", NAME), ("manual", NAME)],
)
def test_no_error_acts_on_a_terminal(tmp_path: Path, exosuit: str, arguments: tuple[str, ...]) -> None:
    shown = on_terminal(exosuit, *arguments)
    assert acting(shown) == set()
    assert "exosuit: error: " in shown


def test_the_origin_of_a_setting_does_not_either(tmp_path: Path, exosuit: str) -> None:
    config = tmp_path / NAME
    config.write_text('{"current_phase": 1}')
    shown = on_terminal(exosuit, "config", "show", "--config", config)
    assert acting(shown) == set()
    assert "\\x1b" in shown


@pytest.mark.parametrize("text", [ACTS, "na\u00efve \u4e2d \U0001f600", "\U000e0041 \ud83d", 'plain "text" \\ \t'])
def test_json_for_a_terminal_is_the_same_value(text: str) -> None:
    written = json.dumps(text, ensure_ascii=False)
    shown = display_json(written)
    assert json.loads(shown) == text
    assert shown.isprintable()
