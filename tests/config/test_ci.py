"""The CI examples are YAML, and their shell steps build two environments and gate one against the other."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import textwrap
from importlib import resources
from typing import TYPE_CHECKING, Any

import junitparser
import pytest
import tree_sitter_yaml
from jsonschema import Draft202012Validator
from tree_sitter import Language, Parser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tree_sitter import Node

GITHUB, GITLAB = "github-actions.yml", "gitlab-ci.yml"

BACKEND = """
import zipfile

def build_wheel(directory, *_):
    name = "exosuit_cli-0-py3-none-any.whl"
    files = {
        "exosuit_cli-0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: exosuit-cli\\nVersion: 0\\n",
        "exosuit_cli-0.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "here.pth": PATHS,
        "exosuit_cli-0.dist-info/entry_points.txt": "[console_scripts]\\nexosuit = launcher:main\\n",
        "launcher.py": open("launcher.py").read(),
    }
    record = "exosuit_cli-0.dist-info/RECORD"
    with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
        for file, content in files.items():
            wheel.writestr(file, content)
        wheel.writestr(record, "".join(f"{file},,\\n" for file in (*files, record)))
    return name
"""

LAUNCHER = """
import functools, sys, time
ballast = b"x" * BALLAST
def main():
    if "--version" not in sys.argv:
        time.sleep(SECONDS)
    from exosuit_cli.measure import plan
    plan.BenchPlan = functools.partial(plan.BenchPlan, most_repeats=1)  # no figure but the memory is judged
    from exosuit_cli.cli import main
    main()
"""


def _pairs(node: Node, key: bytes) -> Iterator[Node]:
    """The values of a key, wherever it stands."""
    if node.type == "block_mapping_pair":
        name, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if name is not None and value is not None and name.text == key:
            yield value
    for child in node.children:
        yield from _pairs(child, key)


def _scalars(node: Node) -> Iterator[str]:
    if node.type == "block_scalar":
        assert node.text is not None
        first, _, lines = node.text.decode().partition("\n")
        assert first == "|"
        yield textwrap.dedent(" " * node.start_point[1] + lines if not lines.startswith(" ") else lines)
    elif node.type == "plain_scalar":
        assert node.text is not None
        yield node.text.decode()
    else:
        for child in node.children:
            yield from _scalars(child)


def _tree(project: Path, name: str) -> Node:
    content = (project / "config" / "ci" / name).read_bytes()
    root: Node = Parser(Language(tree_sitter_yaml.language())).parse(content).root_node
    assert not root.has_error
    return root


def _steps(project: Path, name: str) -> list[str]:
    """The shell of an example, step by step."""
    key = b"run" if name == GITHUB else b"script"
    return [step for value in _pairs(_tree(project, name), key) for step in _scalars(value)]


@pytest.fixture
def checkout(project: Path, tmp_path: Path, git: str) -> Callable[..., tuple[Path, str]]:
    """A repository of two commits that build in an instant into the installed exosuit; the head holds more memory.

    Every run of either takes some seconds more.
    """

    def make(ballast: int, seconds: float = 0.0) -> tuple[Path, str]:
        root = tmp_path / "repository"
        root.mkdir()
        site = sysconfig.get_path("purelib")
        (root / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "exosuit-cli"\nversion = "0"\n'
        )
        (root / "backend.py").write_text(f"PATHS = {f'{project}{os.linesep}{site}{os.linesep}'!r}\n{BACKEND}")
        (root / ".gitignore").write_text("build/\n__pycache__/\n")

        def commit(launcher: str) -> str:
            (root / "launcher.py").write_text(launcher)
            identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
            for command in (("add", "."), (*identity, "commit", "-q", "--allow-empty", "-m", "x")):
                subprocess.run([git, *command], cwd=root, check=True)
            done = subprocess.run([git, "rev-parse", "HEAD"], cwd=root, check=True, capture_output=True)
            return done.stdout.decode().strip()

        subprocess.run([git, "init", "-q", "."], cwd=root, check=True)
        launcher = LAUNCHER.replace("SECONDS", str(seconds))
        base = commit(launcher.replace("BALLAST", "1"))
        subprocess.run([git, "update-ref", "refs/remotes/origin/main", base], cwd=root, check=True)
        commit(launcher.replace("BALLAST", str(ballast)))
        return root, base

    return make


def _run(root: Path, steps: list[str], **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Every step in a shell of its own, as the runners do, until one fails."""
    environment = os.environ | {
        "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "CORPUS": "files=3,size=1k,seed=1", **variables
    }  # fmt: skip
    for step in steps:
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step],
            cwd=root, env=environment, capture_output=True, timeout=300,
        )  # fmt: skip
        if done.returncode:
            break
    return done


