"""The bench document: all results of a benchmark, as one JSON object (`schemas/bench.schema.json`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from exosuit_cli.measure.cache import GUARANTEES
from exosuit_cli.measure.stage_changes import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.measure.interval import Interval
    from exosuit_cli.measure.machine import Machine
    from exosuit_cli.measure.result import (
        AlertResult,
        BenchResult,
        Block,
        GateResult,
        MetricResult,
        SideResult,
        SuiteResult,
    )
    from exosuit_cli.measure.score import Score

SCHEMA = "exosuit.bench/1"
VERDICT_SCHEMA = "exosuit.bench_verdict/1"


def bench_document(result: BenchResult, *, strict: bool) -> dict[str, Any]:
    """The document of a run; figures that were not measured are null, with a reason."""
    return {
        "schema": SCHEMA,
        "exosuit_version": result.version,
        "bench_version": result.bench_version,
        "started_at": result.started_at,
        "duration_s": result.seconds,
        "label": result.label,
        "mode": result.mode,
        "partial": result.partial,
        "verdict": result.verdict,
        "exit_code": int(result.exit_code(strict=strict)),
        "reasons": list(result.reasons),
        "machine": machine_row(result.machine),
        "corpus": {"path": result.corpus.name, "synthetic": result.corpus.synthetic},
        "cache": {"mode": result.cache, "guarantee": GUARANTEES[result.cache]},
        "device": result.device,
        "seed": result.seed,
        "options": dict(result.options),
        "score": _score(result.score),
        "suites": [_suite(suite) for suite in result.suites],
        "alerts": [alert_row(alert) for alert in result.alerts],
    }


def verdict_document(result: BenchResult, *, strict: bool) -> dict[str, Any]:
    """The verdict with its reasons, for a program that asks for no more: `verdict.json`."""
    return {
        "schema": VERDICT_SCHEMA,
        "verdict": result.verdict,
        "exit_code": int(result.exit_code(strict=strict)),
        "mode": result.mode,
        "partial": result.partial,
        "reasons": list(result.reasons),
        "gates": [{"suite": suite.name, **_gate(gate)} for suite in result.suites for gate in suite.gates],
        "stages": {suite.name: describe(suite.stages) or None for suite in result.suites},
        "warnings": [f"{suite.name}: {warning}" for suite in result.suites for warning in suite.warnings],
        "alerts": [alert_row(alert) for alert in result.alerts],
    }


def machine_row(machine: Machine) -> dict[str, Any]:
    """The machine with its fingerprint."""
    return {"fingerprint": machine.fingerprint, **asdict(machine)}


def alert_row(alert: AlertResult) -> dict[str, Any]:
    """One alert on one suite; `fired` is null where it could not be judged."""
    return {
        "alert": alert.text,
        "kind": alert.kind,
        "suite": alert.suite,
        "metric": alert.metric,
        "limit": alert.limit,
        "value": alert.value,
        "low": alert.low,
        "high": alert.high,
        "fired": alert.fired,
        "why": alert.why,
    }


def _score(score: Score) -> dict[str, Any]:
    reference = score.reference
    return {
        "value": score.value,
        "reason": score.reason,
        "reference": {
            "processor": reference.machine,
            "processors": reference.processors,
            "measured_at": reference.measured_at,
            "exosuit_version": reference.version,
            "bench_version": reference.bench_version,
            "corpus": reference.corpus,
            "cache": reference.cache,
        },
        "parts": [asdict(part) for part in score.parts],
    }


def _suite(suite: SuiteResult) -> dict[str, Any]:
    return {
        "suite": suite.name,
        "title": suite.title,
        "headline": suite.headline,
        "verdict": suite.verdict,
        "reasons": list(suite.reasons),
        "warnings": list(suite.warnings),
        "candidate": _side(suite.candidate),
        "base": _side(suite.base),
        "block": _block(suite.block),
        "confirmation": _block(suite.confirmation),
        "stages": _stages(suite),
        "gates": [_gate(gate) for gate in suite.gates],
        "baseline": None
        if suite.baseline is None
        else {
            "source": suite.baseline.source,
            "entries": suite.baseline.entries,
            "refused": dict(suite.baseline.refused),
            "reason": suite.baseline.reason,
        },
        "profiles": [
            {
                "side": kept.side,
                "wall_s": None if kept.profile is None else kept.profile.wall_s,
                "limiter": None if kept.profile is None else kept.profile.limiter,
                "reason": kept.reason,
            }
            for kept in suite.profiles
        ],
        "page_cache": None if suite.cache is None else asdict(suite.cache),
    }


def _side(side: SideResult | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "label": side.label,
        "command": list(side.command),
        "version": side.version,
        "device": side.device,
        "work": dict(side.work),
        "informative": dict(side.informative),
    }


def _block(block: Block | None) -> dict[str, Any] | None:
    if block is None:
        return None
    control = block.control
    return {
        "pairs": block.pairs,
        "repeats": block.repeats,
        "order": block.order,
        "stopped": block.stopped,
        "unknown": block.unknown,
        "duration_s": block.seconds,
        "control": None
        if control is None
        else {
            "ratio": _interval(control.ratio),
            "drift": control.drift,
            "moved": control.moved,
            "state": control.state,
        },
        "metrics": [_metric(metric) for metric in block.metrics],
        "stages_s": {"candidate": dict(block.stages["A"]), "base": dict(block.stages["B"])},
    }


def _stages(suite: SuiteResult) -> dict[str, Any]:
    """What every stage's seconds became; empty where a side does not report its stages, or where there is one side."""
    changes = suite.stages
    return {
        "summary": describe(changes) or None,
        "changes": [
            {
                "stage": change.stage,
                "state": change.state,
                "candidate_s": change.new_s,
                "base_s": change.old_s,
                "ratio": _interval(change.ratio),
            }
            for change in changes
        ],
    }


def _metric(found: MetricResult) -> dict[str, Any]:
    return {
        "metric": found.metric.name,
        "unit": found.metric.unit,
        "better": "higher" if found.metric.higher_is_better else "lower",
        "candidate": _interval(found.candidate_interval, found.candidate),
        "base": _interval(found.base_interval, found.base),
        "ratio": _interval(found.ratio, found.ratios),
        "half_width": found.noise,
        "smallest_effect": found.smallest_effect,
        "reason": found.reason,
    }


def _interval(found: Interval | None, samples: Sequence[float] | None = None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {**asdict(found), **({"samples": list(samples)} if samples is not None else {})}


def _gate(gate: GateResult) -> dict[str, Any]:
    return {
        "gate": gate.text,
        "kind": gate.kind,
        "metric": gate.metric.name,
        "limit": gate.limit,
        "value": gate.value,
        "low": gate.low,
        "high": gate.high,
        "p_value": gate.p_value,
        "adjusted_p": gate.adjusted_p,
        "first": gate.first,
        "second": gate.second,
        "verdict": gate.verdict,
        "advisory": gate.advisory,
        "why": gate.why,
    }
