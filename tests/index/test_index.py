"""The index file: what is written is read again, and nothing but that is ever believed."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import plain, write

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.index.file import IndexFile
from exosuit_cli.index.format import MAGIC, VERSION, IndexUnusable
from exosuit_cli.index.index import Index, Unchanged
from exosuit_cli.index.keys import index_keys
from exosuit_cli.index.path import index_path
from exosuit_cli.index.storage import (
    COARSE_SLACK_NS,
    FINE_SLACK_NS,
    UNKNOWN,
    load_index,
    save_index,
)
from exosuit_cli.ingest import ScanOptions, ScanResult, scan
from exosuit_cli.model.records import ROW, Directory, Outcome, Rows, Skip
from exosuit_cli.walk import Listing, RuleState
from exosuit_cli.walk.roots import resolve_roots

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_700_000_000_123_456_789
OLD = NOW - 10**12
OPTIONS = ScanOptions(encoding=None)


@dataclass
class Content:
    """What `save_index` is given."""

    rows: Rows
    order: np.ndarray
    tree_digest: str
    listings: list[Listing]
    rules: dict[bytes, RuleState | None]

    def save(self, path: Path, *, started_ns: int = NOW, content_key: str = "c", walk_key: str = "w") -> int:
        return save_index(
            str(path),
            content_key=content_key,
            walk_key=walk_key,
            started_ns=started_ns,
            rows=self.rows,
            order=self.order,
            tree_digest=self.tree_digest,
            listings=self.listings,
            rules=self.rules,
        )


def load(path: Path, content_key: str = "c", walk_key: str = "w") -> Index:
    return load_index(str(path), content_key, walk_key)


names = st.binary(min_size=1, max_size=6).map(lambda name: name.replace(b"/", b"_").replace(b"\0", b"_"))
outcomes = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.INGESTED])


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Directories in the order of a walk, and old rows for the files in them; what was not entered says why."""
    listings: list[Listing] = []
    identities = st.integers(0, 2**64 - 1)
    for _ in range(draw(st.integers(1, 5))):
        entered = [listing.directory.path for listing in listings if listing.entered]
        above = draw(st.sampled_from(entered)) if entered else b""
        path = (above + b"/" if above else b"") + draw(names) if listings else b""
        if path in [listing.directory.path for listing in listings]:
            continue
        directory = Directory(path, draw(identities), draw(identities), OLD, OLD)
        if draw(st.integers(0, 3)) == 0:
            listings.append(Listing(directory, skips=(Skip(path, draw(outcomes), "", True),), entered=False))
            continue
        skips = [
            Skip(path + b"/" + name if path else name, draw(outcomes), draw(st.text(max_size=9)), draw(st.booleans()))
            for name in draw(st.lists(names, max_size=3))
        ]
        listings.append(Listing(directory, tuple(draw(st.lists(names, max_size=4, unique=True))), tuple(skips)))
    count = sum(len(listing.names) for listing in listings)
    rows = np.frombuffer(draw(st.binary(min_size=count * ROW.itemsize, max_size=count * ROW.itemsize)), ROW).copy()
    rows["outcome"] = Outcome.INGESTED
    rows["mtime_ns"] = rows["ctime_ns"] = OLD
    states = st.none() | st.builds(RuleState, st.integers(0, 99), st.just(OLD), st.just(OLD), identities)
    return Content(
        rows=rows,
        order=np.array(draw(st.permutations(range(count))), np.int64),
        tree_digest=draw(st.text("0123456789abcdef", max_size=64)),
        listings=listings,
        rules=draw(st.dictionaries(names, states, max_size=3)),
    )


@given(contents())
@settings(deadline=None)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, content: Content) -> None:
    path = tmp_path_factory.mktemp("index") / "x"
    assert content.save(path) == path.stat().st_size
    index = load(path)
    assert index.rows.tobytes() == content.rows.tobytes()
    assert index.order.tolist() == content.order.tolist()
    assert index.tree_digest == content.tree_digest
    assert index.listings == content.listings
    assert index.rules == content.rules
    assert index.walk_is_known
    assert index.trusted == [
        listing.entered or [skip.outcome for skip in listing.skips] == [Outcome.DEFAULT_IGNORED]
        for listing in content.listings
    ]
    assert index.start(len(index.listings)) == len(content.rows)
    paths = [listing.directory.path for listing in content.listings]
    for listing, below in zip(index.listings, index.below, strict=True):
        prefix = listing.directory.path + b"/" if listing.directory.path else b""
        assert [prefix + name for name in below] == [
            path for path in paths if path and path.rpartition(b"/")[0] == listing.directory.path
        ]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """An index of one directory, one file, one skip and one ignore file."""
    rows = np.zeros(1, ROW)
    rows["mtime_ns"] = rows["ctime_ns"] = OLD
    directory = Directory(b"", 1, 2, OLD, OLD)
    listing = Listing(directory, (b"file",), (Skip(b"link", Outcome.SYMLINK),))
    rules = {b"/x": RuleState(1, OLD, OLD, 2), b"/y": None}
    Content(rows, np.zeros(1, np.int64), "ab" * 32, [listing], rules).save(tmp_path / "index")
    return tmp_path / "index"


