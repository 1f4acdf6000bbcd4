"""One contract for every tier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.tiers.protocol import Entry, key_of

from .places import PLACES, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from exosuit_cli.tiers.protocol import Tier

    Make = Callable[..., Tier]

ROOM = 1 << 22


def on_a_card() -> Callable[[Path, int, int], Tier]:
    """The tier `vram` on a real card; where none answers, a skip that says why."""
    from exosuit_cli.device.choice import load_driver
    from exosuit_cli.tiers.vram import VramTier

    reason = load_driver().why_not(0)
    if reason is not None:
        pytest.skip(reason)
    try:
        card = load_driver().open_card(0, 0)
    except ResourceMissing as error:
        pytest.skip(str(error))
    return lambda _, size, tokens: VramTier(card.queue(), size, tokens)


@pytest.fixture(params=[*PLACES, pytest.param("card", marks=pytest.mark.gpu)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    made: list[Tier] = []
    place = on_a_card() if request.param == "card" else PLACES[request.param]

    def make_tier(size: int = ROOM, tokens: int = 10**9) -> Tier:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(place(folder, size, tokens))
        return made[-1]

    yield make_tier
    for tier in made:
        tier.close()
        tier.close()


def test_what_goes_in_comes_out(make: Make) -> None:
    tier, some = make(), entries(200)
    assert len(tier) == 0
    assert tier.put(some) == 200
    keys = [entry.key for entry in some]
    assert tier.get(keys) == [entry.data for entry in some]
    assert tier.get(keys[::-1]) == [entry.data for entry in some[::-1]]
    assert tier.tokens(keys) == [entry.tokens for entry in some]
    assert all(key in tier for key in keys)
    assert len(tier) == 200
    assert tier.get([]) == []
    assert tier.put([]) == 0


def test_a_key_that_is_not_held_is_a_miss(make: Make) -> None:
    tier, (some, other) = make(), entries(2)
    tier.put([some])
    assert tier.get([other.key, some.key, other.key, some.key]) == [None, some.data, None, some.data]
    assert tier.tokens([other.key]) == [0]
    assert other.key not in tier
    tier.discard([other.key])
    assert len(tier) == 1


def test_what_is_held_already_counts_as_taken_once(make: Make) -> None:
    tier, (some, other) = make(), entries(2)
    assert tier.put([some, some, other, some]) == 4
    before = tier.usage()
    assert tier.put([other, some]) == 2
    assert tier.usage() == before
    assert before.entries == len(tier) == 2
    assert before.tokens == some.tokens + other.tokens
    assert before.data_bytes == len(some.data) + len(other.data)


def test_discarded_room_is_free_again(make: Make) -> None:
    tier, some = make(), entries(300)
    empty = tier.usage()
    for _ in range(3):
        assert tier.put(some) == 300
        tier.discard([entry.key for entry in some] * 2)
        after = tier.usage()
        assert (after.used_bytes, after.tokens, after.entries) == (empty.used_bytes, 0, 0)
        assert tier.get([some[0].key]) == [None]


def test_one_token_less_than_needed(make: Make) -> None:
    some = entries(20)
    needed = sum(entry.tokens for entry in some)
    assert make(tokens=needed).put(some) == 20
    tier = make(tokens=needed - 1)
    assert tier.put(some) == 19
    assert tier.put(some[19:]) == 0
    assert tier.get([entry.key for entry in some]) == [*(entry.data for entry in some[:19]), None]
    assert make(tokens=0).put(some) == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=30)
@given(size=st.integers(0, 60_000), seed=st.integers(0, 50))
def test_any_budget_of_bytes_takes_the_first_and_is_kept(make: Make, size: int, seed: int) -> None:
    tier, some = make(size=size), entries(24, seed, most=6000)
    try:
        taken = tier.put(some)
        usage = tier.usage()
        assert usage.used_bytes <= usage.capacity_bytes <= size
        assert [data is not None for data in tier.get([entry.key for entry in some])] == [
            place < taken for place in range(24)
        ]
        assert tier.put(some[:taken]) == taken
        assert tier.usage() == usage, "what is held takes no room again"
        while more := tier.put(some[taken:]):  # where room is counted before it is packed, more may fit now
            taken += more
        assert tier.usage().used_bytes <= size
    finally:
        tier.close()


def test_a_payload_that_is_not_what_its_key_says_is_refused(make: Make) -> None:
    tier, (some, other) = make(), entries(2)
    with pytest.raises(ValueError, match=some.key.hex()):
        tier.put([other, Entry(some.key, other.data, 1)])
    assert len(tier) == 0
    assert tier.usage().tokens == 0


def test_an_empty_payload(make: Make) -> None:
    tier, nothing = make(), Entry(key_of(b""), b"", 0)
    assert tier.put([nothing]) == 1
    assert tier.get([nothing.key]) == [b""]


def test_closed_holds_nothing(make: Make) -> None:
    tier = make()
    tier.put(entries(5))
    tier.close()
    tier.close()
