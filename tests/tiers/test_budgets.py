"""Budgets: what the settings ask for, clipped to what there is, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exosuit_cli.config import load_settings
from exosuit_cli.tiers.budgets import TIER_LAYERS, Machine, this_machine, tier_budgets
from exosuit_cli.tiers.policies import POLICIES, new_policy

if TYPE_CHECKING:
    from pathlib import Path

    from exosuit_cli.config import Settings

GIB = 1 << 30
LARGE = Machine(1 << 50, "this machine has", 1 << 50, 1 << 50, 1 << 50)


def settings(**changed: float | str) -> Settings:
    flags = {f"memory_layers.{key.replace('__', '.')}": value for key, value in changed.items()}
    return load_settings(environ={}, overrides=flags).settings


def test_defaults_on_a_large_machine() -> None:
    found = tier_budgets(settings(), LARGE)
    assert list(found) == ["vram", "shared", "ram", "nvme"] == list(TIER_LAYERS)
    assert {name: budget.capacity_bytes for name, budget in found.items()} == {
        "vram": 2 * 10**9, "shared": 10**9, "ram": 4 * 10**9, "nvme": 64 * 10**9,
    }  # fmt: skip
    assert found["nvme"].token_capacity == 10**9
    assert found["nvme"].compression == "zstd"
    assert all(budget.note is None and budget.is_on for budget in found.values())


def test_no_card_is_no_vram_and_no_complaint() -> None:
    found = tier_budgets(settings(), Machine(1 << 50, "", 1 << 50, 1 << 50, None))
    assert not found["vram"].is_on
    assert found["vram"].note is None


def test_shared_and_ram_share_what_the_machine_has() -> None:
    machine = Machine(2 * GIB, "the control group of this process allows", 1 << 50, 1 << 50, None)
    found = tier_budgets(settings(shared_memory__capacity_gb=1, system_ram__capacity_gb=4), machine)
    total = found["shared"].capacity_bytes + found["ram"].capacity_bytes
    assert 0.74 * 2 * GIB < total <= 0.75 * 2 * GIB
    assert found["ram"].capacity_bytes == pytest.approx(4 * found["shared"].capacity_bytes, rel=0.01)
    note = found["ram"].note
    assert note is not None
    assert "memory_layers.system_ram.capacity_gb asks for 3.7 GiB" in note
    assert "the control group of this process allows 2.0 GiB" in note
    assert "1.2 GiB" in note


def test_exactly_enough_is_not_clipped_and_one_byte_less_is() -> None:
    asked = settings(shared_memory__capacity_gb=1, system_ram__capacity_gb=2)
    enough = 4 * 10**9
    for less, clipped in ((0, False), (2, True)):
        found = tier_budgets(asked, Machine(enough - less, "this machine has", 10**9, 64 * 10**9, None))
        assert (found["ram"].note is not None) == clipped
        assert found["ram"].capacity_bytes == 2 * 10**9 - (2 if clipped else 0)
    found = tier_budgets(asked, Machine(None, "", 10**9 - 1, 64 * 10**9 - 1, None))
    assert found["shared"].capacity_bytes == 10**9 - 1
    assert found["nvme"].capacity_bytes == 64 * 10**9 - 1
    assert "shared memory has 953.7 MiB free" in str(found["shared"].note)


def test_a_tier_is_off_at_a_capacity_of_nothing() -> None:
    assert not tier_budgets(settings(system_ram__capacity_gb=0), LARGE)["ram"].is_on
    assert not tier_budgets(settings(system_ram__token_capacity=0), LARGE)["ram"].is_on


@pytest.mark.parametrize("policy", [*POLICIES, "none"])
def test_every_policy_is_a_setting(policy: str) -> None:
    found = tier_budgets(settings(system_ram__eviction_policy=policy), LARGE)["ram"]
    assert found.eviction_policy == policy
    assert (new_policy(found.eviction_policy) is None) == (policy == "none")


def test_this_machine_answers(tmp_path: Path) -> None:
    found = this_machine(str(tmp_path / "not" / "there"), stored_bytes=7)
    assert found.memory_bytes
    assert found.disk_bytes is not None
    assert found.disk_bytes > 7
    assert found.shared_bytes is not None
    assert found.card_bytes is None
