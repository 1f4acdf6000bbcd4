"""Payloads in this process's memory: exact budgets, no copy, frames that shrink what is held."""

from __future__ import annotations

import pytest

from exosuit_cli.model.errors import UsageError
from exosuit_cli.tiers.protocol import Entry, key_of
from exosuit_cli.tiers.ram import ENTRY_BYTES, RamTier

from .places import entries


def test_one_byte_less_than_needed() -> None:
    some = entries(30)
    needed = sum(len(entry.data) + ENTRY_BYTES for entry in some)
    tier = RamTier(needed, 10**9)
    assert tier.put(some) == 30
    assert tier.usage().used_bytes == needed
    assert RamTier(needed - 1, 10**9).put(some) == 29
    assert RamTier(0, 10**9).put(some) == 0


def test_a_read_hands_out_the_object_that_was_verified() -> None:
    tier, (some,) = RamTier(1 << 20, 10**9), entries(1)
    tier.put([some])
    assert tier.get([some.key])[0] is some.data


def test_what_may_change_is_copied_before_it_is_kept() -> None:
    buffer = bytearray(b"text of a chunk")
    tier, key = RamTier(1 << 20, 10**9), key_of(buffer)
    tier.put([Entry(key, buffer, 1)])
    buffer[0] ^= 1
    assert tier.get([key]) == [b"text of a chunk"]


def test_frames_take_less_room() -> None:
    data = b"def f(x):\n    return x\n" * 200
    entry = Entry(key_of(data), data, 9)
    tier = RamTier(len(data) // 2 + ENTRY_BYTES, 10**9, "zstd")
    assert tier.put([entry]) == 1
    assert tier.get([entry.key]) == [data]
    usage = tier.usage()
    assert usage.data_bytes == len(data)
    assert usage.stored_ratio is not None
    assert usage.stored_ratio > 4


def test_text_is_not_rounded() -> None:
    with pytest.raises(UsageError, match="int8 rounds numbers"):
        RamTier(1, 1, "int8")
