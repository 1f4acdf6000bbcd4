"""The books of a scan: whatever is finished in whatever order, every place ends with its own row."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trees import batch_of, plain, write

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.ingest.ledger import LEAST_SHARE, Ledger
from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.model.records import Batch, Directory, Outcome, Skip
from exosuit_cli.walk import Listing, TreeWalk
from exosuit_cli.workers.tasks import FinishedTask, Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.shards.shard import Shard

    MakeShard = Callable[..., Shard]


def ledger_of(base: Path, batch_files: int) -> Ledger:
    """The books of a whole tree, every file of it still to be read."""
    ledger = Ledger(None, batch_files)
    for listing, _ in TreeWalk(os.fsencode(base), [b""], WalkOptions()):
        ledger.add(listing)
    ledger.flush()
    return ledger


def work_off(
    ledger: Ledger, shard: Shard, choose: Callable[[int], int] = lambda _count: 0, patience: float = 1e9
) -> None:
    """Do the tasks one by one; `choose` picks the next of n."""
    while ledger.tasks:
        place = choose(len(ledger.tasks))
        task = ledger.tasks[place]
        del ledger.tasks[place]
        result = shard.ingest(task.batch, patience, read_links=task.read_links)
        if result.consumed < len(task.places):
            ledger.tasks.append(task.part(result.consumed, len(task.places)))
            task = task.part(0, result.consumed)
        ledger.finish(FinishedTask(task, result))


directories = st.lists(st.integers(0, 12), min_size=1, max_size=6)


def task_of(sizes: list[int]) -> Task:
    groups = tuple(
        (Directory(b"%d" % number, 0, number, 0, 0), tuple(b"%d/%d" % (number, name) for name in range(size)))
        for number, size in enumerate(sizes)
        if size
    )
    return Task(Batch(groups), np.arange(sum(sizes)) * 3, read_links=True, kills=1)


def named(task: Task) -> list[tuple[Directory, bytes, int]]:
    names = [(directory, name) for directory, group in task.batch.groups for name in group]
    assert len(names) == len(task.batch) == len(task.places)
    return [(directory, name, int(place)) for (directory, name), place in zip(names, task.places, strict=True)]


@given(directories, st.data())
@settings(deadline=None)
def test_parts_of_a_task_are_the_whole(sizes: list[int], data: st.DataObject) -> None:
    task = task_of(sizes)
    count = len(task.places)
    cuts = sorted(data.draw(st.lists(st.integers(0, count), max_size=4)))
    parts = [task.part(start, stop) for start, stop in zip([0, *cuts], [*cuts, count], strict=True)]
    assert [entry for part in parts for entry in named(part)] == named(task)
    assert all(part.read_links and part.kills == 1 for part in parts)
    assert all(names for part in parts for _, names in part.batch.groups), "no empty group is sent to a worker"


@pytest.mark.parametrize(
    ("batch_files", "lengths"), [(20, [3, 6, 12, 20, 20, 9]), (3, [3] * 23 + [1]), (2, [2] * 35)], ids=str
)
def test_the_first_batch_is_done_soon(batch_files: int, lengths: list[int]) -> None:
    ledger = Ledger(None, batch_files, first_files=3)
    for number in range(7):
        ledger.add(Listing(Directory(b"%d" % number, 0, number, 0, 0), tuple(b"%d" % name for name in range(10))))
    ledger.flush()
    assert [len(task.batch) for task in ledger.tasks] == lengths
    assert [place for task in ledger.tasks for place in task.places] == list(range(70))


@pytest.mark.parametrize("sharers", [1, 2, 5])
def test_the_last_tasks_are_shared_in_ever_smaller_parts(sharers: int) -> None:
    lengths = lengths_taken(Ledger(None, 200), 4_000, sharers)
    assert lengths[:10] == [200] * 10
    if sharers == 1:
        assert lengths == [200] * 20
    else:
        assert min(lengths) >= LEAST_SHARE
        assert max(lengths[-sharers:]) < 2 * LEAST_SHARE


@pytest.mark.parametrize(
    ("files", "sharers", "lengths"),
    [(250, 1, [250]), (650, 1, [300, 300, 50]), (250, 2, [75, 100, 75]), (900, 2, [175, 120, 100])],
)
def test_small_first_batches_are_joined(files: int, sharers: int, lengths: list[int]) -> None:
    taken = lengths_taken(Ledger(None, 300, first_files=25), files, sharers)
    assert taken[: len(lengths)] == lengths
    assert sum(taken) == files


def lengths_taken(ledger: Ledger, files: int, sharers: int) -> list[int]:
    """The files of each task that `sharers` workers take of so many files, which are all there in order."""
    ledger.add(Listing(Directory(b"", 0, 0, 0, 0), tuple(b"%d" % name for name in range(files))))
    ledger.flush()
    taken = []
    while ledger.tasks:
        taken.append(ledger.take(sharers))
    assert [place for task in taken for place in task.places] == list(range(files))
    assert [name for task in taken for name in task.batch.paths()] == [b"%d" % name for name in range(files)]
    return [len(task.batch) for task in taken]


@given(directories, st.integers(1, 15))
@settings(deadline=None)
def test_batches_are_full_and_hold_every_place_once(sizes: list[int], batch_files: int) -> None:
    ledger = Ledger(None, batch_files)
    expected = []
    for number, size in enumerate(sizes):
        names = tuple(b"%d" % name for name in range(size))
        directory = Directory(b"%d" % number, 0, number, 0, 0)
        ledger.add(Listing(directory, names))
        expected += [(directory, name) for name in names]
    ledger.flush()
    lengths = [len(task.batch) for task in ledger.tasks]
    assert lengths[:-1] == [batch_files] * (len(lengths) - 1)
    assert all(0 < length <= batch_files for length in lengths)
    found = [entry for task in ledger.tasks for entry in named(task)]
    assert [entry[:2] for entry in found] == expected
    assert [place for _, _, place in found] == list(range(sum(sizes)))
    assert ledger.files == sum(sizes)
    assert list(ledger.paths()) == [directory.path + b"/" + name for directory, name in expected]


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """Files with several names in several directories, whose names tell different languages or none."""
    write(
        tmp_path,
        {
            "a/one.py": b"#!/bin/sh\n",
            "b/plain": b"#!/usr/bin/perl\n",
            "c/alone.c": b"int x;\n",
            "d/b": b"\0",
            "e/x": b"x",
        },
    )
    for name in ("b/one.c", "c/one", "c/zone"):
        os.link(tmp_path / "a/one.py", tmp_path / name)
    for name in ("a/plain.rb", "e/also plain"):
        os.link(tmp_path / "b/plain", tmp_path / name)
    os.link(tmp_path / "d/b", tmp_path / "a/b.py")
    return tmp_path


def naive(base: Path, shard: Shard) -> dict[bytes, dict[str, object]]:
    """Each file read by itself, as if it had no other names."""
    paths = [os.path.relpath(os.path.join(top, name), base) for top, _, names in os.walk(base) for name in names]
    return {os.fsencode(path): plain(shard.ingest(batch_of(base, [path])).rows)[0] for path in paths}


@given(batch_files=st.integers(1, 12), patience=st.sampled_from([-1.0, 1e9]), choices=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_work_decides_nothing(
    linked: Path, shard_of: MakeShard, batch_files: int, patience: float, choices: st.DataObject
) -> None:
    ledger = ledger_of(linked, batch_files)
    shard = shard_of(linked)
    for task in ledger.tasks:
        assert not task.read_links
    work_off(ledger, shard, lambda count: choices.draw(st.integers(0, count - 1)), patience)
    ledger.check()
    assert dict(zip(ledger.paths(), plain(ledger.rows[: ledger.files]), strict=True)) == naive(linked, shard)
    assert ledger.done == ledger.files


def test_equal_names_are_read_once(tmp_path: Path, shard_of: MakeShard) -> None:
    write(tmp_path, {"0/x.py": b"content"})
    for number in range(1, 50):
        (tmp_path / str(number)).mkdir()
        os.link(tmp_path / "0/x.py", tmp_path / str(number) / "x.py")
    ledger = ledger_of(tmp_path, 7)
    work_off(ledger, shard_of(tmp_path))
    assert ledger.bytes_read == len(b"content")
    assert {row["outcome"] for row in plain(ledger.rows[:50])} == {"INGESTED"}


def test_a_link_that_vanishes_is_replaced_by_the_next(linked: Path, shard_of: MakeShard) -> None:
    ledger = ledger_of(linked, 100)
    shard = shard_of(linked)
    task = ledger.tasks.popleft()
    ledger.finish(FinishedTask(task, shard.ingest(task.batch, read_links=False)))
    reader = next(name for directory, names in ledger.tasks[0].batch.groups for name in names if b"one" in name)
    place = next(path for path in ledger.paths() if path.endswith(b"/" + reader))
    (linked / os.fsdecode(place)).unlink()
    work_off(ledger, shard)
    ledger.check()
    rows = dict(zip(ledger.paths(), plain(ledger.rows[: ledger.files]), strict=True))
    outcomes = {path: rows[path]["outcome"] for path in (b"a/one.py", b"b/one.c", b"c/one", b"c/zone")}
    assert outcomes.pop(place) == "VANISHED"
    assert set(outcomes.values()) == {"INGESTED"}


def test_skips_of_listings_are_kept(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": b"*.log", "a.log": b"", "b/c.log": b"", "x": b""})
    ledger = ledger_of(tmp_path, 10)
    assert sorted(skip.path for skip in ledger.skips) == [b"a.log", b"b/c.log"]


def test_a_quarantined_file_is_a_skip(tmp_path: Path) -> None:
    write(tmp_path, {"x": b""})
    ledger = ledger_of(tmp_path, 10)
    ledger.finish(FinishedTask(ledger.tasks.popleft(), None))
    ledger.check()
    assert ledger.skip_of(b"x", ledger.rows[0]) == Skip(b"x", Outcome.QUARANTINED)


def test_what_was_not_reached_says_so(tmp_path: Path, shard_of: MakeShard) -> None:
    write(tmp_path, {"a": b"", "b": b"", "c": b"", "d": b""})
    os.link(tmp_path / "a", tmp_path / "e")
    ledger = ledger_of(tmp_path, 2)
    task = ledger.tasks.popleft()
    ledger.finish(FinishedTask(task, shard_of(tmp_path).ingest(task.batch, read_links=False)))
    ledger.give_up()
    ledger.check()
    outcomes = [row["outcome"] for row in plain(ledger.rows[: ledger.files])]
    assert set(outcomes) == {"INGESTED", "NOT_REACHED"}
    assert not ledger.tasks


def test_a_place_without_a_row_is_a_bug(tmp_path: Path) -> None:
    write(tmp_path, {"a": b""})
    ledger = ledger_of(tmp_path, 2)
    with pytest.raises(ExosuitError, match="1 files were listed"):
        ledger.check()


def test_the_reason_of_what_could_not_be_read(tmp_path: Path) -> None:
    ledger = Ledger(None, 1)
    row = ledger.rows[0]
    row["outcome"], row["errno"] = Outcome.UNREADABLE, 13
    assert ledger.skip_of(b"x", row) == Skip(b"x", Outcome.UNREADABLE, "Permission denied")
