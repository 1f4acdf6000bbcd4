"""Counting a text that arrives in pieces, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.protocols import StreamCount
from exosuit_cli.tokens.text import last_character_start

if TYPE_CHECKING:
    from collections.abc import Callable

HELD_LIMIT: Final = 64 << 20
"""Bytes without a safe place to cut that a stream holds before it starts to estimate."""

_BATCH: Final = 1 << 18


class WindowedStream:
    """Counts what is fed exactly like `count` of the whole, while a safe place to cut comes within `held_limit` bytes.

    What follows the last safe place is held back until it is known how it ends. When more than `held_limit` bytes are
    held, they are counted up to the last whole character as if the text ended there; the count is an estimate from then
    on, and says so. Such a cut changes the count of the one pre-token that it goes through, by few tokens.

    Memory: at most `held_limit` bytes and one piece, with what `count` needs for them.
    """

    def __init__(self, count: Callable[[bytes], int], held_limit: int = HELD_LIMIT) -> None:
        self._count = count
        self._held_limit = held_limit
        self._held = bytearray()
        self._searched = 0  # bytes of what is held that are known to have no safe place between them
        self._tokens = 0
        self._exact = True
        self._finished = False

    def feed(self, data: bytes) -> None:
        """Take the next piece, of any length. Raises ValueError after `finish`."""
        self._refuse_after_finish()
        self._held += data
        if len(self._held) < min(_BATCH, self._held_limit):
            return
        from exosuit_cli.tokens.boundaries import last_boundary

        cut = last_boundary(self._held, max(self._searched - 1, 0), len(self._held))
        if cut >= 0:
            self._count_until(cut)
        if len(self._held) > self._held_limit:
            self._count_until(last_character_start(self._held))
            self._exact = False
        self._searched = len(self._held)

    def finish(self) -> StreamCount:
        """Return the count of everything that was fed. Raises ValueError when called a second time."""
        self._refuse_after_finish()
        self._finished = True
        self._count_until(len(self._held))
        return StreamCount(self._tokens, self._exact)

    def _count_until(self, position: int) -> None:
        self._tokens += self._count(bytes(memoryview(self._held)[:position]))
        del self._held[:position]

    def _refuse_after_finish(self) -> None:
        if self._finished:
            raise ValueError("this token stream has been finished; start another one")
