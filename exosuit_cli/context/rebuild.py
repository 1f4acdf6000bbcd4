"""A damaged database replaced by a new one that was loaded from the same sources."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

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
        raise OutputError(f"cannot mend {path!r}: {room!r}: {error.strerror}") from error
    try:
        yield os.path.join(room, os.path.basename(path))
    finally:
        shutil.rmtree(room, ignore_errors=True)


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
