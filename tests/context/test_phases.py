"""The history of phases: what it remembers, how far back it goes, and what it refuses to read."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.context.phases import (
    MOST_BELOW,
    MOST_ENTRIES,
    Baseline,
    PhaseEntry,
    PhaseHistory,
    PhaseMachine,
    history_path,
    one_change,
    read_phases,
    write_phases,
)
from exosuit_cli.model.errors import OutputError, ResourceMissing, UsageError
from exosuit_cli.system.paths import ensure_private, state_directory

if TYPE_CHECKING:
    from pathlib import Path

HERE = PhaseMachine("here", "state", "a processor", 2, 1 << 34)
THERE = PhaseMachine("there", "state", "a processor", 2, 1 << 34)


def entry(phase: int | None, action: str = "set", *, proven: bool = True, **others: object) -> PhaseEntry:
    values = {"token_limit": None if phase is None else 1000 * phase, "machine": HERE, **others}
    return PhaseEntry(
        action, phase, at="2026-01-01T00:00:00Z", proven=proven, reason=None, exosuit_version="1", **values
    )  # type: ignore[arg-type]


def baseline(source: str, rate: float = 1.0) -> Baseline:
    return Baseline(
        source, "state", "2026-01-01T00:00:00Z", "1", 128_000, 100, 2.0, 1.0, rate, rate, rate, rate, rate * 1280, 5
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "phases.json")
    assert read_phases(path) == PhaseHistory()
    history = (
        PhaseHistory().with_entry(entry(3, below=(None, 1), figures={"files_per_s": 1.5})).with_baseline(baseline("s"))
    )
    write_phases(path, history)
    assert read_phases(path) == history
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_proof_counts_for_its_phase_limit_and_machine() -> None:
    first, other, failed = entry(3), entry(3, machine=THERE), entry(3, "failed", proven=False)
    history = PhaseHistory((first, other, entry(3, proven=False), failed))
    assert history.proof(3, 3000, "here") is first
    assert history.proof(3, 3000, "there") is other
    assert history.proof(3, 4000, "here") is None
    assert history.proof(4, 4000, "here") is None
    assert history.attempt(3, 3000, "here") is failed


def test_a_baseline_counts_for_its_tree_and_state() -> None:
    history = (
        PhaseHistory().with_baseline(baseline("a", 1)).with_baseline(baseline("b", 2)).with_baseline(baseline("a", 3))
    )
    found = history.baseline("a", "state")
    assert found is not None
    assert found.files_per_s == 3
    assert len(history.baselines) == 2
    assert history.baseline("a", "other") is None
    for number in range(50):
        history = history.with_baseline(baseline(f"{number}"))
    assert len(history.baselines) == 20


def test_the_history_is_bounded_and_keeps_every_newest_proof() -> None:
    history = PhaseHistory().with_entry(entry(8)).with_entry(entry(7, machine=THERE))
    for _ in range(3 * MOST_ENTRIES):
        history = history.with_entry(entry(1, proven=False))
    assert len(history.entries) == MOST_ENTRIES + 2
    assert history.proof(8, 8000, "here") is not None
    assert history.proof(7, 7000, "there") is not None


STEPS = st.lists(st.integers(0, 3) | st.sampled_from(["rollback", "unset", "failed"]), max_size=40)


@given(STEPS)
def test_rollback_is_an_undo(steps: list[int | str]) -> None:
    """The same as a stack, whatever is set, taken back and failed in between."""
    history, current = PhaseHistory(), None
    stack: list[int | None] = []
    for step in steps:
        if step == "failed":
            history = history.with_entry(entry(2, "failed", proven=False))
        elif step == "rollback":
            below = history.below(current)
            assert list(below) == stack[-MOST_BELOW:]
            if below:
                current = below[-1]
                stack.pop()
                history = history.with_entry(entry(current, "rollback", below=below[:-1]))
        else:
            following = None if step == "unset" else int(step)
            above = history.above(current, following)
            if following != current:
                stack = [*stack, current][-MOST_BELOW:]
            history = history.with_entry(entry(following, "unset" if following is None else "set", below=above))
            current = following


def test_a_phase_set_by_hand_has_nothing_below() -> None:
    assert PhaseHistory((entry(3, below=(None,)),)).below(5) == ()


def test_an_entry_whose_settings_were_never_written_does_no_harm() -> None:
    history = PhaseHistory().with_entry(entry(3, below=(None,))).with_entry(entry(5, below=(None, 3)))
    assert history.below(3) == (None,)  # 3 is still the current one
    assert history.above(3, 6) == (None, 3)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: text[:-9], "damaged or was edited"),
        (lambda text: text.replace('"phase": 3', '"phase": 4'), "damaged or was edited"),
        (lambda text: text.replace("exosuit-phases", "exosuit-praises"), "damaged or was edited"),
        (lambda text: text.replace('"version": 1', '"version": 2'), "version 2"),
        (lambda text: "[]", "damaged or was edited"),
        (lambda text: "", "damaged or was edited"),
        (lambda text: "[" * 100_000, "damaged or was edited"),
        (lambda text: json.dumps({**json.loads(text), "entries": 3}), "damaged or was edited"),
    ],
)
def test_what_exosuit_did_not_write_is_refused(tmp_path: Path, damage: object, told: str) -> None:
    path = tmp_path / "phases.json"
    write_phases(str(path), PhaseHistory((entry(3),)))
    path.write_text(damage(path.read_text()))  # type: ignore[operator]
    with pytest.raises(UsageError, match=told) as caught:
        read_phases(str(path))
    assert str(path) in str(caught.value)


def test_one_process_changes_the_phase_at_a_time() -> None:
    with one_change() as directory:
        assert directory == state_directory()
        program = "from exosuit_cli.context.phases import one_change\nwith one_change(): pass"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
        assert b"another `exosuit phase` is at work" in done.stderr
    with one_change():
        pass
    with one_change(), pytest.raises(ResourceMissing), one_change():
        pass


def test_what_was_forked_during_a_change_does_not_hold_the_next_one_up() -> None:
    """A worker may outlive a killed parent for a moment."""
    ours, theirs = socket.socketpair()
    with one_change():
        child = os.fork()
        if not child:
            ours.close()
            theirs.sendall(b"x")
            theirs.recv(1)  # until the parent is done
            os._exit(0)
        theirs.close()
        assert ours.recv(1) == b"x"
    try:
        with one_change():
            pass
    finally:
        ours.close()
        os.waitpid(child, 0)


def test_a_lock_that_cannot_be_made() -> None:
    os.mkdir(os.path.join(ensure_private(state_directory()), "phases.lock"))
    with pytest.raises(OutputError, match=r"phases\.lock"), one_change():
        pass
    assert history_path() == os.path.join(state_directory(), "phases.json")
