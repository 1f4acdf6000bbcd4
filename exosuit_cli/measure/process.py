"""One run: a whole process, its wall time, the CPU time of all its children, its answer."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from typing import IO, TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import InvalidMeasurement, UsageError
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LARGEST_ANSWER: Final = 64 << 20
_TOLD: Final = 400
"""Characters of a failed command's last words that a message quotes."""


@dataclass(frozen=True, slots=True)
class ProcessRun:
    """`wall_s` by the monotonic clock, which no change of the time of day moves; the others by wait4(2).

    User and system time count the process and those descendants that were waited for; `max_rss` is that of the
    largest of them, in bytes.
    """

    wall_s: float
    user_s: float
    system_s: float
    max_rss: int
    answer: bytes

    @property
    def cpu_s(self) -> float:
        """User and system time together."""
        return self.user_s + self.system_s


def run_process(command: Sequence[str], environment: Mapping[str, str], limit_s: float) -> ProcessRun:
    """Run `command` to its end in a process group of its own, with an empty stdin.

    Whatever happens, nothing of the group is left when this returns. A Ctrl-C on the terminal does not reach it.

    Raises UsageError when it cannot be started; InvalidMeasurement when it fails, when it is not done after `limit_s`
    seconds, or when it prints nothing.
    """
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as words:
        started = time.monotonic()
        try:
            process = subprocess.Popen(  # noqa: S603  (running what the user names is the task)
                command, stdin=subprocess.DEVNULL, stdout=answer, stderr=words, env=environment, start_new_session=True
            )
        except OSError as error:
            raise UsageError(
                f"{shown(command)}: cannot be started: {error.strerror}; name a command that can be"
            ) from error
        expired = threading.Event()
        alarm = threading.Timer(limit_s, _expire, (process.pid, expired))
        alarm.daemon = True
        alarm.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            wall_s = time.monotonic() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            alarm.cancel()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            if process.returncode is None:  # interrupted while waiting
                process.wait()
        if expired.is_set():
            raise InvalidMeasurement(
                f"{shown(command)}: not done after {limit_s:.0f} s; give more --max-time or a smaller corpus"
            )
        if process.returncode:
            raise InvalidMeasurement(
                f"{shown(command)}: failed with {_cause(process.returncode)}{last_words(words, _TOLD)}; run it by hand"
            )
        if os.fstat(answer.fileno()).st_size > _LARGEST_ANSWER:
            raise InvalidMeasurement(f"{shown(command)}: printed over 64 MiB; it must print one JSON document")
        answer.seek(0)
        text = answer.read()
    if not text.strip():
        raise InvalidMeasurement(
            f"{shown(command)}: printed nothing; it must print one JSON document that reports its work, as "
            f"`exosuit scan --json` does"
        )
    return ProcessRun(wall_s, usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024, text)


def parse_command(text: str, option: str, *, wanted: str, place: str) -> list[str]:
    """The words of a command as it is typed, the first one found; no shell is involved.

    Raises UsageError that names `option`: quotes that do not close, nothing (what is `wanted`), no such command (where
    it may be: `place`).
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r}: {error}; close the quotes") from error
    if not words:
        raise UsageError(f"{option} '': empty; give {wanted}")
    found = shutil.which(words[0])
    if found is None:
        raise UsageError(f"{option} {text!r}: no command {words[0]!r}; give its path{place}")
    return [found, *words[1:]]


def last_words(words: IO[bytes], most: int) -> str:
    """The end of what a failed command wrote, to be quoted: at most `most` bytes, safe to show on a terminal."""
    size = words.seek(0, os.SEEK_END)
    words.seek(max(0, size - most))
    text = words.read().decode("utf-8", "replace").strip()
    return f": {display_name(text)}" if text else ""


def shown(command: Sequence[str]) -> str:
    """The command as one could type it, safe to show on a terminal."""
    return display_name(shlex.join(command))


def _expire(group: int, expired: threading.Event) -> None:
    expired.set()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _cause(code: int) -> str:
    return f"exit code {code}" if code > 0 else f"signal {signal.Signals(-code).name}"
