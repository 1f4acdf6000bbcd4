"""Where an index lies, what it is worth, and `--verify`, which does not believe it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from trees import write

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.index.path import index_path
from exosuit_cli.index.storage import FINE_SLACK_NS, load_index, save_index
from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.walk.roots import resolve_roots

from .test_index import header_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPTIONS = ScanOptions(encoding=None)
VERIFY = replace(OPTIONS, verify=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with an index, everything in it old enough to be trusted."""
    write(tmp_path / "tree", {"a": b"aaa", "b/c": b"ccc", "b/d": b"ddd", "e": b""})
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    scan(tmp_path / "tree", OPTIONS)
    return tmp_path / "tree"


def forge(tree: Path, change: Callable[[Any], None], encoding: str | None = None) -> None:
    """Let the index say what never was, under a seal that fits: as if contents had changed and no time with them."""
    path = index_path(resolve_roots([tree]), "blake3", encoding)
    header = header_of(path)
    index = load_index(path, header["content_key"], header["walk_key"])
    change(index.rows)
    save_index(
        path,
        content_key=header["content_key"],
        walk_key=header["walk_key"],
        started_ns=header["started_ns"],
        rows=index.rows,
        order=index.order,
        tree_digest=index.tree_digest,
        listings=index.listings,
        rules=index.rules,
    )


def _forge_digests(rows: Any) -> None:
    rows["digest"][rows["size"] == 3, :] ^= np.uint8(0xFF)


def _forge_one(rows: Any) -> None:
    rows["digest"][np.flatnonzero(rows["size"] == 3)[0], 31] ^= np.uint8(1)


def test_an_honest_index_verifies(tree: Path) -> None:
    result = scan(tree, VERIFY)
    assert result.verify_failures == []
    assert result.throughput.index_hits == 0
    assert result.throughput.bytes_read == 9


def test_without_verify_nothing_is_said_of_it(tree: Path) -> None:
    assert scan(tree, OPTIONS).verify_failures is None


def test_what_an_index_says_wrongly_is_named(tree: Path) -> None:
    forge(tree, _forge_digests)
    believed = scan(tree, OPTIONS)
    assert believed.throughput.index_hits == 4, "a scan believes its index, or the test would test nothing"
    forge(tree, _forge_digests)  # that scan wrote nothing: forging twice is forging back
    assert scan(tree, VERIFY).verify_failures == []
    forge(tree, _forge_digests)
    result = scan(tree, VERIFY)
    assert result.verify_failures is not None
    assert [result.paths[position] for position in result.verify_failures] == [b"a", b"b/c", b"b/d"]
    assert result.tree_digest == scan(tree, replace(OPTIONS, use_index=False)).tree_digest


def test_one_bit_is_enough(tree: Path) -> None:
    forge(tree, _forge_one)
    result = scan(tree, VERIFY)
    assert result.verify_failures is not None
    assert len(result.verify_failures) == 1


def test_what_was_really_changed_is_no_failure(tree: Path) -> None:
    (tree / "a").write_bytes(b"new")
    (tree / "new").write_bytes(b"new")
    (tree / "b" / "c").unlink()
    result = scan(tree, VERIFY)
    assert result.verify_failures == []
    assert [result.digest(place) for place in range(4)] == [
        scan(tree, replace(OPTIONS, use_index=False)).digest(place) for place in range(4)
    ]


def test_a_change_that_restores_the_time_is_noticed_without_verify(tree: Path) -> None:
    """Nobody can set the time of the last change of status."""
    before = (tree / "a").stat()
    (tree / "a").write_bytes(b"xxx")
    os.utime(tree / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    after = scan(tree, OPTIONS)
    assert after.tree_digest == scan(tree, replace(OPTIONS, use_index=False)).tree_digest
    assert after.throughput.index_hits == 3


def test_verifying_without_an_index_says_that_it_verified_nothing(tree: Path) -> None:
    """Not to find a failure is no success where nothing was compared."""
    os.unlink(index_path(resolve_roots([tree]), "blake3", None))
    result = scan(tree, VERIFY)
    assert result.verify_failures is None
    (warning,) = result.warnings
    assert "nothing was verified" in warning
    again = scan(tree, VERIFY)
    assert (again.verify_failures, again.warnings) == ([], [])


def test_other_listings_are_no_reason_not_to_verify(tree: Path) -> None:
    forge(tree, _forge_digests)
    result = scan(tree, replace(VERIFY, walk=WalkOptions(exclude=("a",))))
    assert result.verify_failures is not None
    assert [result.paths[position] for position in result.verify_failures] == [b"b/c", b"b/d"]


def test_the_command_fails_and_names_the_file(tree: Path, run: Any) -> None:
    forge(tree, _forge_one)
    done = run("scan", tree, "--no-tokens", "--verify", "--json")
    assert done.returncode == 3
    (path,) = json.loads(done.stdout)["verify_failures"]
    assert done.stderr.decode() == f"exosuit: error: {path}: content changed while size and times did not\n"
    assert run("scan", tree, "--no-tokens", "--verify", "--json").returncode == 0, "the true rows were remembered"


def test_the_command_warns_where_it_compared_nothing(tmp_path: Path, run: Any) -> None:
    (tmp_path / "x").touch()
    first = run("scan", tmp_path, "--verify")
    assert first.returncode == 0
    assert b"nothing was verified" in first.stderr
    assert run("scan", tmp_path, "--verify", "--strict").returncode == 0
    assert run("scan", tmp_path, "--verify", "--strict", "--hash", "xxh3").returncode == 3


def test_a_first_scan_is_remembered_as_the_second_finds_it(tmp_path: Path) -> None:
    """Its own directories come to be during it, and are left out of the walk by both."""
    write(tmp_path / "tree", {"a": b"", "b/c": b""})
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    assert not os.path.exists(os.environ["XDG_CACHE_HOME"])
    scan(tmp_path / "tree", OPTIONS)
    again = scan(tmp_path / "tree", OPTIONS)
    assert again.memory.nvme.peak_bytes == 0, "an index that is unchanged as a whole is not written again"
