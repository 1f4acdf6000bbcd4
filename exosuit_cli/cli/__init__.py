"""The commands: parse, call one function, hand its result to `report`; nothing else happens here."""

from __future__ import annotations

import os
import sys

VERSION_FLAGS = (["--version"], ["-V"])


def main() -> None:
    """The console script. `--version` answers without importing what the commands need."""
    if sys.argv[1:] in VERSION_FLAGS:
        from exosuit_cli import __version__

        print(f"exosuit {__version__}")  # noqa: T201  (the answer itself)
        return
    # numpy's linear algebra would start a thread a core for work that exosuit never does, and a process with threads
    # cannot be forked safely.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from exosuit_cli.cli.app import app

    app()
