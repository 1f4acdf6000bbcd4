"""An array that grows at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_LEAST: Final = 1 << 12


class GrowingColumn:
    """Values of one type. Where no room is left it is doubled, so that adding takes the same time for any count."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self._array: npt.NDArray[Any] = np.empty(_LEAST, dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, values: npt.NDArray[Any]) -> None:
        """Add values at the end."""
        wanted = self._count + len(values)
        if wanted > len(self._array):
            larger = np.empty(max(wanted, 2 * len(self._array)), self._array.dtype)
            larger[: self._count] = self._array[: self._count]
            self._array = larger
        self._array[self._count : wanted] = values
        self._count = wanted

    def array(self) -> npt.NDArray[Any]:
        """All values, as a view that is of use until more are added."""
        return self._array[: self._count]
