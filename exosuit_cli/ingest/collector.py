"""Brings chunks back into the order of the walk and finds repeated ones, in whatever order the workers finish."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from exosuit_cli.chunk.batch import ChunkBatch
from exosuit_cli.chunk.statistics import ChunkStatistics
from exosuit_cli.ingest.first_places import FirstPlaces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.chunk.batch import Chunking
    from exosuit_cli.shards.fallbacks import Fallbacks
    from exosuit_cli.shards.work import WorkPlan
    from exosuit_cli.workers.tasks import FinishedTask

HELD_BYTES, HELD_BATCHES = 64 << 20, 128
"""No new batch is begun while so many rendered bytes, or batches, wait for an earlier one. Each holds a descriptor."""


class ChunkSink(Protocol):
    """Where chunks go."""

    def write(self, batch: ChunkBatch, paths: Sequence[bytes], repeats: dict[int, tuple[bytes, int]]) -> None:
        """Take the next chunks, in order.

        `paths` names the files of the batch. `repeats` has, for each position of a chunk whose bytes came before, the
        path and the start byte of the first one.
        """
        ...


class BatchCollector(Protocol):
    """Takes in finished batches, in any order."""

    @property
    def chunking(self) -> Chunking | WorkPlan:
        """What the workers make of texts."""
        ...

    def has_room(self) -> bool:
        """Whether another batch may be begun."""
        ...

    def take(self, finished: FinishedTask) -> None:
        """Take in a batch."""
        ...


class ChunkCollector:
    """Takes in finished batches in any order and hands their chunks to a sink in the order of the walk."""

    def __init__(self, chunking: Chunking, sink: ChunkSink) -> None:
        self.chunking = chunking
        self.statistics = ChunkStatistics(chunking.options.max_tokens)
        self.fallbacks: Fallbacks = Counter()
        self._sink = sink
        self._next = 0
        self._held: dict[int, FinishedTask] = {}
        self._held_bytes = 0
        self._first = FirstPlaces()

    def has_room(self) -> bool:
        """Whether another batch may be begun."""
        return self._held_bytes < HELD_BYTES and len(self._held) < HELD_BATCHES

    def take(self, finished: FinishedTask) -> None:
        """Take in a batch, and write every batch that is next in order."""
        if not len(finished.task.places):
            return  # interrupted before its first file
        self._held[int(finished.task.places[0])] = finished
        self._held_bytes += finished.rendered_bytes
        while (following := self._held.pop(self._next, None)) is not None:
            self._held_bytes -= following.rendered_bytes
            self._next += len(following.task.places)
            if following.result is not None and isinstance(following.result.chunks, ChunkBatch):
                self.fallbacks.update(following.result.fallbacks)
                self.write(following.task.batch.paths(), following.result.chunks)

    def write(self, paths: list[bytes], batch: ChunkBatch) -> None:
        """Write the chunks that are next in order, those of the files at `paths`."""
        chunks = batch.chunks
        repeats = self._first.enter(paths, batch.counts, chunks.starts, chunks.ids)
        self.statistics.merge(batch.statistics)
        self.statistics.repeated_chunks += len(repeats)
        self.statistics.repeated_tokens += int(chunks.tokens[list(repeats)].sum())
        self._sink.write(batch, paths, repeats)
