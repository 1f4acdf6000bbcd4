"""Alerts as they are typed: `regression`, `files_per_s<50000`, `throughput:-10%`, `baseline:peak_memory:+20%`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.measure.gates import Floor, Gate, read_floor, read_gate, refuse_two
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

VERDICTS: Final = (Verdict.INVALID, Verdict.REGRESSION, Verdict.INCONCLUSIVE)
"""The verdicts that can be an alert: those that are worse than a pass."""

_FIGURE: Final = re.compile(r"([^:<>=]*)([<>])(?!=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class VerdictAlert:
    """Fires on every suite that came to this verdict."""

    text: str
    verdict: Verdict


Alert = VerdictAlert | Gate | Floor
"""A change fires beyond its gate; a figure fires below its floor, or above where lower is better."""


def parse_alerts(texts: Sequence[str]) -> tuple[Alert, ...]:
    """Read alerts.

    Raises UsageError that names the alert and the remedy: no rule, an unknown metric, a comparison or a percentage in
    the direction that is no loss, two alerts of one kind on one metric.
    """
    alerts = tuple(_alert(text) for text in texts)
    refuse_two([(alert.text, _subject(alert)) for alert in alerts], "--alert")
    return alerts


def _alert(text: str) -> Alert:
    rule = text.strip()
    if rule in set(VERDICTS):
        return VerdictAlert(rule, Verdict(rule))
    match = _FIGURE.fullmatch(rule)
    if match is not None:
        return read_floor(text, "--alert", match, more="<", less=">")
    if not rule.endswith("%"):
        raise UsageError(
            f"--alert {text!r}: no rule; write one of {', '.join(VERDICTS)}, or METRIC<NUMBER, METRIC>NUMBER or "
            f"METRIC:-PERCENT%, for example files_per_s<50000"
        )
    return read_gate(text, "--alert")


def _subject(alert: Alert) -> str:
    if isinstance(alert, VerdictAlert):
        return alert.verdict
    return f"{alert.metric.name} {alert.against_baseline}" if isinstance(alert, Gate) else alert.metric.name
