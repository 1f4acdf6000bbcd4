"""An incremental scan equals a scan without an index, byte for byte, whatever was done to the tree in between."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pygments
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.index.storage import FINE_SLACK_NS
from exosuit_cli.ingest import ScanOptions, ScanResult, scan, scan_names
from exosuit_cli.report.scan.records import records

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ["a", "b", "c.py", "d.log", ".hidden", "build", "\udcff"]
CONTENTS = [
    b"",
    b"x",
    b"y",
    b"one\ntwo\n",
    b"two\none\n",
    b"\0binary",
    b"#!/bin/sh\n:",
    b"\xff\xfe\xfd",
    b"print()\n" * 3000,
]
RULES = ["", "*.log\n", "build/\n", "/a\n", "*\n!*.py\n!*/\n", "a/b\n", "!d.log\n", "c.*\n", ".gitignore\n"]
START = {
    "a/.gitignore": b"*.log\n",
    "a/b": b"b",
    "a/build/d.log": b"log\n",
    "a/build/c.py": b"print()\n",
    "b/.gitignore": b"",
    "b/d.log": b"log\n",
    "c.py": b"",
}
WALKS = [
    WalkOptions(),
    WalkOptions(ignore=False),
    WalkOptions(hidden=False),
    WalkOptions(include=("*.py", "a")),
    WalkOptions(exclude=("build", "/b/*")),
    WalkOptions(follow=True),
]


@dataclass(frozen=True)
class ScanChoice:
    """One way to scan the tree."""

    walk: WalkOptions = field(default_factory=WalkOptions)
    max_file_size: int = 0
    hash: str = "blake3"
    roots: tuple[str, ...] = ("",)
    listed: bool = False

    def run(self, base: Path, *, use_index: bool) -> ScanResult:
        """Scan the roots that are there, or the whole; or a list of names, whether they are there or not."""
        options = ScanOptions(
            encoding=None,
            walk=self.walk,
            use_index=use_index,
            max_file_size=self.max_file_size,
            hash=self.hash,
            slab_bytes=1 << 14,
        )
        if self.listed:
            return scan_names(base, [os.fsencode(root or ".") for root in self.roots], options)
        return scan(self._roots(base), options)

    def index(self, base: Path) -> object:
        """What decides which index is used."""
        return self.hash, ["listed"] if self.listed else self._roots(base)

    def _roots(self, base: Path) -> list[Path]:
        return sorted({base / root for root in self.roots if (base / root).exists()}) or [base]


choices = st.builds(
    ScanChoice,
    walk=st.sampled_from(WALKS),
    max_file_size=st.sampled_from([0, 5]),
    hash=st.sampled_from(["blake3", "xxh3"]),
    roots=st.lists(st.sampled_from(["", "a", "b", "a/b", "a/build", "b/d.log", "c.py"]), min_size=1, max_size=3).map(
        tuple
    ),
    listed=st.booleans(),
)
MOST_SCANS = 15
"""How many scans may pass a file by before its row may be forgotten."""
IDENTITY = ["size", "mtime_ns", "ctime_ns", "device", "inode", "executable"]


class KnownFiles:
    """What an index must know: each file that a scan ingested and that is still the same, whatever is selected."""

    def __init__(self) -> None:
        self._files: dict[bytes, tuple[object, int]] = {}

    def must_hit(self, result: ScanResult) -> int:
        """How many files of a result must come from the index."""
        identities = result.rows[IDENTITY].tolist()
        return sum(
            self._files[path][0] == identity
            for path, identity in zip(result.paths, identities, strict=True)
            if path in self._files
        )

    def learn(self, result: ScanResult, started_ns: int) -> None:
        """Enter a result that is now in the index. What was young then is not trusted."""
        files = {path: (file, age + 1) for path, (file, age) in self._files.items()}
        for path, identity in zip(result.paths, result.rows[IDENTITY].tolist(), strict=True):
            if max(identity[1:3]) < started_ns - FINE_SLACK_NS and identity[1] % 10**9:
                files[path] = (identity, 0)
            elif files.get(path, (None, 0))[0] != identity:
                files.pop(path, None)
        there = {path for path in files if os.path.lexists(os.path.join(result.base, path))}
        self._files = {path: file for path, file in files.items() if path in there and file[1] < MOST_SCANS}


def facts(result: ScanResult) -> dict[str, object]:
    """All that a scan says, apart from how it came to know it."""
    return {
        "records": list(records(result, times=True)),
        "identities": result.rows[["device", "inode", "ctime_ns", "executable", "errno"]].tolist(),
        "skips": result.skips,
        "discovered": result.discovered,
        "skipped": result.skipped,
        "directories": result.directories,
        "tree_digest": result.tree_digest,
        "totals": result.totals,
        "languages": result.languages(),
        "duplicates": result.duplicates(),
        "problems": result.problems,
        "warnings": result.warnings,
        "partial": result.partial,
    }


def settle(last_edit: float | None = None) -> None:
    """Wait until what was written at `last_edit`, or just now, is too old to be taken for racy."""
    age = time.monotonic() - last_edit if last_edit is not None else 0.0
    time.sleep(max(FINE_SLACK_NS / 1e9 + 0.01 - age, 0))


def _put(path: Path, content: bytes) -> None:
    """Write a file in place, never through a link; a directory stays."""
    if path.is_symlink():
        path.unlink()
    if not path.is_dir():
        path.write_bytes(content)


class EditedTree(RuleBasedStateMachine):
    """A small tree under random edits and scans."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp()) / "tree"  # a link to .. leads to nothing else
        self.base.mkdir()
        for name, content in START.items():
            (self.base / name).parent.mkdir(exist_ok=True)
            (self.base / name).write_bytes(content)
        self.usual = self.other = ScanChoice()
        self.last_edit = time.monotonic()
        self.known: dict[str, KnownFiles] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.base.parent)

    def _paths(self, wanted: Callable[[int], bool]) -> list[str]:
        """What is there, relative to the base and in a fixed order; the base is the empty name."""
        found = [""] if wanted(stat.S_IFDIR) else []
        for directory, directories, files in os.walk(self.base):
            for name in (*directories, *files):
                path = os.path.join(directory, name)
                if wanted(stat.S_IFMT(os.lstat(path).st_mode)):
                    found.append(os.path.relpath(path, self.base))
        return sorted(found)

    def _some(self, data: st.DataObject, kind: int) -> Path | None:
        paths = self._paths(lambda found: found == kind)
        return self.base / data.draw(st.sampled_from(paths)) if paths else None

    def _new(self, data: st.DataObject) -> Path:
        directory = self._some(data, stat.S_IFDIR)
        assert directory is not None
        return directory / data.draw(st.sampled_from(NAMES))

    # The edits; each does nothing where the tree has nothing to do it to.

    def _write(self, data: st.DataObject) -> None:
        _put(self._new(data), data.draw(st.sampled_from(CONTENTS)))

    def _write_many(self, data: st.DataObject) -> None:
        directory = self._some(data, stat.S_IFDIR)
        assert directory is not None
        for name in NAMES:
            _put(directory / name, data.draw(st.sampled_from(CONTENTS)))

    def _append(self, data: st.DataObject) -> None:
        path = self._some(data, stat.S_IFREG)
        if path is not None:
            with path.open("ab") as file:
                file.write(b"more\n")

    def _truncate(self, data: st.DataObject) -> None:
        path = self._some(data, stat.S_IFREG)
        if path is not None:
            os.truncate(path, data.draw(st.integers(0, 3)))

    def _delete(self, data: st.DataObject) -> None:
        path = self._some(data, stat.S_IFREG)
        if path is not None:
            path.unlink()

    def _rename(self, data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from([stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK]))
        path, target = self._some(data, kind), self._new(data)
        if path is not None and path != self.base and not target.is_relative_to(path) and not target.is_dir():
            if path.is_dir() and os.path.lexists(target):
                target.unlink()
            path.rename(target)

    def _exchange(self, data: st.DataObject) -> None:
        """Two files change places, and keep their own times."""
        first, second = self._some(data, stat.S_IFREG), self._some(data, stat.S_IFREG)
        if first is not None and second is not None and first != second:
            aside = self.base / "aside"
            first.rename(aside)
            second.rename(first)
            aside.rename(second)

    def _make_executable(self, data: st.DataObject) -> None:
        path = self._some(data, stat.S_IFREG)
        if path is not None:
            path.chmod(path.stat().st_mode ^ 0o100)

    def _make_directory(self, data: st.DataObject) -> None:
        path = self._new(data)
        if not os.path.lexists(path):
            path.mkdir()

    def _remove_directory(self, data: st.DataObject) -> None:
        path = self._some(data, stat.S_IFDIR)
        if path is not None and path != self.base:
            shutil.rmtree(path)

    def _write_rules(self, data: st.DataObject) -> None:
        directory = self._some(data, stat.S_IFDIR)
        assert directory is not None
        _put(directory / ".gitignore", data.draw(st.sampled_from(RULES)).encode())

    def _overwrite_rules(self, data: st.DataObject) -> None:
        """In place: the directory does not change."""
        paths = [path for path in self._paths(stat.S_ISREG) if os.path.basename(path) == ".gitignore"]
        if paths:
            (self.base / data.draw(st.sampled_from(paths))).write_text(data.draw(st.sampled_from(RULES)))

    def _remove_rules(self, data: st.DataObject) -> None:
        directory = self._some(data, stat.S_IFDIR)
        assert directory is not None
        if not (directory / ".gitignore").is_dir():
            (directory / ".gitignore").unlink(missing_ok=True)

    def _link_rules(self, data: st.DataObject) -> None:
        """A link is no ignore file: git does not follow it, and the scan says so."""
        directory = self._some(data, stat.S_IFDIR)
        assert directory is not None
        if not os.path.lexists(directory / ".gitignore"):
            (directory / ".gitignore").symlink_to("d.log")

    def _replace_keeping_size_and_time(self, data: st.DataObject) -> None:
        path = self._some(data, stat.S_IFREG)
        if path is not None:
            before = path.stat()
            with path.open("r+b") as file:
                file.write(b"z" * min(before.st_size, 9))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def _replace_by_another_file(self, data: st.DataObject) -> None:
        path = self._some(data, stat.S_IFREG)
        if path is not None:
            before = path.stat()
            other = self.base / "aside"
            other.write_bytes(b"z" * before.st_size)
            os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
            other.replace(path)

    def _touch(self, data: st.DataObject) -> None:
        path = self._some(data, data.draw(st.sampled_from([stat.S_IFREG, stat.S_IFDIR])))
        if path is not None:
            before = path.stat()
            change = data.draw(st.sampled_from([0, 1, -(10**9), 10**18]))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + change))

    def _link(self, data: st.DataObject) -> None:
        path, target = self._some(data, stat.S_IFREG), self._new(data)
        if path is not None and not os.path.lexists(target):
            os.link(path, target)

    def _symlink(self, data: st.DataObject) -> None:
        path = self._new(data)
        if not os.path.lexists(path):
            path.symlink_to(data.draw(st.sampled_from(["a", "../b", ".", "..", "nowhere", "build"])))

    EDITS = (
        _write,
        _write_many,
        _append,
        _truncate,
        _delete,
        _rename,
        _exchange,
        _make_executable,
        _make_directory,
        _make_directory,
        _remove_directory,
        _write_rules,
        _overwrite_rules,
        _overwrite_rules,
        _overwrite_rules,
        _remove_rules,
        _link_rules,
        _replace_keeping_size_and_time,
        _replace_by_another_file,
        _touch,
        _link,
        _symlink,
    )

    @initialize(usual=st.just(ScanChoice()) | choices, other=choices)
    def choose(self, usual: ScanChoice, other: ScanChoice) -> None:
        """An index is of one way to scan; changing it at every scan would leave none to be used."""
        self.usual, self.other = usual, other

    @rule(data=st.data(), edits=st.lists(st.sampled_from(EDITS), min_size=1, max_size=3))
    def edit(self, data: st.DataObject, edits: list[Callable[[EditedTree, st.DataObject], None]]) -> None:
        for change in edits:
            change(self, data)
        self.last_edit = time.monotonic()

    @rule(usual=st.sampled_from([True, True, True, False]), settled=st.booleans())
    def scan(self, usual: bool, settled: bool) -> None:
        self._scan(self.usual if usual else self.other, settled=settled)

    @rule(walk=st.sampled_from(WALKS), max_file_size=st.sampled_from([0, 0, 5]), settled=st.booleans())
    def select(self, walk: WalkOptions, max_file_size: int, settled: bool) -> None:
        """Another selection than usual: its rows are those of the usual scan."""
        self._scan(replace(self.usual, walk=walk, max_file_size=max_file_size), settled=settled)

    def _scan(self, choice: ScanChoice, *, settled: bool) -> None:
        if settled:
            settle(self.last_edit)
        started_ns = time.time_ns()
        known = choice.run(self.base, use_index=True)
        fresh = choice.run(self.base, use_index=False)
        assert fresh.throughput.index_hits == 0
        assert facts(known) == facts(fresh)
        files = self.known.setdefault(repr(choice.index(self.base)), KnownFiles())
        assert known.throughput.index_hits >= files.must_hit(known)
        files.learn(known, started_ns)


