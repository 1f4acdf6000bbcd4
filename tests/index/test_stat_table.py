"""A table of stats says what os.stat says, whoever fills it and whatever becomes of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from trees import write

from exosuit_cli.index.changes import STATX, device_numbers, nanoseconds
from exosuit_cli.index.path import index_path
from exosuit_cli.index.stat_table import SEAL_BYTES, StatTable
from exosuit_cli.index.statx import os_statx
from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.model.records import clamp_ns
from exosuit_cli.walk.roots import resolve_roots

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIRECTORIES = [b"", b"a", b"a/b", b"gone", b"link"]
NAMES = [[b"one", b"gone", b"soft"], [b"two", b"old", b"far"], [], [b"x"], [b"x"]]


@pytest.fixture
def base(tmp_path: Path) -> bytes:
    write(tmp_path, {"one": b"1", "a/two": b"22", "a/old": b"", "a/far": b"f", "a/b/three": b"3"})
    (tmp_path / "soft").symlink_to("one")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "one").chmod(0o755)
    os.utime(tmp_path / "a" / "old", ns=(-5, -1))
    os.utime(tmp_path / "a" / "far", ns=(2**33 * 10**9, 2**33 * 10**9))
    return os.fsencode(tmp_path)


def facts(table: StatTable, count: int, *, of: str) -> list[tuple[int, ...]]:
    found = np.frombuffer(getattr(table, of), STATX, count)
    columns = [
        found["mode"], found["size"], found["inode"], device_numbers(found), nanoseconds(found, "mtime"),
        nanoseconds(found, "ctime"),
    ]  # fmt: skip
    return list(zip(*(column.tolist() for column in columns), strict=True))


def expected(path: bytes) -> tuple[int, ...]:
    try:
        status = os.lstat(path)
    except OSError:
        return (0,) * 6
    return (
        status.st_mode, status.st_size, status.st_ino, status.st_dev, clamp_ns(status.st_mtime_ns),
        clamp_ns(status.st_ctime_ns),
    )  # fmt: skip


@pytest.mark.parametrize("processes", [1, 2, 5])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_records_are_those_of_os_stat(base: bytes, processes: int, elsewhere: bool) -> None:
    table = StatTable(len(DIRECTORIES), sum(map(len, NAMES)), call=os_statx if elsewhere else None)
    table.complete(base, DIRECTORIES, NAMES, follow=False, processes=processes)
    paths = [os.path.join(base, path, name) for path, names in zip(DIRECTORIES, NAMES, strict=True) for name in names]
    gone = [(0,) * 6] * 2  # a directory that is gone, and a link in place of one, hold no files
    assert facts(table, 8, of="files") == [*map(expected, paths[:6]), *gone]
    assert facts(table, 5, of="directories") == [
        *(expected(os.path.join(base, p, b".")) for p in DIRECTORIES[:3]),
        *gone,
    ]


def test_devices_are_put_together_as_the_library_does() -> None:
    rng = np.random.default_rng(1)
    found = np.zeros(1000, STATX)
    found["major"], found["minor"] = rng.integers(0, 1 << 31, (2, 1000))
    found["major"][:500] &= 0xFFF
    numbers = zip(found["major"].tolist(), found["minor"].tolist(), strict=True)
    assert device_numbers(found).tolist() == [os.makedev(major, minor) for major, minor in numbers]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with an index, large enough for more than one process."""
    tree = tmp_path / "tree"
    write(tree, {f"d{number % 40}/{number}": b"%d" % number for number in range(4500)})
    time.sleep(0.15)
    scan(tree, ScanOptions(encoding="o200k_base", workers=1))
    return tree


