"""Contracts that have more than one implementation, and the records that they hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class StreamCount:
    """What a token stream found: `tokens`, and whether that is exact or an estimate."""

    tokens: int
    exact: bool


class TokenStream(Protocol):
    """Counts one text that arrives in pieces; the result does not depend on where the pieces were cut."""

    def feed(self, data: bytes) -> None:
        """Take the next piece, of any length. Raises ValueError after `finish`."""
        ...

    def finish(self) -> StreamCount:
        """Return the count of everything that was fed. Raises ValueError when called a second time."""
        ...


class TokenCounter(Protocol):
    """Counts tokens of one encoding exactly; for one thread of one process at a time."""

    @property
    def encoding(self) -> str:
        """Name of the encoding, as `o200k_base`."""
        ...

    @property
    def implementation(self) -> str:
        """Name of the package that does the work."""
        ...

    def count(self, data: bytes) -> int:
        """Return the exact number of tokens of the text that `data` holds."""
        ...

    def count_batch(self, texts: Sequence[bytes]) -> list[int]:
        """Return the count of each text."""
        ...

    def encode(self, data: bytes) -> npt.NDArray[np.uint32]:
        """Return the token ids of that text, uint32[n]; `count(data)` is their number."""
        ...

    def stream(self) -> TokenStream:
        """Start to count a text that is too large to hold."""
        ...
