"""stdin, stdout and stderr as they may be: closed, full, without a reader, in an encoding that lacks characters."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import Final

from exosuit_cli.model.errors import OutputError

_OF_WRITING: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE)


class _Stderr(io.TextIOWrapper):
    """What cannot be written to stderr is lost: nobody is left to whom that could be said."""

    def write(self, text: str, /) -> int:
        with contextlib.suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


def mend_streams() -> None:
    """Give closed standard streams a place, so that no file is opened in theirs; escape what stdout cannot encode."""
    mend_stderr()
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Opening takes the lowest free descriptor, which is the closed stream's own.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (open until the end)
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        # Under `python -u` a write may take a part only, and nobody would write the rest.
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(sys.stdout.buffer), sys.stdout.encoding)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def mend_stderr() -> None:
    """Have what cannot be written to stderr lost in silence."""
    if type(sys.stderr) is io.TextIOWrapper and sys.stderr is sys.__stderr__:
        sys.stderr = _Stderr(sys.stderr.buffer, sys.stderr.encoding, errors="backslashreplace", line_buffering=True)


def discard_output() -> None:
    """Send what stdout still holds nowhere: Python would complain again when it flushes at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_unwritable(error: OSError) -> bool:
    """Whether an error that names no file is one of writing to stdout."""
    return error.filename is None and error.errno in _OF_WRITING


def unwritable(error: BaseException) -> OutputError:
    """The error for a stdout that cannot be written."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return OutputError(f"cannot write to stdout: {reason}")
