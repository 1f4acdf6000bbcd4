"""A load into a new database, which then takes the place of the one that was loaded from the same sources."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.context.account import STORE
from exosuit_cli.context.context import Context
from exosuit_cli.context.database import connect, database_file, write_back
from exosuit_cli.context.rows import read_meta
from exosuit_cli.context.transactions import transaction
from exosuit_cli.model.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.context.records import LoadResult
    from exosuit_cli.context.requests import SourceRequest
    from exosuit_cli.context.working import OnFull
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.system.stop import StopRequest


def load_beside(
    context: Context,
    requests: Sequence[SourceRequest],
    *,
    is_sound: bool,
    on_full: OnFull,
    limit: int | None,
    stop: StopRequest | None,
    progress: ProgressCallback | None,
) -> LoadResult:
    """Load into a new database, and let this context have it. Of a sound one, readers see what they see of a load.

    The caller holds the writer's lock.
    """
    with room_beside(context.path) as path:
        status = database_file(path, context.name, create=True)
        with Context(context.name, path, status, connect(path, context.name, create=True), read_only=False) as new:
            new.chunks.capacity_bytes = context.chunks.capacity_bytes
            new.chunks.token_capacity = context.chunks.token_capacity
            result = new.load(requests, anew=is_sound, on_full=on_full, limit=limit, stop=stop, progress=progress)
            if is_sound and result.partial is None and read_meta(context.connection, "vectors") is not None:
                carry_vectors(new.connection, context.path)
        if not is_sound:
            if result.partial is None:
                replace_database(path, context.path)
            return result
        if result.partial is not None:
            return replace(result, working=context.working())
        started = time.monotonic()
        context.leave_memory()
        if hand_over(context.connection, path, context.path):
            context.open_again()
        throughput = result.throughput
        wall = throughput.wall_s + time.monotonic() - started
        stages = {**throughput.stages, STORE: throughput.stages[STORE] + time.monotonic() - started}
        return replace(result, throughput=replace(throughput, wall_s=wall, stages=stages))


@contextlib.contextmanager
def room_beside(path: str) -> Iterator[str]:
    """A path for a new database on the same file system; whatever the block leaves there is deleted at its end.

    The caller holds the writer's lock of `path`.
    """
    room = path + ".new"
    try:
        shutil.rmtree(room, ignore_errors=True)  # of a process that was killed
        os.mkdir(room, 0o700)
    except OSError as error:
        raise OutputError(f"cannot write {path!r} anew: {room!r}: {error.strerror}") from error
    try:
        yield os.path.join(room, os.path.basename(path))
    finally:
        shutil.rmtree(room, ignore_errors=True)


def hand_over(connection: sqlite3.Connection, new: str, path: str) -> bool:
    """Let the sound database at `path` have the contents of a new one that is closed; whether it is another file then.

    Where nobody else has it open, the new file takes its place, and `connection` is closed. Who reads it would not see
    that: for them the contents are copied, in one transaction. `path` is whole at every moment, also after a crash.
    """
    if _leave_log(connection):
        connection.close()
        replace_database(new, path)
        return True
    connection.execute("BEGIN IMMEDIATE")  # the copy would wait without end for another program that writes
    connection.execute("ROLLBACK")
    with contextlib.closing(sqlite3.connect(new)) as source:
        source.backup(connection)
    write_back(connection)
    return False


def carry_vectors(connection: sqlite3.Connection, path: str) -> None:
    """Copy the vectors in the database at `path` whose chunks this one has too, and what is said of them.

    A chunk's id is the digest of its text, so that its vector is the same in every load; a server may be paid for it.
    """
    connection.execute("ATTACH DATABASE ? AS old", (path,))
    try:
        with transaction(connection):
            connection.execute(
                "INSERT INTO vectors SELECT * FROM old.vectors WHERE chunk IN (SELECT id FROM main.chunks)"
            )
            connection.execute("INSERT INTO meta SELECT * FROM old.meta WHERE key = 'vectors'")
    finally:
        connection.execute("DETACH DATABASE old")


def _leave_log(connection: sqlite3.Connection) -> bool:
    """Bring all of the log into the database, and delete it; False where another connection uses it."""
    (wait,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {wait}")
    return bool(mode == "delete")


def replace_database(new: str, path: str) -> None:
    """Let a database that is closed and on the disk take the place of another, whose log would not fit it.

    Who has the other one open reads on in it: SQLite leaves the files beside a database alone that was moved.
    """
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + suffix)
    os.rename(new, path)
    directory = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
