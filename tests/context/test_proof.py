"""Proofs that fail: what is wrong is found, said, and leaves the old phase; each with the real thing in between."""

from __future__ import annotations

import glob
import json
import os
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.commands.phase import PhaseOutcome, SetPhaseRequest, set_phase
from exosuit_cli.context import criteria, proof
from exosuit_cli.context.criteria import fast
from exosuit_cli.context.phases import history_path, read_phases, write_phases
from exosuit_cli.context.rates import LoadFigures, Shares, baseline_of, net_seconds, shares_of
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.system.paths import state_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> str:
    path = tmp_path / "settings.json"
    limits = [3000, *[6000 + number for number in range(8)]]
    phases = [{"phase": number, "token_limit": limit} for number, limit in enumerate(limits)]
    scan = {"encoding": "cl100k_base"}
    path.write_text(
        json.dumps(
            {
                "baseline_token_limit": 2000,
                "target_token_limit": 10**6,
                "phases": phases,
                "scan": scan,
                "phase_load_share": 0,
            }
        )
    )
    set_phase(SetPhaseRequest("1", str(path), validate=False))
    return str(path)


def failed(outcome: PhaseOutcome, settings: str, criterion: str) -> str:
    """That the proof failed for this one reason, and nothing has changed; the reason."""
    change = outcome.change
    assert change is not None
    assert [each.name for each in change.criteria if not each.passed] == [criterion]
    assert (change.action, change.before, change.after, change.proven) == ("failed", 1, 1, False)
    assert outcome.ending.exit_code is ExitCode.CHECK_FAILED
    with open(settings) as file:
        assert json.load(file)["current_phase"] == 1
    assert read_phases(history_path()).entries[-1].action == "failed"
    (error,) = outcome.ending.errors
    assert error.startswith("phase 0 is not set, phase 1 stays: ")
    return error


def while_it(says: str, act: Callable[[str], None]) -> Callable[[str], None]:
    """Do something to the files of a proof once it says that it does something itself."""
    done = []

    def tell(text: str) -> None:
        if text.startswith(says) and not done:
            done.append(text)
            (place,) = glob.glob(os.path.join(state_directory(), "phase-proof-*"))
            act(place)

    return tell


def test_a_text_that_is_damaged_on_disk_is_found(settings: str) -> None:
    def damage(place: str) -> None:
        connection = sqlite3.connect(os.path.join(place, "tree.db"))
        connection.execute("UPDATE chunks SET data = x'00' WHERE number = 2")
        connection.commit()
        connection.close()

    told = failed(
        set_phase(SetPhaseRequest("0", settings), while_it("recalling every chunk in", damage)), settings, "recall"
    )
    assert "were recalled with the bytes of their files; at random 0 were wrong and 2 missing" in told


def test_a_text_that_is_not_that_of_its_file_is_found(settings: str) -> None:
    """The store is whole, and is that of another tree."""

    def change(place: str) -> None:
        for path in glob.glob(os.path.join(place, "tree", "*", "*"))[:1]:
            with open(path, "r+b") as file:
                file.write(b"X")

    told = failed(
        set_phase(SetPhaseRequest("0", settings), while_it("recalling every chunk in", change)), settings, "recall"
    )
    assert "at random" not in told


def test_a_phase_that_is_slower_is_measured_again_and_refused(settings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judge(settings)
    monkeypatch.setattr(proof, "shares_of", lambda load, baseline: Shares(0.5, 0.6, 0.7))
    said: list[str] = []
    told = failed(set_phase(SetPhaseRequest("0", settings), said.append), settings, "rate")
    assert "50% of the " in told
    assert "60% by processor time; 70% at most" in told
    assert "at least 90% is asked for" in told
    assert said.count("measuring baseline and load once more") == 1


def test_a_baseline_of_a_quieter_day_is_measured_anew(settings: str) -> None:
    """A rate that this machine does not reach now is no reason to refuse a phase."""
    first = set_phase(SetPhaseRequest("0", settings)).change
    assert first is not None
    assert first.proven
    history = read_phases(history_path())
    (recorded,) = history.baselines
    fast = replace(recorded, files_per_s=1e9, files_per_s_low=1e9)
    write_phases(history_path(), history.with_baseline(fast))
    judge(settings)
    said: list[str] = []
    set_phase(SetPhaseRequest("1", settings), said.append)
    assert "measuring baseline and load once more" in said
    assert read_phases(history_path()).baselines[0].files_per_s_low < 1e9


def judge(settings: str) -> None:
    """Ask for a rate again, which loads of a few files are too short for."""
    with open(settings) as file:
        document = json.load(file)
    with open(settings, "w") as file:
        json.dump({**document, "phase_load_share": 0.9}, file)


def figures(seconds: float, cpu_s: float, files: int = 100) -> LoadFigures:
    return LoadFigures(
        files, files * 1000, 1, 1, 1, seconds, cpu_s, 1.0, files / (seconds - 1), files / (cpu_s - 1), 1.0
    )


def test_rates_leave_out_the_start_and_know_their_noise() -> None:
    loads = [
        figures(1.0 + wall, 1.0 + cpu) for wall, cpu in ((0.2, 0.1), (0.3, 0.1), (0.1, 0.1), (0.2, 0.2), (0.2, 0.1))
    ]
    starts = [figures(1.0 + 1e-9, 1.0 + 1e-9, files=1)] * 5
    baseline = baseline_of("tree", "state", loads, starts)
    assert (baseline.files_per_s, baseline.files_per_s_low) == pytest.approx((1000, 100 / 0.3))
    assert (baseline.files_per_cpu_s, baseline.files_per_cpu_s_low) == pytest.approx((1000, 500))
    for wall, cpu, most in ((400.0, 1.0, 1.2), (100.0, 455.0, 0.91), (100.0, 100.0, 0.3)):
        load = replace(loads[0], files_per_s=wall, files_per_cpu_s=cpu)
        shares = shares_of(load, baseline)
        assert (shares.wall, shares.cpu, shares.most) == pytest.approx((wall / 1000, cpu / 1000, most))
        assert fast(load, baseline, shares, 0.9).passed is (most >= 0.9)
    assert net_seconds(1.0, 1.2) == pytest.approx(0.05)  # noise cannot make a load take no time


def test_memory_that_grows_is_no_passed_soak(settings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hoard: list[bytes] = []
    monkeypatch.setattr(criteria, "ALLOWED_GROWTH", 4 << 20)

    def leak(text: str) -> None:
        if text.startswith("soak"):
            hoard.append(os.urandom(64 << 20))  # what a process shares with others moves its memory by a dozen MiB

    told = failed(set_phase(SetPhaseRequest("0", settings, soak="4s"), leak), settings, "soak")
    assert "at most 4.0 MiB is allowed" in told


def test_fewer_tokens_than_the_limit_prove_nothing(settings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from exosuit_cli.commands import phase_tree

    monkeypatch.setattr(phase_tree, "write_code_tree", _half(phase_tree.write_code_tree))
    outcome = set_phase(SetPhaseRequest("0", settings))
    assert outcome.change is not None
    assert [each.name for each in outcome.change.criteria if not each.passed] == ["tokens", "resident"]
    assert "fewer than 3,000" in outcome.ending.errors[0]


def _half(write: Any) -> Any:
    return lambda root, tokens, seed: write(root, tokens // 2, seed)
