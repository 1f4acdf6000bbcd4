"""Which spans of a profile are work, and which are waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.spans import WAITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.measure.profile.records import Spans


def working(spans: Spans, stage_names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which spans are work; bool[n]."""
    waits = [position for position, name in enumerate(stage_names) if name in WAITS]
    return ~np.isin(spans.stage, np.array(waits, np.uint8))