def test_every_damaged_byte_is_noticed(small: Path) -> None:
    whole = small.read_bytes()
    for position in range(len(whole)):
        for change in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[position] ^= change
            small.write_bytes(damaged)
            with pytest.raises(IndexUnusable):
                load(small)
    small.write_bytes(whole)
    assert load(small).listings[0].names == (b"file",)


def test_every_cut_is_noticed(small: Path) -> None:
    whole = small.read_bytes()
    for length in range(len(whole)):
        small.write_bytes(whole[:length])
        with pytest.raises(IndexUnusable):
            load(small)
    small.write_bytes(whole + b"\0")
    with pytest.raises(IndexUnusable):
        load(small)


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_other_file_is_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("index") / "x"
    for content in (data, MAGIC + data, MAGIC + struct.pack("<II", VERSION, 2) + data):
        path.write_bytes(content)
        with pytest.raises(IndexUnusable):
            load(path)


def sealed(version: int) -> bytes:
    body = MAGIC + struct.pack("<II", version, 2) + b"{}"
    return body + blake3(body).digest()


def test_versions(tmp_path: Path) -> None:
    """A newer one is left as it is, an older one is replaced; neither is read."""
    (tmp_path / "newer").write_bytes(sealed(VERSION + 1))
    (tmp_path / "older").write_bytes(sealed(VERSION - 1))
    with pytest.raises(IndexUnusable, match="newer") as newer:
        load(tmp_path / "newer")
    with pytest.raises(IndexUnusable, match="older") as older:
        load(tmp_path / "older")
    assert (newer.value.refused, older.value.refused) == (True, False)


def test_no_index_is_no_error_of_the_index(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "gone")


def test_other_options_of_content_and_of_the_walk(small: Path) -> None:
    """Rows of other contents are worthless; listings of another walk are, too, while its rows stand."""
    with pytest.raises(IndexUnusable, match="other options"):
        load(small, content_key="another")
    index = load(small, walk_key="another")
    assert not index.walk_is_known
    assert index.unchanged_directories() == {}


@pytest.mark.parametrize(
    ("then", "now", "is_known"),
    [
        ({"outside"}, {"outside"}, True),
        ({"outside"}, {"another outside"}, True),
        (set(), {"a.txt"}, False),
        (set(), {"sub"}, False),
        ({"a.txt"}, set(), False),
        ({"a.txt"}, {"sub/b.txt"}, False),
        ({"a.txt"}, {"a.txt", "sub"}, False),
        ({"a.txt", "outside"}, {"a.txt"}, True),
        ({"a.txt", "outside"}, {"a.txt", "outside", "another outside"}, True),
        (set(), {"ignored.log"}, False),
        ({"ignored.log"}, set(), False),
        ({"ignored.log"}, {"ignored.log", "outside"}, True),
    ],
)
def test_listings_are_kept_where_other_own_outputs_are_not_met(
    tmp_path: Path, then: set[str], now: set[str], is_known: bool
) -> None:
    """A report that is redirected to a new file each time costs no new walk; one into a file of the tree does."""
    tree = tmp_path / "tree"
    write(tree, {"a.txt": b"a", "sub/b.txt": b"b", "ignored.log": b"", ".gitignore": b"*.log"})
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    for name in ("outside", "another outside"):
        (tmp_path / name).write_bytes(b"")

    def options(names: set[str]) -> ScanOptions:
        places = [(tmp_path if "outside" in name else tree) / name for name in names]
        own = frozenset((place.stat().st_dev, place.stat().st_ino) for place in places)
        return replace(OPTIONS, walk=WalkOptions(own_outputs=own))

    scan(tree, options(then))
    chosen = options(now)
    own_outputs = chosen.walk.own_outputs
    index = IndexFile.open(resolve_roots([tree]), "blake3", None, index_keys(chosen), own_outputs, []).index
    assert index is not None
    assert index.walk_is_known == is_known
    with_index, without = scan(tree, options(now)), scan(tree, replace(options(now), use_index=False))
    assert (with_index.paths, with_index.skips) == (without.paths, without.skips)


