"""Ignore files for tools: `.exosuitignore` and `.ignore`. They come before git's rules, and hold for tracked files."""

from __future__ import annotations

import os
import shutil
import subprocess
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from trees import write

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.records import Outcome, Skip
from exosuit_cli.walk import TreeWalk

if TYPE_CHECKING:
    from pathlib import Path


def walked(base: Path, *roots: bytes, **options: Any) -> tuple[set[str], list[Skip], TreeWalk]:
    walk = TreeWalk(os.fsencode(base.resolve()), roots or [b""], WalkOptions(**options))
    files: set[str] = set()
    skips: list[Skip] = []
    for listing, _ in walk:
        files |= {os.fsdecode(os.path.join(listing.directory.path, name)) for name in listing.names}
        skips += listing.skips
    return files, skips, walk


def ignored(skips: list[Skip]) -> dict[str, str]:
    return {os.fsdecode(skip.path): skip.detail for skip in skips if skip.outcome is Outcome.IGNORED}


def test_the_ledger_names_the_file_and_the_line(tmp_path: Path) -> None:
    write(tmp_path, {".exosuitignore": b"# comment\n*.{log,tmp}\n", "a.log": b"", "b.tmp": b"", "c": b""})
    write(tmp_path, {"d/.ignore": b"/e\n", "d/e": b"", "d/f": b"", "e": b""})
    files, skips, _ = walked(tmp_path)
    assert files == {".exosuitignore", "c", "d/.ignore", "d/f", "e"}
    assert ignored(skips) == {"a.log": ".exosuitignore:2", "b.tmp": ".exosuitignore:2", "d/e": "d/.ignore:1"}


def test_the_strongest_name_decides_wherever_it_lies(tmp_path: Path) -> None:
    write(tmp_path, {".exosuitignore": b"!a\nb\n", ".ignore": b"!c\n", ".gitignore": b"a\nc\nd\n"})
    write(tmp_path, {"x/.gitignore": b"!b\n", "x/.ignore": b"a\n!b\n", **{f"x/{name}": b"" for name in "abcd"}})
    files, skips, _ = walked(tmp_path / ".")
    assert {name for name in files if name.startswith("x/") and "ignore" not in name} == {"x/a", "x/c"}
    assert ignored(skips) == {"x/b": ".exosuitignore:2", "x/d": ".gitignore:3"}


def test_other_names_and_none(tmp_path: Path) -> None:
    write(tmp_path, {".exosuitignore": b"a\n", ".ignore": b"b\n", ".rgignore": b"c\n", "a": b"", "b": b"", "c": b""})
    own = {".exosuitignore", ".ignore", ".rgignore"}
    assert walked(tmp_path)[0] - own == {"c"}
    assert walked(tmp_path, ignore_files=(".rgignore",))[0] - own == {"a", "b"}
    assert walked(tmp_path, ignore_files=(".rgignore", ".ignore"))[0] - own == {"a"}
    assert walked(tmp_path, ignore_files=("",))[0] - own == {"a", "b", "c"}
    assert walked(tmp_path, ignore=False)[0] - own == {"a", "b", "c"}


@pytest.mark.parametrize("name", ["../rules", "a/b", "/etc/passwd", ".", "..", "a\0b"])
def test_a_path_is_no_name_of_an_ignore_file(name: str) -> None:
    with pytest.raises(UsageError, match=r"--ignore-file .* is no name of a file"):
        WalkOptions(ignore_files=(name,))


def test_tracked_files_are_left_out_by_a_tools_rules_but_not_by_gits(tmp_path: Path, git: str) -> None:
    write(tmp_path, {".gitignore": b"*.o\n", ".ignore": b"vendor/\n", "a.o": b"", "b.o": b"", "vendor/c": b""})
    subprocess.run([git, "init", "-q", tmp_path], check=True)
    subprocess.run([git, "-C", tmp_path, "add", "-f", "a.o", "vendor/c"], check=True)
    files, skips, _ = walked(tmp_path)
    assert "a.o" in files
    assert ignored(skips) == {"b.o": ".gitignore:1", "vendor": ".ignore:1"}


