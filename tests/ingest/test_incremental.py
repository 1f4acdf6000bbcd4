"""An incremental scan equals a scan without an index, byte for byte, whatever was done to the tree in between."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from exosuit_cli.ingest import ScanOptions, ScanResult, scan
from exosuit_cli.ingest.index import FINE_SLACK_NS
from exosuit_cli.report.records import records
from exosuit_cli.walk import WalkOptions

NAMES = ["a", "b", "c.py", "d.log", ".hidden", "build", "\udcff"]
CONTENTS = [b"", b"x", b"y", b"one\ntwo\n", b"two\none\n", b"\0binary", b"#!/bin/sh\n:", b"\xff\xfe\xfd", b"print()\n" * 3000]
RULES = ["", "*.log\n", "build/\n", "/a\n", "*\n!*.py\n!*/\n", "a/b\n", "!d.log\n", "c.*\n", ".gitignore\n"]
WALKS = [
    WalkOptions(),
    WalkOptions(),
    WalkOptions(),
    WalkOptions(ignore=False),
    WalkOptions(hidden=False),
    WalkOptions(include=("*.py", "a")),
    WalkOptions(exclude=("build", "/b/*")),
    WalkOptions(follow=True),
]


def options(walk: WalkOptions, *, use_index: bool, max_file_size: int = 0, hash: str = "blake3") -> ScanOptions:  # noqa: A002
    return ScanOptions(
        encoding=None, walk=walk, use_index=use_index, max_file_size=max_file_size, hash=hash, slab_bytes=1 << 14
    )


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


def settle() -> None:
    """Wait until what was written last is too old to be taken for racy."""
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)


class EditedTree(RuleBasedStateMachine):
    """A small tree under random edits and scans."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp()) / "tree"  # a link to .. leads to nothing else
        self.base.mkdir()

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
        path = self._new(data)
        if not path.is_dir():
            path.write_bytes(data.draw(st.sampled_from(CONTENTS)))

    def _write_many(self, data: st.DataObject) -> None:
        directory = self._some(data, stat.S_IFDIR)
        assert directory is not None
        for name in NAMES:
            if not (directory / name).is_dir():
                (directory / name).write_bytes(data.draw(st.sampled_from(CONTENTS)))

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
        if path is None or path == self.base or target.is_relative_to(path) or target.is_dir() != path.is_dir():
            return
        if not target.is_dir() or not any(target.iterdir()):
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
        path = directory / ".gitignore"
        if not path.is_dir():
            path.unlink(missing_ok=data.draw(st.booleans()) or not path.is_symlink())
            path.write_text(data.draw(st.sampled_from(RULES)))

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
        _write_rules,
        _overwrite_rules,
        _remove_rules,
        _link_rules,
        _replace_keeping_size_and_time,
        _replace_by_another_file,
        _touch,
        _link,
        _symlink,
    )

    @rule(data=st.data(), edits=st.lists(st.sampled_from(EDITS), min_size=1, max_size=4))
    def edit(self, data: st.DataObject, edits: list[Callable[[EditedTree, st.DataObject], None]]) -> None:
        for change in edits:
            change(self, data)

    @rule(
        walk=st.sampled_from(WALKS),
        settled=st.booleans(),
        max_file_size=st.sampled_from([0, 0, 0, 5]),
        algorithm=st.sampled_from(["blake3", "blake3", "xxh3"]),
        roots=st.none() | st.lists(st.sampled_from(["a", "b", "a/b", "build", "c.py", ""]), min_size=1, max_size=3),
    )
    def scan(
        self, walk: WalkOptions, settled: bool, max_file_size: int, algorithm: str, roots: list[str] | None
    ) -> None:
        paths = [self.base / root for root in roots or [""] if os.path.exists(self.base / root)] or [self.base]
        if settled:
            settle()
        known = scan(paths, options(walk, use_index=True, max_file_size=max_file_size, hash=algorithm))
        fresh = scan(paths, options(walk, use_index=False, max_file_size=max_file_size, hash=algorithm))
        assert fresh.throughput.index_hits == 0
        assert facts(known) == facts(fresh)


TestAnyEdits = EditedTree.TestCase
TestAnyEdits.settings = settings(deadline=None, max_examples=int(os.environ.get("MAXEX","30")), stateful_step_count=24)
