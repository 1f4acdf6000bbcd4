"""Every command line in the README runs, and the README tells the truth about options and exit codes."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.chunk.syntax_grammars import GRAMMARS
from exosuit_cli.model.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

NEEDS = {
    "python3 -m venv": "run in fresh environments by .ci/run",
    "pipx ": "needs pipx, which is not a dependency",
    "uvx ": "needs uv, which is not a dependency",
    "exosuit bench . --against venv:": "needs a second build; tests/cli/test_bench_command.py runs one",
}


def _blocks(project: Path) -> list[str]:
    return re.findall(r"^```(?:sh|bash)\n(.*?)^```", (project / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def _commands(project: Path) -> list[str]:
    return [line for block in _blocks(project) for line in block.splitlines() if line and not line.startswith("#")]


def test_there_are_commands(project: Path) -> None:
    assert len(_commands(project)) >= 8


def test_commands_run(project: Path, exosuit: Path, tmp_path: Path) -> None:
    """In a small repository of its own, with the installed script first on the PATH."""
    repository = tmp_path / "repo"
    (repository / "src").mkdir(parents=True)
    (repository / "src" / "main.py").write_text("print('hello')\n")
    (repository / ".gitignore").write_text("*.log\n")
    subprocess.run(["git", "init", "-q", "."], cwd=repository, check=True)
    for command in _commands(project):
        if any(command.startswith(prefix) for prefix in NEEDS):
            continue
        if "jq " in command and shutil.which("jq", path="/usr/bin:/bin") is None:
            continue  # not a dependency
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=repository,
            env={"PATH": f"{exosuit.parent}:/usr/bin:/bin", "HOME": str(tmp_path / "home")},
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr.decode()}"


@pytest.mark.parametrize("code", list(ExitCode))
def test_exit_codes_are_documented(project: Path, code: ExitCode) -> None:
    assert re.search(rf"^\| (\d+, )?{code.value}(, \d+)? \|", (project / "README.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", ["scan", "chunk", "bench"])
def test_every_option_is_documented(project: Path, exosuit: Path, command: str) -> None:
    shown = subprocess.run([exosuit, command, "--help"], capture_output=True, check=True, env={"COLUMNS": "200"})
    options = set(re.findall(rb"(?<![\w-])--[a-z][a-z0-9-]+", shown.stdout))
    readme = (project / "README.md").read_bytes()
    undocumented = sorted(option.decode() for option in options if option not in readme)
    assert len(options) > 20
    assert not undocumented


def test_prints_commands_that_exist(project: Path, exosuit: Path) -> None:
    names = {shlex.split(c)[1] for c in _commands(project) if c.startswith("exosuit ")}
    shown = subprocess.run([exosuit, "--help"], capture_output=True, check=True).stdout.decode()
    assert names
    assert all(re.search(rf"\b{name}\b", shown) for name in names)


def test_every_grammar_is_named(project: Path) -> None:
    listed = re.search(r"grammars for (.*?)\. Where", (project / "README.md").read_text(), re.DOTALL)
    assert listed
    assert re.split(r",\s+|\s+and\s+", listed[1]) == sorted(GRAMMARS)
