"""Recalling every chunk of a context, in order and at random: what is right, and how fast it came."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.scratch import count_sound, in_parts, is_sound
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from exosuit_cli.context.context import Context

_PART: Final = 2048
_BATCH: Final = 256


@dataclass(frozen=True, slots=True)
class RecallFigures:
    """Chunks by their places; `verified` have the bytes of their id and of their file. Rates in chunks a second.

    in_order_per_s, random_per_s: from the persistent tier, its file in the page cache, each chunk verified.
    resident_per_s: at random from where it is resident. wrong, missing: of both random recalls.
    """

    chunks: int
    verified: int
    wrong: int
    missing: int
    in_order_per_s: float
    random_per_s: float
    resident_per_s: float


@dataclass(frozen=True, slots=True)
class OrderedRecall:
    """A recall in order: places, those that are sound, their ids, each once, and chunks a second."""

    chunks: int
    sound: int
    ids: tuple[bytes, ...]
    rate: float


@dataclass(frozen=True, slots=True)
class RandomRecall:
    """A recall at random: texts that are not what their id says, ids without a text, and chunks a second."""

    wrong: int
    missing: int
    rate: float


def recall_in_order(context: Context, tree: str) -> OrderedRecall:
    """Read the context from end to end and compare every chunk with the files of `tree`. Only the reading is timed."""
    chunks = sound = 0
    seconds = 0.0
    ids: dict[bytes, None] = {}
    parts = in_parts(context.iterate(), _PART)
    while True:
        started = time.perf_counter()
        part = next(parts, None)
        seconds += time.perf_counter() - started
        if part is None:
            return OrderedRecall(chunks, sound, tuple(ids), chunks / max(seconds, 1e-9))
        found, good = count_sound(tree, iter(part))
        chunks, sound = chunks + found, sound + good
        ids.update((chunk.id, None) for chunk in part)


def recall_random(
    get_many: Callable[[Sequence[bytes]], list[bytes | None]], ids: Sequence[bytes], draw: random.Random
) -> RandomRecall:
    """Read every chunk once, in a random order. Only the reading is timed."""
    order = list(ids)
    draw.shuffle(order)
    wrong = missing = 0
    seconds = 0.0
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        started = time.perf_counter()
        texts = get_many(batch)
        seconds += time.perf_counter() - started
        missing += texts.count(None)
        wrong += sum(text is not None and not is_sound(key, text) for key, text in zip(batch, texts, strict=True))
    return RandomRecall(wrong, missing, len(order) / max(seconds, 1e-9))
