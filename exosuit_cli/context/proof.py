"""The proof of a phase: its tokens are really loaded, recalled, survived, measured and compared, before it is set."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.crash import KILLS, CrashFigures, crash_writers
from exosuit_cli.context.criteria import Criterion, enough, fast, flat, recalled, survived, within
from exosuit_cli.context.plan import PhasePlan, plan_phase
from exosuit_cli.context.rates import BASELINE_LOADS, LoadFigures, baseline_of, net_seconds, shares_of
from exosuit_cli.context.recall import RecallFigures, recall_in_order, recall_random
from exosuit_cli.context.residence import ENTRY_BYTES, MemoryFigures, Residence
from exosuit_cli.context.soak import SoakFigures, soak
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import OutputError
from exosuit_cli.system.memory import MemorySampler
from exosuit_cli.system.processes import children_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exosuit_cli.config import Phase
    from exosuit_cli.context.phases import Baseline
    from exosuit_cli.context.scratch import Scratch
    from exosuit_cli.ingest.progress import Progress
    from exosuit_cli.tiers.budgets import TierBudget

TREE: Final = "tree"
BASELINE_TREE: Final = "baseline"
"""The trees of a proof, in its scratch directory."""
_START_TREE: Final = "start"


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """What is to be proven, with what.

    scratch: holds two trees: TREE with more tokens than the limit, BASELINE_TREE with those of the baseline, of the
    same kind. budgets: of the tiers by name, clipped to this machine. source, state: what the baseline is known by, see
    `Baseline`. least_share: files a second with which the phase passes, as a share of the baseline's.
    soak_seconds: 0 for no soak.
    """

    phase: Phase
    scratch: Scratch
    budgets: Mapping[str, TierBudget]
    source: str
    state: str
    baseline: Baseline | None
    least_share: float
    seed: int
    soak_seconds: float


@dataclass(frozen=True, slots=True)
class Proof:
    """All that was found; it passes if every criterion does. What was not reached is None."""

    plan: PhasePlan
    criteria: tuple[Criterion, ...]
    baseline: Baseline | None = None
    load: LoadFigures | None = None
    share: float | None = None
    cpu_share: float | None = None
    recall: RecallFigures | None = None
    memory: MemoryFigures | None = None
    crash: CrashFigures | None = None
    soak: SoakFigures | None = None
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the phase may be set."""
        return all(criterion.passed for criterion in self.criteria)

    @property
    def reason(self) -> str | None:
        """Why it may not be set, in words."""
        return "; ".join(criterion.words for criterion in self.criteria if not criterion.passed) or None


def prove(request: ProofRequest, tell: Callable[[str], None]) -> Proof:
    """Prove a phase, or find out why it cannot be held. `tell` is called with what is being done.

    The trees may be changed. Nothing outside of the scratch directory is written but the index of its trees. Raises
    what a load raises, and OutputError where the scratch directory cannot be written.
    """
    try:
        return _Run(request, tell).prove()
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{request.scratch.directory!r}: the proof cannot go on: {reason}; no phase is set"
        ) from error


