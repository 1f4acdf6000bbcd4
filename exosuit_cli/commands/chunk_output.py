"""The file that chunks are written to."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from exosuit_cli.model.errors import OutputError
from exosuit_cli.system.atomic import atomic_file

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def open_file(output: str) -> Iterator[BinaryIO]:
    """Open a file that takes its place when all is written, or a device as it is. Raises OutputError."""
    if is_special(output):
        try:
            with open(output, "wb") as file:
                yield file
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"cannot write {output!r}: {error.strerror}") from error
    else:  # where a link leads, the file is: the link stays
        with atomic_file(os.path.realpath(output), mode=0o644) as file:
            yield file


def keeps_older(output: str | None) -> bool:
    """Whether an older file stays in its place until all is written."""
    return output is not None and not is_special(output)


def is_special(path: str) -> bool:
    """Whether something other than a regular file or a directory is there."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
