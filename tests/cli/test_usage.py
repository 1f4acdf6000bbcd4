"""What is typed wrongly is one line that names it and the remedy, with exit code 2."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import tiktoken.model as tiktoken_model
from trees import write

from exosuit_cli.cli.usage import unknown_command
from exosuit_cli.model.encodings import ENCODINGS, encoding_named

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("scam", "no command 'scam'; did you mean `exosuit scan`?"),
        ("./src --top 3", "no command './src'; did you mean `exosuit scan ./src --top 3`?"),
        ("frobnicate", "no command 'frobnicate'; the commands are scan, chunk, "),
        ("https://example.org/r.git", "no command 'https://example.org/r.git'; did you mean `exosuit scan` and the"),
        (
            "context load git@example.org:r.git",
            "cannot read 'git@example.org:r.git': it is an address, which scan, chunk",
        ),
        ("context load https://example.org/r", "`git clone` it, and name the directory"),
        ("context load github.com/owner/name", "`git clone` it, and name the directory"),
        ("pack --style xml", "no option '--style' of `exosuit pack`; did you mean --format?"),
        ("pack . --compress", "no option '--compress' of `exosuit pack`; did you mean --signatures?"),
        ("chunk . --chunk-size=3", "no option '--chunk-size' of `exosuit chunk`; did you mean --max-tokens?"),
        ("chunk --symbols", "no option '--symbols' of `exosuit chunk`; `exosuit chunk --help` lists them"),
        ("chunk --compress", "no option '--compress' of `exosuit chunk`; `exosuit chunk --help` lists them"),
        ("manual nosuch", "no topic 'nosuch'; `exosuit manual` lists the topics"),
        ("scan --tokns", "no option '--tokns' of `exosuit scan`; did you mean --tokens?"),
        ("chunk . --max-token=3", "no option '--max-token' of `exosuit chunk`; did you mean --max-tokens?"),
        ("scan -z", "no option '-z' of `exosuit scan`; `exosuit scan --help` lists them"),
        ("--frobnicate", "no option '--frobnicate' of `exosuit`; `exosuit --help` lists them"),
        ("scan . --top", "--top needs a value; see `exosuit scan --help`"),
        ("scan . --top many", "'many' is not a valid int; see `exosuit scan --help`"),
        ("scan --quiet=1", "option '--quiet' does not take a value; see `exosuit scan --help`"),
        ("scan . --hash md5", "'md5' is unknown; accepted: one of blake3, xxh3"),
        ("scan . --device gpu", "'gpu' is no device (did you mean"),
        ("scan . --encoding gpt-4q", "'gpt-4q' is unknown (did you mean gpt-4?); accepted: o200k_base, cl100k_base or"),
        ("scan . --encoding text-davinci-003", "'text-davinci-003' is unknown"),
        (
            "scan . --include *.{py",
            r"--include '*.{py' can match nothing: a brace is not closed (`\{` is the character)",
        ),
        ("scan . --ignore-file ../x", "--ignore-file '../x' is no name of a file"),
        ("bench run --pairs x", "'x' is not a valid int; see `exosuit bench run --help`"),
        ("bench compare a", "missing argument 'B'; see `exosuit bench compare --help`"),
        (
            "bench compare a b c",
            "more arguments than `exosuit bench compare` takes: c; see `exosuit bench compare --help`",
        ),
        ("context get abcd mine", "there is no context 'abcd'"),
        ("context show mine --name other", "'mine' and --name 'other' are two contexts; give one of them"),
        ("context drop", "which context is to be deleted? give its NAME"),
        ("pack . --budget 8q", "'8q' is not a count; accepted: a whole number, or one with k or M, as 8k for 8,000"),
        ("pack . --split 10k", "--split writes each part to its own file; say how they are called with -o"),
        ("pack . --format yaml", "--format 'yaml' is not accepted; accepted: xml, markdown, json, plain"),
        ("config shw", "no such command 'shw'; did you mean 'show'?"),
        ("manual scn", "no topic 'scn'; did you mean scan"),
    ],
)
def test_an_error_is_one_line(run: Any, tmp_path: Path, line: str, error: str) -> None:
    write(tmp_path, {"src/a.py": b"a = 1\n"})
    done = run(*line.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    shown = done.stderr.decode()
    assert shown.startswith("exosuit: error: ")
    assert shown.count("\n") == 1
    assert error in shown


def test_a_word_that_could_act_on_a_terminal_is_escaped(run: Any) -> None:
    for line in (["\x1b[2J"], ["scan", "--\x1b]0;x\x07"], ["config", "a\u202eb"]):
        done = run(*line)
        assert done.returncode == 2
        assert done.stderr.count(b"\n") == 1
        assert b"\x1b" not in done.stderr
        assert "\u202e" not in done.stderr.decode()


def test_no_command_at_all_shows_the_help(run: Any) -> None:
    for line in ([], ["config"]):
        done = run(*line)
        assert (done.returncode, done.stderr) == (2, b"")
        assert done.stdout.count(b"Usage: exosuit") == 1


def test_what_is_meant_is_quoted_for_a_shell(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    error = unknown_command([str(tmp_path / "a b"), "--include", "*.py"], ("scan",))
    assert f"`exosuit scan '{tmp_path}/a b' --include '*.py'`" in str(error)


def test_an_empty_list_of_names_is_a_warning(run: Any, tmp_path: Path) -> None:
    write(tmp_path, {"a.py": b"a = 1\n"})
    for command in ("scan", "chunk"):
        for names in (b"", b"\0"):
            done = run(command, tmp_path, "--stdin0", input=names)
            assert done.returncode == 0
            assert b"warning: no names came on stdin" in done.stderr
        assert run(command, tmp_path, "--stdin0", "--strict", input=b"").returncode == 3
        assert b"no names" not in run(command, tmp_path, "--stdin0", input=b"a.py\0").stderr


def test_one_file_is_its_own_title(run: Any, tmp_path: Path) -> None:
    write(tmp_path, {"src/a.py": b"a = 1\n"})
    title = run("scan", tmp_path / "src" / "a.py").stdout.decode().splitlines()[0]
    assert title.split() == ["scan", str(tmp_path.resolve() / "src" / "a.py")]
    assert run("scan", tmp_path / "src").stdout.decode().splitlines()[0].split()[1] == str(tmp_path.resolve() / "src")


@pytest.mark.parametrize("command", [["scan", "--json"], ["chunk", "--stats", "--json"]])
def test_a_model_names_its_encoding(run: Any, tmp_path: Path, command: list[str]) -> None:
    write(tmp_path, {"a.py": b"print('some words')\n"})
    for given, expected in (("gpt-4", "cl100k_base"), ("gpt-4o-mini", "o200k_base"), ("cl100k_base", "cl100k_base")):
        done = run(*command, tmp_path, "--encoding", given)
        assert done.returncode == 0, done.stderr.decode()
        document = json.loads(done.stdout)
        assert document.get("options", document)["encoding"] == expected
    shown = run("scan", tmp_path, "--encoding", "gpt-3.5-turbo").stdout.decode()
    assert "(cl100k_base)" in shown


def test_a_setting_and_a_variable_take_a_model_too(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"scan": {"encoding": "gpt-4-turbo"}}))
    shown = json.loads(run("config", "show", "--config", tmp_path / "settings.json", "--json").stdout)
    assert {row["key"]: row["value"] for row in shown["settings"]}["scan.encoding"] == "cl100k_base"
    monkeypatch.setenv("EXOSUIT_SCAN_ENCODING", "gpt-4")
    shown = json.loads(run("config", "show", "--json").stdout)
    assert {row["key"]: row["value"] for row in shown["settings"]}["scan.encoding"] == "cl100k_base"


def test_the_models_are_those_of_tiktoken() -> None:
    harmony = {"o200k_harmony": "o200k_base"}  # the same but for special tokens, which are not counted as such
    tables = tiktoken_model.MODEL_TO_ENCODING, tiktoken_model.MODEL_PREFIX_TO_ENCODING
    models, prefixes = [{name: harmony.get(encoding, encoding) for name, encoding in table.items()} for table in tables]
    assert {name: each.name for each in ENCODINGS.values() for name in each.models} == {
        name: encoding for name, encoding in models.items() if encoding in ENCODINGS
    }
    assert {name: each.name for each in ENCODINGS.values() for name in each.model_prefixes} == prefixes
    for name, encoding in models.items():
        assert encoding_named(name) == (encoding if encoding in ENCODINGS else None)
    for prefix, encoding in prefixes.items():
        assert encoding_named(prefix + "2025-01-01") == encoding
    assert [encoding_named(name) for name in ("", "gpt", "GPT-4", "ada")] == [None] * 4
