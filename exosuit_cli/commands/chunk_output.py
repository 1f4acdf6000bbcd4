"""Where `exosuit chunk` writes its chunks, and in which form."""

from __future__ import annotations

import io
import os
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from exosuit_cli.cli.border import standard_output
from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.system.atomic import atomic_file

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = ("jsonl", "parquet")
STDOUT = "-"
_FORMAT_OF = {"": "jsonl", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet"}


def choose_format(form: str | None, output: str | None) -> str:
    """The format that was asked for by its name, or by that of the output.

    Raises UsageError for one that is not known, and where the output's extension tells none.
    """
    if form is not None:
        if form not in FORMATS:
            raise UsageError(f"unknown --format {form!r}: expected {' or '.join(FORMATS)}")
        return form
    if output is None or output == STDOUT or _is_special(output):
        return "jsonl"
    known = _FORMAT_OF.get(os.path.splitext(output)[1].lower())
    if known is None:
        raise UsageError(
            f"the name of {output!r} does not tell its format; give --format {' or --format '.join(FORMATS)}"
        )
    return known


@contextmanager
def open_output(output: str | None) -> Iterator[BinaryIO]:
    """Where chunks are written: stdout, a file that takes its place when all is written, or a device as it is."""
    if output is None or output == STDOUT or _is_stdout(output):
        with standard_output():
            yield sys.stdout.buffer
    elif _is_special(output):
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
    """Whether what is written stays apart until all of it is there."""
    return not (output is None or output == STDOUT or _is_stdout(output) or _is_special(output))


def is_unseen(file: BinaryIO) -> bool:
    """Whether nobody reads along while chunks are written, so that a live line cannot come between them.

    A terminal shows both; so may whatever reads a pipe.
    """
    number = descriptor(file)
    if number is None:
        return True
    mode = os.fstat(number).st_mode
    return stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not os.isatty(number))


def descriptor(file: BinaryIO) -> int | None:
    """The descriptor of an output that is a file."""
    try:
        return file.fileno()
    except (OSError, io.UnsupportedOperation):
        return None


def _is_special(path: str) -> bool:
    """Whether something other than a regular file or a directory is there."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _is_stdout(path: str) -> bool:
    """Whether the path leads to what stdout already is, as /dev/stdout does."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))
    except (OSError, io.UnsupportedOperation):
        return False
