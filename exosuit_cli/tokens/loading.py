"""Loading a vocabulary beside other work: it takes a quarter of a second and does not hold the interpreter's lock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from exosuit_cli.tokens.counter import load_counter

if TYPE_CHECKING:
    from exosuit_cli.model.protocols import TokenCounter


class CounterLoader:
    """Starts to load the counter of an encoding at once, in a thread that is gone when `result` has returned."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self._counter: TokenCounter | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._load, name="vocabulary")
        self._thread.start()

    def _load(self) -> None:
        try:
            self._counter = load_counter(self.encoding)
        except BaseException as error:  # noqa: BLE001  (raised again in `result`)
            self._error = error

    @property
    def is_ready(self) -> bool:
        """Whether `result` would answer without waiting."""
        return not self._thread.is_alive()

    def result(self) -> TokenCounter:
        """The counter. Raises what loading it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._counter is not None
        return self._counter
