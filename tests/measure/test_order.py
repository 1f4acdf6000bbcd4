"""The order of runs is balanced, mirrored and the seed's."""

from __future__ import annotations

from itertools import islice

from exosuit_cli.measure.order import slots


def test_slots_come_in_mirrored_quartets() -> None:
    order = list(islice(slots(7), 400))
    for first, second in zip(order[::2], order[1::2], strict=True):
        assert first == second[::-1]
        assert set(first) == {"A", "B"}
    begins = sum(slot[0] == "A" for slot in order[::2])
    assert 60 < begins < 140


def test_the_seed_decides() -> None:
    assert list(islice(slots(1), 50)) == list(islice(slots(1), 50))
    assert len({tuple(islice(slots(seed), 40)) for seed in range(10)}) == 10
