"""What is left out by default: what tools make, never what is tracked, always with its reason."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from trees import write

from exosuit_cli.config.options import ScanOptions, WalkOptions
from exosuit_cli.index.storage import FINE_SLACK_NS
from exosuit_cli.ingest import ScanResult, scan
from exosuit_cli.model.records import Outcome
from exosuit_cli.walk import TreeWalk
from exosuit_cli.walk.default_rules import DEFAULT_RULES, SIGNATURE

if TYPE_CHECKING:
    from pathlib import Path

TAG = SIGNATURE + b"\n# This file is a cache directory tag.\n"


def walked(base: Path, *roots: bytes, **options: Any) -> tuple[set[str], dict[str, str]]:
    """The files that a walk takes, and what it leaves out by default with the reason."""
    files: set[str] = set()
    left: dict[str, str] = {}
    for listing, _ in TreeWalk(os.fsencode(base.resolve()), roots or [b""], WalkOptions(**options)):
        files |= {os.fsdecode(os.path.join(listing.directory.path, name)) for name in listing.names}
        left |= {
            os.fsdecode(skip.path): skip.detail for skip in listing.skips if skip.outcome is Outcome.DEFAULT_IGNORED
        }
    return files, left


def test_every_name_and_every_marker(tmp_path: Path) -> None:
    expected = {}
    for rule in DEFAULT_RULES:
        for name in rule.directories:
            write(tmp_path, {f"{name}/x": b"", f"deep/{name}/y/z": b""})
            expected |= {name: rule.name, f"deep/{name}": rule.name}
        if rule.marker:
            marker = rule.marker + ("/history" if rule.marker_is_directory else "")
            write(tmp_path, {f"a {rule.name}/{marker}": TAG, f"a {rule.name}/deep/x": b""})
            expected[f"a {rule.name}"] = f"{rule.name} ({rule.marker})"
    write(tmp_path, {"kept": b"", "env/kept": b"", "vendor/kept": b"", "build/kept": b"", "target/kept": b""})
    files, left = walked(tmp_path)
    assert left == expected
    assert files == {"kept", "env/kept", "vendor/kept", "build/kept", "target/kept"}
    for options in ({"default_ignore": False}, {"ignore": False}):
        everything, left = walked(tmp_path, **options)
        assert not left
        assert everything == {os.fsdecode(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}


def test_a_virtual_environment_as_python_makes_it(tmp_path: Path) -> None:
    write(tmp_path, {"src/a.py": b"a = 1\n"})
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "any name"], check=True)
    assert walked(tmp_path) == ({"src/a.py"}, {"any name": "virtual environment (pyvenv.cfg)"})


@pytest.mark.parametrize("content", [b"", b"Signature: other\n", SIGNATURE[:-1], b" " + TAG])
def test_a_tag_without_its_signature_marks_nothing(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, {"x/CACHEDIR.TAG": content, "x/a": b""})
    assert walked(tmp_path) == ({"x/CACHEDIR.TAG", "x/a"}, {})


def test_a_link_and_a_file_mark_and_name_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"tag": TAG, "x/a": b"", "node_modules": b"a file", "y/conda-meta": b"a file", "z/a": b""})
    (tmp_path / "x" / "CACHEDIR.TAG").symlink_to("../tag")
    os.mkfifo(tmp_path / "z" / "CACHEDIR.TAG")
    (tmp_path / "z" / "pyvenv.cfg").mkdir()
    files, left = walked(tmp_path)
    assert (files, left) == ({"tag", "x/a", "node_modules", "y/conda-meta", "z/a"}, {})


def test_what_is_asked_for_is_taken(tmp_path: Path) -> None:
    write(tmp_path, {"node_modules/p/a.js": b"", "v/pyvenv.cfg": b"", "v/lib/b.py": b"", "v/node_modules/c": b""})
    assert walked(tmp_path, b"node_modules/p")[0] == {"node_modules/p/a.js"}
    assert walked(tmp_path / "v") == ({"pyvenv.cfg", "lib/b.py"}, {"node_modules": "installed packages"})
    files, left = walked(tmp_path, b"", b"v", b"node_modules/p/a.js")
    assert files == {"v/pyvenv.cfg", "v/lib/b.py", "node_modules/p/a.js"}
    assert left == {"v/node_modules": "installed packages", "node_modules": "installed packages"}


@pytest.mark.parametrize("name", [".gitignore", ".exosuitignore", ".ignore"])
def test_a_rule_of_the_tree_takes_them_back(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: b"!node_modules/\n!/v\n", "node_modules/a": b"", "v/pyvenv.cfg": b"", "w/pyvenv.cfg": b""})
    write(tmp_path, {"x/node_modules/a": b"", "x/v/pyvenv.cfg": b""})
    files, left = walked(tmp_path)
    assert files == {name, "node_modules/a", "v/pyvenv.cfg", "x/node_modules/a"}
    assert left == dict.fromkeys(["w", "x/v"], "virtual environment (pyvenv.cfg)")


def test_a_rule_that_hides_them_is_the_reason(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": b"node_modules\nv/\n", "node_modules/a": b"", "v/pyvenv.cfg": b""})
    assert walked(tmp_path) == ({".gitignore"}, {})


def test_tracked_files_are_taken(tmp_path: Path, git: str) -> None:
    """Of a directory that holds one, all else is left out by the same rule."""
    write(
        tmp_path, {"node_modules/p/a": b"", "node_modules/p/b": b"", "node_modules/q/c": b"", "n/node_modules/d": b""}
    )
    write(tmp_path, {"v/pyvenv.cfg": b"", "v/lib/e": b"", "v/lib/f": b"", "c/CACHEDIR.TAG": TAG, "c/g": b""})
    subprocess.run([git, "init", "-q", tmp_path], check=True)
    subprocess.run([git, "-C", tmp_path, "add", "node_modules/p/a", "v/lib/e"], check=True)
    files, left = walked(tmp_path)
    assert files == {"node_modules/p/a", "v/lib/e"}
    assert left == {
        "node_modules/p/b": "installed packages",
        "node_modules/q": "installed packages",
        "n/node_modules": "installed packages",
        "v/pyvenv.cfg": "virtual environment (pyvenv.cfg)",
        "v/lib/f": "virtual environment (pyvenv.cfg)",
        "c": "cache (CACHEDIR.TAG)",
    }


def test_a_repository_is_no_virtual_environment(tmp_path: Path, git: str) -> None:
    """Someone made the environment in the project itself."""
    write(tmp_path, {"p/pyvenv.cfg": b"", "p/a.py": b""})
    subprocess.run([git, "init", "-q", tmp_path / "p"], check=True)
    assert walked(tmp_path) == ({"p/pyvenv.cfg", "p/a.py"}, {})


def scanned(base: Path) -> ScanResult:
    """A scan with an index, which equals one without."""
    fresh = scan(base, ScanOptions(encoding=None, use_index=False))
    found = scan(base, ScanOptions(encoding=None))
    assert (found.paths, found.skips, found.tree_digest) == (fresh.paths, fresh.skips, fresh.tree_digest)
    assert (found.directories, found.discovered) == (fresh.directories, fresh.discovered)
    return found


def rest() -> None:
    """Let what was written grow old enough for the index."""
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)


def test_the_index_knows_them(tmp_path: Path, git: str) -> None:
    top = tmp_path / "tree"
    write(top, {"a": b"a", "v/pyvenv.cfg": b"", "v/lib/b": b"b", "c/CACHEDIR.TAG": TAG, "c/d/e": b"e"})
    write(top, {"node_modules/f": b"f"})
    subprocess.run([git, "init", "-q", top], check=True)
    rest()
    assert scanned(top).paths == [b"a"]
    again = scanned(top)
    assert (again.throughput.index_hits, again.memory.nvme.peak_bytes) == (1, 0), "nothing was listed anew"
    (top / "c" / "CACHEDIR.TAG").write_bytes(b"no signature, and the directory has not changed")
    rest()
    assert scanned(top).paths == [b"a", b"c/CACHEDIR.TAG", b"c/d/e"]
    scanned(top)
    (top / "c" / "CACHEDIR.TAG").write_bytes(TAG)
    assert scanned(top).paths == [b"a"]
    (top / "v" / "pyvenv.cfg").unlink()
    rest()
    assert scanned(top).paths == [b"a", b"v/lib/b"]
    (top / "v" / "pyvenv.cfg").touch()
    assert scanned(top).paths == [b"a"]
    rest()
    subprocess.run([git, "-C", top, "add", "-f", "v/lib/b", "node_modules/f"], check=True)
    assert scanned(top).paths == [b"a", b"node_modules/f", b"v/lib/b"]
    (top / "v" / "lib" / "new").touch()
    rest()
    assert scanned(top).paths == [b"a", b"node_modules/f", b"v/lib/b"]
    (top / "v" / "pyvenv.cfg").unlink()
    assert scanned(top).paths == [b"a", b"node_modules/f", b"v/lib/b", b"v/lib/new"]
    rest()
    (top / ".exosuitignore").write_text("!c/\nlib\n")
    assert scanned(top).paths == [b".exosuitignore", b"a", b"c/CACHEDIR.TAG", b"c/d/e", b"node_modules/f"]
    rest()
    scanned(top)
    (top / "c" / ".ignore").write_text("d\n")
    assert scanned(top).paths == [b".exosuitignore", b"a", b"c/.ignore", b"c/CACHEDIR.TAG", b"node_modules/f"]
    rest()
    scanned(top)
    before = os.stat(top / "c")
    (top / "c" / ".ignore").write_text("D\n")
    assert os.stat(top / "c").st_mtime_ns == before.st_mtime_ns
    assert b"c/d/e" in scanned(top).paths
