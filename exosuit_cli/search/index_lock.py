"""The lock of the one process that writes an index."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.system.lock import lock_exclusively

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.system.stop import StopRequest

NAME: Final = "lock"
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_PATIENCE_SECONDS: Final = 600.0
"""A first index of a large tree may take minutes: who comes second waits, and then has nothing to do."""


@contextlib.contextmanager
def index_lock(directory: str, name: str, stop: StopRequest | None) -> Iterator[None]:
    """Be the only writer of the index in a directory. Raises UsageError where another process stays one for long."""
    try:
        descriptor = os.open(os.path.join(directory, NAME), _FLAGS, 0o600)
    except OSError as error:
        raise OutputError(f"cannot write the index of the context {name!r}: {directory!r}: {error.strerror}") from error
    try:
        try:
            lock_exclusively(descriptor, _PATIENCE_SECONDS, give_up=lambda: bool(stop))
        except TimeoutError as error:
            raise UsageError(
                f"the index of the context {name!r} is being written; try again when it is done"
            ) from error
        except OSError as error:
            raise OutputError(f"cannot lock the index of the context {name!r}: {error.strerror}") from error
        _held.add(descriptor)
        yield
    finally:
        _held.discard(descriptor)
        os.close(descriptor)


def _close_in_child() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


_held: Final[set[int]] = set()
"""Descriptors of the locks that this process holds. A worker would keep them held after this process's death."""
os.register_at_fork(after_in_child=_close_in_child)
