"""The soak: loads, evictions and recalls in turn for minutes, while memory must stay flat."""

from __future__ import annotations

import os
import statistics
import time
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.scratch import is_sound
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.memory import process_memory

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from exosuit_cli.context.context import Context
    from exosuit_cli.context.residence import Residence
    from exosuit_cli.context.scratch import Scratch

ALLOWED_GROWTH: Final = 24 << 20
"""Bytes by which memory may grow from the second quarter of the soak to the last: the play of allocator and caches.

A soak of ten minutes recalls millions of chunks of about 1.5 KB: one in a thousand that leaks would be more than this.
"""
_LEAST_ROUNDS: Final = 4
"""Rounds that are done at least: one in each quarter."""
_BATCH: Final = 256
_BATCHES: Final = 40
"""Batches that are recalled between two loads."""


@dataclass(frozen=True, slots=True)
class SoakFigures:
    """pss_early_bytes, pss_late_bytes: medians of the second and the last quarter of all rounds; None where unknown."""

    seconds: float
    loads: int
    recalled: int
    wrong: int
    evictions: int
    pss_early_bytes: int | None
    pss_late_bytes: int | None

    @property
    def growth_bytes(self) -> int | None:
        """How much memory grew."""
        if self.pss_early_bytes is None or self.pss_late_bytes is None:
            return None
        return max(self.pss_late_bytes - self.pss_early_bytes, 0)


def soak(
    context: Context,
    residence: Residence,
    scratch: Scratch,
    tree: str,
    seconds: float,
    draw: random.Random,
    tell: Callable[[str], None],
) -> SoakFigures:
    """Recall chunks at random, change files, load the tree again, bring in what is new; for so many seconds.

    There is more in the context than may be resident, so that what is read again makes others leave. Every text is
    compared with its id; a chunk that left with its file is a miss, and rightly so. The files of the tree are changed.
    """
    files = _files(scratch.tree(tree))
    before = residence.evictions()
    started = time.monotonic()
    loads = recalled = wrong = 0
    memory: list[int] = []
    while (elapsed := time.monotonic() - started) < seconds or loads < _LEAST_ROUNDS:
        tell(f"soak: {elapsed:.0f} of {seconds:.0f} s, {recalled:,} chunks recalled, {loads:,} loads")
        ids = [row[0] for row in context.connection.execute("SELECT id FROM chunks")]
        for _ in range(_BATCHES):
            batch = [ids[draw.randrange(len(ids))] for _ in range(_BATCH)]
            for texts in (residence.stack.get_many(batch), residence.stack.get_many(batch)):
                recalled += len(batch)
                wrong += sum(
                    text is not None and not is_sound(key, text) for key, text in zip(batch, texts, strict=True)
                )
        _change(files, draw, loads)
        scratch.load(context, [tree])
        loads += 1
        reading = process_memory(os.getpid())
        if reading is not None:
            memory.append(reading[0])
    quarter = len(memory) // 4
    early, late = memory[quarter : 2 * quarter], memory[-quarter:]
    return SoakFigures(
        seconds=time.monotonic() - started,
        loads=loads,
        recalled=recalled,
        wrong=wrong,
        evictions=residence.evictions() - before,
        pss_early_bytes=int(statistics.median(early)) if quarter else None,
        pss_late_bytes=int(statistics.median(late)) if quarter else None,
    )


def _files(tree: str) -> list[str]:
    return sorted(os.path.join(directory, name) for directory, _, names in os.walk(tree) for name in names)


def _change(files: list[str], draw: random.Random, number: int) -> None:
    """Give a few files the text of others, with a line of their own: chunks leave the context, and new ones come."""
    for _ in range(max(len(files) // 100, 1)):
        with open(files[draw.randrange(len(files))], "rb") as source:
            text = source.read(1 << 16)
        with open(files[draw.randrange(len(files))], "wb") as target:
            target.write(text + b"# changed in round %d\n" % number)
