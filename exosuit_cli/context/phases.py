"""The history of phases: which were set, proven by which figures, and what stood before. `phases.json`, format 1.

A JSON object with `format`, `version`, `checksum` (BLAKE2b over the canonical JSON of all else), `entries` and
`baselines`, both oldest first. It is replaced as a whole, so a reader sees one state or the other. The settings alone
say which phase is current: an entry is written before the settings are, and one without its settings does no harm.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import OutputError, ResourceMissing, UsageError
from exosuit_cli.system.atomic import write_atomic
from exosuit_cli.system.lock import not_inherited
from exosuit_cli.system.paths import ensure_private, state_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FORMAT: Final = "exosuit-phases"
VERSION: Final = 1
MOST_ENTRIES: Final = 200
"""Entries that are kept; beside them stays the newest proof of every phase on every machine."""
MOST_BASELINES: Final = 20
MOST_BELOW: Final = 20
"""Phases that `rollback` can go back through."""
_LARGEST_FILE: Final = 16 << 20

Action = Literal["set", "failed", "rollback", "unset"]


@dataclass(frozen=True, slots=True)
class PhaseMachine:
    """Where a proof was made. `hardware` names the machine, `state` the machine with its kernel and interpreter."""

    hardware: str
    state: str
    processor: str
    processors: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class PhaseEntry:
    """One change of the phase, or one that failed.

    at: UTC, RFC 3339. phase, token_limit: None where none is set afterwards. proven: the validation was passed.
    reason: why it is unproven, or why it failed. below: the phases that stood before, oldest first, which `rollback`
    goes back through; None is no phase. figures: what was measured.
    """

    action: Action
    phase: int | None
    token_limit: int | None
    at: str
    proven: bool
    reason: str | None
    machine: PhaseMachine
    exosuit_version: str
    below: tuple[int | None, ...] = ()
    figures: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """Rates of loads of the baseline's size, to which a phase is compared.

    source: which tree it was: only figures of the same one, and of the same state of the machine, can be compared.
    tokens, files: of one load. seconds: the shortest of `loads` loads by a warm process. start_s: the shortest of one
    file, which the rates leave out. The low rates are those of the longest load.
    """

    source: str
    state: str
    at: str
    exosuit_version: str
    tokens: int
    files: int
    seconds: float
    start_s: float
    files_per_s: float
    files_per_s_low: float
    files_per_cpu_s: float
    files_per_cpu_s_low: float
    tokens_per_s: float
    loads: int


@dataclass(frozen=True, slots=True)
class PhaseHistory:
    """All that is known of phases set so far."""

    entries: tuple[PhaseEntry, ...] = ()
    baselines: tuple[Baseline, ...] = ()

    def proof(self, phase: int, token_limit: int, hardware: str) -> PhaseEntry | None:
        """The newest proof of a phase with this limit on this machine."""
        return self._newest(
            lambda entry: (
                entry.action == "set"
                and entry.proven
                and (entry.phase, entry.token_limit, entry.machine.hardware) == (phase, token_limit, hardware)
            )
        )

    def attempt(self, phase: int, token_limit: int, hardware: str) -> PhaseEntry | None:
        """The newest time that a phase with this limit was set, or failed to be, on this machine."""
        return self._newest(
            lambda entry: (
                entry.action in ("set", "failed")
                and (entry.phase, entry.token_limit, entry.machine.hardware) == (phase, token_limit, hardware)
            )
        )

    def change_to(self, phase: int | None) -> PhaseEntry | None:
        """The newest entry that made `phase` the current one."""
        return self._newest(lambda entry: entry.action != "failed" and entry.phase == phase)

    def below(self, current: int | None) -> tuple[int | None, ...]:
        """The phases that stood before the current one, oldest first; none for one that was set by hand."""
        entry = self.change_to(current)
        return entry.below if entry is not None else ()

    def above(self, current: int | None, following: int | None) -> tuple[int | None, ...]:
        """What lies below once `following` takes the place of the current phase."""
        below = self.below(current)
        return below if current == following else (*below, current)[-MOST_BELOW:]

    def baseline(self, source: str, state: str) -> Baseline | None:
        """The baseline that was recorded with this tree in this state of the machine."""
        return next(
            (found for found in reversed(self.baselines) if (found.source, found.state) == (source, state)), None
        )

    def with_entry(self, entry: PhaseEntry) -> PhaseHistory:
        """The history with one more entry, within its bound."""
        entries = [*self.entries, entry]
        if len(entries) > MOST_ENTRIES:
            proofs = {(each.phase, each.token_limit, each.machine.hardware): each for each in entries if each.proven}
            kept = {id(each) for each in (*proofs.values(), *entries[-MOST_ENTRIES:])}
            entries = [each for each in entries if id(each) in kept]
        return replace(self, entries=tuple(entries))

    def with_baseline(self, baseline: Baseline) -> PhaseHistory:
        """The history with this baseline, which takes the place of one of the same tree and state."""
        others = [found for found in self.baselines if (found.source, found.state) != (baseline.source, baseline.state)]
        return replace(self, baselines=(*others, baseline)[-MOST_BASELINES:])

    def _newest(self, wanted: Callable[[PhaseEntry], bool]) -> PhaseEntry | None:
        return next((entry for entry in reversed(self.entries) if wanted(entry)), None)


def utc_now() -> str:
    """The time as it is stored: UTC, RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def history_path() -> str:
    """Where the history is; nothing is made."""
    return os.path.join(state_directory(), "phases.json")


