"""The commands: parse, call one function, hand its result to `report`; nothing else happens here."""

from __future__ import annotations

import gc
import io
import os
import sys

VERSION_FLAGS = (["--version"], ["-V"])


def main() -> None:
    """The console script. `--version` answers without importing what the commands need."""
    if sys.argv[1:] in VERSION_FLAGS:
        from exosuit_cli import __version__

        print(f"exosuit {__version__}")  # noqa: T201  (the answer itself)
        return
    from exosuit_cli.system.stop import end_on_signals

    end_on_signals()
    # numpy's linear algebra would start a thread a core for work that exosuit never does, and a process with threads
    # cannot be forked safely.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A large tree is a million small objects, none of them in a cycle: looking for cycles is a tenth of the time.
    gc.set_threshold(1_000_000)
    _mend_streams()
    from exosuit_cli.cli.ahead import discard, look_ahead

    look_ahead(sys.argv[1:])
    try:
        from exosuit_cli.cli.app import app
        from exosuit_cli.cli.usage import run_app

        sys.exit(run_app(app))
    except SystemExit as exit_:
        discard()
        _leave(exit_.code)
        raise
    finally:
        discard()


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
    except (OSError, ValueError):  # the interpreter says what there is to say
        return
    atexit._run_exitfuncs()  # noqa: SLF001  (nothing public runs them before the interpreter takes all apart)
    os._exit(code or 0)


def _mend_streams() -> None:
    """Give closed standard streams a place, so that no file is opened in theirs; escape what stdout cannot encode."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Opening takes the lowest free descriptor, which is the closed stream's own.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (open until the end)
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        # Under `python -u` a write may take a part only, and nobody would write the rest.
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(sys.stdout.buffer), sys.stdout.encoding)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
