"""A damaged database gives right texts or a clear error, a check names the damage, and a repair mends it."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import struct
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.commands.context import check_context, context_stats, export_chunks, find_chunk, read_file
from exosuit_cli.commands.context_repair import repair_context
from exosuit_cli.commands.context_request import source_request
from exosuit_cli.context import Context, drop_context
from exosuit_cli.context.names import context_path
from exosuit_cli.context.schema import VERSION
from exosuit_cli.model.errors import CheckFailed, ExitCode, ExosuitError, UsageError

from .stores import dump, functions, left_over, load, problems, write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.context import SourceRequest

FILES = {
    b"a.py": functions(30),
    b"d/b.py": functions(20, "_b"),
    b"d/c.md": b"# Title\n\n" + b"words and words\n" * 60,
    b"bad\xff.txt": b"words\n" * 30,
    b"empty": b"",
    b"bin": b"\0" * 64,
}
HEADER = 100
"""Bytes of a database's header."""


def asked(root: Path | str, max_tokens: int = 100) -> SourceRequest:
    """A request as the command makes it."""
    return source_request(str(root), {"max_tokens": max_tokens}, None, ())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tree, and the state directory with the context `c` of it."""
    base = tmp_path_factory.mktemp("damage")
    write_bytes(base / "tree", FILES)
    write_bytes(base / "other", {b"x.py": functions(15, "_x"), b"same.py": FILES[b"a.py"]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(base / "state"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("XDG_CACHE_HOME", str(base / "cache"))
        patch.setenv("XDG_CONFIG_HOME", str(base / "config"))
        patch.setenv("HOME", str(base))
        load("c", asked(base / "tree"), asked(base / "other"), limit=1500)
    return base, base / "state"


@pytest.fixture
def sound(made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a copy of the context says, whose database the test may damage."""
    shutil.copytree(made[1], tmp_path / "state")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(made[0] / "config"))  # which a source's key depends on
    monkeypatch.setenv("HOME", str(made[0]))
    return dump("c")


def read_all(sound: dict[str, Any]) -> None:
    """Read by every way; nothing that comes is wrong, and what does not come is a clear error."""
    right = {(each.path, each.start_byte): each for each in sound["chunks"]}
    ids = [each.id for each in right.values()]
    attempts: list[Callable[[], object]] = [
        lambda: [compare(each, right) for each in export_chunks("c", working=False)],
        lambda: [compare(each, right) for each in export_chunks("c", working=True)],
        lambda: context_stats("c"),
        lambda: get_all(ids, [each.text for each in right.values()]),
        *(lambda key=key: find_chunk("c", key.hex()) for key in ids[::7]),  # type: ignore[misc]
    ]
    for attempt in attempts:
        quietly(attempt)
    for number, path, *_ in sound["files"]:
        root = sound["sources"][number][0]
        content = read_bytes(os.path.join(root, path))
        name = os.fsdecode(sound["sources"][number][1].encode() + b"/" + path)
        given = []
        quietly(lambda name=name, given=given: given.extend(read_file("c", name)))  # type: ignore[misc]
        assert content.startswith(b"".join(given)), name


def read_bytes(path: str | bytes) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def compare(chunk: Any, right: dict[tuple[bytes, int], Any]) -> None:
    expected = right.get((chunk.path, chunk.start_byte))
    assert expected is not None, chunk
    assert chunk in (expected, type(chunk)(**{**fields(expected), "text": None}))


def fields(chunk: Any) -> dict[str, Any]:
    return {name: getattr(chunk, name) for name in type(chunk).__slots__}


def get_all(ids: list[bytes], texts: list[bytes]) -> None:
    with Context.open("c", read_only=True) as context:
        for found, text in zip(context.get_many(ids), texts, strict=True):
            assert found in (None, text)


