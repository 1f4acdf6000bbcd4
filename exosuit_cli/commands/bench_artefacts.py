"""What a benchmark leaves behind: exports, `verdict.json` beside them, the summary of a GitHub job.

What is written where, and what is refused before anything is measured, is decided here. How a file looks is the
front's: it hands in an `ExportFormat` for each.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.system.atomic import check_writable, write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exosuit_cli.measure.profile.records import Profile
    from exosuit_cli.measure.result import BenchResult

LARGEST_SUMMARY = 1_000_000
"""Bytes; GitHub refuses a step's summary above 1 MiB."""

_READABLE = 0o644
"""Artefacts are for other programs, such as a textfile collector of another user."""

_LARGEST_FORMER = 16 << 20


@dataclass(frozen=True, slots=True)
class ExportInput:
    """What an export is made from. `former` is what its file held until now, for a format that `continues`."""

    result: BenchResult
    strict: bool
    former: bytes = b""


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format of a finished benchmark.

    Args:
        name: as `--export` takes it.
        suffix: the usual ending of such a file's name.
        help: what the format is, and for whom, in one line.
        render: the files of an export. The key is what is put before the extension of the name; '' is FILE itself.
        continues: whether the export keeps something of the file that it replaces.

    """

    name: str
    suffix: str
    help: str
    render: Callable[[ExportInput], Mapping[str, bytes]]
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """One `--export NAME=FILE`."""

    format: ExportFormat
    path: str


@dataclass(frozen=True, slots=True)
class BenchRenderers:
    """How a front renders what is written beside its own report; each takes the result and whether it is strict.

    `summary` takes the most bytes that it may return instead, and `trace` a profile, of which it makes a trace,
    compressed by gzip.
    """

    exports: Mapping[str, ExportFormat]
    verdict: Callable[[BenchResult, bool], bytes]
    alert: Callable[[BenchResult, bool], bytes]
    summary: Callable[[BenchResult, int], bytes]
    trace: Callable[[Profile], bytes]


def parse_exports(texts: Sequence[str], formats: Mapping[str, ExportFormat]) -> tuple[Export, ...]:
    """Read exports in one of `formats`.

    Raises UsageError: no NAME=FILE, an unknown name, a directory that is not there, one file twice; OutputError
    as `check_writable` does.
    """
    exports = []
    taken: dict[str, str] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if name not in formats:
            raise UsageError(f"--export {text!r}: not NAME=FILE with a NAME of {', '.join(formats)}")
        if not equals or not path:
            raise UsageError(f"--export {text!r}: no FILE; write for example {name}=bench{formats[name].suffix}")
        directory = os.path.dirname(path) or "."
        if not os.path.isdir(directory):
            raise UsageError(f"--export {text!r}: no directory {directory!r}; make it first")
        check_writable(path)
        key = os.path.realpath(path)
        if key in taken or os.path.basename(path) == "verdict.json":
            other = taken.get(key, "the verdict")
            raise UsageError(f"--export {text!r}: {path!r} is written by {other} too; name another file")
        taken[key] = f"--export {text}"
        exports.append(Export(formats[name], path))
    return tuple(exports)


def write_export(
    export: Export, result: BenchResult, verdict: Callable[[BenchResult, bool], bytes], *, strict: bool
) -> None:
    """Write one export whole or not at all (atomic), and `verdict.json` into its directory. Raises OutputError."""
    former = _former(export.path) if export.format.continues else b""
    for suffix, content in export.format.render(ExportInput(result, strict, former)).items():
        stem, extension = os.path.splitext(export.path)
        write_atomic(stem + suffix + extension, content, mode=_READABLE)
    write_atomic(verdict_file(export.path), verdict(result, strict), mode=_READABLE)


def verdict_file(export: str) -> str:
    """The file beside an export that holds the verdict."""
    return os.path.join(os.path.dirname(export), "verdict.json")


def append_summary(path: str, result: BenchResult, summary: Callable[[BenchResult, int], bytes]) -> None:
    """Append a report to the file of `$GITHUB_STEP_SUMMARY`, which stays below 1 MB; raises OutputError."""
    try:
        with open(path, "ab") as file:
            file.write(summary(result, LARGEST_SUMMARY - file.tell()))
    except OSError as error:
        raise OutputError(f"GITHUB_STEP_SUMMARY {path!r}: cannot be written: {error.strerror}") from error


def _former(path: str) -> bytes:
    """What an export held before; nothing where it does not exist, is no regular file, or cannot be read."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return file.read(_LARGEST_FORMER)
    return b""
