"""The scan: from paths to a result."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.config.options import ScanOptions
from exosuit_cli.index.changes import recheck
from exosuit_cli.index.file import IndexFile
from exosuit_cli.ingest.ledger import Ledger
from exosuit_cli.ingest.result import ScanResult, Throughput, tree_digest
from exosuit_cli.model.digests import find_digest
from exosuit_cli.model.encodings import find_encoding
from exosuit_cli.model.records import RAW, ROW, Outcome, Skip
from exosuit_cli.shards.totals import Laps, add_stages
from exosuit_cli.system.memory import MemoryReport, MemorySampler, TierReading
from exosuit_cli.system.stop import StopRequest
from exosuit_cli.walk import Listing, PastDirectory, TreeWalk
from exosuit_cli.walk.roots import PathLike, Roots, resolve_names, resolve_roots
from exosuit_cli.workers.processes import Crew

if TYPE_CHECKING:
    from exosuit_cli.index.index import Index
    from exosuit_cli.index.stat_table import StatTable
    from exosuit_cli.ingest.collector import ChunkCollector
    from exosuit_cli.workers.messages import Finished
    from exosuit_cli.workers.preload import Zygote

FIRST_CHUNKED_FILES = 25
"""Files of the first batch where chunks are cut: whoever watches sees it move, and the first chunks are written."""
LINGER_SECONDS = 0.1
DRAIN_SECONDS = 5
"""How long an interrupted scan waits for the files that its workers are reading."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a running scan is: files listed so far, whether that is all, files and bytes done, seconds since start."""

    listed: int
    walk_is_over: bool
    done: int
    bytes: int
    seconds: float


ProgressCallback = Callable[[Progress], None]


def scan(
    paths: PathLike | Sequence[PathLike],
    options: ScanOptions | None = None,
    *,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
    zygote: Zygote | None = None,
    stats: StatTable | None = None,
) -> ScanResult:
    """Scan files and directories: every path seen is in the result, as a row or as a skip with its reason.

    The result depends on the tree and the options only, not on workers, order, device or index. Nothing is written but
    the index, outside of the tree. `stop` ends the scan early with a partial result; `progress` is called several times
    a second, on this thread. `zygote` was forked early for the same encoding and number of workers; `stats` are being
    filled already for the index of the same paths.

    Raises UsageError for paths and options that cannot be carried out, ResourceMissing for a device that is not there.
    """
    several = paths if isinstance(paths, Sequence) and not isinstance(paths, (str, bytes)) else [paths]
    return Run(resolve_roots(several), options or ScanOptions(), stop, progress, zygote, stats=stats).run()


def scan_names(
    base: PathLike,
    names: Sequence[bytes],
    options: ScanOptions | None = None,
    *,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
    zygote: Zygote | None = None,
) -> ScanResult:
    """Scan the files and directories that a list names, relative to the directory `base`; see `scan`.

    A name that does not exist becomes a skip, not an error.
    """
    return Run(resolve_names(base, names), options or ScanOptions(), stop, progress, zygote).run()