class _Run:
    """A proof on its way."""

    def __init__(self, request: ProofRequest, tell: Callable[[str], None]) -> None:
        self.request = request
        self.scratch = request.scratch
        self.tell = tell
        self.draw = random.Random(request.seed)  # noqa: S311  (moments and orders, no secrets)
        self.memory = MemorySampler()
        self.started = time.monotonic()
        self.start_s = self.start_cpu_s = 0.0
        os.mkdir(self.scratch.tree(_START_TREE), 0o700)
        with open(os.path.join(self.scratch.tree(_START_TREE), "one.py"), "wb") as file:
            file.write(b"one = 1\n")

    def prove(self) -> Proof:
        request, limit = self.request, self.request.phase.token_limit
        self.tell("loading the baseline's tree, to measure bytes a token")
        first = self._load(BASELINE_TREE)
        plan = self._plan(first)
        refusal = plan.refusal(f"phase {request.phase.phase} ({request.phase.name})")
        if refusal is not None:
            return Proof(plan, (Criterion("room", False, refusal),), seconds=self._seconds())
        room = f"{plan.needed_bytes:,} bytes in memory, of {plan.held_tokens:,} tokens that its tiers hold"
        if request.baseline is None:
            baseline = self._baseline()
        else:
            baseline = request.baseline
            start = self._load(_START_TREE)
            self.start_s, self.start_cpu_s = start.seconds, start.cpu_s
        load = self._load(TREE, keep=True)
        shares = shares_of(load, baseline)
        if shares.wall < request.least_share:  # the machine may have been busy: the better pair counts
            self.tell("measuring baseline and load once more")
            other = self._baseline()
            self.scratch.drop(TREE)
            again = self._load(TREE, keep=True)
            if (others := shares_of(again, other)).wall > shares.wall:
                baseline, load, shares = other, again, others
        recall, memory, soaked = self._use()
        self.tell(f"killing {KILLS} writers in the middle of a load")
        crash = crash_writers(self.scratch, BASELINE_TREE, TREE, load.seconds, self.draw)
        criteria = (
            Criterion("room", True, room),
            enough(load, limit),
            fast(load, baseline, shares, request.least_share),
            recalled(recall),
            *within(memory, limit, plan),
            survived(crash),
            *([flat(soaked)] if soaked is not None else []),
        )
        return Proof(
            plan, criteria, baseline, load, shares.wall, shares.cpu, recall, memory, crash, soaked, self._seconds()
        )

    def _load(self, tree: str, *, keep: bool = False) -> LoadFigures:
        """Load a tree into an empty context of its name, which stays there if `keep`."""
        self.tell(f"loading {tree}")
        with self.scratch.open(tree, create=True) as context:
            started, cpu = time.perf_counter(), _cpu_seconds()
            self.scratch.load(context, [tree], self._watch)
            seconds, cpu_s = time.perf_counter() - started, _cpu_seconds() - cpu
            stats = context.stats()
        if not keep:
            self.scratch.drop(tree)
        (source,) = stats.sources
        return LoadFigures(
            files=source.files,
            tokens=source.span_tokens,
            chunks=stats.chunks,
            text_bytes=stats.text_bytes,
            stored_bytes=stats.file_bytes,
            seconds=seconds,
            cpu_s=cpu_s,
            start_s=self.start_s,
            files_per_s=source.files / net_seconds(seconds, self.start_s),
            files_per_cpu_s=source.files / net_seconds(cpu_s, self.start_cpu_s),
            tokens_per_s=source.span_tokens / net_seconds(seconds, self.start_s),
        )

    def _watch(self, progress: Progress) -> None:
        self.memory.sample(children_of(os.getpid()))
        rate = progress.done / progress.seconds if progress.seconds else 0.0
        self.tell(f"loading: {progress.done:,} of {progress.listed:,} files, {rate:,.0f} files/s")

    def _plan(self, first: LoadFigures) -> PhasePlan:
        """The plan at the bytes that a token took in a load."""
        tokens = max(first.tokens, 1)
        text = first.text_bytes / tokens
        in_memory = text + ENTRY_BYTES * first.chunks / tokens
        return plan_phase(self.request.phase.token_limit, in_memory, text, self.request.budgets)

    def _baseline(self) -> Baseline:
        """Load the baseline's tree and one file in turn, in this process, which is warm."""
        loads, starts = [], []
        for number in range(BASELINE_LOADS):
            self.tell(f"baseline: load {number + 1} of {BASELINE_LOADS}")
            starts.append(self._load(_START_TREE))
            loads.append(self._load(BASELINE_TREE))
        self.start_s, self.start_cpu_s = min(each.seconds for each in starts), min(each.cpu_s for each in starts)
        return baseline_of(self.request.source, self.request.state, loads, starts)

    def _use(self) -> tuple[RecallFigures, MemoryFigures, SoakFigures | None]:
        """Recall everything from the persistent tier, fill memory to the limit, recall from there, and soak."""
        request, limit = self.request, self.request.phase.token_limit
        with self.scratch.open(TREE) as context:
            self.tell("recalling every chunk in order")
            in_order = recall_in_order(context, self.scratch.tree(TREE))
            self.tell("recalling every chunk at random")
            stored = recall_random(context.get_many, in_order.ids, self.draw)
            with Residence(context, request.budgets, limit) as residence:
                self.tell("filling memory")
                memory = residence.fill(in_order.ids)
                held = recall_random(residence.stack.get_many, in_order.ids, self.draw)
                soaked = None
                if request.soak_seconds:
                    soaked = soak(context, residence, self.scratch, TREE, request.soak_seconds, self.draw, self.tell)
        self.memory.sample((), now=True)
        recall = RecallFigures(
            chunks=in_order.chunks,
            verified=in_order.sound,
            wrong=stored.wrong + held.wrong,
            missing=stored.missing + held.missing,
            in_order_per_s=in_order.rate,
            random_per_s=stored.rate,
            resident_per_s=held.rate,
        )
        return recall, memory.with_peak(self.memory.peak_pss or None), soaked

    def _seconds(self) -> float:
        return time.monotonic() - self.started


def _cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
