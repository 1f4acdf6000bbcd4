"""A number for each text of a slab, by its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt


def by_language(number_of: Callable[[str], int], languages: Sequence[str]) -> npt.NDArray[np.uint8]:
    """uint8[texts]: the number of each text's language; each language is asked for once."""
    numbers = {language: number_of(language) for language in set(languages)}
    return np.array([numbers[language] for language in languages], np.uint8)
