"""Ingesting one batch: files in, their rows and chunks out. It depends on the files' bytes and the settings only."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.kernels import CpuKernels
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.records import Batch, Outcome, Rows
from exosuit_cli.read import FilledSlab, LargeFile, ReadStat, SlabReader
from exosuit_cli.read.reader import outcome_of
from exosuit_cli.shards.counting import Counting
from exosuit_cli.shards.large import Interrupted, read_large
from exosuit_cli.shards.marked import is_marked_file, marked_files
from exosuit_cli.shards.reading import Reading
from exosuit_cli.shards.rows import as_slice, describe, write_content, write_stats
from exosuit_cli.shards.totals import WorkerTotals
from exosuit_cli.syntax import process as syntax_process
from exosuit_cli.system.page_cache import PageCacheProbe
from exosuit_cli.system.safe_open import open_base
from exosuit_cli.system.spans import Laps
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exosuit_cli.chunk.batch import RenderedBatch
    from exosuit_cli.device.remote import RemoteKernels
    from exosuit_cli.kernels.protocol import Kernels, PendingSlab
    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.model.slab import Slab
    from exosuit_cli.model.spans import StageClock
    from exosuit_cli.shards.fallbacks import Fallbacks
    from exosuit_cli.shards.reading import Next
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.shards.work import TextWork, WorkPlan


_MOST_IN_SLAB: Final = (1 << 20) - 1
"""Bytes of the largest file that is read whole here, where no device computes: one with a mark is read in vain."""


@dataclass(frozen=True, slots=True)
class ShardResult:
    """Rows of the first files of a batch, in order; the rest is left for another turn."""

    rows: Rows
    bytes_read: int
    chunks: RenderedBatch | None = None
    """The chunks of those files, where they are asked for; or what a plan has made of their texts."""
    fallbacks: Fallbacks = field(default_factory=Counter)
    """How many of those files were cut by structure although `ast` was asked for."""

    @property
    def consumed(self) -> int:
        """How many files of the batch have a row."""
        return len(self.rows)


class Shard:
    """Ingests batches below one base directory, one after the other, with one slab of memory.

    A request to `stop` ends the reading of a giant file too; that file is then left for another turn. `clock` adds up
    the time by stage, and may record it.
    """

    def __init__(
        self,
        settings: ShardSettings,
        counter: TokenCounter | None,
        stop: StopRequest | None = None,
        clock: StageClock | None = None,
    ) -> None:
        self._settings = settings
        self._counter = counter
        self._parsed_before = syntax_process.cpu_seconds()
        self._stop = stop if stop is not None else StopRequest()  # a request that is not made is false
        self._ahead: Reading | None = None
        """The batch that the next call is about, where it is begun."""
        self._kernels: Kernels = CpuKernels(settings.hash)
        self._device: RemoteKernels | None = None
        self._clock: StageClock = clock if clock is not None else Laps()
        self._work = _work_of(settings, counter, self._kernels, self._clock)
        self._gone: tuple[Outcome, int] | None = None
        """The outcome of every file, where the base itself cannot be opened any more."""
        try:
            self._base = open_base(settings.base)
        except OSError as error:
            self._base, self._gone = -1, outcome_of(error)
        self.page_cache = PageCacheProbe()
        self._read_into(settings.slab_bytes)
        if settings.addresses:
            self.use_device(settings.device, settings.addresses, settings.slab_bytes)

    def use_device(self, device: str, addresses: tuple[str, ...], slab_bytes: int) -> None:
        """From the next batch on, have the owners of a device compute slabs."""
        from exosuit_cli.device.remote import RemoteKernels

        self._kernels = self._device = RemoteKernels(
            device,
            addresses,
            self._settings.hash,
            is_demanded=self._settings.device_is_demanded,
        )
        self._work = _work_of(self._settings, self._counter, self._kernels, self._clock)
        self._read_into(slab_bytes)

    def use_work(self, plan: WorkPlan) -> None:
        """From the next batch on, make this of texts. Its work must want lines only if the work before it did."""
        self._settings = replace(self._settings, chunking=plan)
        self._work = _work_of(self._settings, self._counter, self._kernels, self._clock)

    def count_batch(self, texts: Sequence[bytes]) -> list[int]:
        """The tokens of each text. Raises ValueError where no encoding is given."""
        if self._counter is None:
            raise ValueError("nothing is counted: no encoding is given")
        return self._counter.count_batch(texts)

    def totals(self, cpu_seconds: float = 0.0) -> WorkerTotals:
        """What it spent and saw until now; `cpu_seconds` are those of its process, where it has one of its own."""
        cpu_seconds += syntax_process.cpu_seconds() - self._parsed_before
        totals = WorkerTotals(cpu_seconds, self._clock.seconds, self.page_cache.reading)
        if self._device is not None:
            totals.device_failures, totals.beside_device = self._device.failures, self._device.beside
        return totals

    def _read_into(self, slab_bytes: int) -> None:
        self._reader = SlabReader(
            self._base,
            buffers=self._kernels.buffers(slab_bytes, lines=self._work.wants_lines),
            max_file_size=self._settings.max_file_size,
            follow=self._settings.follow,
            page_cache=self.page_cache,
            most_in_slab=_MOST_IN_SLAB if self._device is None else slab_bytes,
        )

    def close(self) -> None:
        """Give the base directory back, and what it has of a device."""
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None
        if self._device is not None:
            self._device.close()
        if self._base >= 0:
            os.close(self._base)
            self._base = -1

    def ingest(
        self,
        batch: Batch,
        patience: float = float("inf"),
        *,
        read_links: bool = True,
        following: Callable[[], Next | None] = lambda: None,
    ) -> ShardResult:
        """Ingest a batch; stop at a slab's end after `patience` seconds, so that a batch of giants can be shared.

        Without `read_links` a file with several hard links is not read: its row has the outcome `Outcome.LINKED` and
        its identity, so that one reading can serve all.

        `following` gives the batch that the next call will be about, if that is known. Where a device computes, its
        first slab is read and begun while the last one of this batch is with the device.
        """
        deadline = time.monotonic() + patience
        self._clock.restart()
        reading = self._ahead if self._ahead is not None else self._reading(batch, read_links=read_links)
        self._ahead = None
        assert reading.batch is batch, "the batch that was to follow"
        names, rows, skip = reading.names, reading.rows, reading.skip
        if self._gone is not None:
            rows["outcome"], rows["errno"] = self._gone
            return ShardResult(rows, 0)
        self._work.start(batch)
        if self._device is not None:
            self._device.batch = self._clock.batch
        read: list[ReadStat] = []
        consumed = len(names)
        unread = 0
        is_left = False
        items = reading.items(lambda: self._read_ahead(following))
        for item, pending in items:
            if isinstance(item, FilledSlab):
                assert pending is not None
                self._take_slab(item, pending, names, rows)
                read += item.files
                last = item.files[-1].position
            else:
                last = item.file.position
                began = self._clock.now()
                try:
                    own = self._own_output(item)
                    if own is not None:
                        self._work.forget(last)
                        skip(last, Outcome.OWN_OUTPUT, 0)
                        unread += own.size
                        read.append(own)
                        continue
                    found = self._take_large(item, names[last], rows)
                except Interrupted:
                    self._work.forget(last)
                    consumed, is_left = last, False
                    break
                except OSError as error:
                    self._work.forget(last)
                    skip(last, *outcome_of(error))
                    continue
                finally:
                    self._clock.lap("large", 1, item.file.size)
                    if self._clock.is_recording:
                        self._clock.file(batch.paths()[last], "large", began, item.file.size)
                if found is None:
                    skip(last, Outcome.CHANGED, 0)
                    continue
                read.append(found)
            if time.monotonic() > deadline or self._work.is_full():
                is_left = True
                reading.leave()
        items.close()
        if is_left:
            consumed = last + 1
        if self._device is not None and self._ahead is None:
            self._device.rest()
        write_stats(rows, read)
        chunks, fallbacks = self._work.finish(consumed)
        self._clock.lap("columns", consumed, bytes_out=_rendered_bytes(chunks), step="result")
        return ShardResult(rows[:consumed], sum(file.size for file in read) - unread, chunks, fallbacks)

    def _reading(self, batch: Batch, *, read_links: bool) -> Reading:
        return Reading(batch, self._reader, self._begin, self._clock, read_links=read_links)

    def _read_ahead(self, following: Callable[[], Next | None]) -> None:
        """Begin the batch that follows, where a device computes."""
        device, clock = self._device, self._clock
        if device is None or (after := following()) is None:
            return
        before, clock.batch, device.batch = clock.batch, after.number, after.number
        self._ahead = self._reading(after.batch, read_links=after.read_links)
        self._ahead.read_one()
        clock.batch = before

    def _begin(self, slab: Slab) -> PendingSlab:
        work = self._work
        return self._kernels.begin(
            slab, lines=work.wants_lines, tokens=self._settings.encoding if work.wants_tokens else None
        )

    def _take_slab(self, filled: FilledSlab, pending: PendingSlab, names: list[bytes], rows: Rows) -> None:
        """Write the rows of one slab: digests, lines, kinds, languages, tokens."""
        slab, files = filled
        columns, lines = pending.finish()
        self._clock.lap("hash", step="device wait" if self._device is not None else "hash")
        facts = describe(slab, columns, [names[file.position] for file in files])
        counted = pending.tokens()
        if counted is not None:
            facts = replace(facts, counted=counted)
        own = marked_files(slab, facts.text) if not self._settings.own_outputs else []
        facts.text[own] = False  # nothing of them is counted or cut
        self._clock.lap("columns", len(files), len(slab.data))
        tokens = self._work.take_slab(filled, facts, lines)
        write_content(rows, as_slice([file.position for file in files]), facts, tokens)
        rows["outcome"][[files[index].position for index in own]] = Outcome.OWN_OUTPUT
        self._clock.lap("columns")

    def _own_output(self, item: LargeFile) -> ReadStat | None:
        """The stat of a large file that carries exosuit's mark and is not to be taken. Raises OSError."""
        if self._settings.own_outputs or not is_marked_file(item.descriptor):
            return None
        status = os.fstat(item.descriptor)
        return ReadStat(item.file.position, status.st_size, status)

    def _take_large(self, item: LargeFile, name: bytes, rows: Rows) -> ReadStat | None:
        """Write the row of a large file; None if it changed while it was read. Raises OSError and Interrupted."""
        work = self._work
        content = read_large(item, name, self._reader.buffer, self._settings, work.start_stream, self._stop)
        counted = work.take_large(item, content, self._stop) if content is not None else None
        if content is None or counted is None:
            return None
        if self._device is not None:
            self._device.note_cpu(1, content.size)
        position = item.file.position
        tokens = np.array([counted.tokens], np.int64)
        write_content(rows, [position], content.facts, tokens, estimated=not counted.exact)
        return ReadStat(position, content.size, content.status)


def _rendered_bytes(chunks: RenderedBatch | None) -> int:
    return len(chunks.rendered) if chunks is not None else 0


def _work_of(settings: ShardSettings, counter: TokenCounter | None, kernels: Kernels, clock: StageClock) -> TextWork:
    if settings.chunking is None or counter is None:
        return Counting(counter, clock)
    from exosuit_cli.chunk.batch import Chunking

    if not isinstance(settings.chunking, Chunking):
        return settings.chunking.begin(counter, clock)
    from exosuit_cli.shards.cutting import Cutting

    return Cutting(settings.chunking, counter, kernels, clock)
