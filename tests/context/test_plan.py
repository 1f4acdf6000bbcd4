"""What a phase asks of the tiers: what fits, and what is said to be missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.config import load_settings
from exosuit_cli.context.plan import PhasePlan, TierRoom, budgets_of, plan_phase, rooms_of

DISK = TierRoom("nvme", 10**12, 10**9)


def plan(limit: int, *rooms: TierRoom, store: TierRoom = DISK) -> PhasePlan:
    return PhasePlan(limit, 5.0, 4.0, rooms, store)


def test_the_tiers_together_hold_the_limit() -> None:
    both = (TierRoom("shared", 5000, 10**6), TierRoom("ram", 10**6, 3000))
    assert plan(4000, *both).held_tokens == 4000
    assert plan(4000, *both).refusal("phase 1") is None
    refusal = plan(4100, *both).refusal("phase 1")
    assert refusal is not None
    for words in (
        "phase 1 needs 4,100 tokens",
        "500 bytes are missing",
        "shared holds 1,000 tokens in 5,000 bytes (memory_layers.shared_memory.capacity_gb)",
        "ram holds 3,000 tokens in 15,000 bytes (memory_layers.system_ram.token_capacity)",
    ):
        assert words in refusal


@pytest.mark.parametrize("short", [0, 1])
def test_a_budget_of_one_byte_less_than_needed(short: int) -> None:
    refusal = plan(1000, TierRoom("ram", 5000 - short, 10**6, "the machine has 1 GiB")).refusal("phase 1")
    if not short:
        assert refusal is None
    else:
        assert refusal is not None
        assert "5 bytes are missing" in refusal
        assert "(the machine has 1 GiB)" in refusal


def test_the_disk_holds_the_limit_as_well() -> None:
    ram = TierRoom("ram", 10**6, 10**6)
    refusal = plan(1000, ram, store=TierRoom("nvme", 3999, 10**6)).refusal("phase 1")
    assert refusal is not None
    assert "4 bytes are missing: nvme holds 999 tokens" in refusal
    assert plan(1000, ram, store=TierRoom("nvme", 4000, 10**6)).refusal("phase 1") is None
    assert "nvme holds 0 tokens" in str(plan(1000, ram, store=TierRoom("nvme", 4000, 0)).refusal("phase 1"))


@given(st.integers(1, 10**9), st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=3))
def test_what_is_missing_is_what_would_be_enough(limit: int, sizes: list[tuple[int, int]]) -> None:
    rooms = [TierRoom("ram", size, tokens) for size, tokens in sizes]
    found = plan(limit, *rooms)
    assert (found.missing_bytes == 0) is (found.held_tokens >= limit)
    enough = TierRoom("shared", found.missing_bytes, 10**9)
    assert plan(limit, *rooms, enough).missing_bytes == 0


def test_the_default_settings_hold_every_phase_without_a_card() -> None:
    """On a machine with 6 GB of memory or more; this one is clipped where it has less."""
    settings = load_settings(environ={}).settings
    assert [room.name for room in rooms_of(settings)] == ["vram", "shared", "ram", "nvme"]
    budgets = budgets_of(settings)
    assert sum(budgets[name].token_capacity for name in ("shared", "ram")) >= settings.target_token_limit
    found = plan_phase(settings.target_token_limit, 5.0, 4.0, budgets)
    assert [room.name for room in found.rooms] == ["shared", "ram"]
    assert found.needed_bytes == 50_000_000
