"""What ends the program on a signal that comes before a command works. Imports next to nothing, to be first."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` is made of
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

_NAMES: Final = {2: "SIGINT", 15: "SIGTERM"}
"""`signal` would name them, and import enumerations for it, for longer than everything before it takes."""


def end_on_signals() -> None:
    """From now on, SIGINT and SIGTERM end this process with one line and 130 or 143, where nothing else handles them.

    For the time before a command works and after it, while modules are imported: an exception there could come out of
    any of them. Nothing is cleaned up, so what writes a file handles signals itself. One that is ignored stays so.
    """
    for number in _NAMES:
        if _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, end)


def end(number: int, _frame: FrameType | None) -> None:
    """End this process at once, with one line."""
    try:  # noqa: SIM105  (contextlib takes its time to import)
        os.write(2, f"exosuit: error: interrupted by {_NAMES.get(number, number)}\n".encode())
    except OSError:
        pass
    os._exit(128 + number)
