"""The alert document: what a receiver gets when an alert fires (`schemas/bench_alert.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.report.bench.document import alert_row, machine_row
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from exosuit_cli.measure.result import BenchResult

SCHEMA: Final = "exosuit.bench_alert/1"


def alert_document(result: BenchResult, *, strict: bool) -> dict[str, Any]:
    """What a receiver gets. `id` is the same in every attempt; `text` is for a person."""
    fired = result.fired
    what = display_name(result.corpus.synthetic or result.corpus.name)
    reasons = "; ".join(f"{alert.suite} {alert.text}: {alert.why}" for alert in fired)
    return {
        "schema": SCHEMA,
        "id": f"{result.machine.fingerprint}-{result.started_at}",
        "exosuit_version": result.version,
        "started_at": result.started_at,
        "duration_s": result.seconds,
        "label": result.label,
        "corpus": {"path": result.corpus.name, "synthetic": result.corpus.synthetic},
        "machine": machine_row(result.machine),
        "verdict": result.verdict,
        "exit_code": int(result.exit_code(strict=strict)),
        "reasons": list(result.reasons),
        "fired": [alert_row(alert) for alert in fired],
        "text": f"exosuit bench of {what}: {len(fired)} fired: {display_name(reasons)}",
    }
