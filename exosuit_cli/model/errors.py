"""The error tree. Every error owns the exit code that the command line answers with.

ExosuitError            1   a hole in exosuit itself
├── UsageError          2   arguments that cannot be carried out
│   └── ConfigError     2   a settings file or variable that is wrong
├── CheckFailed         3   a gate, a validation or a check failed
├── Inconclusive        4   no verdict, under --strict
├── NoBaseline          5   nothing comparable to compare with
├── ResourceMissing     6   a demanded device or server is not there
└── OutputError         2   an output that cannot be written
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """What the process answers with; `MEANINGS` has the words."""

    SUCCESS = 0
    INTERNAL = 1
    USAGE = 2
    CHECK_FAILED = 3
    INCONCLUSIVE = 4
    NO_BASELINE = 5
    RESOURCE_MISSING = 6
    INVALID_MEASUREMENT = 6
    UNREADABLE_PATHS = 7
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Final = {
    ExitCode.SUCCESS: "success",
    ExitCode.INTERNAL: "internal error",
    ExitCode.USAGE: "usage or configuration error",
    ExitCode.CHECK_FAILED: "a gate, a validation or a check failed",
    ExitCode.INCONCLUSIVE: "inconclusive, under `--strict` only",
    ExitCode.NO_BASELINE: "no comparable baseline",
    ExitCode.RESOURCE_MISSING: "invalid measurement, or a demanded resource (device, server) is missing",
    ExitCode.UNREADABLE_PATHS: "finished, but some paths could not be read; they are listed",
    ExitCode.INTERRUPTED: "interrupted (SIGINT); partial results are marked as such",
    ExitCode.TERMINATED: "terminated (SIGTERM); partial results are marked as such",
}
"""What each code says, in the words of the manual."""


class ExosuitError(Exception):
    """Base of every error that is meant for a person: what happened, on which path, what to do."""

    exit_code: ExitCode = ExitCode.INTERNAL


class UsageError(ExosuitError):
    """Arguments that cannot be carried out."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A setting that is unknown, of the wrong type or out of range; names the file and the key."""


class OutputError(UsageError):
    """An output file that cannot be written."""


class CheckFailed(ExosuitError):
    """A gate, a validation or a check failed."""

    exit_code = ExitCode.CHECK_FAILED


class Inconclusive(ExosuitError):
    """No verdict could be reached."""

    exit_code = ExitCode.INCONCLUSIVE


class NoBaseline(ExosuitError):
    """Nothing comparable is stored."""

    exit_code = ExitCode.NO_BASELINE


class ResourceMissing(ExosuitError):
    """A demanded resource (device, server) is missing."""

    exit_code = ExitCode.RESOURCE_MISSING


class InvalidMeasurement(ExosuitError):
    """What was measured means nothing: other work, no work, a command that failed, a corpus that changed."""

    exit_code = ExitCode.INVALID_MEASUREMENT
