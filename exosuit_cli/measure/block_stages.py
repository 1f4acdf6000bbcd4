"""The stages of both sides of a benchmark, compared by all pairs of its blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.measure.interval import Interval, interval_of
from exosuit_cli.measure.stage_changes import StageChange, describe, stage_changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.measure.metrics import Metric
    from exosuit_cli.measure.result import Block

_NOT_BY_STAGE: Final = "startup_s"
"""The start of a process is no stage."""


def block_changes(blocks: Sequence[Block]) -> tuple[StageChange, ...]:
    """Compare the stages that the runs reported; the seconds are medians of the first block, the ratios of all pairs.

    Empty without a block, with one side, and where a side reports no stage.
    """
    if not blocks or not blocks[0].stages["A"] or not blocks[0].stages["B"]:
        return ()

    def ratio(stage: str, level: float) -> Interval | None:
        ratios = [each for block in blocks for each in block.stage_ratios.get(stage, ())]
        return interval_of(ratios, level) if ratios else None

    return stage_changes(blocks[0].stages["A"], blocks[0].stages["B"], ratio)


def stages_note(metric: Metric, blocks: Sequence[Block]) -> str:
    """Which stages changed, for the reason of a gate on a time or a rate; empty where stages cannot say."""
    if metric.is_bytes or metric.name == _NOT_BY_STAGE:
        return ""
    return describe(block_changes(blocks))
