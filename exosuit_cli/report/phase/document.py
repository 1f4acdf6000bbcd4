"""The phase document: what every `exosuit phase` command answers, as one JSON object (`schemas/phase.schema.json`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from exosuit_cli import __version__

if TYPE_CHECKING:
    from exosuit_cli.commands.phase import PhaseChange, PhaseOutcome, PhaseState
    from exosuit_cli.context.phases import PhaseEntry

SCHEMA = "exosuit.phase/1"


def phase_document(outcome: PhaseOutcome) -> dict[str, Any]:
    """The outcome of a command as an object. Rates are a second, sizes in bytes."""
    settings = outcome.settings
    return {
        "schema": SCHEMA,
        "exosuit_version": __version__,
        "current_phase": settings.current_phase,
        "current_token_limit": settings.current_token_limit,
        "baseline_token_limit": settings.baseline_token_limit,
        "settings_file": outcome.settings_file,
        "origin": outcome.origin,
        "machine": asdict(outcome.machine),
        "memory": [asdict(room) for room in outcome.rooms],
        "phases": [_state(state) for state in outcome.phases],
        "change": None if outcome.change is None else _change(outcome.change),
        "warnings": list(outcome.warnings),
    }


def _state(state: PhaseState) -> dict[str, Any]:
    phase = state.phase
    return {
        "phase": phase.phase,
        "name": phase.name,
        "token_limit": phase.token_limit,
        "batch_files": phase.batch_files,
        "stable_under_load": phase.stable_under_load,
        "current": state.is_current,
        "proven": state.proof is not None,
        "proof": _entry(state.proof),
        "last_attempt": _entry(state.attempt),
    }


def _entry(entry: PhaseEntry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {
        "at": entry.at,
        "passed": entry.action != "failed",
        "proven": entry.proven,
        "reason": entry.reason,
        "exosuit_version": entry.exosuit_version,
        "figures": entry.figures,
    }


def _change(change: PhaseChange) -> dict[str, Any]:
    return {
        "action": change.action,
        "asked": change.asked,
        "before": change.before,
        "after": change.after,
        "proven": change.proven,
        "reason": change.reason,
        "figures": change.figures,
    }
