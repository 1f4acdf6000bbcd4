"""The commands as they are typed."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli import __version__
from exosuit_cli.config import FIELDS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, text in {"a.py": "a = 1\n", "b.txt": "b\n", "src/c.py": "c = 3\n", "src/d.md": "# d\n"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def _document(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr.decode()
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _paths(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    assert done.returncode == 0, done.stderr.decode()
    return [record["path"] for record in map(json.loads, done.stdout.splitlines()) if "skipped" not in record]


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(run: Any, flag: str) -> None:
    assert run(flag).stdout.decode() == f"exosuit {__version__}\n"


def test_the_version_is_found_behind_another_option_too(run: Any) -> None:
    assert run("--version", "--help").returncode == 0


@pytest.mark.parametrize("command", [[], ["scan"], ["config"], ["config", "show"]])
def test_every_command_has_help(run: Any, command: list[str]) -> None:
    done = run(*command, "--help", env=os.environ | {"COLUMNS": "200"})
    assert done.returncode == 0
    assert b"Usage" in done.stdout
    for line in done.stdout.decode().splitlines():
        if line.lstrip(" │").startswith("--"):
            words = line.strip(" │").split("  ")
            assert len([word for word in words if word.strip()]) >= 2, f"no help: {line}"


def test_config_show_lists_every_setting_with_its_origin(run: Any) -> None:
    done = run("config", "show", "--json", env=os.environ | {"EXOSUIT_SCAN_TOP": "3"})
    settings = {row["key"]: row for row in _document(done)["settings"]}
    assert set(settings) == set(FIELDS)
    assert settings["scan.top"] == {"key": "scan.top", "value": 3, "origin": "environment EXOSUIT_SCAN_TOP"}
    assert settings["scan.hash"]["origin"] == "default"
    shown = run("config", "show").stdout.decode().splitlines()
    assert len(shown) == len(FIELDS)


def test_settings_reach_the_scan(run: Any, tree: Path) -> None:
    environ = os.environ | {"EXOSUIT_SCAN_HASH": "xxh3", "EXOSUIT_SCAN_TOP": "1"}
    document = _document(run("scan", tree, "--json", env=environ))
    assert (document["hash"], len(document["largest"])) == ("xxh3", 1)
    assert _document(run("scan", tree, "--json", "--hash", "blake3", env=environ))["hash"] == "blake3"


def test_selection(run: Any, tree: Path) -> None:
    assert _paths(run("scan", tree, "--jsonl", "--include", "*.py")) == ["a.py", "src/c.py"]
    assert _paths(run("scan", tree, "--jsonl", "--include", "src")) == ["src/c.py", "src/d.md"]
    assert _paths(run("scan", tree, "--jsonl", "--exclude", "/src/", "--exclude", "*.txt")) == ["a.py"]
    assert _paths(run("scan", tree, "--jsonl", "--exclude", "*", "--exclude", "!a.py")) == ["a.py"]


def test_names_from_another_program(run: Any, tree: Path, git: str) -> None:
    subprocess.run([git, "init", "-q", tree], check=True)
    subprocess.run([git, "-C", tree, "add", "a.py", "src/d.md"], check=True)
    names = subprocess.run([git, "-C", tree, "ls-files", "-z"], check=True, capture_output=True).stdout
    assert _paths(run("scan", tree, "--stdin0", "--jsonl", input=names)) == ["a.py", "src/d.md"]
    assert _paths(run("scan", "--stdin0", "--jsonl", input=names, cwd=tree)) == ["a.py", "src/d.md"]
    gone = run("scan", tree, "--stdin0", "--jsonl", input=b"a.py\0gone\0")
    assert gone.returncode == 7
    assert b'"vanished"' in gone.stdout
    outside = run("scan", tree, "--stdin0", input=b"../elsewhere\0")
    assert outside.returncode == 2
    assert b"elsewhere" in outside.stderr


def test_log_lines_are_json(run: Any, tree: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    run("scan", tree, "--log-file", log)
    run("scan", tree / "missing", "--log-file", log)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["level"] for line in lines} == {"info", "error"}
    assert lines[-1]["exit_code"] == 2
    assert all(line["time"].endswith("Z") for line in lines)


def test_verbose_and_quiet(run: Any, tree: Path) -> None:
    assert b"info: scan finished" in run("scan", tree, "-v").stderr
    quiet = run("scan", tree, "-q")
    assert (quiet.stdout, quiet.stderr) == (b"", b"")
    assert _document(run("scan", tree, "-q", "--json"))["totals"]["files"] == 4


def test_strict_fails_on_a_warning(run: Any, tree: Path) -> None:
    assert run("scan", tree, "--strict").returncode == 0
    (tree / ".gitignore").write_text("[unclosed\n")
    done = run("scan", tree, "--strict")
    assert done.returncode == 3
    assert b".gitignore:1" in done.stderr
    assert run("scan", tree).returncode == 0


def test_verify(run: Any, tree: Path) -> None:
    run("scan", tree)
    assert run("scan", tree, "--verify").returncode == 0
    before = (tree / "a.py").stat()
    (tree / "a.py").write_text("a = 2\n")
    os.utime(tree / "a.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    document = _document(run("scan", tree, "--json"))  # the change of status gives it away
    fresh = _document(run("scan", tree, "--json", "--no-index"))
    assert document["tree_digest"] == fresh["tree_digest"]
    assert run("scan", tree, "--verify", "--no-index").returncode == 2


def test_an_error_is_one_line_and_a_traceback_only_for_debug(run: Any, tree: Path) -> None:
    plain = run("scan", tree / "missing")
    assert plain.returncode == 2
    assert len(plain.stderr.splitlines()) == 1
    assert b"missing" in plain.stderr
    assert b"Traceback" in run("scan", tree / "missing", "--debug").stderr


def test_as_a_module(tree: Path, exosuit: Path) -> None:
    done = subprocess.run(
        [exosuit.parent / "python", "-m", "exosuit_cli", "scan", tree, "--json"], capture_output=True, check=True
    )
    assert json.loads(done.stdout)["totals"]["files"] == 4


def test_a_flag_means_the_same_in_every_command(run: Any, tree: Path, tmp_path: Path) -> None:
    """--json is one document, --jsonl one line a record, -o a file, --format its format."""
    shown = {"scan": "exosuit.scan/1", "chunk": "exosuit.chunk/1", "device": "exosuit.device/1"}
    for command, schema in shown.items():
        where = [] if command == "device" else [tree]
        assert _document(run(command, *where, "--json"))["schema"] == schema
    assert _document(run("config", "show", "--json"))["schema"] == "exosuit.config/1"
    history = tmp_path / "history"
    history.touch()
    assert _document(run("bench", "history", "--json", "--history", history)) == {
        "schema": "exosuit.bench_runs/1",
        "runs": [],
    }
    assert run("bench", "history", "--jsonl", "--history", history).stdout == b""
    for command in ("scan", "chunk"):
        lines = run(command, tree, "--jsonl").stdout.splitlines()
        assert len(lines) == 4
        assert all("path" in json.loads(line) for line in lines)
        output = tmp_path / f"{command}.jsonl"
        assert run(command, tree, "-o", output).returncode == 0
        assert len(output.read_bytes().splitlines()) == 4
        named = tmp_path / f"{command}.out"
        assert run(command, tree, "-o", named).returncode == 2
        assert run(command, tree, "--output", named, "--format", "jsonl").returncode == 0
        assert named.read_bytes() == output.read_bytes()
        assert b"unknown --format 'xml'" in run(command, tree, "-o", named, "--format", "xml").stderr
        document = _document(run(command, tree, "--json", "-o", output))
        assert (document["totals"]["files"], len(output.read_bytes().splitlines())) == (4, 4)
        assert run(command, tree, "--json", "--jsonl").returncode == 2
    assert run("scan", tree, "--format", "jsonl").returncode == 2
    assert run("chunk", tree, "--jsonl", "-o", tmp_path / "x.jsonl").returncode == 2


def test_without_a_path_it_is_the_current_directory(run: Any, tree: Path) -> None:
    assert _paths(run("scan", "--jsonl", cwd=tree)) == _paths(run("scan", tree, "--jsonl"))
    assert run("chunk", cwd=tree).stdout == run("chunk", tree).stdout != b""


def test_defaults_are_in_every_help(run: Any) -> None:
    for command, expected in {
        "scan": ["the current directory", "4GiB", "o200k_base", ".exosuitignore, .ignore", "default: 10"],
        "chunk": ["the current directory", "256MiB", "default: 512", "structure", "stdout"],
        "bench": ["run", "history", "compare", "report"],
        "bench run": ["the current directory", "default: 10", "10m", "warm", "state directory"],
        "bench history": ["throughput", "default: 50", "state directory"],
        "device": ["your own"],
        "config show": ["your own"],
    }.items():
        shown = run(*command.split(), "--help", env=os.environ | {"COLUMNS": "300"}).stdout.decode()
        assert [word for word in expected if word not in shown] == [], command
