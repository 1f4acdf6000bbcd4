"""What an index depends on comes from the declarations of options."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from trees import write

from exosuit_cli.config.option import declared, option
from exosuit_cli.config.options import ScanOptions, WalkOptions
from exosuit_cli.index.keys import index_keys
from exosuit_cli.index.storage import FINE_SLACK_NS
from exosuit_cli.ingest import scan

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class MoreWalk(WalkOptions):
    sockets: bool = option(False, "Take sockets too.", changes="walk")


@dataclass(frozen=True, slots=True)
class MoreScan(ScanOptions):
    blank_lines: bool = option(False, "Count blank lines.", changes="rows")


OPTIONS = ScanOptions(encoding=None)
OTHER: dict[str, Any] = {
    "encoding": "cl100k_base", "hash": "xxh3", "workers": 3, "device": "cpu", "max_file_size": 99,
    "slab_bytes": 1 << 20 | 1, "batch_files": 7, "index": False, "verify": True, "own_outputs": True,
    "ignore": False, "ignore_file": (".x",), "default_ignore": False, "hidden": False, "follow": True,
    "one_file_system": False, "include": ("a",), "exclude": ("b",),
}  # fmt: skip
"""Another value of every option."""


@pytest.mark.parametrize("name", OTHER)
def test_a_key_changes_with_what_an_option_is_declared_to_change(name: str) -> None:
    walk = next((each for each in declared(WalkOptions) if each.name == name), None)
    if walk is not None:
        changed = replace(OPTIONS, walk=replace(OPTIONS.walk, **{walk.attribute: OTHER[name]}))
        expected = walk.changes
    else:
        each = next(each for each in declared(ScanOptions) if each.name == name)
        changed, expected = replace(OPTIONS, **{each.attribute: OTHER[name]}), each.changes
    assert changed != OPTIONS
    differs = tuple(one != other for one, other in zip(index_keys(OPTIONS), index_keys(changed), strict=True))
    assert differs == (expected == "rows", expected == "walk")


def test_every_option_has_another_value() -> None:
    assert {each.name for record in (ScanOptions, WalkOptions) for each in declared(record)} == set(OTHER)


def test_the_variables_of_git_count_where_ignore_rules_do(monkeypatch: pytest.MonkeyPatch) -> None:
    without = replace(OPTIONS, walk=WalkOptions(ignore=False))
    before = index_keys(OPTIONS), index_keys(without)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")
    assert index_keys(OPTIONS)[0] == before[0][0]
    assert index_keys(OPTIONS)[1] != before[0][1]
    assert index_keys(without) == before[1]


def test_a_new_option_of_the_walk_has_the_listings_made_anew(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"a": b"aaa", "b/c": b"ccc"})
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    scan(tmp_path / "tree", replace(OPTIONS, walk=MoreWalk()))
    same = scan(tmp_path / "tree", replace(OPTIONS, walk=MoreWalk()))
    assert (same.throughput.index_hits, same.directories) == (2, 2)
    assert same.memory.nvme.peak_bytes == 0, "an index that is whole is not written"
    other = scan(tmp_path / "tree", replace(OPTIONS, walk=MoreWalk(sockets=True)))
    assert other.throughput.index_hits == 2
    assert other.memory.nvme.peak_bytes, "another walk is another index"


def test_a_new_option_of_the_rows_has_every_file_read(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"a": b"aaa", "b/c": b"ccc"})
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    scan(tmp_path / "tree", MoreScan(encoding=None))
    assert scan(tmp_path / "tree", MoreScan(encoding=None)).throughput.index_hits == 2
    other = scan(tmp_path / "tree", MoreScan(encoding=None, blank_lines=True)).throughput
    assert other.index_hits == 0
    assert other.index_reason.startswith("rebuilt")
