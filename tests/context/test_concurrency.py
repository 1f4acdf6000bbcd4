"""One writer and any number of readers, each of which sees one load and no mixture."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.commands.context import drop, forget_source
from exosuit_cli.commands.context_repair import repair_context
from exosuit_cli.context import Context, context_names, drop_context
from exosuit_cli.context.names import context_path
from exosuit_cli.model.errors import UsageError

from .stores import dump, load, source, write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOLDER = """
import sys
from exosuit_cli.context.database import writer_lock
with writer_lock(sys.argv[1], "c"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_bytes(tmp_path / "tree", {b"%d.txt" % number: b"version 0 %d\n" % number for number in range(12)})
    return tmp_path / "tree"


@pytest.fixture
def holder(tree: Path) -> Iterator[int]:
    """Another process that writes the context `c`."""
    load("c", source(tree))
    command = [sys.executable, "-c", HOLDER, context_path("c")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process.pid
        process.communicate(b"")


def test_a_second_writer_is_refused_and_the_first_is_named(holder: int, tree: Path) -> None:
    before = dump("c")

    def compact() -> None:
        with Context.open("c") as context:
            context.compact()

    works: list[Callable[[], object]] = [
        lambda: load("c", source(tree)),
        compact,
        lambda: drop("c"),
        lambda: forget_source("c", "tree"),
    ]
    for work in works:
        with pytest.raises(UsageError, match=rf"in use by another writer \(process {holder}\)"):
            work()
    assert dump("c") == before
    assert repair_context("c").ending.exit_code == 0  # it is sound: nothing to write


def test_a_context_can_be_made_by_several_at_once() -> None:
    def make(number: int) -> int:
        with Context.open(f"new{number}", create=True) as context:
            return len(context.sources())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(make, [number for number in range(8) for _ in range(8)])) == [0] * 64


def test_a_load_that_ends_between_two_statements_of_a_reader_is_seen_whole_or_not(tree: Path) -> None:
    with Context.open("c", create=True), Context.open("c", read_only=True) as reader:
        asked: list[str] = []

        def end_a_load(statement: str) -> None:
            if "FROM meta" in statement and not asked:
                asked.append(statement)
                load("c", source(tree))

        reader.connection.set_trace_callback(end_a_load)
        assert reader.sources() == []
        assert len(asked) == len(reader.sources()) == 1


def test_every_reader_sees_one_load(tree: Path) -> None:
    load("c", source(tree))
    is_over = threading.Event()
    failures: list[object] = []
    seen: set[bytes] = set()

    def read() -> None:
        try:
            while not is_over.is_set():
                with Context.open("c", read_only=True) as context, context.snapshot():
                    stats = context.stats()
                    texts = [chunk.text or b"damaged" for chunk in context.iterate()]
                    versions = {text.split()[1] for text in texts}
                    seen.update(versions)
                    if len(versions) != 1 or stats.sources[0].files != len(texts) != stats.chunks:
                        failures.append((versions, stats))
                    if context.damaged_files:
                        failures.append("damage")
        except Exception as error:  # noqa: BLE001  (of any kind)
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(10)]
    for reader in readers:
        reader.start()
    try:
        for version in range(1, 6):
            write_bytes(tree, {b"%d.txt" % number: b"version %d %d\n" % (version, number) for number in range(12)})
            load("c", source(tree))
    finally:
        is_over.set()
        for reader in readers:
            reader.join()
    assert failures == []
    assert seen


def test_what_is_staged_is_not_seen(tree: Path) -> None:
    """Readers in the middle of a load see the sums and the ids of the one before."""
    load("c", source(tree))
    before = dump("c")
    new = {b"new%d.txt" % number: b"something new %d\n" % number * 50 for number in range(10)}
    write_bytes(tree, new)
    looked = []
    with Context.open("c") as context:
        commits = context.connection.execute("SELECT count(*) FROM chunks").fetchone()[0]

        def progress(_: object) -> None:
            if context.connection.in_transaction:
                context.connection.execute("COMMIT")  # as the collector does after some megabytes
            looked.append(dump("c"))

        context.load([source(tree)], progress=progress)
    assert commits
    assert looked
    assert all(each == before for each in looked)
    assert dump("c") != before


def test_a_context_that_was_dropped_under_a_writer(tree: Path) -> None:
    load("c", source(tree))
    with Context.open("c") as context:
        expected = list(context.iterate())
        drop_context("c")
        load("c", source(tree, max_tokens=32))
        with pytest.raises(UsageError, match="open it again"):
            context.load([source(tree)])
        assert list(context.iterate()) == expected
    assert dump("c")["sums"][1] == 12
    assert sorted(os.listdir(os.path.dirname(context_path("c")))) == ["c.db", "c.db.lock"]


def test_a_load_while_this_context_is_read(tree: Path) -> None:
    load("c", source(tree))
    with Context.open("c") as context:
        reading = context.iterate()
        next(reading)
        with pytest.raises(UsageError, match="still being read"):
            context.load([source(tree)])
        reading.close()
        context.load([source(tree)])


def test_a_reader_cannot_write(tree: Path) -> None:
    load("c", source(tree))
    with Context.open("c", read_only=True) as context, pytest.raises(UsageError, match="read only"):
        context.load([source(tree)])


def test_a_closed_context_says_so(tree: Path) -> None:
    load("c", source(tree))
    context = Context.open("c")
    context.close()
    context.close()
    with pytest.raises(UsageError, match="closed"):
        context.stats()
    assert context_names() == ["c"]
