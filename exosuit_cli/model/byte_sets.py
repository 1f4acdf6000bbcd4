"""Sets of bytes as tables, for array operations over text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt


def byte_set(values: Iterable[int]) -> npt.NDArray[np.bool_]:
    """bool[256]: whether a byte is one of `values`; `byte_set(data)[column]` looks a column up."""
    return np.isin(np.arange(256), list(values))


_LETTERS = bytes([*range(65, 91), *range(97, 123), ord("_")])
IS_LETTER = byte_set(_LETTERS)
"""A letter of ASCII, or an underscore."""
IS_WORD = byte_set(_LETTERS + b"0123456789")
"""The same, or a digit."""
IS_WIDE_WORD = IS_WORD | byte_set(range(128, 256))
"""The same, or a part of a character beyond ASCII."""
