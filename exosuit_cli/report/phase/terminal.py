"""Phases for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exosuit_cli.model.units import counted, format_bytes, format_count
from exosuit_cli.report.console import labelled_line, labelled_phrases, plain_table, print_table
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from exosuit_cli.commands.phase import PhaseChange, PhaseOutcome, PhaseState
    from exosuit_cli.context.phases import PhaseEntry
    from exosuit_cli.context.plan import TierRoom

_UNKNOWN = "-"


def print_phases(console: Console, outcome: PhaseOutcome) -> None:
    """Every phase on one line, and which is the current one."""
    table = plain_table("phase", "tokens", "batch", "proven here", "files/s", "share", "in order/s", "random/s")
    for state in outcome.phases:
        phase = state.phase
        name = f"{phase.phase} ({phase.name})" + (" current" if state.is_current else "")
        table.add_row(name, f"{phase.token_limit:,}", f"{phase.batch_files:,}", _proven(state), *_rates(state.proof))
    print_table(console, table)
    console.print()
    print_current(console, outcome)


def print_current(console: Console, outcome: PhaseOutcome) -> None:
    """Which phase is the current one, and where that is set."""
    phase = outcome.settings.phase
    if phase is None:
        labelled_phrases(console, "current", "no phase is set: what memory holds is the limit")
        return
    labelled_phrases(
        console, "current", f"phase {phase.phase} ({phase.name}): at most {phase.token_limit:,} tokens are resident"
    )
    labelled_line(console, "", f"set in {display_name(outcome.origin)}")


def print_phase(console: Console, outcome: PhaseOutcome) -> None:
    """One phase with the figures of its proof, or that none is set."""
    if not outcome.phases:
        print_current(console, outcome)
    for state in outcome.phases:
        phase = state.phase
        labelled_phrases(
            console,
            "phase",
            f"{phase.phase} ({phase.name}){', the current one' if state.is_current else ''}:",
            f"{phase.token_limit:,} tokens, batches of {counted(phase.batch_files, 'file')}"
            + (", stable under load" if phase.stable_under_load else ""),
        )
        _print_proof(console, state)
    _print_memory(console, outcome.rooms)


def print_change(console: Console, outcome: PhaseOutcome) -> None:
    """What a command changed, with what it measured."""
    change = outcome.change
    if change is None:
        return
    for criterion in change.criteria:
        labelled_phrases(console, criterion.name, criterion.words, style="" if criterion.passed else "red")
    if change.figures is not None:
        _print_recall(console, change.figures)
    labelled_phrases(console, "result", *_result(change, outcome), style="red" if change.action == "failed" else "")


def _result(change: PhaseChange, outcome: PhaseOutcome) -> tuple[str, ...]:
    where = f"in {display_name(outcome.settings_file)}"
    if change.action == "failed":
        return (f"failed: {_named(change.before, outcome)} stays",)
    if change.after is None:
        return ("no phase is set any more" if change.before is not None else "no phase was set", where)
    how = "proven" if change.proven else "not proven" + (f" ({change.reason})" if change.reason else "")
    return (f"{_named(change.after, outcome)} is set, {how},", where)


def _named(number: int | None, outcome: PhaseOutcome) -> str:
    return "no phase" if number is None else f"phase {number} ({outcome.settings.phases[number].name})"


def _proven(state: PhaseState) -> str:
    if state.proof is not None:
        return state.proof.at.partition("T")[0]
    if state.attempt is not None:
        return "failed" if state.attempt.action == "failed" else "no"
    return "no"


def _rates(proof: PhaseEntry | None) -> tuple[str, str, str, str]:
    figures = proof.figures if proof is not None else None
    if not figures or not figures.get("load") or not figures.get("recall"):
        return (_UNKNOWN,) * 4
    load, recall = figures["load"], figures["recall"]
    return (
        f"{load['files_per_s']:,.0f}",
        f"{figures['share']:.0%}",
        f"{recall['in_order_per_s']:,.0f}",
        f"{recall['random_per_s']:,.0f}",
    )


def _print_proof(console: Console, state: PhaseState) -> None:
    proof, attempt = state.proof, state.attempt
    if proof is None:
        labelled_phrases(console, "proof", "none on this machine")
    else:
        labelled_phrases(console, "proof", f"{proof.at} by exosuit {proof.exosuit_version}")
        if proof.figures:
            for criterion in proof.figures["criteria"]:
                labelled_phrases(console, criterion["name"], criterion["words"])
            _print_recall(console, proof.figures)
    if attempt is not None and attempt is not proof:
        what = "failed" if attempt.action == "failed" else "set without a proof"
        labelled_phrases(
            console, "attempt", f"{attempt.at}: {what}" + (f": {attempt.reason}" if attempt.reason else "")
        )


def _print_recall(console: Console, figures: Mapping[str, Any]) -> None:
    recall = figures.get("recall")
    if recall:
        labelled_phrases(
            console,
            "chunks/s",
            f"{recall['in_order_per_s']:,.0f} in order,",
            f"{recall['random_per_s']:,.0f} at random,",
            f"{recall['resident_per_s']:,.0f} at random where resident",
        )


def _print_memory(console: Console, rooms: tuple[TierRoom, ...]) -> None:
    label = "memory"
    for room in rooms:
        words = f"{format_count(room.token_capacity)} tokens in {format_bytes(room.capacity_bytes)}"
        if not room.capacity_bytes or not room.token_capacity:
            words = "nothing"
        labelled_line(console, label, f"{room.name:<8}{words}")
        if room.clipped is not None:
            labelled_phrases(console, "", f"({room.clipped})")
        label = ""
