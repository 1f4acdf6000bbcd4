"""The standard streams of a command: names on stdin, chunks on stdout, a live line on stderr."""

from __future__ import annotations

import io
import os
import stat
import sys
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from exosuit_cli.model.errors import UsageError
from exosuit_cli.system.names import display_json, display_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from _typeshed import ReadableBuffer

    from exosuit_cli.ingest import ProgressCallback

STDOUT: Final = "-"
OWN_STREAMS: Final = (1, 2)
"""The descriptors of stdout and stderr, which may be files in the tree."""


def names_on_stdin() -> Iterator[bytes]:
    """The NUL-separated names on stdin, which is read when the first is wanted. A signal ends the wait at once."""
    from exosuit_cli.system.stop import ended_by_signals

    with ended_by_signals():
        names = sys.stdin.buffer.read()
    if b"\0" not in names and b"\n" in names:
        raise UsageError(
            "--stdin0 takes names that are separated by NUL, and these are by lines; "
            "use `git ls-files -z` or `find -print0`, or put `tr '\\n' '\\0' |` before exosuit"
        )
    yield from (name for name in names.split(b"\0") if name)


def progress_line(quiet: bool) -> AbstractContextManager[ProgressCallback | None]:
    """A live line on stderr, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        return nullcontext(None)
    from exosuit_cli.report import progress

    return progress.progress_line()


def named_file(output: str | None) -> str | None:
    """The file that `--output` names; None for stdout, also by another name, as /dev/stdout."""
    return None if output is None or output == STDOUT or _is_stdout(output) else output


class _TerminalJson(io.BufferedWriter):
    """JSON for a terminal: the same values, with nothing in it that could act on the terminal."""

    def write(self, data: ReadableBuffer, /) -> int:
        shown = bytes(data)
        super().write(display_json(shown.decode()).encode())
        return len(shown)


class _TerminalText(io.BufferedWriter):
    """Text for a terminal, with nothing in it that could act on the terminal; characters may come in parts."""

    _rest = b""

    def write(self, data: ReadableBuffer, /) -> int:
        from exosuit_cli.tokens.text import last_character_start

        text = self._rest + bytes(data)
        end = last_character_start(text) if text else 0
        self._rest = text[end:]
        super().write(display_text(text[:end]).encode())
        return len(bytes(data))

    def flush(self) -> None:
        super().write(display_text(self._rest).encode())
        self._rest = b""
        super().flush()


@contextmanager
def text_output(file: BinaryIO) -> Iterator[BinaryIO]:
    """A file to write UTF-8 to, escaped where it is a terminal."""
    if not file.isatty():
        yield file
        return
    shown = _TerminalText(cast("io.RawIOBase", file))
    try:
        yield shown
        shown.flush()
    finally:
        shown.detach()


@contextmanager
def json_output(file: BinaryIO) -> Iterator[BinaryIO]:
    """A file to write whole pieces of JSON to, escaped where it is a terminal."""
    if not file.isatty():
        yield file
        return
    shown = _TerminalJson(cast("io.RawIOBase", file))
    try:
        yield shown
        shown.flush()
    finally:
        shown.detach()


def print_json(document: Mapping[str, Any]) -> None:
    """Print one document on stdout, escaped where that is a terminal."""
    import orjson

    _write_json(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def print_ascii_json(document: Mapping[str, Any]) -> None:
    """Print one document on stdout in ASCII alone, so that a name in it may be one that is no UTF-8."""
    import json

    _write_json(json.dumps(document, indent=2))


def _write_json(text: str) -> None:
    sys.stdout.write((display_json(text) if sys.stdout.isatty() else text) + "\n")


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


def _is_stdout(path: str) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):
        return False
