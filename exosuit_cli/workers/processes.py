"""Who works in a run: the process that loads the vocabulary, those that read, and those that own a device."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from exosuit_cli.shards.settings import ShardSettings
from exosuit_cli.shards.totals import WorkerTotals
from exosuit_cli.system.forked import start_method
from exosuit_cli.system.processors import usable_processors
from exosuit_cli.workers.device_run import RunDevice

if TYPE_CHECKING:
    from exosuit_cli.chunk.batch import Chunking
    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.ingest.ledger import Ledger
    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.system.stop import StopRequest
    from exosuit_cli.workers.pool import Pool
    from exosuit_cli.workers.preload import Zygote

POOL_FILES = 2000
POOL_BYTES = 32 << 20
"""Fewer files and fewer bytes than these are read in this process: starting workers would cost more than it saves."""
CHUNK_POOL_BYTES = 4 << 20
"""The same where chunks are cut, which takes several times as long, by processes that are there already."""


class Crew:
    """The processes of a run below `base`, each started once it is clear that it pays; `close` leaves none behind.

    `zygote` was forked early for the same encoding and number of workers. `chunking` is what the workers cut.
    """

    def __init__(
        self, base: bytes, options: ScanOptions, zygote: Zygote | None, chunking: Chunking | None, stop: StopRequest
    ) -> None:
        self.processors = options.workers or usable_processors()
        self.device = RunDevice(options, self.processors, options.slab_bytes if chunking is not None else 0)
        self.pool: Pool | None = None
        self._base = base
        self._options = options
        self._zygote = zygote
        self._zygote_cpu_seconds = 0.0
        self._stop = stop
        self._settings = ShardSettings(
            base=base,
            encoding=options.encoding,
            hash=options.hash,
            device="cpu",
            batch_files=options.batch_files,
            max_file_size=options.max_file_size,
            slab_bytes=options.slab_bytes,
            follow=options.walk.follow,
            chunking=chunking,
        )

    def load_vocabulary(self) -> None:
        """Have the vocabulary loaded elsewhere from now on, where that is possible."""
        encoding = self._options.encoding
        if encoding is not None and self._zygote is None and start_method() == "fork":
            from exosuit_cli.workers.preload import Zygote

            with contextlib.suppress(OSError):  # too many processes or open files: this process loads it itself
                self._zygote = Zygote(encoding, self.processors, with_table=self._settings.chunking is not None)

    def engage(self, ledger: Ledger, patience: float, *, walking: bool) -> Pool | None:
        """The pool, started if there is work and it is clear by now which it should be; else None.

        Waits up to `patience` seconds for a device that is demanded. Raises ResourceMissing where it is not there.
        """
        if self.pool is None and ledger.tasks:
            undecided = ledger.files < POOL_FILES and self._options.workers < 2
            if not (walking and undecided) and self.device.is_ready(patience):
                self._settings = self.device.settings(self._settings)
                self.pool = self._start_pool(ledger)
        return self.pool

    def is_busy(self) -> bool:
        """Whether any task is out."""
        return self.pool is not None and self.pool.busy()

    def pids(self) -> list[int]:
        """All its processes that are alive."""
        pool = self.pool.pids() if self.pool is not None else ()
        return [*pool, *(self._zygote.pids() if self._zygote is not None else ()), *self.device.pids()]

    def dismiss(self, *, abort: bool) -> None:
        """End the workers, after their current task or at once, and the process that loaded the vocabulary."""
        if self.pool is not None:
            self.pool.close(abort=abort)
        if self._zygote is not None:
            self._zygote_cpu_seconds = self._zygote.close()

    def close(self) -> None:
        """End whatever is left."""
        self.device.close()
        if self._zygote is not None:
            self._zygote.close()

    @property
    def totals(self) -> WorkerTotals:
        """What the workers spent and saw, once they are dismissed."""
        return self.pool.totals if self.pool is not None else WorkerTotals()

    @property
    def cpu_seconds(self) -> float:
        """Of all processes but this one, once they have ended."""
        return self.totals.cpu_seconds + self._zygote_cpu_seconds + self.device.totals.cpu_seconds

    def _start_pool(self, ledger: Ledger) -> Pool:
        from exosuit_cli.workers.pool import IN_FLIGHT, InlinePool, ProcessPool  # a tree that stands needs none

        self.load_vocabulary()
        settings, workers, zygote = self._settings, self.processors, self._zygote
        is_chunking = settings.chunking is not None
        # Where chunks are written in order, all others wait for a worker that is slow: it should hold few tasks.
        in_flight = 2 if is_chunking else IN_FLIGHT
        pays = bool(self._options.workers) or ((workers > 1 or is_chunking) and self._pays(ledger))
        if is_chunking and zygote is not None:  # chunks need the counter next to them
            return ProcessPool(settings, None, workers if pays else 1, zygote, in_flight=in_flight)
        if workers == 1 or not pays:
            return InlinePool(settings, self._counter(), self._stop)
        return ProcessPool(settings, self._counter() if zygote is None else None, workers, zygote, in_flight=in_flight)

    def _counter(self) -> TokenCounter | None:
        """The counter for this process."""
        if self._options.encoding is None:
            return None
        from exosuit_cli.tokens import load_counter

        return self._zygote.counter() if self._zygote is not None else load_counter(self._options.encoding)

    def _pays(self, ledger: Ledger) -> bool:
        """Whether the work is worth starting processes for."""
        if ledger.files >= POOL_FILES:
            return True
        total = 0
        for path in ledger.paths():
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(self._base, path)).st_size
        return total >= (POOL_BYTES if self._settings.chunking is None else CHUNK_POOL_BYTES)
