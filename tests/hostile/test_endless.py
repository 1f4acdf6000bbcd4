"""Trees without an end: endless depth, endless directories, links that fan out. Each limit is named in the ledger."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.model.records import Outcome
from exosuit_cli.walk import limits

from .fuse import EndlessTree
from .harness import Scanner, walk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from exosuit_cli.model.records import Skip
    from exosuit_cli.walk import Listing


def skips_of(listings: Sequence[Listing]) -> list[Skip]:
    return [skip for listing in listings for skip in listing.skips]


@pytest.mark.parametrize("width", [1, 2])
def test_directories_that_never_end_meet_a_limit_of_depth(tree: Path, scan: Scanner, width: int) -> None:
    with EndlessTree(tree, width):
        scanned = scan(tree, "--no-index", code=7)
    limited = [record for record in scanned.records.values() if record.get("skipped") == "walk_limit"]
    # A tree with one directory in each has one end; one that branches is given up after some hundred.
    assert len(limited) == 1 if width == 1 else len(limited) > limits.MOST_MET
    assert "deeper than 2,048 levels" in {record["detail"] for record in limited}
    assert limits.MOST_LEVELS <= scanned.document["ledger"]["directories"] < 2 * limits.MOST_LEVELS
    assert scanned.skipped.keys() == {"walk_limit"}


def test_a_directory_whose_names_never_end_is_left_out(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_NAMES", 10_000)
    with EndlessTree(tree, 0):
        (listing,) = walk(tree)
    assert (listing.names, listing.entered) == ((), False)
    assert skips_of([listing]) == [(skip := listing.skips[0])]
    assert (skip.outcome, skip.detail) == (Outcome.WALK_LIMIT, "more than 10,000 entries")


def test_a_directory_of_exactly_the_limit_is_whole(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_NAMES", 3)
    for name in "abc":
        (tree / name).touch()
    (listing,) = walk(tree)
    assert listing.names == (b"a", b"b", b"c")


def test_the_limit_of_depth_is_the_one_it_says(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_LEVELS", 3)
    (tree / "1" / "2" / "3" / "4").mkdir(parents=True)
    (tree / "1" / "2" / "3" / "file").touch()
    listings = walk(tree)
    assert [listing.directory.path for listing in listings] == [b"", b"1", b"1/2", b"1/2/3"]
    assert listings[-1].names == (b"file",)
    assert [(skip.path, skip.outcome) for skip in skips_of(listings)] == [(b"1/2/3/4", Outcome.WALK_LIMIT)]


def test_long_names_meet_the_limit_of_a_path(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LONGEST_PATH", 300)
    name = "n" * 200
    (tree / name / name / name).mkdir(parents=True)
    (skip,) = skips_of(walk(tree))
    assert (skip.path, skip.detail) == (
        os.fsencode(f"{name}/{name}/{name}"),
        "its path is longer than 300 bytes",
    )


def test_a_walk_of_very_many_entries_ends_and_says_what_is_left(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ENTRIES", 25)
    for directory in range(10):
        (tree / str(directory)).mkdir()
        for file in range(10):
            (tree / str(directory) / str(file)).touch()
    listings = walk(tree)
    assert [listing.directory.path for listing in listings if listing.entered] == [b"", b"0", b"1"]
    assert {skip.path for skip in skips_of(listings)} == {str(number).encode() for number in range(2, 10)}
    assert {skip.detail for skip in skips_of(listings)} == {"the walk has over 25 entries"}


def test_links_that_fan_out_are_followed_to_a_bound(tree: Path, scan: Scanner) -> None:
    """Four links in each of fifteen directories lead to the next: 4^15 paths to the last."""
    for level in range(16):
        (tree / f"level{level:02}").mkdir()
        (tree / f"level{level:02}" / "file").write_text(f"{level}\n")
        for link in range(4 if level < 15 else 0):
            (tree / f"level{level:02}" / f"link{link}").symlink_to(f"../level{level + 1:02}")
    scanned = scan(tree, "--follow")
    paths = Counter(os.path.basename(os.path.realpath(tree / os.fsdecode(path) / "..")) for path in scanned.records)
    assert {f"level{level:02}/file".encode() for level in range(16)} <= scanned.records.keys()
    assert scanned.skipped.keys() == {"repeated"}
    assert sum(paths.values()) < 16 * 5 * (limits.MOST_VISITS + 1)
    (detail,) = {record["detail"] for record in scanned.records.values() if "skipped" in record}
    assert detail == "it was entered by 16 other paths, through links"
    assert scan(tree, "--follow").records == scanned.records


def test_few_links_to_one_directory_are_all_followed(tree: Path, scan: Scanner) -> None:
    (tree / "target").mkdir()
    (tree / "target" / "file").write_text("text\n")
    for link in range(limits.MOST_VISITS - 1):
        (tree / f"link{link}").symlink_to("target")
    scanned = scan(tree, "--follow")
    assert set(scanned.outcomes().values()) == {"ingested"}
    assert len(scanned.records) == limits.MOST_VISITS


def test_the_directory_itself_is_entered_however_many_links_there_are(tree: Path, scan: Scanner) -> None:
    (tree / "z").mkdir()
    (tree / "z" / "file").write_text("text\n")
    for link in range(limits.MOST_VISITS + 5):
        (tree / f"link{link:02}").symlink_to("z")
    scanned = scan(tree, "--follow")
    assert scanned.outcome("z/file") == "ingested"
    assert scanned.skipped == {"repeated": 5}
