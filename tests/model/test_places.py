"""Places of true values."""

from __future__ import annotations

import numpy as np
import pytest

from exosuit_cli.model.places import true_places


@pytest.mark.parametrize("share", [0, 0.001, 0.05, 0.6, 1])
def test_the_places_are_those_of_numpy(share: float) -> None:
    chance = np.random.default_rng(3)
    for size in (0, 1, 7, 8, 9, 1000):
        mask = chance.random(size) < share
        assert true_places(mask).tolist() == np.flatnonzero(mask).tolist()
