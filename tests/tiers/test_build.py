"""A stack made of budgets: every tier that can be opened, and a reason for each that cannot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from exosuit_cli.config import load_settings
from exosuit_cli.tiers.budgets import Machine, TierBudget, tier_budgets
from exosuit_cli.tiers.build import open_stack
from exosuit_cli.tiers.segment import segment_path
from exosuit_cli.tiers.shared import SharedTier

from .places import DictTier, entries, own_name

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def budgets(**changed: float | str) -> dict[str, TierBudget]:
    flags = {f"memory_layers.{key.replace('__', '.')}": value for key, value in changed.items()}
    machine = Machine(1 << 24, "this machine has", 1 << 22, 1 << 40, None)
    return tier_budgets(load_settings(environ={}, overrides=flags).settings, machine)


def names(stack: Any) -> list[str]:
    return [tier.usage.name for tier in stack.report().tiers]


def test_every_tier_of_a_machine_without_a_card(tmp_path: Path) -> None:
    stack = open_stack(budgets(), DictTier(), shared_name=own_name(tmp_path), limit_tokens=9000)
    assert names(stack) == ["shared", "ram", "nvme"]
    some = entries(30)
    assert stack.put(some) == 30
    assert stack.get_many([entry.key for entry in some]) == [entry.data for entry in some]
    assert stack.report().warnings == ()
    assert stack.limit_tokens == 9000
    stack.close()


def test_what_is_off_or_not_asked_for_is_not_opened() -> None:
    assert names(open_stack(budgets(), DictTier())) == ["ram", "nvme"]
    stack = open_stack(budgets(system_ram__capacity_gb=0), DictTier())
    assert names(stack) == ["nvme"]
    some = entries(3)
    assert stack.put(some) == 3
    assert stack.get(some[0].key) == some[0].data
    assert stack.resident_tokens == 0


def test_the_arena_of_a_live_process_is_read(tmp_path: Path) -> None:
    name = own_name(tmp_path)
    owner, some = SharedTier(name, 1 << 20, 10**6), entries(10)
    owner.put(some)
    stack = open_stack(budgets(), None, shared_name=name)
    assert stack.get_many([entry.key for entry in some]) == [entry.data for entry in some]
    stack.close()
    assert owner.get([some[0].key]) == [some[0].data]
    owner.close()


def test_a_tier_that_cannot_be_opened_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, said = own_name(tmp_path), list[str]()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    stack = open_stack(budgets(), DictTier(), shared_name=name, warn=said.append)
    assert names(stack) == ["ram", "nvme"]
    assert len(said) == 1
    assert said[0].startswith("tier shared cannot be opened and is passed over: ")
    assert "No space left on device" in said[0]
    assert stack.report().warnings == tuple(said)
    assert not os.path.exists(segment_path(name))


def test_a_compression_without_effect_is_said(tmp_path: Path) -> None:
    found = budgets(shared_memory__compression="zstd", system_ram__compression="zstd")
    stack = open_stack(found, DictTier(), shared_name=own_name(tmp_path))
    assert stack.report().warnings == (
        "tier shared keeps text as it is: memory_layers.shared_memory.compression has no effect",
    )
    stack.close()
