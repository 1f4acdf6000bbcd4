"""Gates as they are typed: `throughput:-5%`, `baseline:peak_memory:+10%`, and floors such as `files_per_s>=50000`."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.measure.metrics import METRICS, Metric
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Sequence

_RELATIVE: Final = re.compile(r"(?:(baseline):)?([^:<>=]*):([+-]?)(\d+(?:\.\d+)?)%")
_LIMIT: Final = re.compile(r"([^:<>=]*)(>=|<=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Gate:
    """A limit on the change of a metric, against the other side of the pairs or against the stored baseline.

    `share` is the change that is still allowed, signed: -0.05 for `throughput:-5%`.
    """

    text: str
    metric: Metric
    share: float
    against_baseline: bool

    @property
    def limit(self) -> float:
        """The largest loss that is allowed, as a logarithm."""
        return self.metric.loss(1 + self.share)


@dataclass(frozen=True, slots=True)
class Floor:
    """A limit on the figure itself: at least `value` where higher is better, else at most."""

    text: str
    metric: Metric
    value: float


def parse_gates(texts: Sequence[str]) -> tuple[Gate, ...]:
    """Read relative gates.

    Raises UsageError that names the gate and the remedy: an unknown metric, a percentage without a sign or in the
    direction that is no loss, a change that is none or total, two gates on one metric.
    """
    gates = tuple(read_gate(text, "--gate") for text in texts)
    refuse_two([(gate.text, f"{gate.metric.name}{gate.against_baseline}") for gate in gates], "--gate")
    return gates


def parse_floors(texts: Sequence[str]) -> tuple[Floor, ...]:
    """Read absolute limits; raises UsageError as `parse_gates` does, and for a comparison that points the wrong way."""
    floors = tuple(_floor(text) for text in texts)
    refuse_two([(floor.text, floor.metric.name) for floor in floors], "--floor")
    return floors


def read_gate(text: str, option: str) -> Gate:
    """Read one relative limit as `parse_gates` does; `option` is what an error calls it."""
    match = _RELATIVE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{option} {text!r}: not METRIC:-PERCENT% or METRIC:+PERCENT%, for example throughput:-5%")
    metric = find_metric(match[2], f"{option} {text!r}")
    wanted = "-" if metric.higher_is_better else "+"
    example = f"{metric.name}:{wanted}{match[4]}%"
    if not match[3]:
        raise UsageError(f"{option} {text!r}: a percentage without a sign; write {example}")
    if match[3] != wanted:
        better = "more" if metric.higher_is_better else "less"
        raise UsageError(
            f"{option} {text!r}: {better} is better for {metric.name}, so this is no loss; write {example} for the "
            f"largest change that is allowed"
        )
    percent = float(match[4])
    highest = 100.0 if metric.higher_is_better else 10_000.0
    if not 0 < percent < highest:
        raise UsageError(
            f"{option} {text!r}: {match[4]}% is out of range; allowed is more than 0 and under {highest:g}%"
        )
    return Gate(text.strip(), metric, math.copysign(percent / 100, -1 if wanted == "-" else 1), match[1] is not None)


def _floor(text: str) -> Floor:
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"--floor {text!r}: not METRIC>=NUMBER or METRIC<=NUMBER, for example files_per_s>=50000")
    return read_floor(text, "--floor", match, more=">=", less="<=")


def read_floor(text: str, option: str, match: re.Match[str], *, more: str, less: str) -> Floor:
    """Read a limit on a figure from its parts: metric, sign, and a number above 0, or for bytes a size.

    `more` is the sign that a metric wants which is better when higher, `less` the other one. Raises UsageError.
    """
    name, sign, figure = match[1].strip(), match[2], match[3].strip()
    where = f"{option} {text!r}"
    metric = find_metric(name, where)
    wanted = more if metric.higher_is_better else less
    if sign != wanted:
        better = "more" if metric.higher_is_better else "less"
        raise UsageError(f"{where}: {better} is better for {name}; write {name}{wanted}{figure}")
    try:
        value = float(parse_size(figure)) if metric.is_bytes else float(figure)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"{where}: {figure!r} is no number above 0; write for example {name}{wanted}100")
    return Floor(text.strip(), metric, value)


def find_metric(name: str, where: str) -> Metric:
    """The metric of that name; raises UsageError that lists the known ones."""
    metric = METRICS.get(name)
    if metric is None:
        raise UsageError(f"{where}: unknown metric {name!r}; known are {', '.join(METRICS)}")
    return metric


def refuse_two(limits: Sequence[tuple[str, str]], option: str) -> None:
    """Raise UsageError where two limits, given as (text, what it limits), limit the same."""
    seen: dict[str, str] = {}
    for text, key in limits:
        if key in seen:
            raise UsageError(f"{option} {seen[key]!r} and {option} {text!r} contradict each other; keep one of them")
        seen[key] = text
