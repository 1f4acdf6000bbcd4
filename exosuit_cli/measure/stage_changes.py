"""Which stages of a run became slower or faster, and which did not: by intervals, and by how much of the whole it is.

The intervals are those of all stages together (Bonferroni): with equal builds, the chance that any stage is said to
have changed is at most 5%. A stage of less than 1% of all stages' seconds is not judged: it cannot explain a change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exosuit_cli.measure.interval import Interval

CHANCE: Final = 0.05
"""The most chance that equal builds show a change of any stage."""
SMALL: Final = 0.01
"""Share of all stages' seconds below which a stage, or its change, does not count."""
MATTERS: Final = 0.05
"""Share of all stages' seconds. A stage whose interval excludes a change of that much is unchanged."""

StageState = Literal["slower", "faster", "unchanged", "unclear", "unknown", "new", "gone", "small"]


@dataclass(frozen=True, slots=True)
class StageChange:
    """One stage on both sides: median seconds a run, its share of all stages' seconds, and the ratio new / old.

    `ratio` is None where a side spent no time in the stage. `state` is `unknown` where there are too few runs for an
    interval, and `unclear` where the interval holds both no change and one that would matter.
    """

    stage: str
    new_s: float
    old_s: float
    new_share: float
    old_share: float
    ratio: Interval | None
    state: StageState

    @property
    def weight(self) -> float:
        """The change as a share of all stages' seconds before; negative for a stage that became faster."""
        return (self.ratio.median - 1) * self.old_share if self.ratio is not None else self.new_share - self.old_share


def stage_changes(
    new: Mapping[str, float],
    old: Mapping[str, float],
    ratio: Callable[[str, float], Interval | None],
) -> tuple[StageChange, ...]:
    """Compare stages, those of most seconds first.

    Args:
        new: median seconds by stage.
        old: the same of the other side.
        ratio: the ratio of a stage, new / old, with an interval of at least the level that is given where so many runs
            reach it; None where a side has no seconds.

    """
    totals = sum(new.values()) or 1.0, sum(old.values()) or 1.0
    shares = {name: (new.get(name, 0.0) / totals[0], old.get(name, 0.0) / totals[1]) for name in {**new, **old}}
    judged = [name for name, both in shares.items() if max(both) >= SMALL]
    level = 1 - CHANCE / max(len(judged), 1)
    found = []
    for name, (ours, theirs) in shares.items():
        seen = ratio(name, level)
        state = _state(seen, ours, theirs, level) if name in judged else "small"
        found.append(StageChange(name, new.get(name, 0.0), old.get(name, 0.0), ours, theirs, seen, state))
    return tuple(sorted(found, key=lambda change: -max(change.new_s, change.old_s)))


def _state(ratio: Interval | None, new_share: float, old_share: float, level: float) -> StageState:
    if ratio is None:
        return "new" if not old_share else "gone" if not new_share else "unknown"
    if ratio.coverage < level:
        return "unknown"
    if abs(ratio.median - 1) * old_share >= SMALL:
        if ratio.low > 1:
            return "slower"
        if ratio.high < 1:
            return "faster"
    widest = max(abs(ratio.low - 1), abs(ratio.high - 1)) * old_share
    return "unchanged" if widest <= MATTERS else "unclear"


def describe(changes: Sequence[StageChange]) -> str:
    """What changed, in a phrase: `hash +18%, the rest unchanged`. Empty where there are no stages."""
    if not changes:
        return ""
    largest = sorted(changes, key=lambda change: -abs(change.weight))
    if any(change.state == "unknown" for change in changes):
        return f"too few runs to say which stage changed; {_percent(largest[0])} is the largest change"
    parts = [_percent(change) for change in largest if change.state in ("slower", "faster", "new", "gone")]
    unclear = [change for change in largest if change.state == "unclear"]
    if len(unclear) == 1 and unclear[0].ratio is not None:
        ratio = unclear[0].ratio
        parts.append(f"{unclear[0].stage} unclear ({shown_change(ratio.low)} to {shown_change(ratio.high)})")
    elif unclear:
        parts.append(f"{', '.join(change.stage for change in unclear[:-1])} and {unclear[-1].stage} unclear")
    if not parts:
        return "no stage changed"
    rest = any(change.state in ("unchanged", "small") for change in changes)
    return ", ".join([*parts, "the rest unchanged"] if rest else parts)


def _percent(change: StageChange) -> str:
    if change.ratio is None:
        return f"{change.stage} is new" if change.new_s else f"{change.stage} is gone"
    return f"{change.stage} {shown_change(change.ratio.median)}"


def shown_change(ratio: float) -> str:
    """A ratio as a signed percentage, with a decimal where it is small: `+18%`, `-3.2%`; a factor above 10."""
    if ratio >= 10:
        return f"{ratio:.0f} times"
    change = ratio - 1
    return f"{change:+.0%}" if abs(change) >= 0.0995 else f"{change:+.1%}"