def quietly(attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except ExosuitError as error:
        failure = error
    else:
        return
    assert failure.exit_code in (ExitCode.USAGE, ExitCode.CHECK_FAILED), failure
    assert "\n" not in str(failure)


def check_and_repair(sound: dict[str, Any], name: str = "c") -> None:
    """Whatever is wrong now is named, and mended: the context says what a fresh load says."""
    try:
        is_same = dump(name) == sound
    except ExosuitError:
        is_same = False
    try:
        found = check_context(name).result.damages
    except CheckFailed as error:
        found = (error,)
    assert is_same or found, "a damage that a reader sees is not named"
    try:
        with Context.open(name, read_only=True) as context:
            limit = context.placing()[0]
    except ExosuitError:
        limit = None
    try:
        outcome = repair_context(name)
    except CheckFailed as error:
        outcome = error  # type: ignore[assignment]
    if isinstance(outcome, CheckFailed):
        assert "drop" in str(outcome)
        return
    assert outcome.ending.exit_code == 0, outcome
    if limit is None:  # it was lost
        load(name, *(asked(os.fsdecode(each[0])) for each in sound["sources"]), limit=1500)
    assert dump(name) == sound
    assert problems(name) == []
    assert left_over(name) == {}


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_byte(sound: dict[str, Any], seed: int) -> None:
    path = context_path("c")
    choose = random.Random(seed)
    place = choose.randrange(HEADER, os.path.getsize(path))
    with open(path, "r+b") as file:
        file.seek(place)
        (before,) = file.read(1)
        file.seek(place)
        file.write(bytes([before ^ (1 << choose.randrange(8))]))
    read_all(sound)
    check_and_repair(sound)


@pytest.mark.parametrize("seed", range(6))
def test_a_page_of_noise(sound: dict[str, Any], seed: int) -> None:
    path = context_path("c")
    choose = random.Random(seed)
    page = choose.randrange(1, os.path.getsize(path) // 8192)
    with open(path, "r+b") as file:
        file.seek(page * 8192)
        file.write(choose.randbytes(8192) if seed % 2 else b"\0" * 8192)
    read_all(sound)
    check_and_repair(sound)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.6, 0.9, 0.999])
def test_a_cut_off_end(sound: dict[str, Any], share: float) -> None:
    path = context_path("c")
    os.truncate(path, int(os.path.getsize(path) * share))
    read_all(sound)
    if share:
        check_and_repair(sound)
    else:
        with pytest.raises(UsageError, match="load it again"):
            check_context("c")


@pytest.mark.parametrize("place", [0, 16, 18, 20, 21, 24, 28, 32, 36, 44, 56, 60, 64, 68, 92, 96])
def test_a_header_that_is_damaged(sound: dict[str, Any], place: int) -> None:
    path = context_path("c")
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(b"\xa5\x5a")
    read_all(sound)
    try:
        check_and_repair(sound)
    except UsageError as error:
        assert place in (60, 68)  # another version, another program
        assert "drop" in str(error) or "another program" in str(error)  # noqa: PT017