AHEAD = """
import json, os, signal, sys
from exosuit_cli.system.processors import usable_processors
from exosuit_cli.workers import ahead
tree, fate = sys.argv[1:]
ahead.begin(
    "scan", [tree], hash="blake3", encoding="o200k_base", workers=0, use_index=True, follow=False, with_table=False
)
import psutil
fillers = psutil.Process().children()
assert len(fillers) == int(usable_processors() > 1)
for filler in fillers if fate == "dies" else ():
    os.kill(filler.pid, signal.SIGKILL)
from exosuit_cli.ingest import ScanOptions, scan
found = scan(tree, ScanOptions())
ahead.end()
assert not psutil.Process().children()
print(json.dumps([found.throughput.index_hits, found.totals.files, found.tree_digest]))
"""


def scanned_ahead(tree: Path, fate: str = "lives") -> tuple[int, int, str]:
    """Index hits, files and tree digest of a scan whose table is begun ahead, as the command begins it."""
    done = subprocess.run(
        [sys.executable, "-c", AHEAD, tree, fate],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    hits, files, digest = json.loads(done.stdout)
    return hits, files, digest


def test_a_table_filled_ahead_is_the_same(tree: Path) -> None:
    roots = resolve_roots([tree])
    index = index_path(roots, "blake3", "o200k_base")
    table = StatTable.fork_ahead(index, roots.base)
    with open(index, "rb") as file:
        seal = file.read()[-SEAL_BYTES:]
    deadline = time.monotonic() + 60
    while not table.is_for(seal, roots.base) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert table.is_for(seal, roots.base)
    assert not table.is_for(seal, roots.base + b"x")
    assert not table.is_for(bytes(SEAL_BYTES), roots.base)
    table.close()


@pytest.mark.parametrize(("moved", "expected"), [(-100, True), (100, False)])
def test_a_table_filled_ahead_expects_what_is_younger_than_the_index(tree: Path, moved: int, expected: bool) -> None:
    roots = resolve_roots([tree])
    index = index_path(roots, "blake3", "o200k_base")
    now = time.time()
    os.utime(index, (now + moved, now + moved))
    table = StatTable.fork_ahead(index, roots.base)
    for filler in table._fillers:
        filler.join()
    assert (table.changes(roots.base) > 0) == expected
    assert not table.changes(roots.base + b"x")
    table.close()


def test_a_scan_uses_it_and_says_the_same(tree: Path) -> None:
    whole = scan(tree, ScanOptions())
    assert whole.throughput.index_hits == 4500
    (tree / "d3" / "new").write_bytes(b"new")
    (tree / "d4" / "4").write_bytes(b"changed, and longer")
    os.unlink(tree / "d5" / "5")
    expected = scan(tree, ScanOptions(use_index=False)).tree_digest
    assert scanned_ahead(tree) == (4498, 4500, expected)


def test_processes_that_die_cost_time_only(tree: Path) -> None:
    hits, _, _ = scanned_ahead(tree, "dies")
    assert hits == 4500


@pytest.mark.parametrize("content", [b"", b"exosuit.index\n", b"exosuit.index\n\1\0\0\0\xff\0\0\0{", b"\0" * 5000])
def test_an_index_that_cannot_be_read_fills_nothing(tree: Path, content: bytes) -> None:
    roots = resolve_roots([tree])
    index = index_path(roots, "blake3", "o200k_base")
    with open(index, "wb") as file:
        file.write(content)
    _, files, _ = scanned_ahead(tree)
    assert files == 4500


@pytest.mark.parametrize(
    "options", [[], ["--follow"], ["--verify"], ["--no-tokens"], ["--hash", "xxh3"], ["--no-ignore"]]
)
def test_the_command_is_right_under_any_options(tree: Path, run: Callable[..., Any], options: list[str]) -> None:
    run("scan", tree, "--json", *options)
    (tree / "d7" / "7").write_bytes(b"changed, and longer")
    fresh = ["--no-index", *(option for option in options if option != "--verify")]
    documents = [json.loads(run("scan", tree, "--json", *chosen).stdout) for chosen in (options, fresh)]
    assert documents[0]["tree_digest"] == documents[1]["tree_digest"]
    assert documents[0]["totals"] == documents[1]["totals"]
