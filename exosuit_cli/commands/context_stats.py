"""The tiers of a context, as any front asks for them: filled, read, and asked what they did."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.context import find_context
from exosuit_cli.config import load_settings
from exosuit_cli.context import Context
from exosuit_cli.context.names import contexts_directory
from exosuit_cli.context.working import working_limit
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.tiers.budgets import this_machine, tier_budgets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.context.records import ContextStats
    from exosuit_cli.tiers.budgets import TierBudget
    from exosuit_cli.tiers.reports import StackReport

_BATCH: Final = 256
_MOST_READS: Final = 50_000
"""Chunks that are read at random: enough for a percentile, and a second or less."""


@dataclass(frozen=True, slots=True)
class TierStats:
    """A context, its tiers as the settings and the machine give them, and what they did while it was read.

    in_order_per_s: the working context from end to end, into memory. random_per_s: chunks of the whole context at
    random, `reads` of them, from wherever they were. Chunks a second, each verified; None for an empty context.
    """

    context: ContextStats
    budgets: Mapping[str, TierBudget]
    stack: StackReport
    reads: int
    missing: int
    in_order_per_s: float | None
    random_per_s: float | None


def measure_tiers(name: str | None, *, config: str | None = None) -> TierStats:
    """Fill the memory tiers with the working context, read chunks of the whole at random, and report each tier.

    The tiers are those of this process; the persistent one, and shared memory that another process owns, are older.
    """
    settings = load_settings(config).settings
    with Context.open(find_context(name), read_only=True) as context:
        stats = context.stats()
        machine = this_machine(contexts_directory(), stored_bytes=stats.file_bytes)
        budgets = tier_budgets(settings, machine)
        stack = context.keep_in_memory(budgets, working_limit(settings))
        with context.snapshot():
            working = context.working_ids()
            rows = context.connection.execute("SELECT id FROM chunks").fetchall()
            stack.prefetch(working)
            in_order, missing = _read(context, working)
            chosen = [row[0] for row in random.Random(0).choices(rows, k=_MOST_READS)] if rows else []  # noqa: S311
            at_random, lost = _read(context, chosen)
        return TierStats(
            context=stats,
            budgets=budgets,
            stack=stack.report(),
            reads=len(working) + len(chosen),
            missing=missing + lost,
            in_order_per_s=in_order,
            random_per_s=at_random,
        )


def _read(context: Context, keys: Sequence[bytes]) -> tuple[float | None, int]:
    """Chunks a second, and how many were not there."""
    if not keys:
        return None, 0
    missing = 0
    started = time.perf_counter()
    for start in range(0, len(keys), _BATCH):
        missing += context.get_many(keys[start : start + _BATCH]).count(None)
    return len(keys) / (time.perf_counter() - started), missing