def read_phases(path: str) -> PhaseHistory:
    """The history; empty where there is no file. Raises UsageError: unreadable, damaged, or of a newer version."""
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        return PhaseHistory()
    except OSError as error:
        raise UsageError(f"{path!r}: the history of phases cannot be read: {error.strerror}") from error
    try:
        return _parsed(json.loads(content), path)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{path!r}: the history of phases is damaged or was edited; move it away, and prove phases anew"
        ) from error


def write_phases(path: str, history: PhaseHistory) -> None:
    """Replace the history. Raises OutputError where it cannot be written; the old one is then as it was."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "checksum": "",
        "entries": [asdict(entry) for entry in history.entries],
        "baselines": [asdict(baseline) for baseline in history.baselines],
    }
    document["checksum"] = _checksum(document)
    write_atomic(path, json.dumps(document, indent=1).encode() + b"\n")


@contextlib.contextmanager
def one_change() -> Iterator[str]:
    """Yield the state directory, private and held: two processes that measure at once would disturb each other.

    Raises OutputError where the directory cannot be used, ResourceMissing while another process changes the phase.
    """
    directory = ensure_private(state_directory())
    path = os.path.join(directory, "phases.lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise OutputError(f"{path!r}: cannot be written: {error.strerror}; the phase is as it was") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ResourceMissing("another `exosuit phase` is at work; wait until it is done") from error
        except OSError as error:
            raise OutputError(f"{path!r}: cannot be locked: {error.strerror}; the phase is as it was") from error
        with not_inherited(descriptor):
            yield directory
    finally:
        os.close(descriptor)


def _parsed(document: Mapping[str, Any], path: str) -> PhaseHistory:
    version = document["version"]
    if document["format"] == FORMAT and isinstance(version, int) and version > VERSION:
        raise UsageError(
            f"{path!r}: the history of phases has version {version}, and this exosuit knows {VERSION}; use a newer one"
        )
    if (document["format"], version, document["checksum"]) != (FORMAT, VERSION, _checksum(document)):
        raise ValueError(document["format"])
    return PhaseHistory(
        tuple(_entry(each) for each in document["entries"]),
        tuple(Baseline(**each) for each in document["baselines"]),
    )


def _entry(stored: Mapping[str, Any]) -> PhaseEntry:
    machine = PhaseMachine(**stored["machine"])
    return PhaseEntry(**{**stored, "machine": machine, "below": tuple(stored["below"])})


def _checksum(document: Mapping[str, Any]) -> str:
    signed = {name: value for name, value in document.items() if name != "checksum"}
    return hashlib.blake2b(json.dumps(signed, sort_keys=True).encode(), digest_size=16).hexdigest()
