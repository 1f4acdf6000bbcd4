"""The SQLite database of a context: opened, checked for what it is, locked for its one writer."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
import stat
import time
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.names import missing_context
from exosuit_cli.context.rows import DamagedRow
from exosuit_cli.context.schema import APPLICATION_ID, MIGRATIONS, SCHEMA, VERSION
from exosuit_cli.context.transactions import snapshot, transaction
from exosuit_cli.model.errors import CheckFailed, OutputError, UsageError
from exosuit_cli.system.lock import not_inherited

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE_BYTES: Final = 8192
_CACHE_KIB: Final = 32 << 10
_LOCK_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_LOOKS: Final = 40
_MOST_SAID: Final = 1 << 20
_BUSY_MS: Final = 5000
"""Milliseconds that a statement waits for another process's: a snapshot or a checkpoint, never a load."""
_PAUSE_SECONDS: Final = 0.005


class EmptyContext(UsageError):
    """A database without tables: its first load ended before it made them."""


class ContextInUse(UsageError):
    """Another process writes the context. `roots`: of the sources that it loads, none where it does something else."""

    def __init__(self, message: str, roots: Sequence[bytes] = ()) -> None:
        super().__init__(message)
        self.roots = frozenset(roots)


class ContextReplaced(UsageError):
    """Another file lies where the context was opened, or none: it was dropped or mended since."""


class OtherSources(UsageError):
    """The context has sources, and a load that adds none would add one."""


def connect(path: str, name: str, *, create: bool = False, read_only: bool = False) -> sqlite3.Connection:
    """Open the database at `path`, a file that is there, and make its tables where `create` finds none.

    Transactions are explicit. Raises UsageError for one that is empty, or of a newer version; CheckFailed where it is
    damaged; OutputError where the file system refuses.
    """
    with database_errors(name, path):
        uri = f"file:{_quoted(path)}" + ("?immutable=1" if read_only and _is_fixed(path) else "?mode=rw")
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path, name, create=create, read_only=read_only)
        except BaseException:
            connection.close()
            raise
    return connection


def database_file(path: str, name: str, *, create: bool = False) -> os.stat_result:
    """The status of the file at `path`; with `create`, an empty one is made where there is none.

    Raises UsageError where there is none, or something else than a file of this user.
    """
    with database_errors(name, path):
        if create and not os.path.lexists(path):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        try:
            status = os.lstat(path)
        except FileNotFoundError as error:
            raise missing_context(name) from error
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"the context {name!r} is not usable: {path!r} is not a regular file")
    if status.st_uid not in (os.geteuid(), 0):
        raise UsageError(f"the context {name!r} is not usable: {path!r} belongs to user id {status.st_uid}")
    return status


def _quoted(path: str) -> str:
    """A path as a part of an address (RFC 3986): `urllib` would do it, and take 5 ms to import."""
    return "".join(
        chr(each) if (each < 0x80 and chr(each).isalnum()) or each in b"/._-" else f"%{each:02X}"
        for each in os.fsencode(path)
    )


def _is_fixed(path: str) -> bool:
    """Whether SQLite must do without files beside the database: nothing can be written here, and no log is left."""
    if os.access(os.path.dirname(path), os.W_OK):
        return False
    try:
        return os.stat(path + "-wal").st_size == 0
    except OSError:
        return True


def _prepare(connection: sqlite3.Connection, path: str, name: str, *, create: bool, read_only: bool) -> None:
    execute = connection.execute
    execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    with snapshot(connection):  # another process may be making the tables
        (tables,) = execute("SELECT count(*) FROM sqlite_master").fetchone()
        (application,) = execute("PRAGMA application_id").fetchone()
        (version,) = execute("PRAGMA user_version").fetchone()
    is_new = (tables, application, version) == (0, 0, 0)
    if is_new and create:
        execute(f"PRAGMA page_size = {PAGE_BYTES}")
        _use_wal(connection, path)
        execute("PRAGMA synchronous = FULL")
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;{SCHEMA}"
                f"PRAGMA application_id = {APPLICATION_ID};PRAGMA user_version = {VERSION};COMMIT;"
            )
        except sqlite3.OperationalError:
            if connection.in_transaction:
                execute("ROLLBACK")
            if execute("PRAGMA user_version").fetchone() == (0,):
                raise
            _prepare(connection, path, name, create=create, read_only=read_only)  # another process made the tables
            return
    elif is_new:
        raise EmptyContext(f"the context {name!r} is empty: its first load did not end; load it again")
    elif application != APPLICATION_ID:
        raise UsageError(f"the context {name!r} is not usable: {path!r} is a database of another program")
    elif version > VERSION:
        raise UsageError(
            f"the context {name!r} was written by a newer exosuit (format {version}, this one reads {VERSION}); "
            "update exosuit, or drop the context and load it again"
        )
    elif version < VERSION:
        _migrate(connection, version, path, name)
    if not read_only:
        _use_wal(connection, path)  # one that was killed while a new database took this one's place left it without
    execute("PRAGMA synchronous = FULL")
    execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    execute("PRAGMA temp_store = MEMORY")
    if read_only:
        execute("PRAGMA query_only = ON")


