"""What leaves first, by policy; each is also held against a plain model of its rule."""

from __future__ import annotations

import random
from contextlib import closing
from itertools import islice

import pytest

from exosuit_cli.model.errors import UsageError
from exosuit_cli.tiers.policies import POLICIES, new_policy
from exosuit_cli.tiers.policies.score import Score

KEYS = [bytes([number]) * 16 for number in range(200)]


@pytest.mark.parametrize("name", POLICIES)
def test_every_key_is_offered_once_and_stays_until_it_is_removed(name: str) -> None:
    policy, rng = new_policy(name), random.Random(4)
    assert policy is not None
    held: set[bytes] = set()
    for _ in range(600):
        key = rng.choice(KEYS)
        if key in held and rng.random() < 0.4:
            policy.remove(key)
            held.discard(key)
        elif key in held:
            policy.touch([key, key])
        else:
            policy.add(key, rng.randrange(1, 5000), relevance=rng.random(), cost=rng.random())
            held.add(key)
        with closing(policy.victims()) as victims:
            some = list(islice(victims, rng.randrange(4)))
        assert len(set(some)) == len(some)
        assert set(some) <= held
        assert len(policy) == len(held)
        assert (key in policy) == (key in held)
    assert sorted(policy.victims()) == sorted(held)
    policy.remove(bytes(16))


def test_lru_and_fifo_against_a_list() -> None:
    rng = random.Random(5)
    lru, fifo = new_policy("lru"), new_policy("fifo")
    assert lru is not None
    assert fifo is not None
    recent: list[bytes] = []
    arrived: list[bytes] = []
    for _ in range(3000):
        key = rng.choice(KEYS)
        if key in recent:
            recent.remove(key)
            lru.touch([key])
            fifo.touch([key])
        else:
            arrived.append(key)
            lru.add(key, 1)
            fifo.add(key, 1)
        recent.append(key)
        if len(recent) > 50:
            assert next(lru.victims()) == recent[0]
            assert next(fifo.victims()) == arrived[0]
            gone = recent.pop(0)
            arrived.remove(gone)
            lru.remove(gone)
            fifo.remove(gone)
    assert list(lru.victims()) == recent
    assert list(fifo.victims()) == arrived


def test_lfu_counts_reads_and_forgets_what_was_hot_long_ago() -> None:
    policy = new_policy("lfu")
    assert policy is not None
    for key in KEYS[:4]:
        policy.add(key, 1)
    policy.touch([KEYS[0]] * 5 + [KEYS[1]] * 3 + [KEYS[3]])
    assert list(policy.victims()) == [KEYS[2], KEYS[3], KEYS[1], KEYS[0]]
    for key in KEYS[4:40]:  # what comes in starts where the last one that left stood
        with closing(policy.victims()) as victims:
            victim = next(victims)
        policy.remove(victim)
        policy.add(key, 1)
    assert KEYS[0] not in policy


def test_score_weighs_reads_age_relevance_cost_and_size() -> None:
    policy = Score(half_life=10)
    policy.add(b"plain", 1000)
    policy.add(b"wanted", 1000, relevance=8)
    policy.add(b"dear", 1000, cost=4)
    policy.add(b"large", 4000)
    assert list(policy.victims()) == [b"large", b"plain", b"dear", b"wanted"]
    policy.touch([b"large"] * 40)
    assert list(policy.victims()) == [b"plain", b"dear", b"wanted", b"large"]
    policy.touch([b"plain"] * 100)  # ten half-lives later what was read often counts little
    assert list(policy.victims()) == [b"dear", b"wanted", b"large", b"plain"]


def test_score_against_its_formula() -> None:
    rng, half_life = random.Random(8), 50
    policy = Score(half_life)
    reads: dict[bytes, list[int]] = {}
    weight: dict[bytes, float] = {}
    now = 0
    for _ in range(2000):
        now += 1
        key = rng.choice(KEYS[:60])
        if key in reads:
            policy.touch([key])
            reads[key].append(now)
        else:
            size, relevance, cost = rng.randrange(1, 9000), rng.uniform(0.1, 10), rng.uniform(1, 30)
            policy.add(key, size, relevance=relevance, cost=cost)
            reads[key], weight[key] = [now], relevance * cost / size
    score = {key: weight[key] * sum(0.5 ** ((now - at) / half_life) for at in reads[key]) for key in reads}
    assert list(policy.victims()) == sorted(score, key=score.__getitem__)


def test_an_unknown_policy_is_named() -> None:
    with pytest.raises(UsageError, match="'mru' is unknown; accepted: lru, lfu, fifo, score, none"):
        new_policy("mru")