def _left(root: Path, code: int) -> dict[str, Any]:
    """The verdict, once it and the JUnit file are found to be what they should be."""
    place = root / "build" / "bench"
    assert {path.name for path in place.iterdir()} == {"junit.xml", "bench.json", "verdict.json"}
    verdict: dict[str, Any] = json.loads((place / "verdict.json").read_text())
    schema = (resources.files("exosuit_cli.report") / "schemas" / "bench_verdict.schema.json").read_text()
    Draft202012Validator(json.loads(schema)).validate(verdict)
    assert verdict["exit_code"] == code
    assert {gate["metric"] for gate in verdict["gates"]} == {"throughput", "peak_memory"}
    assert junitparser.JUnitXml.fromfile(str(place / "junit.xml")).tests == 3
    return verdict


@pytest.mark.parametrize("name", [GITHUB, GITLAB])
def test_the_examples_are_yaml(project: Path, name: str) -> None:
    """With the steps that the tests below run, and the variables that they set."""
    tree = _tree(project, name)
    for variable in (b"CORPUS", b"LIMITS"):
        assert len(list(_pairs(tree, variable))) == 1
    shell = "\n".join(_steps(project, name))
    assert shell.count("exosuit bench") == 1
    assert "venv:build/base" in shell


def test_both_examples_measure_alike(project: Path) -> None:
    github, gitlab = (_steps(project, name) for name in (GITHUB, GITLAB))
    assert github[-1].split("\n", 1)[1] == gitlab[-1]
    assert set(github[0].splitlines()[2:]) <= set(gitlab)


def test_pyyaml_reads_the_same_steps(project: Path) -> None:
    yaml = pytest.importorskip("yaml", reason="pyyaml is not installed, nor a dependency: pip install pyyaml")
    github = yaml.safe_load((project / "config" / "ci" / GITHUB).read_text())
    steps = [step["run"] for step in github["jobs"]["bench"]["steps"] if "run" in step]
    gitlab = yaml.safe_load((project / "config" / "ci" / GITLAB).read_text())["bench"]["script"]
    for name, wanted in ((GITHUB, steps), (GITLAB, gitlab)):
        assert [step.rstrip() for step in wanted] == [step.rstrip() for step in _steps(project, name)]


def test_github_fails_a_build_that_needs_more_memory(project: Path, checkout: Any, tmp_path: Path) -> None:
    root, _ = checkout(100_000_000)
    summary = tmp_path / "summary.md"
    done = _run(
        root, _steps(project, GITHUB), GITHUB_BASE_REF="main", GITHUB_STEP_SUMMARY=str(summary),
        LIMITS="--pairs 7 --max-pairs 7 --warmup 1 --no-confirm",
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    verdicts = {gate["metric"]: gate["verdict"] for gate in _left(root, 3)["gates"]}
    assert verdicts["peak_memory"] == "regression"
    assert summary.read_text().startswith("## exosuit bench: regression")


def test_gitlab_does_not_fail_where_nothing_is_established(project: Path, checkout: Any) -> None:
    """Too few pairs for any verdict: no failure, and no pass; a directory that an earlier job left does no harm."""
    root, base = checkout(1, 1.8)
    (root / "build" / "source").mkdir(parents=True)
    done = _run(
        root, _steps(project, GITLAB), CI_MERGE_REQUEST_DIFF_BASE_SHA=base, LIMITS="--max-time 10s --warmup 1"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {gate["verdict"] for gate in _left(root, 0)["gates"]} == {"inconclusive"}
