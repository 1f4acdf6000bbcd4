"""Ingesting one shard: a batch of files in, their rows out. A pure function of the files' bytes and the settings."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.ingest.large import Interrupted, ingest_large
from exosuit_cli.ingest.text import is_text
from exosuit_cli.kernels import load_kernels
from exosuit_cli.languages import language_of_name, language_of_shebang
from exosuit_cli.model.records import RAW, ROW, Batch, Kind, Outcome, Rows, time_column
from exosuit_cli.model.slab import TEXT_PROBE_BYTES
from exosuit_cli.read import FilledSlab, ReadStat, SlabReader
from exosuit_cli.read.reader import outcome_of
from exosuit_cli.system.page_cache import PageCacheProbe
from exosuit_cli.system.safe_open import open_base, open_directory
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from exosuit_cli.ingest.options import ShardSettings
    from exosuit_cli.model.protocols import TokenCounter

UNKNOWN = -1
"""The `size` of a known row that stands for a file the index does not hold."""


@dataclass(frozen=True, slots=True)
class ShardResult:
    """Rows of the first `consumed` files of a batch, in order; the rest was left for another turn.

    `rows` is ROW[misses] for the files that were read or skipped, `hits` bool[consumed] marks those whose known row
    still holds. `seconds` is the processor time spent.
    """

    consumed: int
    rows: Rows
    hits: npt.NDArray[np.bool_]
    bytes_read: int


class Shard:
    """Ingests batches below one base directory, one after the other, with one slab of memory.

    A request to `stop` is met within a giant file too; that file is then left for another turn.
    """

    def __init__(self, settings: ShardSettings, counter: TokenCounter | None, stop: StopRequest | None = None) -> None:
        self._settings = settings
        self._counter = counter
        self._stop = stop if stop is not None else StopRequest()  # a request that is not made is false
        self._kernels = load_kernels(settings.device, settings.hash)
        self._base = open_base(settings.base)
        self.page_cache = PageCacheProbe()
        self._reader = SlabReader(
            self._base,
            slab_bytes=settings.slab_bytes,
            max_file_size=settings.max_file_size,
            follow=settings.follow,
            page_cache=self.page_cache,
        )

    def close(self) -> None:
        """Give the base directory back."""
        os.close(self._base)

    def ingest(
        self, batch: Batch, known: Rows | None = None, patience: float = float("inf"), *, read_links: bool = True
    ) -> ShardResult:
        """Ingest a batch; stop at a slab's end after `patience` seconds, so that a batch of giants can be shared.

        `known` is ROW[len(batch)] from the index; a file whose size, times, device and inode equal its known row is a
        hit and is not opened. A row's `size` of `UNKNOWN` never hits. Without `read_links` a file with several hard
        links is not read: its row has the outcome `Outcome.LINKED` and its identity, so that one reading can serve all.
        """
        deadline = time.monotonic() + patience
        names = [name for _, group in batch.groups for name in group]
        rows = np.zeros(len(names), ROW)
        hits = self._unchanged(batch, known) if known is not None else np.zeros(len(names), np.bool_)

        def skip(position: int, outcome: Outcome, number: int) -> None:
            rows[position]["outcome"] = outcome
            rows[position]["errno"] = number

        missed = (~hits).tolist()
        positions: list[int] = []
        statuses: list[os.stat_result] = []
        sizes: list[int] = []
        consumed = len(names)

        def link(position: int, status: os.stat_result) -> None:
            row = rows[position]
            row["outcome"], row["device"], row["inode"] = Outcome.LINKED, status.st_dev, status.st_ino

        wanted = None if known is None else missed.__getitem__
        for item in self._reader.read(batch, wanted, skip, None if read_links else link):
            if isinstance(item, FilledSlab):
                self._take_slab(item, names, rows)
                files = item.files
            else:
                position = item.file.position
                try:
                    ingested = ingest_large(item, self._reader.buffer, self._settings, self._counter, self._stop)
                except Interrupted:
                    consumed = position
                    break
                except OSError as error:
                    skip(position, *outcome_of(error))
                    continue
                if ingested is None:
                    skip(position, Outcome.CHANGED, 0)
                    continue
                row, status = ingested
                rows[position] = row[0]
                if rows["kind"][position] == Kind.TEXT:
                    rows["language"][position] = language_of_name(names[position])
                files = [ReadStat(position, int(rows["size"][position]), status)]
            for file in files:
                positions.append(file.position)
                sizes.append(file.size)
                statuses.append(file.status)
            if time.monotonic() > deadline:
                consumed = files[-1].position + 1
                break
        rows["size"][positions] = sizes
        rows["mtime_ns"][positions] = time_column([status.st_mtime_ns for status in statuses])
        rows["ctime_ns"][positions] = time_column([status.st_ctime_ns for status in statuses])
        rows["device"][positions] = [status.st_dev for status in statuses]
        rows["inode"][positions] = [status.st_ino for status in statuses]
        rows["executable"][positions] = [(status.st_mode >> 6) & 1 for status in statuses]
        hits = hits[:consumed]
        return ShardResult(consumed, rows.view(RAW)[:consumed][~hits].view(ROW), hits, sum(sizes))

    def _take_slab(self, filled: FilledSlab, names: list[bytes], rows: Rows) -> None:
        """Write the rows of one slab: digests, lines, kinds, languages, tokens."""
        slab, files = filled
        columns = self._kernels.columns(slab)
        positions = [file.position for file in files]
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
        count = self._counter.count if self._counter is not None else None
        tokens: list[int] = []
        languages: list[int] = []
        for position, start, length, is_binary in zip(positions, offsets, lengths, binary.tolist(), strict=True):
            if is_binary:
                tokens.append(-1)
                languages.append(0)
                continue
            tokens.append(count(bytes(view[start : start + length])) if count is not None else -1)
            language = language_of_name(names[position])
            if not language and bytes(view[start : start + 2]) == b"#!":
                language = language_of_shebang(bytes(view[start : start + min(length, 256)]))
            languages.append(language)
        rows["tokens"][positions] = tokens
        rows["language"][positions] = languages

    def _unchanged(self, batch: Batch, known: Rows) -> npt.NDArray[np.bool_]:
        """Which files still have the size, times, device, inode and mode that the index knows."""
        follow = self._settings.follow
        found: list[tuple[int, int, int, int, int, int]] = []
        missing = (UNKNOWN - 1, 0, 0, 0, 0, 0)
        for directory, names in batch.groups:
            try:
                parent = open_directory(self._base, directory.path, follow=follow)
            except OSError:
                found.extend([missing] * len(names))
                continue
            try:
                for name in names:
                    try:
                        status = os.stat(name, dir_fd=parent, follow_symlinks=follow)
                    except OSError:
                        found.append(missing)
                        continue
                    found.append(
                        (
                            status.st_size,
                            status.st_mtime_ns,
                            status.st_ctime_ns,
                            status.st_dev,
                            status.st_ino,
                            status.st_mode,
                        )
                    )
            finally:
                os.close(parent)
        if not found:
            return np.zeros(0, np.bool_)
        sizes, mtimes_ns, ctimes_ns, devices, inodes, modes = zip(*found, strict=True)
        mode = np.array(modes, np.int64)
        same: npt.NDArray[np.bool_] = (
            ((mode & 0o170000) == 0o100000)
            & (known["size"] == np.array(sizes, np.int64))
            & (known["mtime_ns"] == time_column(mtimes_ns))
            & (known["ctime_ns"] == time_column(ctimes_ns))
            & (known["device"] == np.array(devices, np.uint64))
            & (known["inode"] == np.array(inodes, np.uint64))
            & (known["executable"] == (mode >> 6) & 1)
        )
        return same
