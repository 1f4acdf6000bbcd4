"""Ingesting one shard: a batch of files in, their rows out. A pure function of the files' bytes and the settings."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.kernels import CpuKernels
from exosuit_cli.languages import LANGUAGES, language_of_name, language_of_shebang
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.model.records import ROW, Batch, Kind, Outcome, Rows, time_column
from exosuit_cli.model.slab import SHEBANG_BYTES, TEXT_PROBE_BYTES, Slab
from exosuit_cli.read import FilledSlab, LargeFile, ReadStat, SlabReader
from exosuit_cli.read.reader import outcome_of, same_content
from exosuit_cli.read.text import is_text
from exosuit_cli.shards.large import Interrupted, chunk_large, ingest_large
from exosuit_cli.shards.totals import Laps, WorkerTotals
from exosuit_cli.system.page_cache import PageCacheProbe
from exosuit_cli.system.safe_open import open_base
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import numpy.typing as npt

    from exosuit_cli.chunk.batch import ChunkBatch
    from exosuit_cli.chunk.chunker import Chunker
    from exosuit_cli.device.remote import RemoteKernels
    from exosuit_cli.kernels.protocol import Kernels, PendingSlab
    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.model.slab import LineColumns
    from exosuit_cli.shards.fallbacks import FallbackBuilder, Fallbacks
    from exosuit_cli.shards.settings import ShardSettings

RESULT_BYTES = 8 << 20
"""Rendered chunks of a result, after which the rest of its batch is left for another one."""


@dataclass(frozen=True, slots=True)
class ShardResult:
    """Rows of the first files of a batch, in order; the rest was left for another turn."""

    rows: Rows
    bytes_read: int
    chunks: ChunkBatch | None = None
    """The chunks of those files, where they are asked for."""
    fallbacks: Fallbacks = field(default_factory=Counter)
    """Those of them that were cut by structure although `ast` was asked for."""

    @property
    def consumed(self) -> int:
        """How many files of the batch have a row."""
        return len(self.rows)


class Shard:
    """Ingests batches below one base directory, one after the other, with one slab of memory.

    A request to `stop` is met within a giant file too; that file is then left for another turn.
    """

    def __init__(self, settings: ShardSettings, counter: TokenCounter | None, stop: StopRequest | None = None) -> None:
        self._settings = settings
        self._counter = counter
        self._stop = stop if stop is not None else StopRequest()  # a request that is not made is false
        self._kernels: Kernels = CpuKernels(settings.hash)
        self._device: RemoteKernels | None = None
        self._chunker: Chunker | None = None
        if settings.chunking is not None and counter is not None:
            from exosuit_cli.chunk.chunker import Chunker

            self._chunker = Chunker(settings.chunking.options, counter, self._kernels)
        self._gone: tuple[Outcome, int] | None = None
        """How every file ends where the base itself cannot be opened any more."""
        try:
            self._base = open_base(settings.base)
        except OSError as error:
            self._base, self._gone = -1, outcome_of(error)
        self.page_cache = PageCacheProbe()
        self._laps = Laps()
        self._read_into(settings.slab_bytes)
        if settings.addresses:
            self.use_device(settings.device, settings.addresses, settings.slab_bytes)

    def use_device(self, device: str, addresses: tuple[str, ...], slab_bytes: int) -> None:
        """From the next batch on, have slabs computed by the owners of a device."""
        from exosuit_cli.device.remote import RemoteKernels

        self._kernels = self._device = RemoteKernels(
            device,
            addresses,
            self._settings.hash,
            batch_files=self._settings.batch_files,
            is_demanded=self._settings.device_is_demanded,
        )
        self._read_into(slab_bytes)

    def totals(self, cpu_seconds: float = 0.0) -> WorkerTotals:
        """What it spent and saw until now; the CPU seconds are those of its process, if that is its own."""
        totals = WorkerTotals(cpu_seconds, self._laps.seconds, self.page_cache.reading)
        if self._device is not None:
            totals.device_failures, totals.beside_device = self._device.failures, self._device.beside
        return totals

    def _read_into(self, slab_bytes: int) -> None:
        self._reader = SlabReader(
            self._base,
            buffers=self._kernels.buffers(slab_bytes, lines=self._chunker is not None),
            max_file_size=self._settings.max_file_size,
            follow=self._settings.follow,
            page_cache=self.page_cache,
        )

    def close(self) -> None:
        """Give the base directory back."""
        if self._base >= 0:
            os.close(self._base)
            self._base = -1

    def ingest(self, batch: Batch, patience: float = float("inf"), *, read_links: bool = True) -> ShardResult:
        """Ingest a batch; stop at a slab's end after `patience` seconds, so that a batch of giants can be shared.

        Without `read_links` a file with several hard links is not read: its row has the outcome `Outcome.LINKED` and
        its identity, so that one reading can serve all.
        """
        deadline = time.monotonic() + patience
        self._laps.restart()
        names = [name for _, group in batch.groups for name in group]
        rows = np.zeros(len(names), ROW)
        if self._gone is not None:
            rows["outcome"], rows["errno"] = self._gone
            return ShardResult(rows, 0)

        def skip(position: int, outcome: Outcome, number: int) -> None:
            rows[position]["outcome"] = outcome
            rows[position]["errno"] = number

        builder = self._builder(batch)
        positions: list[int] = []
        statuses: list[os.stat_result] = []
        sizes: list[int] = []
        consumed = len(names)

        def link(position: int, status: os.stat_result) -> None:
            row = rows[position]
            row["outcome"], row["device"], row["inode"] = Outcome.LINKED, status.st_dev, status.st_ino

        items = self._read_ahead(self._reader.read(batch, skip, None if read_links else link))
        for item, pending in items:
            if isinstance(item, FilledSlab):
                assert pending is not None
                self._take_slab(item, pending, names, rows, builder)
                files = item.files
            else:
                position = item.file.position
                try:
                    counter = self._counter if builder is None else None
                    ingested = ingest_large(item, self._reader.buffer, self._settings, counter, self._stop)
                    if ingested is not None and builder is not None:
                        ingested = self._chunk_large(item, names, ingested, builder)
                except Interrupted:
                    if builder is not None:
                        builder.forget(position)
                    consumed = position
                    break
                except OSError as error:
                    if builder is not None:
                        builder.forget(position)
                    skip(position, *outcome_of(error))
                    continue
                finally:
                    self._laps.lap("large")
                if ingested is None:
                    skip(position, Outcome.CHANGED, 0)
                    continue
                if self._device is not None:
                    self._device.note_cpu(1, int(ingested[0]["size"][0]))
                row, status = ingested
                rows[position] = row[0]
                if rows["kind"][position] == Kind.TEXT:
                    rows["language"][position] = language_of_name(names[position]) or row["language"][0]
                files = [ReadStat(position, int(rows["size"][position]), status)]
            for file in files:
                positions.append(file.position)
                sizes.append(file.size)
                statuses.append(file.status)
            if time.monotonic() > deadline or (builder is not None and builder.bytes > RESULT_BYTES):
                consumed = files[-1].position + 1
                break
        items.close()
        rows["size"][positions] = sizes
        rows["mtime_ns"][positions] = time_column([status.st_mtime_ns for status in statuses])
        rows["ctime_ns"][positions] = time_column([status.st_ctime_ns for status in statuses])
        rows["device"][positions] = [status.st_dev for status in statuses]
        rows["inode"][positions] = [status.st_ino for status in statuses]
        rows["executable"][positions] = [(status.st_mode >> 6) & 1 for status in statuses]
        chunks = builder.build(consumed) if builder is not None else None
        fallbacks = builder.fallbacks() if builder is not None else Counter()
        self._laps.lap("columns")
        return ShardResult(rows[:consumed], sum(sizes), chunks, fallbacks)

    def _read_ahead(
        self, items: Iterator[FilledSlab | LargeFile]
    ) -> Generator[tuple[FilledSlab, PendingSlab] | tuple[LargeFile, None]]:
        """The items in their order, each slab begun: a device works on one while the next is filled."""
        held: deque[tuple[FilledSlab, PendingSlab]] = deque()
        depth = self._reader.depth
        try:
            for item in items:
                self._laps.lap("read")
                if isinstance(item, FilledSlab):
                    held.append((item, self._kernels.begin(item.slab, lines=self._chunker is not None)))
                    self._laps.lap("hash")
                    if len(held) == depth:
                        yield held.popleft()
                else:
                    while held:
                        yield held.popleft()
                    yield item, None
            while held:
                yield held.popleft()
        finally:
            for _, pending in held:  # nobody wants it any more, but its memory is in use until it is done
                with contextlib.suppress(ResourceMissing):
                    pending.finish()

    def _builder(self, batch: Batch) -> FallbackBuilder | None:
        if self._settings.chunking is None:
            return None
        from exosuit_cli.shards.fallbacks import FallbackBuilder

        return FallbackBuilder(self._settings.chunking, batch.paths())

    def _take_slab(
        self,
        filled: FilledSlab,
        pending: PendingSlab,
        names: list[bytes],
        rows: Rows,
        builder: FallbackBuilder | None,
    ) -> None:
        """Write the rows of one slab: digests, lines, kinds, languages, tokens."""
        slab, files = filled
        columns, lines = pending.finish()
        self._laps.lap("hash")
        positions = _as_slice([file.position for file in files])
        view = slab.data.data
        offsets = slab.offsets.tolist()
        lengths = slab.lengths.tolist()
        binary = columns.has_nul.copy()
        for index in np.flatnonzero((columns.max_bytes >= 128) & ~binary).tolist():
            start = offsets[index]
            probe = bytes(view[start : start + min(lengths[index], TEXT_PROBE_BYTES)])
            binary[index] = not is_text(probe)
        unterminated = (columns.last_bytes >= 0) & (columns.last_bytes != ord("\n"))
        rows["digest"][positions, : columns.digests.shape[1]] = columns.digests
        rows["kind"][positions] = binary
        rows["lines"][positions] = np.where(binary, -1, columns.newlines + unterminated)
        texts: list[bytes] = []
        languages: list[int] = []
        for file, start, length, is_binary in zip(files, offsets, lengths, binary.tolist(), strict=True):
            if is_binary:
                languages.append(0)
                continue
            language = language_of_name(names[file.position])
            if not language and bytes(view[start : start + 2]) == b"#!":
                language = language_of_shebang(bytes(view[start : start + min(length, SHEBANG_BYTES)]))
            languages.append(language)
            if self._counter is not None and builder is None:
                texts.append(bytes(view[start : start + length]))
        tokens = np.full(len(files), -1, np.int64)
        self._laps.lap("columns")
        if builder is not None:
            tokens[~binary] = self._chunk_slab(filled, lines, languages, ~binary, builder)
            self._laps.lap("chunk")
        elif self._counter is not None:
            tokens[~binary] = self._counter.count_batch(texts)
            self._laps.lap("tokens")
        rows["tokens"][positions] = tokens
        rows["language"][positions] = languages

    def _chunk_slab(
        self,
        filled: FilledSlab,
        lines: LineColumns | None,
        languages: list[int],
        text: npt.NDArray[np.bool_],
        builder: FallbackBuilder,
    ) -> list[int]:
        """Chunk the texts of a slab; the tokens of each."""
        assert self._chunker is not None
        texts = np.flatnonzero(text).tolist()
        slab = filled.slab
        if len(texts) < len(slab):
            slab = _part(slab, texts)
            lines = lines.of_files(texts) if lines is not None else None
        codes = [languages[index] for index in texts]
        found = self._chunker.chunk_slab(slab, [LANGUAGES[code] for code in codes], lines)
        view = slab.data.data
        for index, offset, chunks in zip(texts, slab.offsets.tolist(), found, strict=True):
            position = filled.files[index].position
            language = LANGUAGES[languages[index]]
            builder.add(position, language, view, offset, chunks)
        return [chunks.text_tokens for chunks in found]

    def _chunk_large(
        self,
        item: LargeFile,
        names: list[bytes],
        ingested: tuple[Rows, os.stat_result],
        builder: FallbackBuilder,
    ) -> tuple[Rows, os.stat_result] | None:
        """Read a large file once more, for its chunks; None if it has changed since the first time."""
        assert self._chunker is not None
        row, status = ingested
        if row["kind"][0] != Kind.TEXT:
            return ingested
        position = item.file.position
        language = LANGUAGES[language_of_name(names[position]) or int(row["language"][0])]
        tokens = 0
        for segment, offset, chunks in chunk_large(item, status, self._chunker, language, self._stop):
            tokens += chunks.text_tokens
            row["estimated"] |= not chunks.text_is_exact
            builder.add(position, language, memoryview(segment), -offset, chunks)
        if not same_content(status, os.fstat(item.descriptor)):
            builder.forget(position)
            return None
        row["tokens"] = tokens
        return row, status


def _part(slab: Slab, files: list[int]) -> Slab:
    """A slab of some of the files."""
    lengths = slab.lengths[files]
    pieces = [
        slab.data[start : start + length]
        for start, length in zip(slab.offsets[files].tolist(), lengths.tolist(), strict=True)
    ]
    data = np.concatenate(pieces) if pieces else np.zeros(0, np.uint8)
    return Slab(data, np.cumsum(lengths) - lengths, lengths)


def _as_slice(positions: list[int]) -> slice | list[int]:
    """The positions as a slice where no one is left out, which numpy takes many times faster than a list."""
    first, last = positions[0], positions[-1]
    return slice(first, last + 1) if last - first + 1 == len(positions) else positions
