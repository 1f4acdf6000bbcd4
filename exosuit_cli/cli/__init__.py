"""The commands: parse, call one function, hand its result to `report`; nothing else happens here."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from exosuit_cli.model.errors import ExosuitError

VERSION_FLAGS = (["--version"], ["-V"])
WITH_NUMPY = (
    ["scan"], ["chunk"], ["query"], ["outline"], ["related"], ["pack"], ["context"], ["bench"], ["profile"], ["device"],
)  # fmt: skip
"""The commands that load libraries which abort the process where they get no memory."""


def main() -> None:
    """The console script. `--version` answers without importing what the commands need."""
    try:
        if sys.argv[1:] in VERSION_FLAGS and sys.stdout is not None:
            from exosuit_cli import __version__

            print(f"exosuit {__version__}", flush=True)  # noqa: T201  (the answer itself)
        else:
            _run()
    except Exception as error:  # noqa: BLE001  (raised again where nothing explains it)
        _answer(error)


def _run() -> None:
    from exosuit_cli.system.early_end import end_on_signals

    end_on_signals()
    from exosuit_cli.system.standard_streams import mend_streams

    # numpy's linear algebra would start a thread a core for work that exosuit never does, and a process with threads
    # cannot be forked safely.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A large tree is a million small objects, none of them in a cycle: looking for cycles is a tenth of the time.
    gc.set_threshold(1_000_000)
    mend_streams()
    if sys.argv[1:2] in WITH_NUMPY and not {"-h", "--help"} & set(sys.argv):
        from exosuit_cli.system.surroundings import missing_memory

        missing = missing_memory()
        if missing is not None:
            _end(missing)
    from exosuit_cli.cli.ahead import discard, look_ahead

    try:
        look_ahead(sys.argv[1:])
        from exosuit_cli.cli.direct import run_directly

        code = run_directly(sys.argv[1:])
        if code is None:
            from exosuit_cli.cli.app import app
            from exosuit_cli.cli.usage import run_app

            code = run_app(app)
        sys.exit(code)
    except SystemExit as exit_:
        discard()
        _leave(exit_.code)
        raise
    finally:
        discard()


def _answer(error: Exception) -> NoReturn:
    """End for an error before or after a command, in which its own border answers."""
    from exosuit_cli.system.standard_streams import discard_output, is_unwritable, mend_stderr, unwritable
    from exosuit_cli.system.surroundings import explained

    mend_stderr()
    if isinstance(error, OSError) and is_unwritable(error):
        discard_output()
        if isinstance(error, BrokenPipeError):  # the reader has gone, as `| head` does
            sys.exit()
        _end(unwritable(error))
    outside = explained(error)
    if outside is None:
        raise error
    _end(outside)


def _end(error: ExosuitError) -> NoReturn:
    """End with one line, where there is no command that could say it."""
    if sys.stderr is not None:
        sys.stderr.write(f"exosuit: error: {error}\n")
    sys.exit(error.exit_code)


def _leave(code: object) -> None:
    """End the process at once: to take a large tree's objects apart one by one takes as long as to read its index.

    Returns where there is more to do than to write out what is buffered.
    """
    import atexit
    import logging
    import threading

    if not (code is None or isinstance(code, int)) or threading.active_count() > 1:
        return
    try:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        _answer(error)
    except ValueError:  # the interpreter says what there is to say
        return
    atexit._run_exitfuncs()  # noqa: SLF001  (nothing public runs them before the interpreter takes all apart)
    os._exit(code or 0)
