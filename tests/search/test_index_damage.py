"""Whatever happens to the files of an index, it is built anew by itself, says why, and answers the same."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest
from context.stores import dump as dump_context
from context.stores import functions, load, source, write_bytes
from hostile.conftest import Mounts

from exosuit_cli.context.reader import ContextReader
from exosuit_cli.model.errors import OutputError
from exosuit_cli.search import manifest as manifests
from exosuit_cli.search.columns import DamagedIndex
from exosuit_cli.search.searcher import Searcher
from exosuit_cli.system.forked import fork

from .indexes import dump, refresh
from .test_index import directory_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_bytes(tmp_path / "tree", {b"%d.py" % number: functions(5, f"_{number}") for number in range(8)})
    load("c", source(tmp_path / "tree"))
    refresh("c")
    return tmp_path / "tree"


def segment_of(name: str) -> str:
    directory = directory_of(name)
    (found,) = [each for each in os.listdir(directory) if each.startswith("segment-")]
    return os.path.join(directory, found)


def paths(name: str, text: str) -> tuple[list[bytes], str | None]:
    """The paths that answer a question, and why the index was built anew."""
    with ContextReader.open(name) as context, Searcher.open(context) as searcher:
        found = [answer.path for answer in searcher.query(text).answers]
        return found, searcher.refresh.reason


@pytest.mark.usefixtures("tree")
def test_flipped_bits_and_cut_tails() -> None:
    """Every damage is found when what it concerns is looked at; a damaged value is never used."""
    expected = dump("c")
    answers = paths("c", "f3_7 return")[0]
    path = segment_of("c")
    with open(path, "rb") as file:
        sound = file.read()
    chance = random.Random(5)
    places = [0, 7, 9, 30, *(chance.randrange(len(sound)) for _ in range(30)), len(sound) - 1, len(sound) - 9]
    found = 0
    for place in places:
        flipped = bytearray(sound)
        flipped[place] ^= 1 << chance.randrange(8)
        os.unlink(path)
        with open(path, "wb") as file:
            file.write(flipped)
        try:
            assert dump("c") == expected
        except DamagedIndex:  # found while it was read: a searcher builds anew then
            found += 1
            assert paths("c", "f3_7 return")[0] == answers
        path = segment_of("c")
    assert found > 20
    for size in (0, 10, 100, len(sound) // 2, len(sound) - 1):
        os.truncate(segment_of("c"), size)
        found_paths, reason = paths("c", "f3_7 return")
        assert found_paths == answers
        assert reason is not None
        assert "cut off" in reason or "checksum" in reason
    assert dump("c") == expected


def test_missing_foreign_and_newer_files(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = dump("c")
    directory = directory_of("c")
    os.unlink(segment_of("c"))
    assert paths("c", "return")[1] == "a segment is missing"
    manifest = os.path.join(directory, manifests.NAME)
    for content in (b"", b"{}\nx\n", b"\xff" * 100):
        with open(manifest, "wb") as file:
            file.write(content)
        assert "manifest" in str(paths("c", "return")[1])
    with monkeypatch.context() as patch:
        patch.setattr(manifests, "VERSION", 99)
        refresh("c", anew="asked")
    assert paths("c", "return")[1] == "it is of version 99, and this exosuit makes version 1"
    segment = segment_of("c")
    os.unlink(segment)
    os.mkdir(segment)
    assert "not a regular file" in str(paths("c", "return")[1])
    assert not os.path.exists(segment)
    os.unlink(manifest)
    os.mkfifo(manifest)
    assert "not a regular file" in str(paths("c", "return")[1])
    other = tree.parent / "other"
    write_bytes(other, {b"a.py": b"x = 1\n"})
    load("d", source(other))
    refresh("d")
    shutil.copy(segment_of("d"), segment_of("c"))
    assert "not the one of the manifest" in str(paths("c", "return")[1])
    shutil.rmtree(directory)
    assert paths("c", "return")[1] is None
    assert dump("c") == expected


def test_a_writer_that_is_killed(tree: Path) -> None:
    """The index is the old one or the new one; a segment that nothing names is removed by the next writer."""
    chance = random.Random(7)
    for number in range(8):
        write_bytes(tree, {b"%d.py" % number: functions(20, f"_k{number}")})
        load("c", source(tree))
        pid = fork(lambda: refresh("c") and None)
        time.sleep(chance.random() * 0.08)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if number % 3 == 2:
            assert refresh("c").reason is None
    refresh("c")
    load("anew", source(tree))
    assert dump("c") == dump("anew")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Mounts() as mounts:
        disk = mounts.tmpfs(tmp_path / "disk", "size=4m")
        monkeypatch.setenv("XDG_STATE_HOME", str(disk))
        tree = tmp_path / "tree"
        write_bytes(tree, {b"a.py": functions(9)})
        load("c", source(tree))
        refresh("c")
        write_bytes(tree, {b"b.py": functions(1500)})
        load("c", source(tree))
        before = dump_context("c")
        status = os.statvfs(disk)
        (disk / "ballast").write_bytes(b"x" * (status.f_bavail * status.f_bsize - (96 << 10)))
        with pytest.raises(OutputError, match="cannot be written") as failure:
            refresh("c")
        assert "\n" not in str(failure.value)
        (disk / "ballast").unlink()
        assert dump_context("c") == before
        assert refresh("c").files == 1