def test_own_outputs_beside_files_of_unknown_identity_need_a_new_walk(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"a.txt": b"too long"})
    options = replace(OPTIONS, max_file_size=1)
    scan(tmp_path / "tree", options)
    status = (tmp_path / "tree" / "a.txt").stat()
    own = replace(options, walk=WalkOptions(own_outputs=frozenset({(status.st_dev, status.st_ino)})))
    assert [skip.outcome for skip in scan(tmp_path / "tree", own).skips] == [Outcome.OWN_OUTPUT]


def test_rules_that_the_environment_takes_away_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = tmp_path / "repository"
    write(repository, {".gitignore": b"*.log", "sub/a.log": b"a", "sub/b": b"b"})
    subprocess.run(["git", "init", "-q", repository], check=True)
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    assert scan(repository / "sub", OPTIONS).paths == [b"b"]
    assert scan(repository / "sub", OPTIONS).paths == [b"b"]
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository))
    assert scan(repository / "sub", OPTIONS).paths == [b"a.log", b"b"]


# Youth: what a later write in the same tick of the clock could repeat is not trusted.


@pytest.mark.parametrize(
    ("time_ns", "young"),
    [
        (NOW, True),
        (NOW + 10**18, True),
        (NOW - FINE_SLACK_NS, True),
        (NOW - FINE_SLACK_NS - 1, False),
        (0, False),
        (-(10**18), False),
        ((NOW - COARSE_SLACK_NS) // 10**9 * 10**9, False),
        ((NOW - COARSE_SLACK_NS) // 10**9 * 10**9 + 10**9, True),  # a file system of whole seconds
        ((NOW - COARSE_SLACK_NS) // 10**9 * 10**9 + 10**9 + 1, False),  # one that tells nanoseconds
    ],
)
@pytest.mark.parametrize("which", ["mtime_ns", "ctime_ns"])
def test_young_entries_are_not_trusted(tmp_path: Path, time_ns: int, young: bool, which: str) -> None:
    times = {"mtime_ns": OLD, "ctime_ns": OLD, which: time_ns}
    rows = np.zeros(1, ROW)
    rows["size"] = 7
    for name, value in times.items():
        rows[name] = value
    listing = Listing(Directory(b"", 1, 2, **times), (b"file",))
    rules = {b"/x": RuleState(5, inode=6, **times), b"/y": None}
    Content(rows, np.zeros(1, np.int64), "", [listing], rules).save(tmp_path / "index")
    index = load(tmp_path / "index")
    assert index.trusted == [not young]
    assert index.rows["size"].tolist() == [UNKNOWN if young else 7]
    assert (index.rules[b"/x"] == rules[b"/x"]) is not young
    assert index.rules[b"/y"] is None


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_files_that_were_read_are_trusted(tmp_path: Path, outcome: Outcome) -> None:
    rows = np.zeros(1, ROW)
    rows["outcome"] = outcome
    listing = Listing(Directory(b"", 1, 2, OLD, OLD), (b"file",))
    Content(rows, np.zeros(1, np.int64), "", [listing], {}).save(tmp_path / "index")
    size = int(load(tmp_path / "index").rows["size"][0])
    assert size == (0 if outcome in (Outcome.INGESTED, Outcome.OWN_OUTPUT) else UNKNOWN)


def test_what_is_known_of_the_files_of_a_listing(tmp_path: Path) -> None:
    rows = np.zeros(4, ROW)
    rows["lines"] = [10, 11, 12, 13]
    one = Listing(Directory(b"a", 1, 2, OLD, OLD), (b"x", b"y"))
    two = Listing(Directory(b"b", 1, 3, OLD, OLD), (b"y", b"z"))
    Content(rows, np.arange(4), "", [one, two], {}).save(tmp_path / "index")
    index = load(tmp_path / "index")
    assert index.known_rows(one) is None, "before it is known what is unchanged"
    index.enter(Unchanged(np.array([True, False]), np.array([True, False, True, True])))
    assert list(index.unchanged_directories()) == [b"a"]
    for listing, expected in (
        (index.listings[0], [(10, True), (11, False)]),
        (two._replace(names=(b"new", b"z", b"y", b"x")), [(None, False), (13, True), (12, True), (None, False)]),
        (two._replace(names=()), []),
    ):
        known = index.known_rows(listing)
        assert known is not None
        found = zip(plain(known[0]), known[1].tolist(), strict=True)
        assert [(row["lines"] if same else None, same) for row, same in found] == [
            (lines if same else None, same) for lines, same in expected
        ]
    assert index.known_rows(two._replace(directory=two.directory._replace(path=b"c"))) is None


# The same, as a scan meets it.


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path / "tree", {"a": b"a", "b/c": b"c", "b/.gitignore": b"x", "b/x": b"x"})
    return tmp_path / "tree"


def index_of(tree: Path) -> str:
    return index_path(resolve_roots([tree]), OPTIONS.hash, OPTIONS.encoding)


def header_of(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        data = file.read()
    start = len(MAGIC) + 8
    header: dict[str, Any] = json.loads(data[start : start + struct.unpack_from("<I", data, len(MAGIC) + 4)[0]])
    return header


def assert_right(result: ScanResult, tree: Path) -> None:
    fresh = scan(tree, replace(OPTIONS, use_index=False))
    assert (result.paths, result.skips, result.tree_digest) == (fresh.paths, fresh.skips, fresh.tree_digest)
    assert plain(result.rows) == plain(fresh.rows)


def test_an_index_lies_in_the_cache_and_names_no_path(tree: Path) -> None:
    scan(tree, OPTIONS)
    path = index_of(tree)
    assert path.startswith(os.environ["XDG_CACHE_HOME"])
    assert b"tree" not in os.fsencode(os.path.basename(path))
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o700
    assert header_of(path)["tree_digest"] == scan(tree, OPTIONS).tree_digest


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "older", "text"])
def test_a_damaged_index_is_made_again(tree: Path, damage: str) -> None:
    scan(tree, OPTIONS)
    path = index_of(tree)
    with open(path, "rb") as file:
        whole = file.read()
    flipped = whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:]
    damaged = {"flip": flipped, "cut": whole[:-7], "empty": b"", "older": sealed(VERSION - 1), "text": b"hello\n"}
    with open(path, "wb") as file:
        file.write(damaged[damage])
    result = scan(tree, OPTIONS)
    assert_right(result, tree)
    assert result.throughput.index_hits == 0
    if damage in ("flip", "cut", "older"):
        assert result.throughput.index_reason.startswith("rebuilt: ")
        assert scan(tree, OPTIONS).throughput.index_reason == "used"


