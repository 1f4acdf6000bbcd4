"""The processes of a run: the one that loads the vocabulary, those that read, and those that own a device."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from exosuit_cli.shards.settings import ShardSettings
from exosuit_cli.shards.totals import WorkerTotals
from exosuit_cli.syntax import process as syntax_process
from exosuit_cli.system.forked import start_method
from exosuit_cli.system.processes import children_of
from exosuit_cli.system.processors import usable_processors
from exosuit_cli.workers import ahead
from exosuit_cli.workers.device_run import RunDevice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exosuit_cli.chunk.batch import Chunking
    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.model.spans import SpanRecording, StageClock
    from exosuit_cli.shards.work import WorkPlan
    from exosuit_cli.system.stop import StopRequest
    from exosuit_cli.workers.carrier import Carrier

POOL_FILES = 2000
POOL_BYTES = 32 << 20
"""This process reads a tree of fewer files and fewer bytes: starting workers would cost more than it saves."""
CHUNK_POOL_BYTES = 4 << 20
"""The same where chunks are cut: that takes several times as long, and its processes have started already."""
LITTLE_FILES = 64
LITTLE_BYTES = 256 << 10
"""This process counts so few files of so few bytes with the vocabulary as its file has it."""


class Processes:
    """The processes of a run below `base`, each started once it is clear that it pays; `close` leaves none behind.

    `chunking` is what the workers cut. What was started ahead for this run is taken over.
    """

    def __init__(
        self, base: bytes, options: ScanOptions, chunking: Chunking | WorkPlan | None, stop: StopRequest
    ) -> None:
        self.processors = options.workers or usable_processors()
        self.device = RunDevice(options, self.processors, is_chunking=chunking is not None)
        self.carrier: Carrier | None = None
        self._base = base
        self._options = options
        self._preload_cpu_seconds = 0.0
        self._stop = stop
        self._recording: SpanRecording | None = options.recording
        self._settings = ShardSettings(
            base=base,
            encoding=options.encoding,
            hash=options.hash,
            device="cpu",
            max_file_size=options.max_file_size,
            slab_bytes=options.slab_bytes,
            follow=options.walk.follow,
            chunking=chunking,
            own_outputs=options.own_outputs,
            recorded_spans=self._recording.capacity if self._recording is not None else 0,
        )
        self._preload = ahead.take_preload(options.encoding, self.processors, with_table=_needs_table(chunking))

    def load_vocabulary(self) -> None:
        """Have another process load the vocabulary from now on, where that is possible."""
        encoding = self._options.encoding
        if encoding is not None and self._preload is None and start_method() == "fork":
            from exosuit_cli.workers.preload import Preload

            with contextlib.suppress(OSError):  # too many processes or open files: this process loads it itself
                self._preload = Preload(encoding, self.processors, with_table=_needs_table(self._settings.chunking))

    def engage(
        self, files: int, paths: Callable[[], Iterable[bytes]], patience: float, *, walking: bool
    ) -> Carrier | None:
        """Start what carries the tasks out, once it is clear what that should be; None before.

        `files` are to be read, as far as is known, those at `paths()`. Waits up to `patience` seconds for a device that
        is demanded. Raises ResourceMissing where it is not there.
        """
        undecided = files < POOL_FILES and self._options.workers < 2
        if self.carrier is None and not (walking and undecided) and self.device.is_ready(patience):
            self._settings = self.device.settings(self._settings)
            self.carrier = self._start_carrier(files, paths)
        return self.carrier

    def is_busy(self) -> bool:
        """Whether any task is out."""
        return self.carrier is not None and self.carrier.is_busy()

    def pids(self) -> list[int]:
        """All its processes that are alive."""
        workers = self.carrier.pids() if self.carrier is not None else ()
        own = [*workers, *(self._preload.pids() if self._preload is not None else ()), *self.device.pids()]
        parsing = [each for pid in own for each in children_of(pid)]
        return list(dict.fromkeys([*own, *parsing, *syntax_process.pids()]))

    def end_workers(self, *, abort: bool) -> None:
        """End the workers, after their current task or at once, and the process that loaded the vocabulary."""
        if self.carrier is not None:
            self.carrier.close(abort=abort)
            self.device.finish()
            if self._recording is not None:
                self._recording.add(self.carrier.totals.tracks)
        if self._preload is not None:
            clock = self._clock()
            if clock is not None:
                clock.skip()
            self._preload_cpu_seconds = self._preload.close()
            if clock is not None:
                clock.step("end")

    def close(self) -> None:
        """End whatever is left."""
        self.device.close()
        if self._preload is not None:
            self._preload.close()

    @property
    def shortage(self) -> str:
        """Why there are fewer workers than were asked for; empty where there are not."""
        return self.carrier.shortage if self.carrier is not None else ""

    @property
    def totals(self) -> WorkerTotals:
        """What the workers spent and saw, once they have ended."""
        return self.carrier.totals if self.carrier is not None else WorkerTotals()

    @property
    def cpu_seconds(self) -> float:
        """Of all processes but this one, once they have ended."""
        return self.totals.cpu_seconds + self._preload_cpu_seconds + self.device.totals.cpu_seconds

    def _start_carrier(self, files: int, paths: Callable[[], Iterable[bytes]]) -> Carrier:
        # An unchanged tree needs neither of them.
        from exosuit_cli.workers.in_process import InProcessCarrier
        from exosuit_cli.workers.pool import IN_FLIGHT, WorkerPool

        settings, workers = self._settings, self.processors
        if self._is_little(files, paths):
            from exosuit_cli import tokens

            return InProcessCarrier(settings, tokens.counter_of_few(str(settings.encoding)), self._stop, self._clock())
        self.load_vocabulary()
        preload = self._preload
        is_chunking = settings.chunking is not None
        # Where chunks are written in order, all others wait for a worker that is slow: it should hold few tasks.
        in_flight = 2 if is_chunking else IN_FLIGHT
        pays = bool(self._options.workers) or ((workers > 1 or is_chunking) and self._pays(files, paths))
        if is_chunking and preload is not None:  # cutting asks the counter too often to have it in another process
            workers, counter = workers if pays else 1, None
            return WorkerPool(
                settings, counter, workers, preload, alone=self._alone, in_flight=in_flight, clock=self._clock()
            )
        if workers == 1 or not pays:
            return InProcessCarrier(settings, self._counter(), self._stop, self._clock())
        counter = self._counter() if preload is None else None
        return WorkerPool(
            settings, counter, workers, preload, alone=self._alone, in_flight=in_flight, clock=self._clock()
        )

    def _alone(self, settings: ShardSettings) -> Carrier:
        """What works where no process can be started."""
        from exosuit_cli.workers.in_process import InProcessCarrier

        if self._preload is not None:
            self._preload.close()
            self._preload = None
        return InProcessCarrier(settings, self._counter(), self._stop, self._clock())

    def _clock(self) -> StageClock | None:
        """A clock for the thread of this process, where it is recorded."""
        return self._recording.clock() if self._recording is not None else None

    def _counter(self) -> TokenCounter | None:
        """The counter for this process."""
        if self._options.encoding is None:
            return None
        from exosuit_cli.tokens import load_counter

        counter = self._preload.counter() if self._preload is not None else load_counter(self._options.encoding)
        clock = self._clock()
        if clock is not None:
            counter.count(b"")  # it answers once it has loaded: else that time would look like that of the first text
            clock.step("vocabulary")
        return counter

    def _is_little(self, files: int, paths: Callable[[], Iterable[bytes]]) -> bool:
        """Whether the work is done before a vocabulary would be loaded."""
        if self._options.encoding is None or self._preload is not None or self._options.workers > 1:
            return False
        return files <= LITTLE_FILES and self._size(paths) <= LITTLE_BYTES

    def _pays(self, files: int, paths: Callable[[], Iterable[bytes]]) -> bool:
        """Whether the work is worth starting processes for."""
        if files >= POOL_FILES:
            return True
        return self._size(paths) >= (POOL_BYTES if self._settings.chunking is None else CHUNK_POOL_BYTES)

    def _size(self, paths: Callable[[], Iterable[bytes]]) -> int:
        """The bytes of files."""
        total = 0
        for path in paths():
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(self._base, path)).st_size
        return total


def _needs_table(chunking: Chunking | WorkPlan | None) -> bool:
    """Whether the workers need the table of tokens beside the vocabulary."""
    return chunking is not None and chunking.needs_table
