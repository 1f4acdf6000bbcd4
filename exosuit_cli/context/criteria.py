"""What a phase must do to be proven, each with what was found in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.context.soak import ALLOWED_GROWTH
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.units import counted, format_bytes

if TYPE_CHECKING:
    from exosuit_cli.context.crash import CrashFigures
    from exosuit_cli.context.phases import Baseline
    from exosuit_cli.context.plan import PhasePlan
    from exosuit_cli.context.rates import LoadFigures, Shares
    from exosuit_cli.context.recall import RecallFigures
    from exosuit_cli.context.residence import MemoryFigures
    from exosuit_cli.context.soak import SoakFigures

WORK_BYTES: Final = 512 << 20
"""What a load may hold beside the tiers, in all its processes: vocabularies, slabs, batches, the database's cache."""

LEAST_RESIDENT: Final = 0.9
"""Share of the limit that must be resident at once: tiers keep a tenth free for what comes in, see their watermarks."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that the phase must do. `words` say what was found, and what was asked for if it was not."""

    name: str
    passed: bool
    words: str


def enough(load: LoadFigures, limit: int) -> Criterion:
    """That many tokens were loaded."""
    found = f"{load.tokens:,} tokens in {counted(load.files, 'file')} were loaded"
    return Criterion(
        "tokens", load.tokens >= limit, found + ("" if load.tokens >= limit else f", fewer than {limit:,}")
    )


def fast(load: LoadFigures, baseline: Baseline, shares: Shares, least: float) -> Criterion:
    """Files a second are at least the share `least` of the baseline's, or may be as far as its loads can tell.

    Both are loads of the same kind of tree by the same warm process. What a load of one file takes is taken off both: a
    vocabulary is read for every load, which is most of the time of 128 K tokens and nothing in that of 10 M. Processor
    time counts as well, where it is the better one: a neighbour on the machine takes wall time from a load, and none of
    its processor time.
    """
    found = (
        f"{load.files_per_s:,.0f} files/s, {shares.wall:.0%} of the {baseline.files_per_s:,.0f} "
        f"at {baseline.tokens:,} tokens"
    )
    if shares.wall < least:
        found += f"; {shares.cpu:.0%} by processor time; {shares.most:.0%} at most, beside the slowest of its loads"
    passed = shares.most >= least
    return Criterion("rate", passed, found + ("" if passed else f"; at least {least:.0%} is asked for"))


def recalled(recall: RecallFigures) -> Criterion:
    """Every chunk came back as it is in its file."""
    passed = recall.verified == recall.chunks and not recall.wrong and not recall.missing
    found = f"{recall.verified:,} of {counted(recall.chunks, 'chunk')} were recalled with the bytes of their files"
    if recall.wrong or recall.missing:
        found += f"; at random {recall.wrong:,} were wrong and {recall.missing:,} missing"
    return Criterion("recall", passed, found)


def within(memory: MemoryFigures, limit: int, plan: PhasePlan) -> list[Criterion]:
    """As much is resident as the phase says, in tiers within their budgets, and memory says the same."""
    found = f"{memory.resident_tokens:,} tokens resident at once"
    least = int(LEAST_RESIDENT * limit)
    resident = least <= memory.resident_tokens <= limit
    full = [tier for tier in memory.tiers if tier.used_bytes > tier.capacity_bytes or tier.tokens > tier.token_capacity]
    over = "; ".join(f"{tier.name} holds {tier.used_bytes:,} bytes, over its budget" for tier in full)
    criteria = [
        Criterion("resident", resident, found + ("" if resident else f"; {least:,} to {limit:,} are asked for")),
        Criterion("budgets", not full, over or "every tier is within its budget"),
    ]
    if memory.growth_bytes is None or memory.peak_bytes is None:
        return criteria  # the system does not say what a process holds
    allowed = memory.accounted_bytes * 5 // 4 + (64 << 20)
    most = sum(room.capacity_bytes for room in plan.rooms) + WORK_BYTES
    passed = memory.growth_bytes <= allowed and memory.peak_bytes <= most
    found = (
        f"{format_bytes(memory.accounted_bytes)} in the tiers' accounts, for which memory grew by "
        f"{format_bytes(memory.growth_bytes)}; peak PSS {format_bytes(memory.peak_bytes)}"
    )
    if not passed:
        found += f"; at most {format_bytes(allowed)} and {format_bytes(most)} are allowed"
    return [*criteria, Criterion("memory", passed, found)]


def survived(crash: CrashFigures) -> Criterion:
    """What was acknowledged outlived its writer, and nothing else did."""
    passed = crash.kills > 0 and crash.intact == crash.kills and crash.completed and crash.damage is None
    found = f"after {crash.intact} of {counted(crash.kills, 'kill')} of a writer, what it had acknowledged was intact"
    if crash.damage is not None:
        found += f": {crash.damage}"
    elif not crash.completed:
        found += ", but the load could not be finished afterwards"
    elif not crash.kills:
        found = "no writer could be killed in the middle of a load: each was done before"
    return Criterion("crash", passed, found)


def flat(figures: SoakFigures) -> Criterion:
    """Memory did not grow over the soak, and nothing came back wrong."""
    growth = figures.growth_bytes
    passed = not figures.wrong and (growth is None or growth <= ALLOWED_GROWTH)
    found = (
        f"{figures.seconds:.0f} s of load, eviction and recall: {figures.recalled:,} chunks, {figures.wrong:,} wrong, "
        f"memory grew by {'?' if growth is None else format_bytes(growth)}"
    )
    return Criterion("soak", passed, found + ("" if passed else f"; at most {format_bytes(ALLOWED_GROWTH)} is allowed"))
