"""Places inside an arena never overlap, and what is wasted is bounded."""

from __future__ import annotations

import errno
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.tiers.pools import Pools

REGION = 4096


def pools(regions: int = 16) -> Pools:
    return Pools(regions, REGION, lambda start, size: None)


@given(st.lists(st.one_of(st.integers(0, REGION + 1), st.just(None)), max_size=300), st.randoms())
def test_places_do_not_overlap(steps: list[int | None], rng: object) -> None:
    """A number asks for so many bytes; None gives one of the places back."""
    arena = pools()
    held: dict[int, tuple[int, int]] = {}
    for step in steps:
        if step is None:
            if held:
                start = rng.choice(sorted(held))  # type: ignore[attr-defined]
                del held[start]
                arena.free(start)
        else:
            start = arena.allocate(step)
            slot = arena.slot_bytes(step)
            assert (slot is None) == (step > REGION)
            if start is not None:
                assert slot is not None
                assert slot >= step
                assert 0 <= start <= 16 * REGION - slot
                assert start % 16 == 0
                assert start // REGION == (start + slot - 1) // REGION
                held[start] = start, start + slot
        places = sorted(held.values())
        assert all(left[1] <= right[0] for left, right in pairwise(places))
        assert arena.used_bytes == sum(end - start for start, end in places)
        assert arena.used_bytes <= arena.reserved_bytes <= 16 * REGION
    for start in list(held):
        arena.free(start)
    assert arena.used_bytes == 0
    assert len(arena.take_unused()) * REGION <= 16 * REGION
    assert arena.reserved_bytes == 0
    assert sum(arena.allocate(REGION) is not None for _ in range(17)) == 16


@pytest.mark.parametrize("size", [200, 700, 1500, 4000, 9000, 70_000])
def test_a_slot_is_at_most_an_eighth_larger_than_what_it_holds(size: int) -> None:
    slot = Pools(1, 256 << 10, lambda start, size: None).slot_bytes(size)
    assert slot is not None
    assert size <= slot <= size * 9 / 8 + 16


def test_sparse_regions_are_those_that_others_have_room_for() -> None:
    arena = pools()
    places = [arena.allocate(1024) for _ in range(16)]
    assert None not in places
    for place in places[:3] + places[4:7] + places[8:9]:
        assert place is not None
        arena.free(place)
    assert sorted(arena.sparse()) == [0], "one entry moves into a hole; three holes would not hold the rest"
    arena.free(places[9] or 0)
    assert len(arena.sparse()) == 2


def test_a_reserve_that_fails_changes_nothing() -> None:
    calls = []

    def reserve(start: int, size: int) -> None:
        calls.append((start, size))
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    arena = Pools(4, REGION, reserve)
    assert arena.allocate(REGION) == 0
    with pytest.raises(OSError, match="No space"):
        arena.allocate(REGION)
    assert arena.reserved_bytes == REGION
    assert arena.allocate(REGION) == REGION
    assert calls == [(0, REGION), (REGION, REGION), (REGION, REGION)]