STATEMENTS = [
    "UPDATE files SET path = 'z.py' WHERE path = 'a.py'",
    "UPDATE files SET language = NULL WHERE path = 'a.py'",
    "UPDATE files SET language = 'C' WHERE path = 'a.py'",
    "UPDATE files SET lines = NULL WHERE path = 'a.py'",
    "UPDATE files SET tokens = tokens + 1 WHERE path = 'a.py'",
    "UPDATE files SET size = 'many' WHERE path = 'a.py'",
    "UPDATE files SET digest = zeroblob(32) WHERE path = 'a.py'",
    "UPDATE files SET digest = zeroblob(3) WHERE path = 'a.py'",
    "UPDATE files SET executable = 1 WHERE path = 'a.py'",
    "UPDATE files SET below = 'moved' WHERE path = 'a.py'",
    "UPDATE files SET source = 2 WHERE path = 'd/b.py'",
    "UPDATE files SET source = 0 WHERE path = 'd/b.py'",
    "UPDATE files SET source = -1 WHERE path = 'd/b.py'",
    "UPDATE files SET id = 1000 WHERE path = 'd/b.py'",
    "UPDATE files SET path = CAST(x'ff' AS TEXT) WHERE path = 'd/b.py'",
    "DELETE FROM files WHERE path = 'd/b.py'",
    "UPDATE spans SET tokens = tokens + 1 WHERE ordinal = 1",
    "UPDATE spans SET start_byte = start_byte + 1 WHERE ordinal = 1",
    "UPDATE spans SET end_line = 'x' WHERE ordinal = 0",
    "UPDATE spans SET boundary = 77 WHERE ordinal = 0",
    "UPDATE spans SET symbol = 'other' WHERE ordinal = 0",
    "UPDATE spans SET symbol = '' WHERE symbol IS NULL",
    "UPDATE spans SET symbol = CAST(x'ff' AS TEXT) WHERE ordinal = 0",
    "UPDATE spans SET chunk = zeroblob(16) WHERE ordinal = 0",
    "UPDATE spans SET chunk = (SELECT max(chunk) FROM spans) WHERE ordinal = 0",
    "UPDATE spans SET file = 999 WHERE ordinal = 0 AND file = 1",
    "DELETE FROM spans WHERE ordinal = 0",
    "UPDATE chunks SET tokens = tokens + 1 WHERE number = 1",
    "UPDATE chunks SET size = size + 1 WHERE number = 1",
    "UPDATE chunks SET size = 'x' WHERE number = 1",
    "UPDATE chunks SET codec = 0 WHERE number = 1",
    "UPDATE chunks SET codec = 9 WHERE number = 1",
    "UPDATE chunks SET codec = 'x', data = 5 WHERE number = 2",
    "UPDATE chunks SET data = zeroblob(100000) WHERE number = 1",
    "UPDATE chunks SET id = zeroblob(16) WHERE number = 1",
    "UPDATE chunks SET id = 'text' WHERE number = 1",
    "DELETE FROM chunks WHERE number IN (1, 5)",
    "INSERT INTO chunks VALUES (500, zeroblob(16), 7, 7, 0, zeroblob(7))",
    "UPDATE totals SET tokens = tokens + 1",
    "UPDATE totals SET stored = 'x'",
    "DELETE FROM totals",
    "DELETE FROM meta WHERE key = 'on_full'",
    "UPDATE meta SET value = 'p50k_base' WHERE key = 'encoding'",
    "INSERT INTO meta VALUES ('other', 1, x'00')",
    "INSERT INTO meta VALUES ('loading', 1, x'00')",
    "UPDATE sources SET tokens = tokens + 1 WHERE id = 1",
    "UPDATE sources SET loaded_ns = loaded_ns + 1 WHERE id = 1",
    "UPDATE sources SET tree_digest = 'x' WHERE id = 1",
    "UPDATE sources SET name = 'wrong', seal = seal WHERE id = 1",
    "UPDATE sources SET files = 'x' WHERE id = 1",
    "UPDATE sources SET key = 'x' WHERE id = 1",
    "UPDATE sources SET root = '/nowhere' WHERE id = 1",
    "UPDATE sources SET given = 'x' WHERE id = 1",
    "UPDATE sources SET given = CAST(x'ff' AS TEXT) WHERE id = 1",
    "DELETE FROM sources WHERE id = 1",
    "UPDATE meta SET value = 1 WHERE key = 'sources'",
    "DROP TRIGGER chunk_left",
    "CREATE TABLE more (x)",
]
BEYOND_REPAIR = ("SET root", "SET given", "SET key", "SET files = 'x'", "FROM sources", "SET name", "'sources'")


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_row_that_is_not_what_was_written(sound: dict[str, Any], statement: str) -> None:
    connection = sqlite3.connect(context_path("c"))
    connection.execute(statement)
    connection.commit()
    connection.close()
    read_all(sound)
    try:
        found = list(check_context("c").result.damages)
    except CheckFailed as error:
        found = [error]  # type: ignore[list-item]
    assert found
    if any(part in statement for part in BEYOND_REPAIR):
        try:
            repair_context("c")
        except CheckFailed as error:
            assert "drop" in str(error)  # noqa: PT017
        return
    outcome = repair_context("c")
    assert outcome.ending.exit_code == 0, outcome
    assert dump("c") == sound
    assert left_over("c") == {}


@pytest.mark.parametrize("seed", range(8))
def test_a_log_that_is_damaged(sound: dict[str, Any], made: tuple[Path, Path], tmp_path: Path, seed: int) -> None:
    """What was committed last may be lost with its log, and is not read as something else."""
    path = context_path("c")
    choose = random.Random(seed)
    kept = tmp_path / "kept"
    with Context.open("c") as context:  # keeps the log from being written back
        context.connection.execute("PRAGMA wal_autocheckpoint = 0")
        with context.snapshot():
            context.stats()  # a snapshot begins with the first read
            load("c", asked(made[0] / "tree", 64), asked(made[0] / "other"), limit=1500)
            kept.mkdir()
            for suffix in ("", "-wal"):
                shutil.copy(path + suffix, kept / f"c{suffix}")
        new = dump("c")
    for suffix in ("", "-wal", "-shm"):
        with open(path + suffix, "ab"):
            pass
        os.unlink(path + suffix)
    shutil.copy(kept / "c", path)
    shutil.copy(kept / "c-wal", path + "-wal")
    size = os.path.getsize(path + "-wal")
    assert size > 100_000
    if seed % 2:
        os.truncate(path + "-wal", choose.randrange(size))
    else:
        with open(path + "-wal", "r+b") as file:
            file.seek(choose.randrange(size))
            file.write(b"\xa5" * 8)
    found = dump("c")
    assert found in (sound, new) or problems("c")
    if problems("c"):
        assert repair_context("c").ending.exit_code == 0
    load("c", asked(made[0] / "tree", 64), asked(made[0] / "other"), limit=1500)
    assert dump("c") == new
    assert left_over("c") == {}


