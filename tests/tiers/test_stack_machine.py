"""The whole stack against a dict: any order of calls, failures and short budgets; never wrong bytes, nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from exosuit_cli.tiers.pressure import MemoryState
from exosuit_cli.tiers.ram import RamTier
from exosuit_cli.tiers.shared import SharedTier
from exosuit_cli.tiers.stack import TierStack

from .places import DictTier, entries, own_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.tiers.leases import Lease
    from exosuit_cli.tiers.protocol import Entry

POOL = entries(40, most=2000)


def _chosen(places: list[int]) -> list[Entry]:
    return [POOL[place] for place in places]


SOME = st.lists(st.integers(0, len(POOL) - 1), min_size=1, max_size=12).map(_chosen)
CALM = MemoryState(0.0, 10**9, 10**9)


class FailingShared(SharedTier):
    """Real shared memory of a few pages, which can be told to fail."""

    def __init__(self, size: int) -> None:
        super().__init__(own_name(None), size, 5_000)
        self.failure: Exception | None = None

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        self._fail()
        return super().get(keys)

    def put(self, entries: Sequence[Entry]) -> int:
        self._fail()
        return super().put(entries)

    def discard(self, keys: Sequence[bytes]) -> None:
        self._fail()
        super().discard(keys)

    def tokens(self, keys: Sequence[bytes]) -> list[int]:
        self._fail()
        return super().tokens(keys)

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class StackMachine(RuleBasedStateMachine):
    """`model` has what the stack said it took, and what may be there although it did not say so."""

    @initialize(
        warm=st.sampled_from([0, 3_000, 12_000]),
        is_shared=st.booleans(),
        ram=st.sampled_from([0, 6_000, 20_000, 60_000]),
        floor=st.sampled_from([None, 0, 20_000, 1 << 40]),
        policy=st.sampled_from(["lru", "fifo", "lfu", "score", "none"]),
        limit=st.sampled_from([None, 900, 4_000, 9_000]),
        compression=st.sampled_from(["none", "zstd"]),
    )
    def start(
        self, warm: int, is_shared: bool, ram: int, floor: int | None, policy: str, limit: int | None, compression: str
    ) -> None:
        self.now, self.state = 0.0, CALM
        self.warm = FailingShared(8192 + warm) if is_shared else DictTier(warm, 5_000, "shared")
        self.ram = RamTier(ram, 12_000, compression)
        self.floor = None if floor is None else DictTier(floor)
        self.stack = TierStack(
            [self.warm, self.ram], self.floor, policies={"shared": policy, "ram": policy}, limit_tokens=limit,
            clock=lambda: self.now, read_state=lambda: self.state,
        )  # fmt: skip
        self.model: dict[bytes, Entry] = {}
        self.leases: list[Lease] = []
        self.let_go: dict[int, set[bytes]] = {}
        self.had_failures = False

    @rule(some=SOME, resident=st.booleans(), relevance=st.floats(0.01, 100))
    def put(self, some: list[Entry], resident: bool, relevance: float) -> None:
        taken = self.stack.put(some, resident=resident, relevance=relevance)
        assert 0 <= taken <= len(some)
        self.model |= {entry.key: entry for entry in some[:taken]}

    @rule(some=SOME)
    def get(self, some: list[Entry]) -> None:
        found = self.stack.get_many([entry.key for entry in some])
        self.check(some, found)

    @rule(some=SOME, window=st.integers(0, 5000))
    def stream(self, some: list[Entry], window: int) -> None:
        stream = self.stack.stream([entry.key for entry in some], window_bytes=window)
        self.check(some, list(stream))
        assert stream.payloads == len(some)

    @rule(some=SOME)
    def discard(self, some: list[Entry]) -> None:
        if self.is_healthy():
            self.stack.discard([entry.key for entry in some])
            for entry in some:
                self.model.pop(entry.key, None)
            for lease in self.leases:  # what is discarded and comes back is not what was leased
                self.let_go[id(lease)].update(entry.key for entry in some)

    @rule(some=SOME)
    def prefetch(self, some: list[Entry]) -> None:
        before = [tier.usage().tokens for tier in (self.warm, self.ram)]
        ready = self.stack.prefetch([entry.key for entry in some])
        assert 0 <= ready <= len(some)
        if self.state is CALM and not self.leases:
            assert [tier.usage().tokens for tier in (self.warm, self.ram)] >= before or self.had_failures

    @rule(some=SOME, seconds=st.floats(0.1, 100))
    def lease(self, some: list[Entry], seconds: float) -> None:
        lease = self.stack.lease([entry.key for entry in some], seconds)
        assert set(lease.sizes) | set(lease.missing) == {entry.key for entry in some}
        self.leases.append(lease)
        self.let_go[id(lease)] = set()

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        self.leases.pop(data.draw(st.integers(0, len(self.leases) - 1))).release()

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(limit=st.one_of(st.none(), st.integers(0, 20_000)))
    def limit(self, limit: int | None) -> None:
        self.stack.limit_tokens = limit

    @rule(short=st.booleans())
    def pressure(self, short: bool) -> None:
        self.state = MemoryState(50.0, 10**6, 10**9) if short else CALM
        self.now += 1.5

    @rule(place=st.sampled_from(["warm", "floor"]))
    def fail(self, place: str) -> None:
        tier = self.warm if place == "warm" else self.floor
        if tier is not None:
            self.had_failures = True
            tier.failure = OSError(5, "Input/output error")

    @rule()
    def heal(self) -> None:
        self.now += 31
        for tier in (self.warm, self.floor):
            if tier is not None:
                tier.failure = None

    def is_healthy(self) -> bool:
        tiers = [self.warm, *([self.floor] if self.floor else [])]
        return all(tier.failure is None for tier in tiers) and not any(
            each.is_off for each in self.stack.report().tiers
        )

    def check(self, some: list[Entry], found: list[bytes | None]) -> None:
        healthy = self.is_healthy()
        for entry, data in zip(some, found, strict=True):
            assert data is None or data == entry.data
            if healthy and entry.key in self.model:
                assert data == entry.data

    @invariant()
    def budgets_are_kept(self) -> None:
        if not hasattr(self, "stack"):
            return
        for tier in (self.warm, self.ram):
            usage = tier.usage()
            assert usage.used_bytes <= usage.capacity_bytes
            assert usage.tokens <= usage.token_capacity
        report = self.stack.report()
        pinned = sum(tokens for _, _, tokens in self.stack.leases.sizes())
        if report.limit_tokens is not None and not report.unbacked and self.is_healthy() and not self.had_failures:
            assert report.resident_tokens <= max(report.limit_tokens, pinned)

    @invariant()
    def leases_hold(self) -> None:
        if not hasattr(self, "stack") or self.had_failures:
            return
        for lease in self.leases:
            if lease.is_held:
                for key in (set(lease.sizes) & set(self.model)) - self.let_go[id(lease)]:
                    assert key in self.warm or key in self.ram

    def teardown(self) -> None:
        if hasattr(self, "stack") and not self.had_failures:
            for lease in self.leases:
                lease.release()
            assert len(self.stack.leases) == 0
            everything = list(self.model.values())
            self.check(everything, self.stack.get_many([entry.key for entry in everything]))
        if hasattr(self, "stack"):
            self.warm.failure = None
            self.stack.close()


StackMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestStackMachine = StackMachine.TestCase
