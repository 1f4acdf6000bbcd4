"""The names that git prints, scanned: `git ls-files -z | exosuit scan --stdin0`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pygments
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path, git: str) -> Path:
    """Tracked and untracked files, links to files and directories, and names that git would quote."""
    root = tmp_path / "repository"
    shutil.copytree(os.path.join(os.path.dirname(pygments.__file__), "formatters"), root / "src")
    (root / ".gitignore").write_text("__pycache__/\n*.log\n")
    (root / "to a directory").symlink_to("src")
    (root / "to a file").symlink_to(".gitignore")
    (root / "to nothing").symlink_to("nowhere")
    (root / 'quo"ted\n\udcff.py').write_text("x = 1\n")
    (root / "forced.log").write_text("tracked although it is ignored\n")
    subprocess.run([git, "init", "-q", root], check=True)
    subprocess.run([git, "-C", root, "add", "-A"], check=True)
    subprocess.run([git, "-C", root, "add", "-f", "forced.log"], check=True)
    (root / "noise.log").write_text("noise\n")
    (root / "untracked.py").write_text("y = 2\n")
    return root


def records(done: subprocess.CompletedProcess[bytes]) -> dict[str, dict[str, Any]]:
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({record["path"] for record in found}) == len(found)
    return {record["path"]: record for record in found}


def test_tracked_files_are_scanned_as_they_are(repository: Path, run: Any, git: str) -> None:
    names = subprocess.run([git, "-C", repository, "ls-files", "-z"], capture_output=True, check=True).stdout
    for _ in range(2):  # the second time from the index
        found = records(run("scan", repository, "--stdin0", "--jsonl", input=names))
        assert len(found) == names.count(b"\0")
        links = {path for path, record in found.items() if record.get("skipped") == "symlink"}
        assert links == {"to a directory", "to a file", "to nothing"}
        assert found["forced.log"]["lines"] == 1, "what was named is taken, whatever the rules say"
    whole = records(run("scan", repository, "--no-ignore", "--jsonl"))
    assert found == {path: whole[path] for path in found}


def test_names_of_untracked_files_and_of_the_whole(repository: Path, run: Any, git: str) -> None:
    listed = [git, "-C", repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, capture_output=True, check=True).stdout
    found = records(run("scan", "--stdin0", "--jsonl", input=names, cwd=repository))
    whole = records(run("scan", repository, "--jsonl"))
    of_git = {path for path, record in whole.items() if record.get("skipped") not in ("ignored", "version_control")}
    assert set(found) == of_git | {"forced.log"}


@pytest.mark.parametrize("names", [b"", b"\0", b"\0\0"])
def test_no_names_are_no_files(repository: Path, run: Any, names: bytes) -> None:
    done = run("scan", repository, "--stdin0", "--jsonl", input=names)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.startswith(b"exosuit: warning: ")
    assert done.stderr.count(b"\n") == 1


def test_names_by_lines_are_refused_with_the_remedy(repository: Path, run: Any) -> None:
    done = run("scan", repository, "--stdin0", input=b"untracked.py\nsrc/html.py\n")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"git ls-files -z" in done.stderr


def test_a_name_without_its_end_counts(repository: Path, run: Any) -> None:
    """As xargs -0 takes it."""
    assert list(records(run("scan", repository, "--stdin0", "--jsonl", input=b"untracked.py"))) == ["untracked.py"]


def test_directories_and_files_in_them(repository: Path, run: Any) -> None:
    found = records(run("scan", repository, "--stdin0", "--jsonl", "--no-tokens", input=b"src\0src/html.py\0./src//\0"))
    whole = records(run("scan", repository / "src", "--jsonl", "--no-tokens"))
    assert set(found) >= {f"src/{path}" for path in whole if not path.startswith("__pycache__")}
    assert all(path.startswith("src/") for path in found)


def test_several_bases_are_an_error(repository: Path, run: Any) -> None:
    done = run("scan", repository, repository, "--stdin0", input=b"x\0")
    assert done.returncode == 2
    assert b"--stdin0 takes one PATH" in done.stderr
