"""The border between a command and the shell: errors become one line and an exit code, logs go where they were sent."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import stat
import sys
import time
import traceback
from typing import TYPE_CHECKING

from exosuit_cli.model.errors import ExitCode, ExosuitError, OutputError
from exosuit_cli.system.names import display_name
from exosuit_cli.system.outputs import refuse_links_inside
from exosuit_cli.system.standard_streams import discard_output, unwritable
from exosuit_cli.system.surroundings import explained

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

logger = logging.getLogger("exosuit")


class _JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC, RFC 3339), level, logger, message and the record's own fields."""

    _own = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {"message", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: value for name, value in record.__dict__.items() if name not in self._own})
        if record.exc_info:
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, default=str)


class _Terminal(logging.Formatter):
    """`warning: text`, with nothing in it that could act on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return f"exosuit: {record.levelname.lower()}: {display_name(record.getMessage())}"


class _LogFile(logging.FileHandler):
    """Log lines for a program; the first that cannot be written is reported on the terminal, and ends the file."""

    failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  (logging's signature and name)
        self.failed = True
        logger.removeHandler(self)
        logger.error("cannot write the log file %r: %s", self.baseFilename, _reason(sys.exc_info()[1]))


@contextlib.contextmanager
def standard_output() -> Iterator[None]:
    """Have everything that the block prints on stdout by its end.

    Raises OutputError where it cannot be written; a reader that has gone is a BrokenPipeError as always.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        raise unwritable(error) from error


@contextlib.contextmanager
def command_border(
    *,
    debug: bool,
    verbose: int = 0,
    quiet: bool = False,
    log_file: str | None = None,
    tree: Sequence[str] = (),
) -> Iterator[None]:
    """Run a command's body: log to stderr (and to `log_file` as JSON lines), turn errors into exit codes.

    Warnings are shown; `verbose` shows information (1) and debugging (2), `quiet` shows errors only. A traceback is
    printed only with `debug`. A closed stdout ends the command quietly. `tree` are the paths that the command reads.
    """
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    terminal = logging.StreamHandler()
    level = logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    terminal.setLevel(level)
    terminal.setFormatter(_Terminal())
    handlers: list[logging.Handler] = [terminal]
    log: _LogFile | None = None
    try:
        logger.addHandler(terminal)
        if log_file is not None:
            refuse_links_inside(log_file, tree)
            log = _open_log(log_file)
            handlers.append(log)
        yield
        sys.stdout.flush()
        _check_log(log)
    except ExosuitError as error:
        if debug:
            traceback.print_exc()
        logger.error(str(error), extra={"exit_code": int(error.exit_code)})  # noqa: TRY400  (one line is the promise)
        raise SystemExit(int(error.exit_code)) from error
    except BrokenPipeError as error:
        discard_output()  # the reader has gone, as `| head` does
        raise SystemExit(int(ExitCode.SUCCESS)) from error
    except KeyboardInterrupt as error:
        number = signal.Signals(error.args[0] if error.args else signal.SIGINT)
        logger.error("interrupted by %s", number.name, extra={"exit_code": 128 + number})  # noqa: TRY400
        raise SystemExit(128 + number) from error
    except Exception as error:
        if debug:
            traceback.print_exc()
        outside = explained(error)
        if outside is not None:
            logger.error(str(outside), extra={"exit_code": int(outside.exit_code)})  # noqa: TRY400
            raise SystemExit(int(outside.exit_code)) from error
        logger.error(  # noqa: TRY400  (the traceback is for --debug)
            "internal error: %s: %s; run again with --debug for the traceback, and please report it",
            type(error).__name__,
            error,
            extra={"exit_code": int(ExitCode.INTERNAL)},
        )
        raise SystemExit(int(ExitCode.INTERNAL)) from error
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            with contextlib.suppress(OSError):  # a log file that could not be written: reported already
                handler.close()


def _open_log(path: str) -> _LogFile:
    try:
        with _reader_of(path):
            handler = _LogFile(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write the log file {path!r}: {_reason(error)}; name another --log-file") from error
    handler.setFormatter(_JsonLines())
    handler.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    return handler


@contextlib.contextmanager
def _reader_of(path: str) -> Iterator[None]:
    """Raise OSError where `path` is a FIFO that nobody reads, whose opening would wait for ever."""
    if not (os.path.exists(path) and stat.S_ISFIFO(os.stat(path).st_mode)):
        yield
        return
    probe = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield
    finally:
        os.close(probe)


def _check_log(log: _LogFile | None) -> None:
    if log is not None and log.failed:
        raise SystemExit(int(OutputError.exit_code))


def _reason(error: BaseException | None) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
