"""Taking a lock that another process may hold for ever."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PAUSE_SECONDS: Final = 0.02


def lock_exclusively(
    descriptor: int, patience_seconds: float, *, give_up: Callable[[], object] = lambda: False
) -> None:
    """Take the exclusive flock(2) of an open file, which closing it releases.

    Raises TimeoutError where another process holds it for longer than `patience_seconds`, InterruptedError as soon as
    `give_up()` is true, other OSError where the file system has no locks.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if give_up():
                raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR)) from error
            if time.monotonic() >= deadline:
                why = f"another process has held its lock for {patience_seconds:g} s"
                raise TimeoutError(errno.ETIMEDOUT, why) from error
        else:
            return
        time.sleep(_PAUSE_SECONDS)


@contextlib.contextmanager
def not_inherited(descriptor: int) -> Iterator[None]:
    """Have a process that is forked in the block close this descriptor: it would keep the lock when this one dies."""
    _held.add(descriptor)
    try:
        yield
    finally:
        _held.discard(descriptor)


def _close_in_child() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


_held: Final[set[int]] = set()
os.register_at_fork(after_in_child=_close_in_child)
