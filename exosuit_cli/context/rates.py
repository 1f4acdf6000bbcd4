"""Files a second at a phase beside those of the baseline: comparable, and with what noise there is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli import __version__
from exosuit_cli.context.phases import Baseline, utc_now
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

BASELINE_LOADS: Final = 5
"""Loads of the baseline's tree, with a load of one file beside each."""

_LEAST_NET: Final = 0.05
"""Share of a load's time that is left at least when the start is taken off: on a busy machine both are uncertain."""


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """One load of a tree into an empty context, from the first look at the tree until it is acknowledged.

    seconds, cpu_s: all of it, wall and processor time of all processes. start_s: what a load of one file takes, which
    the rates leave out.
    """

    files: int
    tokens: int
    chunks: int
    text_bytes: int
    stored_bytes: int
    seconds: float
    cpu_s: float
    start_s: float
    files_per_s: float
    files_per_cpu_s: float
    tokens_per_s: float


@dataclass(frozen=True, slots=True)
class Shares:
    """Rates of a load as shares of the baseline's: files for each second of wall time, and of processor time.

    `most`: the larger of both, beside the slowest that the baseline may be.
    """

    wall: float
    cpu: float
    most: float


def net_seconds(seconds: float, start_s: float) -> float:
    """The seconds that the files of a load took: those of the load without its start."""
    return max(seconds - start_s, seconds * _LEAST_NET)


def baseline_of(source: str, state: str, loads: Sequence[LoadFigures], starts: Sequence[LoadFigures]) -> Baseline:
    """The baseline of loads that were measured in turn with loads of one file.

    The shortest load and the shortest start are those that the rest of the machine disturbed least. The slowest that
    the baseline may be is the longest load without the shortest start.
    """
    files, tokens = loads[0].files, loads[0].tokens
    start_s, start_cpu_s = min(each.seconds for each in starts), min(each.cpu_s for each in starts)
    wall = [net_seconds(load.seconds, start_s) for load in loads]
    cpu = [max(net_seconds(load.cpu_s, start_cpu_s), 1e-9) for load in loads]
    return Baseline(
        source=source,
        state=state,
        at=utc_now(),
        exosuit_version=__version__,
        tokens=tokens,
        files=files,
        seconds=min(load.seconds for load in loads),
        start_s=start_s,
        files_per_s=files / min(wall),
        files_per_s_low=files / max(wall),
        files_per_cpu_s=files / min(cpu),
        files_per_cpu_s_low=files / max(cpu),
        tokens_per_s=tokens / min(wall),
        loads=len(loads),
    )


def shares_of(load: LoadFigures, baseline: Baseline) -> Shares:
    """What the rates of a load are beside the baseline's."""
    return Shares(
        wall=load.files_per_s / baseline.files_per_s,
        cpu=load.files_per_cpu_s / baseline.files_per_cpu_s,
        most=max(
            load.files_per_s / baseline.files_per_s_low,
            load.files_per_cpu_s / baseline.files_per_cpu_s_low,
        ),
    )
