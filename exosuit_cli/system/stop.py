"""Stopping on request: the first SIGINT or SIGTERM asks for a partial result, the second ends at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from exosuit_cli.system.early_end import end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


_STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """End as `end_on_signals` has it, in the block only: for a wait on input, before there is any work to report.

    Outside of the main thread, where Python takes no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _handled_by(end):
        yield


@contextlib.contextmanager
def raise_on_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt(signal) where SIGINT or SIGTERM arrives in the block; an ignored one stays so."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number))

    with _handled_by(stop):
        yield


class StopRequest:
    """Whether, and by which signal, the work was asked to stop. Checked by the work between batches."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


@contextlib.contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Handle SIGINT and SIGTERM within the block; a second signal raises KeyboardInterrupt(signal) where it arrives.

    A signal that is ignored stays so: a shell's background job does not stop on the Ctrl-C of another. Outside of the
    main thread, where Python takes no signals, the request is never made.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        if request.signal is not None:
            raise KeyboardInterrupt(signal.Signals(number))
        request.signal = signal.Signals(number)

    with _handled_by(handle):
        yield request


@contextlib.contextmanager
def _handled_by(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    wanted = [number for number in _STOPPING if signal.getsignal(number) != signal.SIG_IGN]
    previous = {number: signal.signal(number, handle) for number in wanted}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