TestAnyEdits = EditedTree.TestCase
TestAnyEdits.settings = settings(deadline=None, max_examples=20, stateful_step_count=20)


# What the machine meets too rarely.


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, content in START.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_bytes(content)
    settle()
    return tmp_path / "tree"


def assert_equal_to_a_fresh_scan(base: Path) -> ScanResult:
    known = ScanChoice().run(base, use_index=True)
    assert facts(known) == facts(ScanChoice().run(base, use_index=False))
    return known


def test_an_unchanged_tree_is_not_read(tree: Path) -> None:
    first = assert_equal_to_a_fresh_scan(tree)
    assert (first.throughput.index_hits, first.throughput.index_reason) == (0, "none yet")
    second = assert_equal_to_a_fresh_scan(tree)
    assert second.throughput.index_hits == len(second.paths) == len(START) - 1
    assert second.throughput.bytes_read == second.throughput.workers - 1 == 0
    assert second.memory.nvme.peak_bytes == 0, "an unchanged index is not written again"


def test_one_changed_file_is_read_alone(tree: Path) -> None:
    assert_equal_to_a_fresh_scan(tree)
    (tree / "c.py").write_bytes(b"new content")
    again = assert_equal_to_a_fresh_scan(tree)
    assert again.throughput.index_hits == len(again.paths) - 1
    assert again.throughput.bytes_read == len(b"new content")


