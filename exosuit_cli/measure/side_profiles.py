"""A profile of each side of a benchmark, kept for whoever asks why one of them is slower."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from exosuit_cli.measure.process import run_process
from exosuit_cli.measure.profile.stored import read_profile
from exosuit_cli.measure.sides import environment_of
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import InvalidMeasurement, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.measure.block import Measurer
    from exosuit_cli.measure.order import SideName
    from exosuit_cli.measure.profile.records import Profile

RUNS: Final = 3
"""Profiled runs of a side, of which the slowest is kept."""
WORDS: Final[dict[SideName, str]] = {"A": "candidate", "B": "base"}


@dataclass(frozen=True, slots=True)
class SideProfile:
    """The slowest of a side's profiled runs, as the side printed it, or None with the reason."""

    side: str
    document: bytes | None
    profile: Profile | None
    reason: str | None


def profile_sides(measurer: Measurer, stop: Callable[[], bool]) -> tuple[SideProfile, ...]:
    """Profile each side `RUNS` times, the sides in turn. The runs come after the measured ones and are none of them.

    A side that cannot be profiled has a reason: an older build without the command, or no exosuit build.
    """
    kept: dict[SideName, SideProfile] = {}
    for number in range(RUNS):
        for name, side in measurer.sides.items():
            before = kept.get(name)
            if (before is not None and before.profile is None) or stop():
                continue
            measurer.report(f"{measurer.suite.name}: profile {number + 1} of {RUNS}, {side.label}")
            found = _profile(measurer, name)
            if before is None or (found.profile is not None and _is_slower(found, before)):
                kept[name] = found
    return tuple(kept.values())


def _is_slower(found: SideProfile, before: SideProfile) -> bool:
    return found.profile is not None and before.profile is not None and found.profile.wall_s > before.profile.wall_s


def _profile(measurer: Measurer, name: SideName) -> SideProfile:
    side, plan = measurer.sides[name], measurer.plan
    if side.complete:
        return SideProfile(WORDS[name], None, None, "the command is no exosuit build")
    options = ("--work", measurer.suite.name, "--cache", plan.cache, "--json", *plan.extra)
    device = ("--device", plan.device) if plan.device is not None else ()
    command = (*side.command, "profile", measurer.corpus, *options, *device)
    try:
        run = run_process(command, environment_of(measurer.environment, name), plan.max_seconds)
        return SideProfile(WORDS[name], run.answer, read_profile(json.loads(run.answer), side.label), None)
    except (InvalidMeasurement, UsageError) as error:
        return SideProfile(WORDS[name], None, None, str(error))
    except ValueError:
        return SideProfile(WORDS[name], None, None, f"{side.label}: profile printed no JSON")