def test_a_newer_index_is_left_alone_with_one_warning(tree: Path) -> None:
    scan(tree, OPTIONS)
    with open(index_of(tree), "wb") as file:
        file.write(sealed(VERSION + 1))
    result = scan(tree, OPTIONS)
    assert_right(result, tree)
    assert [warning for warning in result.warnings if "newer exosuit" in warning and "delete it" in warning]
    with open(index_of(tree), "rb") as file:
        assert file.read() == sealed(VERSION + 1)


@pytest.mark.parametrize(
    "other",
    [
        ScanOptions(encoding=None, hash="xxh3"),
        ScanOptions(encoding="cl100k_base"),
    ],
)
def test_rows_made_with_other_options_are_not_taken(tree: Path, other: ScanOptions) -> None:
    scan(tree, OPTIONS)
    result = scan(tree, other)
    assert result.throughput.index_hits == 0
    assert plain(result.rows) == plain(scan(tree, replace(other, use_index=False)).rows)


def test_listings_made_with_other_options_are_not_taken_but_their_rows_are(tree: Path) -> None:
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    scan(tree, OPTIONS)
    other = replace(OPTIONS, walk=WalkOptions(ignore=False))
    result = scan(tree, other)
    assert result.throughput.index_hits == 3
    assert b"b/x" in result.paths
    assert plain(result.rows) == plain(scan(tree, replace(other, use_index=False)).rows)


def test_what_does_not_change_a_row_shares_the_index(tree: Path) -> None:
    first = scan(tree, OPTIONS)
    again = scan(tree, replace(OPTIONS, workers=1, slab_bytes=1 << 14, batch_files=3))
    assert (first.throughput.index_reason, again.throughput.index_reason) == ("none yet", "used")


def test_roots_have_indexes_of_their_own(tree: Path) -> None:
    scan(tree, OPTIONS)
    assert scan(tree / "b", OPTIONS).throughput.index_reason == "none yet"
    assert scan([tree, tree / "b"], OPTIONS).throughput.index_reason == "none yet"
    assert scan([tree / "b", tree], OPTIONS).throughput.index_reason == "used"


def test_no_index_is_written_where_none_is_wanted(tree: Path) -> None:
    scan(tree, replace(OPTIONS, use_index=False))
    assert not os.path.exists(index_of(tree))
