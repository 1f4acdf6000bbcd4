"""What a command line needs is known before it is parsed in full, and is what the parser finds."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.cli.ahead import Needs, needs_of
from exosuit_cli.cli.chunk_flags import CHUNK
from exosuit_cli.cli.command_line import CommandLine, parse
from exosuit_cli.cli.options import command_of
from exosuit_cli.cli.pack_flags import PACK
from exosuit_cli.cli.query_flags import QUERY
from exosuit_cli.cli.scan_flags import SCAN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from exosuit_cli.config.option import Option

PLAIN = Needs("scan", ["."], "blake3", "o200k_base", 0, use_index=True, follow=False, with_table=False)
SEARCH = PLAIN._replace(command="query", paths=["src"], with_table=True)
WORDS = st.sampled_from(["a", "-", "", "--", "--help", "-q", "-x", "--no-such", "1", "=", "a=b", "-1"])


def parsed(options: tuple[Option, ...], arguments: list[str]) -> tuple[list[str], dict[str, Any]] | None:
    """What typer makes of a command line; None for an error or a help."""
    found: list[tuple[list[str], dict[str, Any]]] = []

    def run(paths: tuple[str, ...], typed: Mapping[str, object]) -> None:
        found.append((list(paths), dict(typed)))

    app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})
    app.command()(command_of(CommandLine(options, "PATHs", run)))
    try:
        app(arguments, standalone_mode=False)
    except Exception as error:  # whatever typer raises for what is typed wrongly
        if type(error).__module__.split(".")[0] not in ("typer", "click"):
            raise
        return None
    return found[0] if found else None


@st.composite
def command_lines(draw: st.DrawFn, options: tuple[Option, ...]) -> list[str]:
    line: list[str] = []
    for each in draw(st.lists(st.sampled_from(options), max_size=6)):
        flags = [*each.flags, *([each.negative] if each.negative else [])]
        flag = draw(st.sampled_from(flags))
        value = draw(st.integers(0, 99).map(str) if each.kind == "integer" else WORDS)
        form = draw(st.sampled_from(["apart", "joined", "bare"])) if each.takes_value else "bare"
        if form == "joined":
            line.append(f"{flag}={value}" if flag.startswith("--") else flag + value)
        else:
            line += [flag, value] if form == "apart" else [flag]
        line += draw(st.lists(WORDS, max_size=1))
    return line


@pytest.mark.parametrize("options", [SCAN, CHUNK, PACK, QUERY], ids=["scan", "chunk", "pack", "query"])
@given(data=st.data())
def test_it_finds_what_the_parser_finds(options: tuple[Option, ...], data: st.DataObject) -> None:
    line = data.draw(command_lines(options))
    expected, found = parsed(options, line), parse(line, options)
    if expected is None:
        return  # the command says what is wrong; what was begun ends with it
    assert found is not None, line
    paths, typed = found
    assert paths == expected[0]
    assert set(typed) == set(expected[1])
    command = CommandLine(options, "PATHs", lambda _paths, _given: None)
    assert command.plain(line) == (tuple(expected[0]), expected[1])
    for name, value in expected[1].items():
        last = value[-1] if isinstance(value, tuple) else value
        counts = {each.name for each in options if each.kind in ("count", "tokens")}
        assert typed[name] == last or typed[name] == str(last) or name in counts, name


def test_what_is_not_plain_is_left_to_typer() -> None:
    command = CommandLine(QUERY, "PATHs", lambda _paths, _given: None, first=("TEXT", ""))
    for line in (
        ["--help"],
        [],
        ["a", "--top"],
        ["a", "--top", "x"],
        ["a", "--budget", "8q"],
        ["a", "--jso"],
        ["-z"],
        ["a", "-q-"],
    ):
        assert command.plain(line) is None, line
    given = {"budget": 8000, "include": ("*.py", "*.c"), "json": True, "verbose": 2}
    line = ["a", "--budget", "8k", "--include=*.py", "-vv", "b", "--include", "*.c", "--json", "--", "--top"]
    assert command.plain(line) == (("a", "b", "--top"), given)
    alone = command._replace(paths="")
    assert alone.plain(["a"]) == (("a",), {})
    assert alone.plain(["a", "b"]) is None


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("scan .", PLAIN),
        ("scan . --workers 2 --encoding cl100k_base", PLAIN._replace(workers=2, encoding="cl100k_base")),
        ("scan --include=*.py . --top 3 --max-file-size 1M", PLAIN),
        ("scan --exclude x a b", PLAIN._replace(paths=["a", "b"])),
        ("scan . --no-tokens --hash xxh3", PLAIN._replace(encoding=None, hash="xxh3")),
        ("scan . --verify", PLAIN._replace(use_index=False)),
        ("scan . --no-index", PLAIN._replace(use_index=False)),
        ("scan . --follow --no-hidden", PLAIN._replace(follow=True)),
        ("scan . --stdin0", PLAIN._replace(paths=())),
        ("scan -- --help", PLAIN._replace(paths=["--help"])),
        ("chunk . -o x -qv", PLAIN._replace(command="chunk", use_index=False, with_table=True)),
        ("query words src --top 3", SEARCH),
        ("query words src --quiet other", SEARCH),
        ("outline --budget 9 --query words", SEARCH._replace(command="outline", paths=["."])),
        ("query words --context name", None),
        ("pack . -o x --budget 8000", PLAIN._replace(command="pack", use_index=False)),
        ("pack . --query x", PLAIN._replace(command="pack --query", hash="blake3", with_table=True)),
        ("pack . --query x --budget 12k", PLAIN._replace(command="pack --query", hash="blake3", with_table=True)),
        (
            "pack . --query x --budget 90k",
            PLAIN._replace(command="pack --query", hash="blake3", with_table=True, counts=True),
        ),
        ("chunk --stdin a.py", None),
        ("scan . --help", None),
        ("scan . --workers many", None),
        ("scan . --workers", None),
        ("scan . --quiet=1", None),
        ("scan . --config /missing", None),
    ],
    ids=str,
)
def test_what_a_command_line_needs(line: str, needs: Needs | None) -> None:
    assert needs_of(line.split()) == needs


def test_settings_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"scan": {"hash": "xxh3", "workers": 4}}))
    found = needs_of(["scan", ".", "--config", str(tmp_path / "settings.json"), "--workers", "3"])
    assert found == PLAIN._replace(hash="xxh3", workers=3)
    monkeypatch.setenv("EXOSUIT_SCAN_INDEX", "no")
    assert needs_of(["scan", "."]) == PLAIN._replace(use_index=False)
    monkeypatch.setenv("EXOSUIT_SCAN_INDEX", "perhaps")
    assert needs_of(["scan", "."]) is None


def test_looking_ahead_imports_no_parser() -> None:
    code = (
        "import sys; from exosuit_cli.cli.ahead import needs_of;"
        "assert needs_of(['scan', '.', '--workers', '2']) and needs_of(['chunk', '.']);"
        "assert needs_of(['query', 'words']) and needs_of(['outline']);"
        "print([name for name in ('typer', 'numpy', 'rich', 'json', 'orjson') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"


def test_what_is_begun_is_what_is_needed(tmp_path: Path) -> None:
    """In a process of its own: one with threads forks nothing."""
    (tmp_path / "a").write_text("a\n")
    code = (
        "import sys; from exosuit_cli.cli.ahead import discard, look_ahead;"
        "from exosuit_cli.workers.ahead import take_preload;"
        "look_ahead(['scan', sys.argv[1], '--encoding', 'cl100k_base', '--workers', '1']);"
        "print(take_preload('o200k_base', 1, with_table=False));"
        "begun = take_preload('cl100k_base', 1, with_table=False); print(begun.counter().count(b'some words'));"
        "begun.close(); discard(); print(take_preload('cl100k_base', 1, with_table=False))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, check=True, timeout=120)
    assert done.stdout.decode().split() == ["None", "2", "None"]
