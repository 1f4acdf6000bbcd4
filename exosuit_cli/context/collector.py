"""Takes the chunks of a run as its workers finish them, and writes them into a context."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.chunk.batch import ChunkBatch, Rendered
from exosuit_cli.chunk.records import ID_BYTES
from exosuit_cli.context.seal import SPAN, packed_seal
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.tiers.frames import TRAINING_BYTES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from exosuit_cli.chunk.batch import Chunking
    from exosuit_cli.chunk.slab_chunks import SlabChunks
    from exosuit_cli.shards.fallbacks import Fallbacks
    from exosuit_cli.tiers.nvme import NvmeTier
    from exosuit_cli.workers.tasks import FinishedTask

COMMIT_BYTES: Final = 32 << 20
"""Text written in one transaction: a bound for the write-ahead log, and far more than one fsync costs."""
_INSERT: Final = "INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class TextRenderer:
    """Renders a chunk as its text, without a head."""

    needs_symbols = True

    def render(self, slab: SlabChunks) -> Rendered:
        """See `Renderer`; where one chunk begins at the end of another, their texts are taken as one."""
        starts, ends = slab.starts, slab.ends
        begins = np.append(True, starts[1:] != ends[:-1])[: len(starts)]
        stops = np.append(begins[1:], True)[: len(starts)]
        spans = zip(starts[begins].tolist(), ends[stops].tolist(), strict=True)
        content = b"".join([slab.data[start:end] for start, end in spans])
        return Rendered(content, ends - starts, np.zeros(len(starts), np.int64))


@dataclass(frozen=True, slots=True)
class Cut:
    """What was cut of one file: its number in the context, sums over its spans, and their seal."""

    file: int
    spans: int
    tokens: int
    seal: bytes


class ContextCollector:
    """Writes chunks and spans in whatever order batches finish; files get numbers from `next_file` on.

    The first text is held until there is enough of it to train a dictionary, where the context has none. `begin` opens
    a transaction unless there is one.
    """

    def __init__(
        self,
        chunking: Chunking,
        connection: sqlite3.Connection,
        chunks: NvmeTier,
        next_file: int,
        begin: Callable[[], None],
    ) -> None:
        self.chunking = chunking
        self._begin = begin
        self.fallbacks: Fallbacks = Counter()
        self.cuts: dict[bytes, Cut] = {}
        self.chunks = 0
        self.tokens = 0
        self.seconds = 0.0
        """Spent in writing."""
        self._connection = connection
        self._table = chunks
        self._next_file = next_file
        self._held: list[tuple[list[bytes], list[int], bytes, np.ndarray]] | None = (
            None if chunks.has_dictionary() else []
        )
        self._uncommitted = 0

    def has_room(self) -> bool:
        """Always: what comes is written at once."""
        return True

    def take(self, finished: FinishedTask) -> None:
        """Write the chunks of a batch."""
        if finished.result is not None and isinstance(finished.result.chunks, ChunkBatch):
            self.fallbacks.update(finished.result.fallbacks)
            started = time.perf_counter()
            self.write(finished.task.batch.paths(), finished.result.chunks)
            self.seconds += time.perf_counter() - started

    def write(self, paths: Sequence[bytes], batch: ChunkBatch) -> None:
        """Write the chunks of the files at `paths`, each of which has all of its chunks in this batch."""
        self._begin()
        chunks = batch.chunks
        raw = chunks.ids.tobytes()
        ids = [raw[start : start + ID_BYTES] for start in range(0, len(raw), ID_BYTES)]
        columns = (chunks.tokens, chunks.starts, chunks.ends, chunks.start_lines, chunks.end_lines, chunks.boundaries)
        packed = np.empty(len(ids), SPAN)
        packed["chunk"] = chunks.ids
        for place, column in enumerate(columns):
            packed["numbers"][:, place] = column
        seals = packed.tobytes()
        numbers = packed["numbers"].T.tolist()
        symbols = chunks.symbols or [None] * len(ids)
        counts = batch.counts
        sums = [0, *np.cumsum(packed["numbers"][:, 0]).tolist()]
        first = 0
        for file, (path, count) in enumerate(zip(paths, counts.tolist(), strict=False), self._next_file):
            stop = first + count
            seal = packed_seal(seals[first * SPAN.itemsize : stop * SPAN.itemsize], symbols[first:stop])
            self.cuts[path] = Cut(file, count, sums[stop] - sums[first], seal)
            first = stop
        files = np.repeat(np.arange(self._next_file, self._next_file + len(counts)), counts).tolist()
        ordinals = np.arange(len(ids)) - np.repeat(np.cumsum(counts) - counts, counts)
        self._next_file += len(counts)
        spans = zip(files, ordinals.tolist(), ids, *numbers, symbols, strict=True)
        self._connection.executemany(_INSERT, spans)
        self._store(ids, numbers[0], batch.rendered, batch.sizes)
        self.chunks += len(ids)
        self.tokens += sums[-1]

    def cut_of(self, path: bytes) -> Cut:
        """What was cut of a file; one without chunks, as an empty or a binary one, gets a number now."""
        cut = self.cuts.get(path)
        if cut is None:
            cut = self.cuts[path] = Cut(self._next_file, 0, 0, packed_seal(b"", ()))
            self._next_file += 1
        return cut

    def forget(self, paths: Iterable[bytes]) -> None:
        """Leave files out of what was cut; the caller deletes their spans."""
        for path in paths:
            cut = self.cuts.pop(path)
            self.chunks -= cut.spans
            self.tokens -= cut.tokens

    def finish(self) -> None:
        """Write what is still held."""
        if self._held is not None:
            self._train()

    def _store(self, ids: list[bytes], tokens: list[int], rendered: object, sizes: np.ndarray) -> None:
        if self._held is None:
            self._table.put_many(ids, tokens, rendered, sizes)  # type: ignore[arg-type]
        else:
            self._held.append((ids, tokens, bytes(rendered), sizes))  # type: ignore[call-overload]
            if sum(len(texts) for _, _, texts, _ in self._held) >= TRAINING_BYTES:
                self._train()
        self._uncommitted += int(sizes.sum())
        if self._uncommitted >= COMMIT_BYTES:
            self._connection.execute("COMMIT")
            self._uncommitted = 0

    def _train(self) -> None:
        held, self._held = self._held or [], None
        samples = []
        for _, _, texts, sizes in held:
            ends = np.cumsum(sizes).tolist()
            samples += [texts[end - size : end] for end, size in zip(ends, sizes.tolist(), strict=True)]
        self._table.train(samples)
        for part in held:
            self._table.put_many(*part)