class Run:
    """One run of the pipeline over some roots."""

    def __init__(
        self,
        roots: Roots,
        options: ScanOptions,
        stop: StopRequest | None,
        progress: ProgressCallback | None,
        zygote: Zygote | None,
        collector: ChunkCollector | None = None,
        stats: StatTable | None = None,
    ) -> None:
        find_digest(options.hash)
        if options.encoding is not None:
            find_encoding(options.encoding)  # now, not when the first text turns up
        self.started = time.monotonic()
        self.started_cpu = time.process_time()
        self.started_ns = time.time_ns()
        self.roots = roots
        self.options = options
        self.stop = stop if stop is not None else StopRequest()  # a request that is not made is false
        self.progress = progress
        self.collector = collector
        self.stats = stats
        self.sampler = MemorySampler()
        self.warnings: list[str] = []
        chunking = collector.chunking if collector is not None else None
        self.crew = Crew(roots.base, options, zygote, chunking, self.stop)
        self.laps = Laps()
        self.next_report = 0.0

    def run(self) -> ScanResult:
        """Scan, and leave no process behind."""
        try:
            self.crew.device.start()
            return self._run()
        finally:
            self.crew.close()

    def _run(self) -> ScanResult:
        """Look what stands of the index, walk, dispatch, collect, add up."""
        self.laps.restart()
        index_file = IndexFile.open(self.roots, self.options, self.warnings)
        index = self._recheck(index_file.index)
        walk = TreeWalk(
            self.roots.base,
            self.roots.roots,
            replace(self.options.walk, own_outputs=self.options.walk.own_outputs | index_file.own_outputs),
            past_rules=index.rules if index is not None and index.walk_is_known else {},
        )
        ledger = Ledger(
            None if self.options.verify else index,
            self.options.batch_files,
            read_links=self.collector is not None,  # each has chunks under its own name
            first_files=FIRST_CHUNKED_FILES if self.collector is not None else None,
        )
        listed_anew = 0
        walking = True
        if index is not None and index.stands and not self.options.verify and walk.stands():
            ledger.take_all(index)
            walking = False
        elif index is not None:
            walk.past = index.unchanged_directories()
        try:
            listings = iter(walk)
            while walking or ledger.tasks or self.crew.is_busy():
                if self.stop:
                    break
                if walking:
                    walking, anew = self._walk_some(listings, ledger)
                    listed_anew += anew
                    self.laps.lap("walk")
                self._work(ledger, walking=walking)
                self.laps.restart()
            self._drain(ledger)
        except BaseException:
            self.crew.dismiss(abort=True)
            raise
        self.laps.restart()
        ledger.check()
        # Nothing listed anew and no file read: the result is the one that the index was written from.
        stands = index is not None and not (listed_anew or self.stop) and ledger.hits == ledger.files == len(index.rows)
        return self._result(walk, ledger, index_file, stands=stands)

    def _recheck(self, index: Index | None) -> Index | None:
        """Find out what stands of the index, and load the vocabulary if that is not everything."""
        if index is not None:
            follow = self.options.walk.follow
            standing = recheck(index, self.roots.base, follow=follow, processes=self.crew.processors, ahead=self.stats)
            index.stand(standing)
            self.laps.lap("index")
            if standing.is_whole() and not self.options.verify:
                return index
        self.crew.load_vocabulary()
        self.laps.restart()
        return index

    def _walk_some(self, listings: Iterator[tuple[Listing, PastDirectory | None]], ledger: Ledger) -> tuple[bool, int]:
        """Walk until there is a new task or the walk is over; whether it goes on, and how many listings were new."""
        tasks = len(ledger.tasks)
        anew = 0
        for listing, past in listings:
            ledger.add(listing)
            anew += past is None
            if self.stop:
                return True, anew
            if len(ledger.tasks) > tasks:
                return True, anew
        ledger.flush()
        return False, anew

    def _work(self, ledger: Ledger, *, walking: bool) -> None:
        """Keep the pool fed, once there is one; take what is done."""
        pool = self.crew.engage(ledger, LINGER_SECONDS, walking=walking)
        if pool is None:
            return
        while ledger.tasks and pool.has_room() and (self.collector is None or self.collector.has_room()):
            pool.submit(ledger.tasks.popleft())
        if not walking:
            ledger.order()
        for finished in pool.collect(0 if walking else LINGER_SECONDS):
            self._finish(ledger, finished)
        if ledger.done:
            use = self.crew.device.joins(ledger.bytes_read * (ledger.files - ledger.done) // ledger.done)
            if use is not None:
                pool.use_device(use)
        self.sampler.sample(self.crew.pids())
        now = time.monotonic()
        if self.progress is not None and now >= self.next_report:
            self.next_report = now + LINGER_SECONDS
            self.progress(Progress(ledger.files, not walking, ledger.done, ledger.bytes_read, now - self.started))

    def _finish(self, ledger: Ledger, finished: Finished) -> None:
        ledger.finish(finished)
        if self.collector is not None:
            self.collector.take(finished)

    def _drain(self, ledger: Ledger) -> None:
        """Take in what the workers still hold, and let them go."""
        pool = self.crew.pool
        if pool is None:  # nothing had to be read
            ledger.give_up()
        elif self.stop.signal is not None:
            pool.interrupt(self.stop.signal)
            deadline = time.monotonic() + DRAIN_SECONDS
            while pool.busy() and time.monotonic() < deadline:
                for finished in pool.collect(LINGER_SECONDS):
                    self._finish(ledger, finished)
            ledger.give_up()
        if pool is not None:
            self.sampler.sample(self.crew.pids(), now=True)
        self.crew.dismiss(abort=self.crew.is_busy())

    def _result(self, walk: TreeWalk, ledger: Ledger, index_file: IndexFile, *, stands: bool) -> ScanResult:
        options = self.options
        index = index_file.index
        rows = ledger.rows[: ledger.files]
        places = list(ledger.paths())
        if stands and index is not None:
            order = index.order
        else:
            order = ledger.order()
            order = order[rows["outcome"][order] == Outcome.INGESTED]
        paths = [places[place] for place in order.tolist()]
        skips = list(ledger.skips)
        skips.extend(
            ledger.skip_of(places[place], rows[place]) for place in np.flatnonzero(rows["outcome"] != Outcome.INGESTED)
        )
        skips.sort(key=lambda skip: skip.path)
        sorted_rows = rows.view(RAW)[order].view(ROW)
        digest = index.tree_digest if stands and index else tree_digest(paths, sorted_rows, options.hash)
        verify_failures = None
        if options.verify and index is not None:
            verify_failures = index_file.verify(ledger.listings, rows, order)
        elif options.verify:
            self.warnings.append(f"nothing was verified: there is no index to compare with ({index_file.reason})")
        if not (stands or self.stop):
            index_file.save(
                started_ns=self.started_ns,
                rows=rows,
                order=order,
                tree_digest=digest,
                listings=ledger.listings,
                rules=walk.rules if not walk.problems else {},
                walk_is_known=not walk.problems,
            )
        self.warnings.extend(self._hints(ledger, skips))
        self.sampler.sample((), now=True)
        totals, device = self.crew.totals, self.crew.device
        if not self.stop:
            device.confirm()
        device.close()
        for name, count in totals.beside_device.items():
            setattr(device.totals, name, count)
        self.warnings.extend(
            f"the CPU computed {count} slabs in place of {device.device}: {reason}"
            for reason, count in totals.device_failures.items()
        )
        vram, shared = device.tiers()
        self.laps.lap("result")
        stages = self.laps.seconds
        add_stages(stages, totals.stages)
        return ScanResult(
            base=self.roots.base,
            roots=self.roots.roots,
            hash=options.hash,
            encoding=options.encoding,
            paths=paths,
            rows=sorted_rows,
            skips=skips,
            directories=sum(listing.entered for listing in ledger.listings),
            tree_digest=digest,
            throughput=Throughput(
                wall_s=time.monotonic() - self.started,
                cpu_s=time.process_time() - self.started_cpu + self.crew.cpu_seconds,
                workers=self.crew.pool.workers if self.crew.pool is not None else 1,
                device=device.device,
                device_reason=device.reason,
                device_totals=device.totals if device.was_used else None,
                index_hits=ledger.hits,
                bytes_read=ledger.bytes_read,
                index_reason=index_file.reason,
                worker_deaths=totals.deaths,
                stages=stages,
            ),
            memory=MemoryReport(
                vram=vram,
                shared=shared,
                ram=self.sampler.reading(),
                nvme=TierReading(index_file.bytes_written, details={"index_bytes": index_file.bytes_written}),
                page_cache=totals.page_cache.tier(),
            ),
            problems=walk.problems,
            warnings=self.warnings,
            partial=self.stop.signal.name if self.stop.signal is not None else None,
            verify_failures=verify_failures,
        )

    def _hints(self, ledger: Ledger, skips: list[Skip]) -> Iterator[str]:
        """Warnings about a result that is probably not what was wanted."""
        if ledger.files or not skips:
            return
        ignored = [skip for skip in skips if skip.outcome is Outcome.IGNORED]
        reason, count = Counter(skip.outcome.label for skip in skips).most_common(1)[0]
        if count > len(ignored):
            yield f"0 files: {count} of {len(skips)} entries are {reason.replace('_', ' ')}"
        elif ignored:
            yield (
                f"0 files: every entry is ignored by {ignored[0].detail}; give --no-ignore to have them"
                if len(ignored) == len(skips)
                else f"0 files: {len(ignored)} of {len(skips)} entries are ignored, the first by {ignored[0].detail}"
            )
