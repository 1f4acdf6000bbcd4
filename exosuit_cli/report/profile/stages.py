"""Which stages of a profile are work, and which are waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.measure.profile.records import Spans


def is_wait(stage: str) -> bool:
    """Whether a stage is no work: a process waits for another, or for a card."""
    return stage.endswith("wait")


def working(spans: Spans, stage_names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which spans are work; bool[n]."""
    waits = [position for position, name in enumerate(stage_names) if is_wait(name)]
    return ~np.isin(spans.stage, np.array(waits, np.uint8))
