"""The file that chunks are written to, and its format."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.system.atomic import atomic_file

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = ("jsonl", "parquet")
_FORMAT_OF = {"": "jsonl", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet"}


def choose_format(form: str | None, output: str | None) -> str:
    """The format that is asked for, by its own name or by that of the output; `jsonl` where there is no file.

    Raises UsageError for one that is not known, and where the output's extension names none.
    """
    if form is not None:
        if form not in FORMATS:
            raise UsageError(f"unknown --format {form!r}: expected {' or '.join(FORMATS)}")
        return form
    if output is None or _is_special(output):
        return "jsonl"
    known = _FORMAT_OF.get(os.path.splitext(output)[1].lower())
    if known is None:
        raise UsageError(
            f"the name of {output!r} does not tell its format; give --format {' or --format '.join(FORMATS)}"
        )
    return known


@contextmanager
def open_file(output: str) -> Iterator[BinaryIO]:
    """Open a file that takes its place when all is written, or a device as it is. Raises OutputError."""
    if _is_special(output):
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
    return output is not None and not _is_special(output)


def _is_special(path: str) -> bool:
    """Whether something other than a regular file or a directory is there."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
