"""The options of a benchmark, resolved and checked before anything runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.measure.gates import Floor, Gate
from exosuit_cli.measure.interval import FEWEST_PAIRS, fewest_pairs
from exosuit_cli.measure.metrics import HEADLINE, METRICS
from exosuit_cli.measure.rules import ALPHA
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from exosuit_cli.measure.alerts import Alert
    from exosuit_cli.measure.sides import Side
    from exosuit_cli.measure.suites import Suite

BENCH_VERSION: Final = 2
"""Raised by every change of the method or of a suite's work. Figures of an older version are no baseline."""

DEFAULT_TOLERANCE: Final = 0.05
"""The change of the headline rate that is watched, and that sets the precision, where there is no gate."""

SHORTEST_SAMPLE_S: Final = 2.0
MOST_REPEATS: Final = 8
"""A run shorter than the first is repeated within its pair, sides in turn, up to so many times."""

COMMON: Final = (
    "wall_s", "cpu_s", "user_s", "system_s", "peak_memory", "peak_vram", "peak_shared", "peak_nvme",
    "max_rss", "startup_s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """The options of a run. `base` is None where nothing is compared in pairs; `extra` are options of the selection.

    With `most_repeats` 1, a pair is one run of each side, however short. With `profile`, each side is profiled
    as well.
    """

    suites: tuple[Suite, ...]
    candidate: Side
    base: Side | None
    is_aa: bool
    gates: tuple[Gate, ...]
    floors: tuple[Floor, ...]
    pairs: int
    max_pairs: int
    max_seconds: float
    warmup: int
    seed: int
    cache: str
    device: str | None
    extra: tuple[str, ...]
    confirm: bool
    baseline: str | None
    alerts: tuple[Alert, ...] = ()
    most_repeats: int = MOST_REPEATS
    profile: bool = False

    @property
    def mode(self) -> str:
        """The kind of run: paired, aa, or single."""
        return "aa" if self.is_aa else "paired" if self.base is not None else "single"

    @property
    def round(self) -> str:
        """What is measured again and again: a pair, or with one side a round."""
        return "round" if self.base is None else "pair"

    @property
    def paired_gates(self) -> tuple[Gate, ...]:
        """The gates that the pairs decide."""
        return tuple(gate for gate in self.gates if not gate.against_baseline)

    @property
    def watched(self) -> tuple[Gate, ...]:
        """The gates that judge the pairs: those that were given, or one advisory gate on the headline rate."""
        if self.base is None:
            return ()
        return self.paired_gates or (_advisory(),)

    def is_advisory(self, gate: Gate) -> bool:
        """Whether a gate is the default one, which fails no run."""
        return gate not in self.gates

    def fewest(self) -> int:
        """The fewest pairs of a block: those that were asked for, or more if so many gates need more for a verdict."""
        return max(self.pairs, fewest_pairs(len(self.watched) + len(self.floors), ALPHA))

    def most(self) -> int:
        """The most pairs of a block."""
        return max(self.max_pairs, self.fewest())


def metrics_of(suite: Suite) -> tuple[str, ...]:
    """The names of the metrics that a suite can report, in the order of the table."""
    own = {HEADLINE, *suite.rates, *COMMON}
    return tuple(name for name in METRICS if name in own)


def check_plan(plan: BenchPlan) -> BenchPlan:
    """The plan, if it can be carried out. Raises UsageError that names what cannot, and what to do."""
    if not FEWEST_PAIRS <= plan.pairs <= 1000:
        raise UsageError(f"--pairs {plan.pairs}: from {FEWEST_PAIRS} (for a 95% interval) to 1000")
    if plan.max_pairs < plan.pairs:
        raise UsageError(f"--max-pairs {plan.max_pairs} is less than --pairs {plan.pairs}; raise it or lower --pairs")
    if plan.max_pairs > 10_000:
        raise UsageError(f"--max-pairs {plan.max_pairs}: at most 10000")
    if not 1 <= plan.warmup <= 100:
        raise UsageError(f"--warmup {plan.warmup}: from 1 (the run that shows what the work is) to 100")
    for option, gate in _relative(plan):
        if not gate.against_baseline and plan.base is None:
            raise UsageError(
                f"{option} {gate.text!r} compares two sides, and there is one; give --against, or write "
                f"'baseline:{gate.text}' to compare with --baseline"
            )
        if gate.against_baseline and plan.baseline is None:
            raise UsageError(f"{option} {gate.text!r} compares with stored figures; give --baseline FILE or window:20")
    known = {name for suite in plan.suites for name in metrics_of(suite)}
    on_metrics = (alert for alert in plan.alerts if isinstance(alert, (Gate, Floor)))
    limits: tuple[Gate | Floor, ...] = (*plan.gates, *plan.floors, *on_metrics)
    for limit in limits:
        if limit.metric.name not in known:
            names = " and ".join(suite.name for suite in plan.suites)
            raise UsageError(
                f"{limit.text!r}: suite {names} has no {limit.metric.name}; choose another --suite, or one of "
                f"{', '.join(name for name in METRICS if name in known)}"
            )
    return plan


def _relative(plan: BenchPlan) -> list[tuple[str, Gate]]:
    alerts = [("--alert", alert) for alert in plan.alerts if isinstance(alert, Gate)]
    return [*(("--gate", gate) for gate in plan.gates), *alerts]


def parse_duration(text: str, option: str = "--max-time") -> float:
    """Read `10m`, `90s`, `1.5h` or plain seconds; raises UsageError."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)(s|m|h|)", text.strip())
    seconds = float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0.0
    if not 0 < seconds <= 7 * 86400:
        raise UsageError(f"{option} {text!r}: not a time such as 90s, 10m or 1h, of at most 7 days")
    return seconds


def _advisory() -> Gate:
    metric = METRICS[HEADLINE]
    return Gate(f"{HEADLINE}:-{DEFAULT_TOLERANCE:.0%}", metric, -DEFAULT_TOLERANCE, against_baseline=False)
