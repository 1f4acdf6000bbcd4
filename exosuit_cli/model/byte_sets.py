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
