"""Keys that were seen before are told from new ones, whatever the order and however many come at once."""

from __future__ import annotations

import random

from exosuit_cli.tiers.seen_keys import SeenKeys


def test_a_key_is_new_once() -> None:
    chance = random.Random(7)
    keys = [chance.randbytes(16) for _ in range(600)]
    keys += [key[:8] + chance.randbytes(8) for key in keys[:20]]  # the same first half
    seen, before = SeenKeys(), set[bytes]()
    for _ in range(60):
        batch = chance.choices(keys[:600], k=chance.randrange(1, 90))
        expected = [key not in before and key not in batch[:place] for place, key in enumerate(batch)]
        assert seen.add(b"".join(batch)).tolist() == expected
        before.update(batch)
    assert seen.add(b"").tolist() == []
    assert seen.add(b"".join(keys[600:])).all(), "another key is never taken for one that was seen"
