"""How reports of a benchmark write values with their units, and in which order: the worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.measure.interval import FEWEST_PAIRS
from exosuit_cli.measure.stage_changes import describe, shown_change
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.units import format_bytes, format_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from exosuit_cli.measure.control import Control
    from exosuit_cli.measure.metrics import Metric
    from exosuit_cli.measure.result import AlertResult, BenchResult, Block, GateResult, SuiteResult

SHORT_LABEL: Final = 12
"""Characters of a label, often a commit, that a table shows."""

_RANK: Final = {verdict: position for position, verdict in enumerate(Verdict)}


def show_value(metric: Metric, value: float) -> str:
    """A value with its unit: `1,204 files/s`, `29.7 MiB`, `0.275 s`."""
    if metric.is_bytes:
        return format_bytes(round(value))
    if metric.unit == "s":
        return f"{value:.3f} s" if value < 100 else f"{value:.1f} s"
    number = format_count(round(value)) if value >= 1e6 else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{number} {metric.unit}"


def show_change(ratio: float) -> str:
    """A ratio as a signed percentage."""
    return f"{ratio - 1:+.1%}"


def stages_line(suite: SuiteResult) -> str:
    """Which stages changed, by all pairs: `hash +18%, the rest unchanged`; empty where stages cannot be compared."""
    return describe(suite.stages)


STAGE_COLUMNS: Final = ("stage", "A", "B", "A / B", "interval", "state")


def stage_rows(suite: SuiteResult) -> Iterator[tuple[str, ...]]:
    """A row of `STAGE_COLUMNS` for every stage of some weight."""
    for change in suite.stages:
        if change.state == "small":
            continue
        ratio = change.ratio
        known = ratio is not None and change.state != "unknown"
        yield (
            change.stage,
            f"{change.new_s:.3f} s",
            f"{change.old_s:.3f} s",
            shown_change(ratio.median) if ratio is not None else "-",
            f"{shown_change(ratio.low)} to {shown_change(ratio.high)}" if ratio is not None and known else "-",
            change.state,
        )


def partial_note(result: BenchResult) -> str:
    """A note that follows the verdict of an interrupted run; empty for a whole run."""
    return f" (interrupted by {result.partial}: partial)" if result.partial else ""


def control_note(control: Control) -> str:
    """What the control showed of the machine."""
    if control.state == "unknown":
        few = control.ratio.count < FEWEST_PAIRS
        return "control unknown" if few else f"control unknown ({show_change(control.ratio.median)}, and it scatters)"
    return f"control {show_change(control.ratio.median)} between the sides ({control.state})"


def interval_title(block: Block) -> str:
    """The head of a column of intervals: the share of cases in which they hold the median."""
    return f"{block.coverage:.0%} interval"


def worst_first(result: BenchResult) -> list[tuple[SuiteResult, GateResult]]:
    """Every gate with its suite: invalid and regressions first, then by the distance beyond the limit."""
    rows = [(suite, gate) for suite in result.suites for gate in suite.gates]
    return sorted(rows, key=lambda row: (_RANK[row[1].verdict], row[1].advisory, _distance(row[1])))


def suites_worst_first(suites: Iterable[SuiteResult]) -> list[SuiteResult]:
    """Suites by their verdict; those without one last."""
    return sorted(suites, key=lambda suite: len(_RANK) if suite.verdict is None else _RANK[suite.verdict])


def alert_state(alert: AlertResult) -> str:
    """Whether an alert fired, in a word or two."""
    return "not judged" if alert.fired is None else "fired" if alert.fired else "silent"


def _distance(gate: GateResult) -> float:
    if gate.value is None:
        return 0.0
    turn = 1 if gate.metric.higher_is_better else -1
    return turn * (gate.value - gate.limit) / abs(gate.limit)
