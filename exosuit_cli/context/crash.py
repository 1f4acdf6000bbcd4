"""Killing writers: a process that loads is ended by SIGKILL, and what it had acknowledged must still be there."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.scratch import Scratch, contents_of
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.program import start_program

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

KILLS: Final = 3
"""Writers that are killed in the middle of a load."""
_ATTEMPTS: Final = 12
_BEGIN_SECONDS: Final = 60.0
_END_SECONDS: Final = 30.0
_NAME: Final = "crash"
_BEGUN: Final = b"b"
_DONE: Final = b"d"


@dataclass(frozen=True, slots=True)
class CrashFigures:
    """What became of the context each time that its writer was killed.

    kills: writers that were killed while they loaded. intact: those after which all that had been acknowledged was
    there, and nothing else. completed: the load could be finished afterwards, with the contents of one never killed.
    reopen_s: the longest time that opening the context took.
    """

    kills: int
    intact: int
    completed: bool
    reopen_s: float
    damage: str | None


def crash_writers(scratch: Scratch, small: str, large: str, load_seconds: float, draw: random.Random) -> CrashFigures:
    """Acknowledge the tree `small`, then kill processes that load `large` beside it, each at a moment of its load.

    load_seconds: how long such a load takes. The context `crash` of the scratch directory is made, and removed.
    """
    with scratch.open(_NAME, create=True) as context:
        scratch.load(context, [small, large])
        expected = contents_of(context)
    _acknowledge(scratch, small)
    with scratch.open(_NAME) as context:
        acknowledged = contents_of(context)
    kills = intact = 0
    reopen_s = 0.0
    damage = None
    longest = load_seconds
    for _ in range(_ATTEMPTS):
        if kills == KILLS or damage is not None:
            break
        was_loading = _kill_writer(scratch, [small, large], draw.random() * longest)
        scratch.wait_for_writer(_NAME, _END_SECONDS)  # its workers hold the lock as well, until they are gone
        started = time.perf_counter()
        with scratch.open(_NAME) as context:
            reopen_s = max(reopen_s, time.perf_counter() - started)
            found, checked = contents_of(context), context.check()
        kills += was_loading
        if checked.damages:
            damage = f"{checked.damages[0].subject}: {checked.damages[0].problem}"
        elif found not in (acknowledged, expected):
            damage = "it holds neither what was acknowledged before nor the whole load"
        else:
            intact += was_loading
        if found == expected:  # acknowledged before the signal came
            longest /= 2
            _acknowledge(scratch, small)
    completed = False
    if damage is None:
        with scratch.open(_NAME) as context:
            scratch.load(context, [small, large])
            completed = contents_of(context) == expected
    scratch.drop(_NAME)
    return CrashFigures(kills, intact, completed, reopen_s, damage)


def _acknowledge(scratch: Scratch, tree: str) -> None:
    """Make the context anew, with one tree in it."""
    scratch.drop(_NAME)
    with scratch.open(_NAME, create=True) as context:
        scratch.load(context, [tree])


def _kill_writer(scratch: Scratch, trees: Sequence[str], after_seconds: float) -> bool:
    """Start a writer and kill it, with all its processes, so long after it began to load; whether it was loading."""
    ours, theirs = Pipe()
    process = start_program(__name__, theirs.fileno(), own_session=True)
    theirs.close()
    try:
        ours.send((scratch, trees))
        if not ours.poll(_BEGIN_SECONDS) or ours.recv_bytes() != _BEGUN:
            return False
        return not ours.poll(after_seconds)
    except (EOFError, OSError):  # it failed by itself
        return False
    finally:
        ours.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main(descriptor: int) -> None:
    """The writer: it says when it begins to load and when the load is acknowledged, and ends with its parent."""
    control = Connection(descriptor)
    with contextlib.suppress(EOFError, OSError):
        scratch, trees = control.recv()
        assert isinstance(scratch, Scratch)
        _end_with_parent(control)
        with scratch.open(_NAME) as context:
            control.send_bytes(_BEGUN)
            scratch.load(context, trees, lambda _: _end_with_parent(control))
        control.send_bytes(_DONE)


def _end_with_parent(control: Connection) -> None:
    """Raise BrokenPipeError once the other end is closed, so that no writer outlives the proof."""
    if select.select([control], [], [], 0)[0]:  # nothing is ever sent: it is the end of the file
        raise BrokenPipeError