def test_rules_hold_from_the_top_of_the_repository_and_into_nested_ones(tmp_path: Path, git: str) -> None:
    write(tmp_path, {"r/.ignore": b"*.min.js\n", "r/s/a.min.js": b"", "r/s/b.js": b"", "r/s/n/c.min.js": b""})
    write(tmp_path, {"r/.gitignore": b"*.js\n", "r/s/n/d.js": b"", ".ignore": b"*\n"})
    for path in ("r", "r/s/n"):
        subprocess.run([git, "init", "-q", tmp_path / path], check=True)
    files, skips, _ = walked(tmp_path / "r" / "s")
    assert files == {"n/d.js"}
    above = os.fspath(tmp_path.resolve() / "r")
    assert ignored(skips) == {
        "a.min.js": f"{above}/.ignore:1",
        "b.js": f"{above}/.gitignore:1",
        "n/c.min.js": f"{above}/.ignore:1",
    }


def test_what_is_asked_for_is_taken(tmp_path: Path) -> None:
    write(tmp_path, {".ignore": b"a\nb/\n", "a": b"", "b/c": b"", "b/.ignore": b"d\n", "b/d": b""})
    assert walked(tmp_path, b"a", b"b", b"b/d")[0] == {"a", "b/c", "b/.ignore", "b/d"}


def test_a_bad_line_or_file_is_a_problem_and_the_rest_applies(tmp_path: Path) -> None:
    write(tmp_path, {".ignore": b"{a\nb\n", "b": b"", "x/c": b"", "y/c": b"", "rules": b"c\n"})
    (tmp_path / "x" / ".ignore").symlink_to("../rules")
    os.mkfifo(tmp_path / "y" / ".ignore")
    files, _, walk = walked(tmp_path)
    assert files == {".ignore", "rules", "x/c", "y/c"}
    assert [(problem.source, problem.line) for problem in walk.problems] == [
        (".ignore", 1),
        ("x/.ignore", 0),
        ("y/.ignore", 0),
    ]


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is the oracle: apt-get install ripgrep")
@pytest.mark.parametrize("seed", range(12))
def test_takes_what_ripgrep_lists(tmp_path: Path, git: str, seed: int) -> None:
    """Random rules in ignore files of three names, at every level, also in a nested repository."""
    source = Random(seed)
    names = ["a", "b", "build", "lib", "x.o", "y.c", "z.min.js"]
    top = tmp_path / "r"
    subprocess.run([git, "init", "-q", top], check=True)
    for _ in range(60):
        path = top / "/".join(source.choices(names, k=source.randint(1, 4)))
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    directories = [top, *(path for path in sorted(top.rglob("*")) if path.is_dir() and ".git" not in path.parts)]
    rules = ["*.o", "build/", "/lib", "a/b", "!y.c", "!*.o", "**/build/x.o", "lib/*", "!lib/a/", "b", "!/a/b"]
    for path in directories:
        for name in (".rgignore", ".ignore", ".gitignore"):
            if source.random() < (0.7 if path == top else 0.15):
                more = ["*.{o,c}", "{a,b}/x.o"] if name != ".gitignore" else []
                lines = source.sample([*rules, *more], source.randint(1, 4))
                (path / name).write_text("\n".join(lines) + "\n")
    if seed % 2:
        subprocess.run([git, "init", "-q", source.choice(directories[1:])], check=True)
    done = subprocess.run(
        ["rg", "--files", "--hidden", "--no-config", "--no-ignore-parent", "--null"],
        cwd=top, capture_output=True, check=True,
    )  # fmt: skip
    theirs = {os.fsdecode(name) for name in done.stdout.split(b"\0") if name and b".git/" not in name}
    assert walked(top, ignore_files=(".rgignore", ".ignore"))[0] == theirs
