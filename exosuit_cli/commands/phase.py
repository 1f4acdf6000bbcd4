"""Phases, as any front asks for them: listed, shown, proven and set, taken back, cleared."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli import __version__
from exosuit_cli.commands.phase_proof import figures_of, plan_refusal, prove_phase
from exosuit_cli.commands.settings_file import check_settings_writable, write_settings
from exosuit_cli.commands.shared import Ending
from exosuit_cli.config import load_settings
from exosuit_cli.config.write import settings_file
from exosuit_cli.context.phases import (
    PhaseEntry,
    PhaseHistory,
    PhaseMachine,
    history_path,
    one_change,
    read_phases,
    utc_now,
    write_phases,
)
from exosuit_cli.context.plan import rooms_of
from exosuit_cli.measure.machine import this_machine
from exosuit_cli.measure.plan import parse_duration
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ConfigError, ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.config import LoadedSettings, Phase, Settings
    from exosuit_cli.context.criteria import Criterion
    from exosuit_cli.context.phases import Action
    from exosuit_cli.context.plan import TierRoom

SOAK_SECONDS: Final = 600.0
"""The soak of a phase that promises to be stable under load."""


@dataclass(frozen=True, slots=True)
class SetPhaseRequest:
    """A phase to set. source: the tree to prove it with; None draws one by `seed`.

    soak: a time such as `10m`; None is ten minutes for a phase that is stable under load, and no soak for all others.
    """

    phase: str
    config: str | None = None
    source: str | None = None
    soak: str | None = None
    validate: bool = True
    seed: int = 0


@dataclass(frozen=True, slots=True)
class PhaseState:
    """One phase here. proof: the newest on this machine; attempt: the newest time that it was set, or failed to be."""

    phase: Phase
    is_current: bool
    proof: PhaseEntry | None
    attempt: PhaseEntry | None


@dataclass(frozen=True, slots=True)
class PhaseChange:
    """What a command changed: the phases before and after, None for none. A phase that failed did not change."""

    action: Action
    before: int | None
    after: int | None
    asked: int | None
    proven: bool
    reason: str | None
    criteria: tuple[Criterion, ...] = ()
    figures: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PhaseOutcome:
    """All phases or one, what was changed, and how the command ended. rooms: what memory may hold here."""

    settings: Settings
    settings_file: str
    origin: str
    machine: PhaseMachine
    rooms: tuple[TierRoom, ...]
    phases: tuple[PhaseState, ...]
    change: PhaseChange | None
    warnings: tuple[str, ...]
    ending: Ending


def list_phases(config: str | None = None) -> PhaseOutcome:
    """Every phase. Raises ConfigError for settings that do not agree, UsageError for a damaged history."""
    return _outcome(config)


def show_phase(number: str | None, config: str | None = None) -> PhaseOutcome:
    """One phase, the current one by default; no phase where none is set. Raises as `list_phases`, and UsageError."""
    outcome = _outcome(config)
    wanted = outcome.settings.current_phase if number is None else _number(number)
    return replace(outcome, phases=tuple(state for state in outcome.phases if state.phase.phase == wanted))


def set_phase(request: SetPhaseRequest, tell: Callable[[str], None] = lambda _: None) -> PhaseOutcome:
    """Prove a phase and set it; without `validate`, set it as unproven. `tell` is called with what is being done.

    A phase that the machine cannot hold, or that fails its proof, is not set: the ending says why. An exception, also
    of a signal, leaves the phase as it was.

    Raises UsageError for a request that cannot be carried out, OutputError where something cannot be written,
    ResourceMissing while another process changes the phase.
    """
    number = _number(request.phase)
    soak = _soak_seconds(request)
    path = settings_file(request.config)
    _check_origin(load_settings(request.config), number)
    check_settings_writable(path)
    machine = _machine()
    with one_change() as directory:
        settings, history = load_settings(request.config).settings, read_phases(history_path())
        phase = settings.phases[number]
        before = settings.current_phase
        criteria: tuple[Criterion, ...] = ()
        figures: dict[str, Any] | None = None
        if request.validate:
            seconds = SOAK_SECONDS if soak is None and phase.stable_under_load else soak or 0.0
            proof = prove_phase(
                request.source, request.seed, settings, phase, directory, history, machine, seconds, tell
            )
            criteria, figures, reason = proof.criteria, figures_of(proof), proof.reason
            if proof.baseline is not None:
                history = history.with_baseline(proof.baseline)
            passed = proof.passed
        else:
            passed, reason = True, "set with --no-validate"
            refusal = plan_refusal(settings, phase)
            if refusal is not None:
                passed, reason = False, refusal
        entry = PhaseEntry(
            action="set" if passed else "failed",
            phase=number,
            token_limit=phase.token_limit,
            at=utc_now(),
            proven=passed and request.validate,
            reason=reason,
            machine=machine,
            exosuit_version=__version__,
            below=history.above(before, number) if passed else (),
            figures=figures,
        )
        write_phases(history_path(), history.with_entry(entry))
        if passed:
            write_settings(path, {"current_phase": number, "current_token_limit": phase.token_limit})
    change = PhaseChange(
        entry.action, before, number if passed else before, number, entry.proven, reason, criteria, figures
    )
    if not passed:
        stays = "no phase is set" if before is None else f"phase {before} stays"
        return _outcome(
            request.config, change, Ending(ExitCode.CHECK_FAILED, (f"phase {number} is not set, {stays}: {reason}",))
        )
    return _outcome(request.config, change)


def roll_back(config: str | None = None) -> PhaseOutcome:
    """Return to the phase that stood before, which may be none. Raises UsageError where none did."""
    path = settings_file(config)
    check_settings_writable(path)
    with one_change():
        loaded, history = load_settings(config), read_phases(history_path())
        before = loaded.settings.current_phase
        below = history.below(before)
        if not below:
            current = "no phase is set" if before is None else f"phase {before} is the first that was set"
            raise UsageError(f"there is no earlier phase to return to: {current}; `exosuit phase set N` sets one")
        after = below[-1]
        if after is not None:
            _check_origin(loaded, after)
        change = _change(path, history, loaded.settings, "rollback", before, after, below[:-1])
    return _outcome(config, change)


def unset_phase(config: str | None = None) -> PhaseOutcome:
    """Set no phase: what memory holds is the limit. It is no error where none is set."""
    path = settings_file(config)
    check_settings_writable(path)
    with one_change():
        loaded, history = load_settings(config), read_phases(history_path())
        before = loaded.settings.current_phase
        change = _change(path, history, loaded.settings, "unset", before, None, history.above(before, None))
    return _outcome(config, change)


def _change(
    path: str,
    history: PhaseHistory,
    settings: Settings,
    action: Action,
    before: int | None,
    after: int | None,
    below: tuple[int | None, ...],
) -> PhaseChange:
    """Write the history and the settings for a change that needs no proof."""
    machine = _machine()
    limit = None if after is None else settings.phases[after].token_limit
    proof = None if after is None or limit is None else history.proof(after, limit, machine.hardware)
    entry = PhaseEntry(
        action=action,
        phase=after,
        token_limit=limit,
        at=utc_now(),
        proven=proof is not None,
        reason=None,
        machine=machine,
        exosuit_version=__version__,
        below=below,
    )
    write_phases(history_path(), history.with_entry(entry))
    write_settings(path, {"current_phase": after, "current_token_limit": limit})
    return PhaseChange(action, before, after, after, entry.proven, None)


def _outcome(config: str | None, change: PhaseChange | None = None, ending: Ending | None = None) -> PhaseOutcome:
    loaded = load_settings(config)
    settings, machine, history = loaded.settings, _machine(), read_phases(history_path())
    path = settings_file(config)
    origin = str(loaded.origins["current_phase"])
    warnings = []
    if change is not None and change.action != "failed" and settings.current_phase != change.after:
        warnings.append(f"{origin} is stronger than {path}, so that phase {_word(settings.current_phase)} is in force")
    return PhaseOutcome(
        settings=settings,
        settings_file=path,
        origin=origin,
        machine=machine,
        rooms=rooms_of(settings),
        phases=tuple(
            PhaseState(
                phase,
                phase.phase == settings.current_phase,
                history.proof(phase.phase, phase.token_limit, machine.hardware),
                history.attempt(phase.phase, phase.token_limit, machine.hardware),
            )
            for phase in settings.phases
        ),
        change=change,
        warnings=tuple(warnings),
        ending=ending or Ending(ExitCode.SUCCESS),
    )


def _word(phase: int | None) -> str:
    return "none" if phase is None else str(phase)


def _machine() -> PhaseMachine:
    found = this_machine()
    hardware = (found.identity, found.architecture, found.processor, found.processors, found.memory_bytes, found.gpus)
    return PhaseMachine(
        hardware=hashlib.blake2b(repr(hardware).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest(),
        state=found.fingerprint,
        processor=found.processor,
        processors=found.processors,
        memory_bytes=found.memory_bytes,
    )


def _check_origin(loaded: LoadedSettings, number: int) -> None:
    """Raise ConfigError where the limit of a phase holds for this run only, so that a file with it would not agree."""
    key = f"phases.{number}.token_limit"
    origin = loaded.origins[key]
    if origin.kind in ("environment", "flag"):
        raise ConfigError(f"{origin}: {key} is given for this run only; write it to the settings file to set the phase")


def _number(text: str) -> int:
    """The number of a phase as it was typed. Raises UsageError."""
    from exosuit_cli.config.schema import PHASE_COUNT

    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < PHASE_COUNT):
        raise UsageError(
            f"{text[:40]!r} is no phase; accepted: a whole number from 0 to {PHASE_COUNT - 1}, see `exosuit phase list`"
        )
    return int(text)


def _soak_seconds(request: SetPhaseRequest) -> float | None:
    if not request.validate and (request.soak is not None or request.source is not None):
        given = "--soak" if request.soak is not None else "--from"
        raise UsageError(f"{given} is for the validation, which --no-validate leaves out; give one of them")
    if request.source is not None and not os.path.isdir(request.source):
        raise UsageError(f"--from {request.source!r}: no such directory; name a tree of files")
    return None if request.soak is None else parse_duration(request.soak, "--soak")
