"""What is started ahead: only what the command will need, kept while it fits, and gone at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from trees import write

from exosuit_cli.index.storage import FINE_SLACK_NS
from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.system.processors import usable_processors

if TYPE_CHECKING:
    from pathlib import Path

BEGUN = """
import json, os, sys
from exosuit_cli.workers import ahead
def children():
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return file.read().split()
found = []
for call in json.loads(sys.argv[1]):
    ahead.begin(call.pop("command"), call.pop("paths"), **call)
    found.append(children())
heavy = [name for name in ("numpy", "typer", "gigatoken", "toktok") if name in sys.modules]
ahead.end()
print(json.dumps([found, heavy, children()]))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path / "tree", {"a.py": b"a = 1\n", "b/c.py": b"c = 2\n"})
    return tmp_path / "tree"


def index(tree: Path) -> None:
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    scan(tree, ScanOptions())


def call(tree: Path, **changes: Any) -> dict[str, Any]:
    return {
        "command": "scan",
        "paths": [str(tree)],
        "hash": "blake3",
        "encoding": "o200k_base",
        "workers": 2,
        "use_index": True,
        "follow": False,
        "with_table": False,
        **changes,
    }


def begun(*calls: dict[str, Any]) -> list[list[str]]:
    """The children of a process after each call of `begin`. It has imported nothing heavy, and `end` leaves none."""
    done = subprocess.run([sys.executable, "-c", BEGUN, json.dumps(calls)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found: list[list[str]]
    found, heavy, left = json.loads(done.stdout)
    assert heavy == []
    assert left == []
    return found


def test_a_vocabulary_is_loaded_where_there_is_no_index(tree: Path) -> None:
    assert [len(children) for children in begun(call(tree))] == [1]


@pytest.mark.parametrize(
    "changes",
    [{"command": "bench"}, {"encoding": None}, {"encoding": "of no name"}, {"paths": []}, {"paths": ["/of no name"]}],
    ids=str,
)
def test_nothing_is_started_that_is_not_needed(tree: Path, changes: dict[str, Any]) -> None:
    assert begun(call(tree, **changes)) == [[]]


@pytest.mark.parametrize("changes", [{}, {"workers": 1}, {"follow": True}, {"use_index": False}], ids=str)
def test_what_fits_is_kept(tree: Path, changes: dict[str, Any]) -> None:
    first, second = begun(call(tree), call(tree, **changes))
    assert len(first) == 1
    assert second == first


@pytest.mark.parametrize("changes", [{"encoding": "cl100k_base"}, {"workers": 3}, {"with_table": True}], ids=str)
def test_what_does_not_fit_is_replaced(tree: Path, changes: dict[str, Any]) -> None:
    first, second = begun(call(tree), call(tree, **changes))
    assert len(first) == len(second) == 1
    assert second != first


@pytest.mark.parametrize("changes", [{"encoding": None}, {"command": "device"}, {"paths": []}], ids=str)
def test_what_is_not_needed_any_more_is_ended(tree: Path, changes: dict[str, Any]) -> None:
    first, second = begun(call(tree), call(tree, **changes))
    assert len(first) == 1
    assert second == []


def test_an_index_is_compared_ahead_in_place_of_loading(tree: Path) -> None:
    index(tree)
    first, again, followed, without = begun(
        call(tree), call(tree), call(tree, follow=True), call(tree, use_index=False)
    )
    assert len(first) == int(usable_processors() > 1), "it pays on another processor only"
    assert again == first
    assert followed == []
    assert len(without) == 1
    assert without != first


SCANNED = """
import json, os, sys
from exosuit_cli.workers import ahead
ahead.begin(
    "scan", [sys.argv[1]], hash="blake3", encoding="o200k_base", workers=2, use_index=False, follow=False,
    with_table=False,
)
from exosuit_cli.ingest import ScanOptions, scan
found = scan(sys.argv[1], ScanOptions(encoding=sys.argv[2], workers=int(sys.argv[3]), use_index=False))
ahead.end()
with open(f"/proc/self/task/{os.getpid()}/children") as file:
    assert not file.read().split()
print(json.dumps([found.totals.tokens, found.tree_digest]))
"""


@pytest.mark.parametrize(
    ("encoding", "workers"), [("o200k_base", 0), ("o200k_base", 2), ("o200k_base", 3), ("cl100k_base", 0)]
)
def test_a_scan_is_right_whether_it_fits_or_not(tree: Path, encoding: str, workers: int) -> None:
    expected = scan(tree, ScanOptions(encoding=encoding, use_index=False))
    done = subprocess.run(
        [sys.executable, "-c", SCANNED, tree, encoding, str(workers)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [expected.totals.tokens, expected.tree_digest]
