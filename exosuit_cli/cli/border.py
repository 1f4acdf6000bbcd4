"""The border between a command and the shell: errors become one line and an exit code, logs go where they were sent."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
import traceback
from typing import TYPE_CHECKING

import typer

from exosuit_cli.model.errors import ExitCode, ExosuitError, OutputError
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextlib.contextmanager
def command_border(
    *, debug: bool, verbose: int = 0, quiet: bool = False, log_file: str | None = None
) -> Iterator[None]:
    """Run a command's body: log to stderr (and to `log_file` as JSON lines), turn errors into exit codes.

    Warnings are shown; `verbose` shows information (1) and debugging (2), `quiet` shows errors only. A traceback is
    printed only with `debug`. A closed stdout ends the command quietly.
    """
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    terminal = logging.StreamHandler()
    level = logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    terminal.setLevel(level)
    terminal.setFormatter(_Terminal())
    handlers: list[logging.Handler] = [terminal]
    try:
        logger.addHandler(terminal)
        if log_file is not None:
            handlers.append(_log_handler(log_file))
        yield
        sys.stdout.flush()
    except ExosuitError as error:
        if debug:
            traceback.print_exc()
        logger.error(str(error), extra={"exit_code": int(error.exit_code)})  # noqa: TRY400  (one line is the promise)
        raise typer.Exit(int(error.exit_code)) from error
    except BrokenPipeError as error:
        # The reader has gone, as `| head` does. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(int(ExitCode.SUCCESS)) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(int(ExitCode.INTERRUPTED)) from error
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if debug:
            traceback.print_exc()
        logger.error(  # noqa: TRY400  (the traceback is for --debug)
            "internal error: %s: %s; run again with --debug for the traceback, and please report it",
            type(error).__name__,
            error,
            extra={"exit_code": int(ExitCode.INTERNAL)},
        )
        raise typer.Exit(int(ExitCode.INTERNAL)) from error
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def _log_handler(path: str) -> logging.Handler:
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write the log file {path!r}: {error.strerror}; name another --log-file") from error
    handler.setFormatter(_JsonLines())
    handler.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    return handler
