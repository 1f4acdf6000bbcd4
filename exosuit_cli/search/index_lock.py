"""The lock of the one process that writes an index."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.system.lock import lock_exclusively, not_inherited

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
        with not_inherited(descriptor):
            yield
    finally:
        os.close(descriptor)
