"""A database replaced by a new one that was loaded from the same sources."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

from exosuit_cli.context.database import write_back
from exosuit_cli.context.transactions import transaction
from exosuit_cli.model.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator


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