def test_what_was_written_just_before_a_scan_is_read_again(tree: Path) -> None:
    """It could be written once more in the same tick of the clock, and carry the same time."""
    (tree / "c.py").write_bytes(b"one")
    assert_equal_to_a_fresh_scan(tree)
    again = assert_equal_to_a_fresh_scan(tree)
    assert again.throughput.bytes_read == len(b"one")


def test_rules_are_remembered_by_a_scan_that_did_not_read_them(tree: Path) -> None:
    assert_equal_to_a_fresh_scan(tree)
    (tree / "c.py").write_bytes(b"changed")
    assert_equal_to_a_fresh_scan(tree)  # the listing of `b` is taken over, and so must be the state of its rules
    (tree / "b" / ".gitignore").write_bytes(b"d.log\n")
    assert b"b/d.log" not in assert_equal_to_a_fresh_scan(tree).paths


def test_files_asked_for_by_name_do_not_replace_the_listing_of_their_directory(tree: Path) -> None:
    options = ScanOptions(encoding=None)
    first = scan_names(tree, [b".", b"gone"], options)
    second = scan_names(tree, [b".", b"gone"], options)
    assert second.throughput.index_hits == len(second.paths)
    assert facts(first) == facts(second)
    assert facts(second) == facts(scan_names(tree, [b".", b"gone"], replace(options, use_index=False)))