def _use_wal(connection: sqlite3.Connection, path: str) -> None:
    """Have the database keep a log. SQLite itself waits for nobody here, as it would hold one lock and want another."""
    deadline = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_SECONDS)
    if mode != "wal":
        raise OutputError(
            f"the file system of {os.path.dirname(path)!r} cannot share a database between processes (no WAL); "
            "set XDG_STATE_HOME to a local disk"
        )


def _migrate(connection: sqlite3.Connection, version: int, path: str, name: str) -> None:
    if version not in MIGRATIONS:
        raise _damaged(f"{path!r} has no format {version}", name)
    with transaction(connection):
        for old in range(version, VERSION):
            for statement in MIGRATIONS[old].split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def write_back(connection: sqlite3.Connection) -> None:
    """Bring what was committed from the log into the database, as far as readers let it; it is safe in both."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout = 0")  # a reader may take any time
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")


@contextlib.contextmanager
def writer_lock(path: str, name: str, roots: Sequence[bytes] = ()) -> Iterator[None]:
    """Be the only writer of the context at `path` in the block, and say which roots are loaded in it.

    Raises ContextInUse where another process is.

    The lock is flock(2) on a file beside the database: the system frees it when its process dies.
    """
    while True:
        try:
            descriptor = os.open(path + ".lock", _LOCK_FLAGS, 0o600)
        except OSError as error:
            raise OutputError(f"cannot write the context {name!r}: {path + '.lock'!r}: {error.strerror}") from error
        try:
            _take(descriptor, name)
            if not is_same_file(path + ".lock", os.fstat(descriptor)):
                continue  # deleted with its context between the two lines above
            with contextlib.suppress(OSError):  # on a full disk the lock has no name of its owner
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, b"%d\n%s" % (os.getpid(), b"\0".join(roots)), 0)
            with not_inherited(descriptor):
                yield
            return
        finally:
            os.close(descriptor)


def is_same_file(path: str, status: os.stat_result) -> bool:
    """Whether what is at `path` now is the file of this status."""
    try:
        return os.path.samestat(os.lstat(path), status)
    except OSError:
        return False


def _take(descriptor: int, name: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid, roots = _said_in(descriptor)
        by = f" (process {pid})" if pid else ""
        raise ContextInUse(
            f"the context {name!r} is in use by another writer{by}; try again when it is done", roots
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP):
            raise OutputError(
                f"the file system of the context {name!r} has no locks ({error.strerror}); "
                "set XDG_STATE_HOME to a local disk"
            ) from error
        raise


def _said_in(descriptor: int) -> tuple[int | None, Sequence[bytes]]:
    """The process that holds a lock and the roots that it loads, as it says them right after it took the lock."""
    for _ in range(_LOOKS):
        pid, is_whole, roots = os.pread(descriptor, _MOST_SAID, 0).partition(b"\n")
        if is_whole:
            return int(pid) if pid.isdigit() else None, roots.split(b"\0") if roots else ()
        time.sleep(_PAUSE_SECONDS)
    return None, ()


@contextlib.contextmanager
def database_errors(name: str, path: str) -> Iterator[None]:
    """Turn SQLite's errors in the block into errors for a person."""
    try:
        yield
    except sqlite3.Error as error:
        raise _told(error, name, path) from error
    except DamagedRow as error:
        raise _damaged(str(error), name) from error
    except OSError as error:
        raise OutputError(f"cannot use the context {name!r}: {error.filename or path!r}: {error.strerror}") from error


def _damaged(what: str, name: str) -> CheckFailed:
    return CheckFailed(
        f"the context {name!r} is damaged ({what}); run `exosuit context repair --name {name}`, "
        "or drop it and load it again"
    )


def _told(error: sqlite3.Error, name: str, path: str) -> Exception:
    code = getattr(error, "sqlite_errorname", "") or ""
    text = str(error)
    if isinstance(error, (sqlite3.ProgrammingError, sqlite3.InterfaceError)):
        return UsageError(f"the context {name!r} cannot be used: {text}")  # it is closed
    if code.startswith("SQLITE_FULL"):
        return OutputError(f"cannot write the context {name!r}: the disk of {path!r} is full; nothing was changed")
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return OutputError(f"cannot use the context {name!r}: {path!r}: {text}; is its directory writable?")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return UsageError(f"the context {name!r} is in use by another process ({text}); try again when it is done")
    if code.startswith("SQLITE_IOERR"):
        return OutputError(f"cannot use the context {name!r}: reading or writing {path!r} failed ({text})")
    return _damaged(text, name)