def test_a_repair_without_the_tree_keeps_what_is_sound(sound: dict[str, Any], made: tuple[Path, Path]) -> None:
    connection = sqlite3.connect(context_path("c"))
    connection.execute("UPDATE chunks SET data = zeroblob(10) WHERE number = 1")
    connection.commit()
    connection.close()
    (made[0] / "tree").rename(made[0] / "away")
    try:
        outcome = repair_context("c")
    finally:
        (made[0] / "away").rename(made[0] / "tree")
    assert outcome.ending.exit_code == ExitCode.CHECK_FAILED
    assert "is not there" in outcome.ending.errors[0]
    assert outcome.result.damages == ()
    assert problems("c") == []
    kept = {each[1] for each in dump("c")["files"]}
    assert kept == {each[1] for each in sound["files"]} - {b"a.py"} - {b"same.py"} | {b"same.py"}
    assert repair_context("c").repaired_files == 0


def test_a_structure_that_is_damaged_stays_where_a_tree_is_gone(sound: dict[str, Any], made: tuple[Path, Path]) -> None:
    connection = sqlite3.connect(context_path("c"))
    connection.execute("DROP TRIGGER chunk_left")
    connection.commit()
    connection.close()
    (made[0] / "tree").rename(made[0] / "away")
    try:
        with pytest.raises(CheckFailed, match="not all of its sources are there"):
            repair_context("c")
    finally:
        (made[0] / "away").rename(made[0] / "tree")
    assert dump("c") == sound
    assert repair_context("c").ending.exit_code == 0
    assert dump("c") == sound
    assert sorted(os.listdir(os.path.dirname(context_path("c")))) == ["c.db", "c.db.lock"]


def test_a_sound_context_is_not_touched_by_a_repair(sound: dict[str, Any]) -> None:
    before = read_bytes(context_path("c"))
    outcome = repair_context("c")
    assert (outcome.repaired_files, outcome.ending.exit_code) == (0, 0)
    assert read_bytes(context_path("c")) == before
    assert dump("c") == sound


def test_a_file_that_is_no_database(sound: dict[str, Any]) -> None:
    with open(context_path("c"), "wb") as file:
        file.write(b"not a database\n" * 1000)
    read_all(sound)
    with pytest.raises(CheckFailed, match="damaged"):
        check_context("c")
    with pytest.raises(CheckFailed, match=r"cannot be mended .*exosuit context drop c"):
        repair_context("c")
    drop_context("c")


def test_a_newer_version_is_refused_and_left(sound: dict[str, Any], made: tuple[Path, Path]) -> None:
    path = context_path("c")
    with open(path, "r+b") as file:
        file.seek(60)
        file.write(struct.pack(">i", VERSION + 1))
    before = read_bytes(path)
    for attempt in (check_context, repair_context, context_stats, lambda name: load(name, asked(made[0] / "tree"))):
        with pytest.raises(UsageError, match="newer exosuit"):
            attempt("c")
    assert read_bytes(path) == before
    assert sound


@pytest.mark.parametrize("version", [0, -1])
def test_a_version_that_never_was(sound: dict[str, Any], version: int) -> None:
    with open(context_path("c"), "r+b") as file:
        file.seek(60)
        file.write(struct.pack(">i", version))
    with pytest.raises(CheckFailed, match="format"):
        check_context("c")
    assert sound


def test_a_database_of_another_program(sound: dict[str, Any]) -> None:
    os.unlink(context_path("c"))
    connection = sqlite3.connect(context_path("c"))
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = read_bytes(context_path("c"))
    for attempt in (check_context, repair_context, lambda name: load(name, asked(os.fsdecode(sound["sources"][0][0])))):
        with pytest.raises(UsageError, match="another program"):
            attempt("c")
    assert read_bytes(context_path("c")) == before
