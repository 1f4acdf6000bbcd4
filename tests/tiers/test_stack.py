"""What the stack promises, one promise a test; its state machine is in `test_stack_machine`."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.tiers.pressure import MemoryState
from exosuit_cli.tiers.protocol import Entry, key_of
from exosuit_cli.tiers.ram import ENTRY_BYTES, RamTier
from exosuit_cli.tiers.shared import SharedReader, SharedTier
from exosuit_cli.tiers.stack import TierStack

from .places import DictTier, entries, own_name

if TYPE_CHECKING:
    from pathlib import Path

CALM = MemoryState(0.0, 10**9, 10**9)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def equal(count: int, size: int = 600, tokens: int = 100) -> list[Entry]:
    """Entries of one size."""
    found = [(f"{number:08}" * (size // 8)).encode() for number in range(count)]
    return [Entry(key_of(data), data, tokens) for data in found]


def ram_for(count: float) -> RamTier:
    """Room for so many entries of `equal`."""
    return RamTier(int((600 + ENTRY_BYTES) * count), 10**9)


def stack_of(*memory: Any, floor: Any = None, **options: Any) -> TierStack:
    options.setdefault("clock", Clock())
    options.setdefault("read_state", lambda: CALM)
    return TierStack(list(memory), floor, **options)


def keys(some: list[Entry]) -> list[bytes]:
    return [entry.key for entry in some]


def test_the_second_read_brings_an_entry_up_and_the_first_does_not() -> None:
    ram, floor = ram_for(50), DictTier()
    stack = stack_of(ram, floor=floor)
    some = equal(10)
    stack.put(some, resident=False)
    assert len(ram) == 0
    stack.get_many(keys(some))
    assert len(ram) == 0
    stack.get_many(keys(some[:4]))
    assert [key in ram for key in keys(some)] == [True] * 4 + [False] * 6
    calls = floor.calls
    assert stack.get_many(keys(some[:4])) == [entry.data for entry in some[:4]]
    assert floor.calls == calls
    assert stack.report().tiers[0].counters.promotions == 4


def test_a_read_comes_up_step_by_step() -> None:
    warm, ram, floor = DictTier(10_000, name="shared"), ram_for(50), DictTier()
    stack = stack_of(warm, ram, floor=floor)
    (some,) = equal(1)
    stack.put([some], resident=False)
    places = []
    for _ in range(4):
        assert stack.get(some.key) == some.data
        places.append("shared" if some.key in warm else "ram" if some.key in ram else "nvme")
    assert places == ["nvme", "ram", "ram", "shared"]
    assert some.key not in ram
    assert some.key in floor


def test_even_reads_do_not_swap_entries_for_ever() -> None:
    warm, ram = DictTier(600 * 20, name="shared"), ram_for(100)
    stack = stack_of(warm, ram, floor=DictTier())
    some = equal(60)
    stack.put(some)
    for _ in range(12):
        stack.get_many(keys(some))
    moves = [tier.counters.promotions + tier.counters.demotions for tier in stack.report().tiers[:2]]
    assert sum(moves) < 60


def test_what_leaves_goes_down_and_comes_back() -> None:
    warm, ram, floor = DictTier(600 * 10, name="shared"), ram_for(10), DictTier()
    stack = stack_of(warm, ram, floor=floor)
    some = equal(100)
    assert stack.put(some) == 100
    assert len(ram) <= 10
    assert stack.get_many(keys(some)) == [entry.data for entry in some]
    report = stack.report()
    assert report.tiers[1].counters.evictions >= 90
    assert report.unbacked == 0


def test_without_a_persistent_tier_nothing_is_taken_that_does_not_fit() -> None:
    ram = ram_for(10)
    stack = stack_of(ram)
    some = equal(30)
    taken = stack.put(some)
    assert taken == 10
    assert stack.put(some[taken:]) == 0
    assert stack.get_many(keys(some)) == [entry.data for entry in some[:10]] + [None] * 20
    assert stack.report().unbacked == 10


def test_what_a_full_disk_refused_stays_in_memory_until_it_is_taken() -> None:
    ram, floor = ram_for(20), DictTier(size=600 * 5)
    stack = stack_of(ram, floor=floor)
    some = equal(30)
    taken = stack.put(some)
    assert taken == 5 + 20
    assert stack.get_many(keys(some[:taken])) == [entry.data for entry in some[:taken]]
    floor.size = 1 << 40
    assert stack.put(some) == 30
    assert stack.get_many(keys(some)) == [entry.data for entry in some]


def test_the_limit_of_tokens_holds_at_any_time_and_may_change() -> None:
    ram, floor = ram_for(1000), DictTier()
    stack = stack_of(ram, floor=floor, limit_tokens=2000)
    some = equal(100)
    assert stack.put(some) == 100
    assert stack.resident_tokens == 2000
    stack.limit_tokens = 1999
    assert stack.resident_tokens == 1900
    stack.limit_tokens = 0
    assert stack.resident_tokens == 0
    assert stack.get_many(keys(some)) == [entry.data for entry in some]
    stack.limit_tokens = None
    stack.put(some)
    assert stack.resident_tokens == 10_000


def test_a_lower_limit_of_tokens_empties_a_tier_whose_policy_lets_nothing_leave_for_want_of_room() -> None:
    ram, floor = ram_for(10), DictTier()
    stack = stack_of(ram, floor=floor, policies={"ram": "none"})
    some = equal(20)
    assert stack.put(some) == 20
    assert stack.resident_tokens == 1000  # the first that came: none made room for another
    stack.limit_tokens = 300
    assert stack.resident_tokens == 300
    assert stack.get_many(keys(some)) == [entry.data for entry in some]


def test_a_limit_below_what_leases_hold_is_reached_when_they_end() -> None:
    clock = Clock()
    stack = stack_of(ram_for(100), floor=DictTier(), clock=clock)
    some = equal(10)
    stack.put(some)
    lease = stack.lease(keys(some[:4]), 60)
    stack.lease(keys(some[4:6]), 20)
    stack.limit_tokens = 100
    assert stack.report().resident_tokens == 600
    clock.now = 20
    assert stack.report().resident_tokens == 400
    lease.release()
    assert stack.report().resident_tokens == 100


def test_a_context_of_exactly_the_limit_is_resident_as_a_whole() -> None:
    ram = ram_for(1000)
    stack = stack_of(ram, floor=DictTier(), limit_tokens=10_000)
    stack.put(equal(100))
    assert stack.resident_tokens == 10_000


def test_watermarks_count_what_may_leave() -> None:
    ram = ram_for(100)
    stack = stack_of(ram, floor=DictTier())
    some = equal(300)
    stack.put(some[:95])
    assert len(ram) == 95
    stack.put(some[95:96])
    assert len(ram) == 90, "above 95%, entries leave down to 90%"
    held = [entry.key for entry in some if entry.key in ram][:50]
    lease = stack.lease(held, 60)
    stack.put(some[96:150])
    assert all(key in ram for key in held)
    assert len(ram) <= 50 + 0.95 * 50, "the shares are of the room that leases do not hold"
    lease.release()


def test_a_lease_that_nobody_releases_ends() -> None:
    clock = Clock()
    ram = ram_for(10)
    stack = stack_of(ram, floor=DictTier(), clock=clock)
    some = equal(40)
    stack.put(some)
    lease = stack.lease(keys(some[:3]), 30)
    assert lease.is_held
    assert not lease.missing
    stack.put(some)
    assert all(key in ram for key in keys(some[:3]))
    assert stack.report().tiers[0].usage.pinned_bytes == 1800
    clock.now = 29
    assert lease.renew(10)
    clock.now = 38.9
    assert lease.is_held
    clock.now = 39
    assert not lease.is_held
    assert not lease.renew(10)
    report = stack.report()
    assert (report.expired_leases, report.tiers[0].usage.pinned_bytes) == (1, 0)
    stack.put(equal(200))
    assert not any(key in ram for key in keys(some[:3]))


def test_leases_overlap_and_end_with_their_block() -> None:
    stack = stack_of(ram_for(10), floor=DictTier())
    some = equal(5)
    stack.put(some)
    with stack.lease(keys(some), 60) as outer, stack.lease(keys(some[:2]), 60):
        assert len(stack.leases) == 5
        outer.release()
        assert len(stack.leases) == 2
    assert len(stack.leases) == 0
    with pytest.raises(ZeroDivisionError), stack.lease(keys(some), 60):
        _ = 1 // 0
    assert len(stack.leases) == 0
    with pytest.raises(ValueError, match="above 0"):
        stack.lease(keys(some), 0)


def test_a_lease_says_what_it_could_not_hold() -> None:
    ram = ram_for(10)
    stack = stack_of(ram, floor=DictTier())
    some = equal(40)
    stack.put(some)
    lease = stack.lease([*keys(some), bytes(16)], 60)
    assert 1 <= len(lease.sizes) <= 10
    assert len(lease.missing) == 41 - len(lease.sizes)
    assert bytes(16) in lease.missing
    assert stack.put(equal(60)) == 60, "the persistent tier takes what memory cannot"
    assert all(key in ram for key in lease.sizes)


def test_a_prefetch_takes_what_fits_and_sends_nothing_away() -> None:
    ram = ram_for(20)
    stack = stack_of(ram, floor=DictTier())
    some = equal(60)
    stack.put(some, resident=False)
    stack.put(some[50:])
    ready = stack.prefetch(keys(some))
    assert 5 <= ready <= 9
    assert [key in ram for key in keys(some)] == [place < ready or place >= 50 for place in range(60)]
    assert stack.prefetch(keys(some[:ready])) == ready
    assert stack.prefetch([bytes(16)]) == 0


def test_a_stream_reads_ahead_within_its_window() -> None:
    ram, floor = ram_for(40), DictTier()
    stack = stack_of(ram, floor=floor)
    some = equal(2000)
    stack.put(some, resident=False)
    calls = floor.calls
    stream = stack.stream([*keys(some), bytes(16)], window_bytes=12_000)
    assert list(stream) == [*(entry.data for entry in some), None]
    assert stream.most_ahead_bytes <= 12_000
    assert floor.calls - calls <= 2 * 2000 // 17
    assert stream.hit_share is not None
    assert 0.8 < stream.hit_share < 1
    assert len(ram) == 0
    small = stack.stream(keys(some), window_bytes=0)
    assert list(small) == [entry.data for entry in some]
    assert small.most_ahead_bytes == 600
    assert small.hit_share == 0
    stack.put(some[:30])
    assert (warm := stack.stream(keys(some[:30]))).hit_share is None
    assert list(warm) == [entry.data for entry in some[:30]]
    assert warm.hit_share == 1


def test_a_stream_changes_no_order() -> None:
    ram = ram_for(10)
    stack = stack_of(ram, floor=DictTier())
    some = equal(12)
    stack.put(some[:9])
    list(stack.stream(keys(some[:9])))
    stack.put(some[9:])
    assert some[0].key not in ram
    assert some[8].key in ram


@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), MemoryError(), sqlite3.OperationalError("disk I/O error")]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_tier_that_fails_is_passed_over_with_one_warning(error: Exception, place: int) -> None:
    clock, said = Clock(), list[str]()
    tiers = [DictTier(1 << 20, name="shared"), DictTier(1 << 20, name="ram"), DictTier()]
    stack = stack_of(*tiers[:2], floor=tiers[2], clock=clock, warn=said.append)
    some = equal(20)
    stack.put(some[:10])
    tiers[place].failure = error
    found = stack.get_many(keys(some[:10]))
    assert all(data in {None, entry.data} for data, entry in zip(found, some, strict=False))
    assert found == [entry.data for entry in some[:10]]
    assert stack.put(some[10:]) == 10
    assert stack.get_many(keys(some)) == [entry.data for entry in some]
    assert stack.report().tiers[place].is_off
    clock.now += 31
    assert stack.put(equal(21)) == 21
    assert stack.get_many([*keys(some), bytes(16)]) == [*(entry.data for entry in some), None]
    assert len(said) == 1
    assert said[0].startswith(f"tier {tiers[place].name} fails and is passed over: ")
    report = stack.report()
    assert report.warnings == tuple(said)
    assert report.tiers[place].is_off
    assert report.tiers[place].counters.failures >= 1
    tiers[place].failure = None
    clock.now += 31
    assert not stack.report().tiers[place].is_off
    assert stack.get_many(keys(some)) == [entry.data for entry in some]


def test_a_mistake_of_a_program_is_not_hidden() -> None:
    ram = ram_for(10)
    stack = stack_of(ram)
    some = equal(2)
    with pytest.raises(ValueError, match=some[0].key.hex()):
        stack.put([Entry(some[0].key, some[1].data, 1)])
    assert some[0].key not in stack
    assert stack.report().unbacked == 0


def test_memory_is_given_back_before_the_kernel_takes_it() -> None:
    clock, state = Clock(), [CALM]
    ram = ram_for(100)
    stack = stack_of(ram, floor=DictTier(), clock=clock, read_state=lambda: state[0])
    some = equal(80)
    stack.put(some)
    state[0] = MemoryState(0.0, 50_000_000 - 40 * (600 + ENTRY_BYTES), 10**9)  # short of 5% by 40 entries
    stack.get(some[0].key)
    assert len(ram) == 80, "memory is looked at once a second"
    clock.now = 2
    stack.get(some[0].key)
    assert len(ram) == 40
    assert stack.report().relieved_bytes == 40 * (600 + ENTRY_BYTES)
    assert stack.put(equal(90)) == 90
    assert len(ram) == 40, "nothing new comes in while memory is short"
    assert stack.prefetch(keys(some)) == 0
    state[0], clock.now = CALM, 4
    stack.put(equal(90))
    assert len(ram) > 40
    assert stack.get_many(keys(some)) == [entry.data for entry in some]


def test_reports_count_what_happened() -> None:
    ram = ram_for(100)
    stack = stack_of(ram, floor=DictTier())
    some = equal(50)
    stack.put(some)
    stack.get_many([*keys(some), bytes(16)])
    report = stack.report()
    memory, floor = report.tiers
    assert (memory.counters.hits, memory.counters.misses) == (50, 1)
    assert (floor.counters.hits, floor.counters.misses) == (0, 1)
    assert memory.counters.bytes_in == memory.counters.bytes_out == floor.counters.bytes_in == 50 * 600
    assert memory.read_p50_seconds is not None
    assert memory.read_p99_seconds is not None
    assert 0 < memory.read_p50_seconds <= memory.read_p99_seconds
    assert memory.usage.stored_ratio == pytest.approx(600 / (600 + ENTRY_BYTES))
    assert report.resident_tokens == 5000
    empty = stack_of(ram_for(1)).report().tiers[0]
    assert empty.read_p50_seconds is None
    assert empty.usage.stored_ratio is None


def test_discarded_is_gone_from_every_tier() -> None:
    warm, ram, floor = DictTier(1 << 20, name="shared"), ram_for(10), DictTier()
    stack = stack_of(warm, ram, floor=floor)
    some = equal(5)
    stack.put(some)
    for _ in range(4):
        stack.get_many(keys(some))
    stack.discard(keys(some[:3]))
    assert stack.get_many(keys(some)) == [None] * 3 + [entry.data for entry in some[3:]]
    assert some[0].key not in stack
    assert some[4].key in stack


@pytest.mark.parametrize("policy", ["lru", "fifo", "lfu", "score", "none"])
def test_every_policy_keeps_budgets_and_entries(policy: str) -> None:
    ram = ram_for(20)
    stack = stack_of(ram, floor=DictTier(), policies={"ram": policy})
    some = equal(200)
    for start in range(0, 200, 20):
        stack.put(some[start : start + 20])
        stack.get_many(keys(some[: start + 20]))
    assert 0 < len(ram) <= 20
    assert stack.get_many(keys(some)) == [entry.data for entry in some]


def test_an_entry_larger_than_the_tier_moves_nothing() -> None:
    ram = ram_for(10)
    stack = stack_of(ram, floor=DictTier())
    some = equal(9)
    stack.put(some)
    stack.put([Entry(key_of(large := b"x" * 11_000), large, 5)])
    assert len(ram) == 9
    assert stack.get(key_of(large)) == large


def test_a_tier_that_is_not_empty_has_no_policy() -> None:
    ram = ram_for(10)
    ram.put(equal(1))
    with pytest.raises(ValueError, match="give an empty one"):
        stack_of(ram)


def test_real_tiers_together(tmp_path: Path) -> None:
    name = own_name(tmp_path)
    shared = SharedTier(name, 300_000, 10**6)
    stack = stack_of(shared, RamTier(200_000, 10**6, "zstd"), floor=DictTier(), limit_tokens=150_000)
    some = entries(400, least=400)
    assert stack.put(some) == 400
    hot = some[:60]
    for _ in range(6):
        assert stack.get_many(keys(hot)) == [entry.data for entry in hot]
    assert sum(key in shared for key in keys(hot)) > 30
    other = stack_of(SharedReader(name), RamTier(200_000, 10**6), floor=DictTier())
    inside = [entry for entry in hot if entry.key in shared]
    assert other.get_many(keys(inside)) == [entry.data for entry in inside]
    assert other.put(some[:5]) == 5
    other.close()
    assert stack.get_many(keys(some)) == [entry.data for entry in some]
    assert stack.resident_tokens <= 150_000
    stack.close()