def test_rates_are_about_what_was_read(tree: Path) -> None:
    options = ScanOptions()
    first = scan(tree, options)
    assert first.throughput.tokens_counted == first.totals.tokens
    assert first.throughput.bytes_per_s == first.totals.bytes / first.throughput.wall_s
    assert first.throughput.idle_reason is None
    again = scan(tree, options).throughput
    assert (again.bytes_read, again.tokens_counted, again.index_hits) == (0, 0, len(first.paths))
    assert (again.bytes_per_s, again.tokens_per_s) == (None, None)
    assert again.idle_reason == "nothing was read: the index knew the files"
    (tree / "c.py").write_bytes(b"new content")
    changed = scan(tree, options).throughput
    assert (changed.bytes_read, changed.tokens_counted) == (len(b"new content"), 2)
    assert changed.tokens_per_s == 2 / changed.wall_s


@pytest.mark.parametrize("workers", [1, 2])
def test_real_files_with_their_tokens(tmp_path: Path, workers: int) -> None:
    base = tmp_path / "tree"
    shutil.copytree(os.path.dirname(pygments.__file__), base)
    settle()
    options = ScanOptions(workers=workers, batch_files=40)
    first = scan(base, options)
    files = [path for path in first.paths if path.endswith(b".py")]
    for path in map(os.fsdecode, files[::7]):
        with (base / path).open("ab") as file:
            file.write(b"# one more line\n")
    for path in map(os.fsdecode, files[3::50]):
        (base / path).unlink()
    (base / ".gitignore").write_text("styles/\n")
    known = scan(base, options)
    assert 0 < known.throughput.index_hits < len(known.paths) < len(first.paths)
    assert facts(known) == facts(scan(base, replace(options, use_index=False)))
    assert facts(scan(base, options)) == facts(known)
