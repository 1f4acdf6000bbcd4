"""Writing what a benchmark leaves: exports, `verdict.json` beside them, the summary of a GitHub job."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.report.bench.document import verdict_document
from exosuit_cli.report.bench.exports import CONTINUED, EXPORTS, render
from exosuit_cli.report.bench.exports.markdown import LARGEST, report
from exosuit_cli.system.atomic import check_writable, write_atomic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.measure.result import BenchResult

_READABLE = 0o644
"""Artefacts are for other programs, such as a textfile collector of another user."""

_LARGEST_FORMER = 16 << 20


@dataclass(frozen=True, slots=True)
class Export:
    """One `--export NAME=FILE`."""

    name: str
    path: str


def parse_exports(texts: Sequence[str]) -> tuple[Export, ...]:
    """Read exports.

    Raises UsageError: no NAME=FILE, an unknown name, a directory that is not there, one file twice; OutputError
    as `check_writable` does.
    """
    exports = []
    taken: dict[str, str] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or not path or name not in EXPORTS:
            raise UsageError(f"--export {text!r}: not NAME=FILE with a NAME of {', '.join(EXPORTS)}")
        directory = os.path.dirname(path) or "."
        if not os.path.isdir(directory):
            raise UsageError(f"--export {text!r}: no directory {directory!r}; make it first")
        check_writable(path)
        key = os.path.realpath(path)
        if key in taken or os.path.basename(path) == "verdict.json":
            other = taken.get(key, "the verdict")
            raise UsageError(f"--export {text!r}: {path!r} is written by {other} too; name another file")
        taken[key] = f"--export {text}"
        exports.append(Export(name, path))
    return tuple(exports)


def write_artefacts(exports: Sequence[Export], result: BenchResult, *, strict: bool) -> None:
    """Write every export whole or not at all (atomic), and `verdict.json` into every directory that received one.

    Raises OutputError.
    """
    for export in exports:
        former = _former(export.path) if export.name in CONTINUED else b""
        for suffix, content in render(export.name, result, strict=strict, former=former).items():
            stem, extension = os.path.splitext(export.path)
            write_atomic(stem + suffix + extension, content, mode=_READABLE)
    verdict = json.dumps(verdict_document(result, strict=strict), indent=2).encode("ascii") + b"\n"
    for directory in dict.fromkeys(os.path.dirname(export.path) for export in exports):
        write_atomic(os.path.join(directory, "verdict.json"), verdict, mode=_READABLE)


def _former(path: str) -> bytes:
    """What an export held before; nothing where it is not there, no regular file, or not to be read."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return file.read(_LARGEST_FORMER)
    return b""


def append_summary(path: str, result: BenchResult) -> None:
    """Append the Markdown report to the file of `$GITHUB_STEP_SUMMARY`, which stays below 1 MB; raises OutputError."""
    try:
        with open(path, "ab") as file:
            file.write(report(result, LARGEST - file.tell()))
    except OSError as error:
        raise OutputError(f"GITHUB_STEP_SUMMARY {path!r}: cannot be written: {error.strerror}") from error
